// SPDX-License-Identifier: BSL-1.0
// A server that responds immediately, except during one stall, such as a garbage collection or a failover. At a
// constant request rate, the stall determines all latencies, so `generators` can check the latencies that a load
// generator reports.

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <thread>

#include "tests/support/net/loopback_sockets.hpp"

using namespace cohort::test;

namespace {

using clock_type = std::chrono::steady_clock;
using duration = clock_type::duration;

// The header has the usual size, so that the cost of a client's parser is included.
constexpr std::string_view response =
    "HTTP/1.1 200 OK\r\n"
    "Date: Sun, 22 Nov 2026 13:05:09 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 139\r\n"
    "\r\n"
    R"({"service":"time-service","timestamp":"2026-11-22 13:05:09","iso8601":"2026-11-22T13:05:09+00:00",)"
    R"("unix_ms":1795352709000,"timezone":"UTC"})";

/// Returns a descriptor that becomes readable after SIGTERM or SIGINT.
int open_signal_descriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) exit_with_errno("sigprocmask");
  const int descriptor = ::signalfd(-1, &signals, SFD_CLOEXEC);
  if (descriptor < 0) exit_with_errno("signalfd");
  return descriptor;
}

class server {
 public:
  server(duration stall_after, duration stall_length)
      : stall_after_(stall_after),
        stall_length_(stall_length),
        signal_descriptor_(open_signal_descriptor()),
        listener_(listen_on(0)),
        poller_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (poller_ < 0) exit_with_errno("epoll_create1");
    watch(poller_, signal_descriptor_);
    watch(poller_, listener_);
    std::printf("%u\n", unsigned{port_of(listener_)});
    std::fflush(stdout);
  }

  /// Serves until SIGTERM or SIGINT. Returns the number of requests.
  std::uint64_t run() {
    std::array<epoll_event, 128> ready;
    for (;;) {
      const int count = ::epoll_wait(poller_, ready.data(), static_cast<int>(ready.size()), milliseconds_until_stall());
      stall_at_planned_time();
      for (int i = 0; i < count; ++i) {
        const int descriptor = ready[static_cast<std::size_t>(i)].data.fd;
        if (descriptor == signal_descriptor_) return request_count_;
        if (descriptor == listener_) {
          while (accept_next(poller_, listener_) >= 0) {
          }
        } else {
          serve(descriptor);
        }
      }
    }
  }

 private:
  int milliseconds_until_stall() const {
    if (!stall_start_) return -1;
    const auto remaining = std::chrono::ceil<std::chrono::milliseconds>(*stall_start_ - clock_type::now());
    return static_cast<int>(std::max<std::int64_t>(remaining.count(), 0));
  }

  void stall_at_planned_time() {
    if (!stall_start_ || clock_type::now() < *stall_start_) return;
    // Sleep until the planned end, even if the stall started with a delay, so that the maximum latency is known.
    std::this_thread::sleep_until(*stall_start_ + stall_length_);
    stall_start_.reset();
  }

  /// Assumes that one read is one complete request, as on loopback from a client that does not pipeline.
  void serve(int client) {
    std::array<char, 4096> request;
    const auto received = ::recv(client, request.data(), request.size(), 0);
    if (received > 0) {
      if (++request_count_ == 1 && stall_length_ > duration::zero()) stall_start_ = clock_type::now() + stall_after_;
      if (::send(client, response.data(), response.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(response.size()))
        return;
    }
    ::close(client);
  }

  duration stall_after_;
  duration stall_length_;
  int signal_descriptor_;
  int listener_;
  int poller_;
  std::uint64_t request_count_ = 0;
  std::optional<clock_type::time_point> stall_start_;
};

}  // namespace

/// `stalling_server AFTER_MS STALL_MS`: serves on loopback and prints the port. `AFTER_MS` after its first request the
/// server stalls once, for `STALL_MS`. At the end the program prints the number of requests.
int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: stalling_server AFTER_MS STALL_MS\n");
    return 2;
  }
  const auto milliseconds = [](const char* text) { return std::chrono::milliseconds{std::atoi(text)}; };
  server stalling_server{milliseconds(argv[1]), milliseconds(argv[2])};
  std::printf("%llu\n", static_cast<unsigned long long>(stalling_server.run()));
}
