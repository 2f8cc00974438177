// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <set>
#include <stdexcept>

#include <cohort/runtime/time/virtual_time.hpp>
#include <cohort/sim/network.hpp>
#include "tests/unit/net/peer.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort::test {

using connect_result = result<net::stream_ptr>;

inline task<connect_result> accept_on_loop(net::acceptor& acceptor) {
  co_return co_await acceptor.accept(loop::current());
}

inline task<> set_stream_deadline(net::stream& stream, deadline stream_deadline) {
  stream.set_deadline(stream_deadline);
  co_return;
}

/// A simulated network with a client's host and a server's host, which listens on port 80.
struct two_host_fixture {
  explicit two_host_fixture(std::uint64_t seed = 1, sim::event_log::mode recorded = sim::event_log::mode::timeline)
      : time(seed), events(time.now(), recorded) {}

  net::endpoint server_endpoint() const { return {server.address, 80}; }
  task<connect_result> connect_task(duration timeout = 1min) {
    return network.network_for(client).connect(server_endpoint(), deadline::after(time.now(), timeout));
  }
  error_code connect_error(duration timeout = 1min) {
    const auto connected = time.run(connect_task(timeout));
    return connected ? error_code{} : connected.error();
  }
  struct peer_pair {
    peer client;
    peer server;
  };
  peer_pair connect() {
    auto client_stream = time.run(connect_task());
    if (!client_stream) throw std::runtime_error("not connected: " + client_stream.error().message());
    auto server_stream = time.run(accept_on_loop(*listener));
    return {{time, std::move(*client_stream)}, {time, std::move(*server_stream)}};
  }
  /// Returns the error of the next read: `timed_out` after `timeout`, or no error if the read succeeds.
  error_code read_error(peer& reader, duration timeout = 1s) {
    time.run(set_stream_deadline(reader.stream(), deadline::after(time.now(), timeout)));
    const auto bytes = reader.read();
    time.run(set_stream_deadline(reader.stream(), deadline::never()));
    return bytes ? error_code{} : bytes.error();
  }
  static sim::link_conditions constant_latency(duration latency) {
    sim::link_conditions conditions;
    conditions.min_latency = conditions.max_latency = latency;
    conditions.jitter = duration{0};
    return conditions;
  }

  virtual_time time;
  sim::event_log events;
  sim::network network{time.event_loop(), events};
  sim::host& client = network.add_host("client");
  sim::host& server = network.add_host("server");
  std::unique_ptr<net::acceptor> listener = network.listen(server, 80);
};

}  // namespace cohort::test
