// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tests/support/net/socket.hpp"

#include <cstdint>
#include <vector>

namespace cohort::test {

/// A port on 127.0.0.1 to which connect() neither succeeds nor fails, as behind a firewall that drops packets.
///
/// The port belongs to a listener that never accepts and whose accept queue is full. Linux drops further SYNs
/// (tcp_conn_request, ListenOverflows), so a client retransmits for about two minutes. The constructor returns when the
/// kernel reports the queue as full (TCP_INFO).
class black_hole {
 public:
  black_hole();
  [[nodiscard]] std::uint16_t port() const { return local_port(listener_); }

 private:
  file_descriptor listener_;
  std::vector<file_descriptor> queued_connections_;
};

}  // namespace cohort::test
