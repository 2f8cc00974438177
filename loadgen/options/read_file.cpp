// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options/read_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <cohort/config/redaction.hpp>

namespace cohort::loadgen {
namespace {

/// Bounded, because files such as `/dev/zero` have no end.
constexpr std::size_t max_file_size = std::size_t{64} << 20;

}  // namespace

result<std::string, std::string> read_file(const std::string& path) {
  using read_result = result<std::string, std::string>;
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string content;
  std::array<char, 16 * 1024> block{};
  while (content.size() <= max_file_size && (file.read(block.data(), block.size()) || file.gcount() > 0)) {
    content.append(block.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!content.empty() && content.size() <= max_file_size) {
    return read_result(boost::system::in_place_value, std::move(content));
  }
  const std::string reason = errno != 0        ? std::strerror(errno)
                             : content.empty() ? "the file is empty"
                                               : "the file is larger than 64 MiB";
  // The error is one line, whatever the path of a scenario contains.
  auto shown = config::redact_userinfo(path);
  std::replace_if(shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return read_result(boost::system::in_place_error, '"' + shown + "\" cannot be read: " + reason);
}

}  // namespace cohort::loadgen
