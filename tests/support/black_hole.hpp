#pragma once

#include "tests/support/socket.hpp"

#include <cstdint>
#include <vector>

namespace cohort::test {

/// A port on 127.0.0.1 where connect() neither succeeds nor fails, as behind a firewall that drops.
///
/// How: a listener that never accepts, its accept queue filled with our own connections. Linux drops the SYN of
/// whoever comes next (tcp_conn_request, ListenOverflows), so that the caller retransmits until it gives up,
/// about two minutes later. The constructor returns once the kernel itself reports the queue as full (TCP_INFO).
class black_hole {
 public:
  black_hole();
  [[nodiscard]] std::uint16_t port() const { return local_port(listener_); }

 private:
  file_descriptor listener_;
  std::vector<file_descriptor> fillers_;
};

}  // namespace cohort::test
