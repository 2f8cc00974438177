#include "core/runtime/proc_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <limits>

namespace cohort::proc {
namespace {

constexpr std::size_t largest_file = std::size_t{16} << 20;

class open_file {
 public:
  explicit open_file(const char* path) noexcept : descriptor_(::open(path, O_RDONLY | O_CLOEXEC)) {}
  ~open_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  /// 0 at the end of the file, and for a file that could not be opened or read.
  std::size_t read_some(std::span<char> buffer) noexcept {
    ssize_t got = -1;
    do {
      got = ::read(descriptor_, buffer.data(), buffer.size());
    } while (got < 0 && errno == EINTR);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }

 private:
  int descriptor_;
};

}  // namespace

std::string_view read_into(const std::string& path, std::span<char> buffer) noexcept {
  open_file file{path.c_str()};
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const std::size_t got = file.read_some(buffer.subspan(filled));
    if (got == 0) break;
    filled += got;
  }
  return {buffer.data(), filled};
}

std::string read_whole(const std::filesystem::path& path) {
  open_file file{path.c_str()};
  std::string text;
  std::array<char, 4096> chunk;
  while (text.size() < largest_file) {
    const std::size_t got = file.read_some(chunk);
    if (got == 0) break;
    text.append(chunk.data(), std::min(got, largest_file - text.size()));
  }
  return text;
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view take_until(std::string_view& rest, char separator) noexcept {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

std::optional<std::string_view> value_of(std::string_view text, std::string_view key) noexcept {
  while (!text.empty()) {
    auto line = take_until(text, '\n');
    if (trimmed(take_until(line, ':')) != key) continue;
    if (const auto value = trimmed(line); !value.empty()) return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> meminfo_bytes(std::string_view meminfo, std::string_view key) noexcept {
  auto value = value_of(meminfo, key).value_or("");
  const auto kib = number<std::uint64_t>(take_until(value, ' '));
  if (!kib || *kib > std::numeric_limits<std::uint64_t>::max() / 1024) return std::nullopt;
  return *kib * 1024;
}

}  // namespace cohort::proc
