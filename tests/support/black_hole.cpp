#include "tests/support/black_hole.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>

namespace cohort::test {
namespace {

// A backlog of 0 would do where SYN cookies are on; without them, older kernels take not even the first connection.
constexpr int smallest_portable_backlog = 1;
constexpr int more_than_the_queue_holds = 8;

struct accept_queue {
  unsigned length;
  unsigned limit;
};

// For a listener these two fields of TCP_INFO hold the accept queue (tcp_get_info; ss(8) shows them the same way).
accept_queue queue_of(const file_descriptor& listener) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(listener.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    throw_errno("TCP_INFO of the black hole", errno);
  }
  return {info.tcpi_unacked, info.tcpi_sacked};
}

}  // namespace

black_hole::black_hole() : listener_{listen_loopback(smallest_portable_backlog)} {
  for (int i = 0; i < more_than_the_queue_holds; ++i) {
    fillers_.push_back(connect_loopback(port()));
    // The kernel queues a connection on the last ACK, which may come a moment after connect() has returned.
    if (wait_for(listener_.get(), POLLIN, after(default_timeout)) != readiness::ready) {
      throw std::runtime_error("black hole: its own connection never reached the accept queue");
    }
    // Strictly greater is the kernel's own test (sk_acceptq_is_full).
    if (const auto queue = queue_of(listener_); queue.length > queue.limit) {
      return;
    }
  }
  throw std::runtime_error("black hole: the accept queue does not fill up on this kernel");
}

}  // namespace cohort::test
