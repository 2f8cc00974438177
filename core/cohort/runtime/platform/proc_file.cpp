// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/platform/proc_file.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <limits>

namespace cohort::platform {
namespace {

constexpr std::size_t max_file_size = std::size_t{16} << 20;

class input_file {
 public:
  explicit input_file(const char* path) noexcept : descriptor_(::open(path, O_RDONLY | O_CLOEXEC)) {}
  ~input_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  input_file(const input_file&) = delete;
  input_file& operator=(const input_file&) = delete;

  /// Returns the number of bytes read: 0 at the end of the file and after an error of open or read.
  std::size_t read_some(std::span<char> buffer) noexcept {
    ssize_t count = -1;
    do {
      count = ::read(descriptor_, buffer.data(), buffer.size());
    } while (count < 0 && errno == EINTR);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

 private:
  int descriptor_;
};

}  // namespace

std::string_view read_prefix(const std::string& path, std::span<char> buffer) noexcept {
  input_file file{path.c_str()};
  std::size_t size = 0;
  while (size < buffer.size()) {
    const std::size_t count = file.read_some(buffer.subspan(size));
    if (count == 0) break;
    size += count;
  }
  return {buffer.data(), size};
}

std::string read_file(const std::filesystem::path& path) {
  input_file file{path.c_str()};
  std::string text;
  std::array<char, 4096> chunk;
  while (text.size() < max_file_size) {
    const std::size_t count = file.read_some(chunk);
    if (count == 0) break;
    text.append(chunk.data(), std::min(count, max_file_size - text.size()));
  }
  return text;
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view whitespace = " \t\r\n";
  const auto first = text.find_first_not_of(whitespace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(whitespace) - first + 1);
}

std::string_view consume_field(std::string_view& remaining, char separator) noexcept {
  const auto end = std::min(remaining.find(separator), remaining.size());
  const auto field = remaining.substr(0, end);
  remaining.remove_prefix(std::min(end + 1, remaining.size()));
  return field;
}

std::optional<std::string_view> find_value(std::string_view text, std::string_view key) noexcept {
  while (!text.empty()) {
    auto line = consume_field(text, '\n');
    if (trim(consume_field(line, ':')) != key) continue;
    if (const auto value = trim(line); !value.empty()) return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> meminfo_bytes(std::string_view meminfo, std::string_view key) noexcept {
  auto value = find_value(meminfo, key).value_or("");
  const auto kibibytes = parse_number<std::uint64_t>(consume_field(value, ' '));
  if (!kibibytes || *kibibytes > std::numeric_limits<std::uint64_t>::max() / 1024) return std::nullopt;
  return *kibibytes * 1024;
}

}  // namespace cohort::platform
