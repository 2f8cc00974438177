// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options/read_file.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <cohort/config/redaction.hpp>
#include <cohort/config/small_file.hpp>

namespace cohort::loadgen {
namespace {

/// The size is limited, because files such as `/dev/zero` are endless.
constexpr std::size_t max_file_size = std::size_t{64} << 20;
/// Disables the timeout, because the output of another program, such as `<(…)`, can be delayed indefinitely.
constexpr std::chrono::milliseconds no_timeout{-1};

}  // namespace

result<std::string, std::string> read_file(const std::string& path) {
  using read_result = result<std::string, std::string>;
  auto [content, error] = config::read_small_file(path, max_file_size + 1, std::nullopt, no_timeout);
  if (error.empty()) {
    if (content.empty()) error = "the file is empty";
    if (content.size() > max_file_size) error = "the file is larger than 64 MiB";
  }
  if (error.empty()) return read_result(boost::system::in_place_value, std::move(content));
  // The error is a single line even if the path contains line breaks.
  auto shown = config::redact_userinfo(path);
  std::replace_if(shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return read_result(boost::system::in_place_error, '"' + shown + "\" cannot be read: " + error);
}

}  // namespace cohort::loadgen
