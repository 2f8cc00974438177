// SPDX-License-Identifier: BSL-1.0
#include "tests/support/net/black_hole.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>

namespace cohort::test {
namespace {

// With a backlog of 0 and without SYN cookies, older kernels drop even the first connection.
constexpr int backlog = 1;
constexpr int max_queued_connections = 8;

struct accept_queue {
  unsigned length;
  unsigned limit;
};

// For a listener, these two fields of TCP_INFO are the length and limit of the accept queue (tcp_get_info; ss(8)).
accept_queue read_queue(const file_descriptor& listener) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(listener.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    throw_errno("black hole: TCP_INFO", errno);
  }
  return {info.tcpi_unacked, info.tcpi_sacked};
}

}  // namespace

black_hole::black_hole() : listener_{listen_loopback(backlog)} {
  for (int i = 0; i < max_queued_connections; ++i) {
    queued_connections_.push_back(connect_loopback(port()));
    // The kernel queues a connection on the last ACK, which can follow the return of connect().
    if (wait_for(listener_.get(), POLLIN, deadline_after(default_timeout)) != readiness::ready) {
      throw std::runtime_error("black hole: a connection did not reach the accept queue in time");
    }
    // The queue is full if it is longer than the limit (sk_acceptq_is_full).
    if (const auto queue = read_queue(listener_); queue.length > queue.limit) {
      return;
    }
  }
  throw std::runtime_error("black hole: the accept queue is not full after 8 connections");
}

}  // namespace cohort::test
