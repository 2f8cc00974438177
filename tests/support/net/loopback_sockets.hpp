// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

// TCP sockets on 127.0.0.1 for the minimal servers of the benchmarks. An error terminates the program.
namespace cohort::test {

[[noreturn]] inline void exit_with_errno(const char* operation) {
  std::perror(operation);
  std::exit(1);
}

inline sockaddr_in loopback_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

inline void disable_nagle(int descriptor) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// Returns a non-blocking listener; with port 0, the system chooses the port.
inline int listen_on(std::uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) exit_with_errno("socket");
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto local = loopback_address(port);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) exit_with_errno("bind");
  if (::listen(listener, SOMAXCONN) != 0) exit_with_errno("listen");
  return listener;
}

inline std::uint16_t port_of(int listener) {
  sockaddr_in local{};
  socklen_t length = sizeof local;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&local), &length);
  return ntohs(local.sin_port);
}

/// Makes `epoll_wait` report when `descriptor` is readable.
inline void watch(int poller, int descriptor) {
  epoll_event interest{};
  interest.events = EPOLLIN;
  interest.data.fd = descriptor;
  if (::epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &interest) != 0) exit_with_errno("epoll_ctl");
}

/// Calls `handle(descriptor)` for each watched descriptor that is readable, forever.
template <class Handle>
[[noreturn]] void run_epoll(int poller, Handle handle) {
  std::array<epoll_event, 128> ready;
  for (;;) {
    const int count = ::epoll_wait(poller, ready.data(), static_cast<int>(ready.size()), -1);
    for (int i = 0; i < count; ++i) handle(ready[static_cast<std::size_t>(i)].data.fd);
  }
}

/// Accepts the next connection, without Nagle's algorithm, and watches it. Returns -1 if there is none.
inline int accept_next(int poller, int listener) {
  const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return -1;
  disable_nagle(client);
  watch(poller, client);
  return client;
}

}  // namespace cohort::test
