// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

/// Owning wrappers of POSIX descriptors, and waits with deadlines.
namespace cohort::test {

using time_point = std::chrono::steady_clock::time_point;

/// The timeout is long, because sanitizers on a shared core are slow. Passing tests do not wait for the timeout.
inline constexpr std::chrono::milliseconds default_timeout{20'000};

/// Owns a descriptor and closes it.
class file_descriptor {
 public:
  file_descriptor() = default;
  explicit file_descriptor(int owned) noexcept : fd_{owned} {}
  file_descriptor(file_descriptor&& other) noexcept : fd_{other.release()} {}
  file_descriptor& operator=(file_descriptor&& other) noexcept;
  ~file_descriptor() { close(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept;
  void close() noexcept;

 private:
  int fd_{-1};
};

/// Ends the waits of all threads that use it, so that a destructor can join them.
class stop_signal {
 public:
  stop_signal();
  void raise() noexcept;
  [[nodiscard]] int descriptor() const noexcept { return event_.get(); }

 private:
  file_descriptor event_;
};

enum class readiness { ready, timed_out, stopped };

/// Waits until `fd` has one of `events`, an error or a hangup, until the deadline, or until `stop` is raised.
/// `time_point::max()` means no deadline.
readiness wait_for(int fd, short events, time_point deadline, const stop_signal* stop = nullptr);

/// Returns the current time plus `timeout`, or `time_point::max()` on overflow.
time_point deadline_after(std::chrono::milliseconds timeout);

/// Connects to 127.0.0.1; the socket is non-blocking and has TCP_NODELAY. Throws std::runtime_error on failure and
/// after `timeout`.
file_descriptor connect_loopback(std::uint16_t port, std::chrono::milliseconds timeout = default_timeout);

/// Returns a non-blocking listener on 127.0.0.1, on a port that the system chooses.
file_descriptor listen_loopback(int backlog);

/// Returns the port that `socket` is bound to.
std::uint16_t local_port(const file_descriptor& socket);

/// Makes close() send RST instead of FIN.
void reset_on_close(const file_descriptor& socket) noexcept;

/// Throws std::runtime_error with the operation and the text of `error`, an errno value.
[[noreturn]] void throw_errno(const std::string& operation, int error);

}  // namespace cohort::test
