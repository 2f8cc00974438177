// SPDX-License-Identifier: BSL-1.0
#include "tests/support/net/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace cohort::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

sockaddr_in loopback_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

file_descriptor tcp_socket() {
  file_descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) {
    throw_errno("socket", errno);
  }
  return socket;
}

int poll_timeout(time_point deadline) {
  if (deadline == time_point::max()) {
    return -1;
  }
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

}  // namespace

file_descriptor& file_descriptor::operator=(file_descriptor&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.release();
  }
  return *this;
}

int file_descriptor::release() noexcept { return std::exchange(fd_, -1); }

void file_descriptor::close() noexcept {
  if (fd_ >= 0) {
    ::close(release());
  }
}

stop_signal::stop_signal() : event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  if (!event_) {
    throw_errno("eventfd", errno);
  }
}

void stop_signal::raise() noexcept {
  // The event is never read, so it stays readable for all waiters.
  ::eventfd_write(event_.get(), 1);
}

readiness wait_for(int fd, short events, time_point deadline, const stop_signal* stop) {
  std::array<pollfd, 2> poll_entries{{{fd, events, 0}, {stop != nullptr ? stop->descriptor() : -1, POLLIN, 0}}};
  for (;;) {
    const int count = ::poll(poll_entries.data(), poll_entries.size(), poll_timeout(deadline));
    if (count < 0 && errno != EINTR) {
      throw_errno("poll", errno);
    }
    if (count > 0) {
      return poll_entries[1].revents != 0 ? readiness::stopped : readiness::ready;
    }
    if (steady_clock::now() >= deadline) {
      return readiness::timed_out;
    }
  }
}

time_point deadline_after(milliseconds timeout) {
  const auto now = steady_clock::now();
  const auto max_timeout = std::chrono::floor<milliseconds>(time_point::max() - now);
  return timeout > max_timeout ? time_point::max() : now + timeout;
}

file_descriptor connect_loopback(std::uint16_t port, milliseconds timeout) {
  const auto deadline = deadline_after(timeout);
  const auto operation = "connect to 127.0.0.1:" + std::to_string(port);
  file_descriptor socket = tcp_socket();
  const sockaddr_in address = loopback_address(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno != EINPROGRESS) {
      throw_errno(operation, errno);
    }
    if (wait_for(socket.get(), POLLOUT, deadline) != readiness::ready) {
      throw std::runtime_error(operation + ": no response within " + std::to_string(timeout.count()) + " ms");
    }
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      throw_errno(operation, error);
    }
  }
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

file_descriptor listen_loopback(int backlog) {
  file_descriptor listener = tcp_socket();
  const sockaddr_in address = loopback_address(0);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw_errno("bind to 127.0.0.1", errno);
  }
  if (::listen(listener.get(), backlog) != 0) {
    throw_errno("listen", errno);
  }
  return listener;
}

std::uint16_t local_port(const file_descriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw_errno("getsockname", errno);
  }
  return ntohs(address.sin_port);
}

void reset_on_close(const file_descriptor& socket) noexcept {
  const linger abort{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
}

void throw_errno(const std::string& operation, int error) {
  throw std::runtime_error(operation + ": " + std::generic_category().message(error));
}

}  // namespace cohort::test
