// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/small_file.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace cohort::config {
namespace {

class file_descriptor {
 public:
  // Without O_NONBLOCK, opening a named pipe waits for a writer.
  explicit file_descriptor(const std::string& path) : value_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~file_descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  file_descriptor(const file_descriptor&) = delete;
  file_descriptor& operator=(const file_descriptor&) = delete;

  int get() const noexcept { return value_; }

 private:
  int value_;
};

/// Waits until `descriptor` is readable. Returns false after the timeout.
bool wait_for_bytes(int descriptor, std::chrono::milliseconds timeout) {
  pollfd entry{descriptor, POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(timeout.count())) != 0;
}

}  // namespace

small_file read_small_file(const std::string& path, std::size_t max_bytes, std::optional<char> terminator,
                           std::chrono::milliseconds timeout) {
  small_file result;
  const file_descriptor file{path};
  if (file.get() < 0) return {{}, std::strerror(errno)};
  std::array<char, 4096> block;
  // Polls first, because `read` reports the end of the file for a pipe that no process has opened for writing.
  bool is_ready = wait_for_bytes(file.get(), timeout);
  while (is_ready && result.text.size() < max_bytes) {
    const auto count = ::read(file.get(), block.data(), std::min(block.size(), max_bytes - result.text.size()));
    if (count == 0) break;
    if (count > 0) {
      const std::string_view added{block.data(), static_cast<std::size_t>(count)};
      result.text.append(added);
      if (terminator && added.find(*terminator) != std::string_view::npos) break;
    } else if (errno == EAGAIN) {
      is_ready = wait_for_bytes(file.get(), timeout);
    } else if (errno != EINTR) {
      return {{}, std::strerror(errno)};
    }
  }
  if (!is_ready) return {{}, "no process wrote to the file within the timeout"};
  return result;
}

}  // namespace cohort::config
