#pragma once

#include <chrono>
#include <cstdint>
#include <string>

/// What every room of the test support needs of POSIX: owned descriptors and waits that end.
namespace cohort::test {

using time_point = std::chrono::steady_clock::time_point;

/// Generous, because sanitizers on a shared core are slow; a passing test never waits for it.
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

/// Raised once, seen by every thread that waits with it: how a destructor ends waits at once.
class stop_signal {
 public:
  stop_signal();
  void raise() noexcept;
  [[nodiscard]] int descriptor() const noexcept { return event_.get(); }

 private:
  file_descriptor event_;
};

enum class readiness { ready, timed_out, stopped };

/// Waits until `fd` shows one of `events` (or an error, or a hang-up), `until` has passed, or `stop` is raised.
/// `time_point::max()` means no limit, and is only for waits that have a `stop`.
readiness wait_for(int fd, short events, time_point until, const stop_signal* stop = nullptr);

/// `now + timeout`, saturating.
time_point after(std::chrono::milliseconds timeout);

/// A connection to 127.0.0.1:`port`, non-blocking, with TCP_NODELAY. Throws std::runtime_error if it is refused
/// or not there in time.
file_descriptor connect_loopback(std::uint16_t port, std::chrono::milliseconds timeout = default_timeout);

/// A non-blocking listener on 127.0.0.1, its port chosen by the system.
file_descriptor listen_loopback(int backlog);

/// The port that `socket` is bound to.
std::uint16_t local_port(const file_descriptor& socket);

/// Makes the coming close() send RST instead of FIN.
void reset_on_close(const file_descriptor& socket) noexcept;

/// Throws std::runtime_error with `what` and the text of `error`, an errno value.
[[noreturn]] void throw_errno(const std::string& what, int error);

}  // namespace cohort::test
