#pragma once

#include <memory>
#include <set>
#include <stdexcept>

#include "core/runtime/virtual_time.hpp"
#include "core/sim/network.hpp"
#include "tests/unit/core/net/peer.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort::test {

using connected = result<net::stream_ptr>;

inline task<connected> accept_here(net::acceptor& from) { co_return co_await from.accept(loop::current()); }

inline task<> set_limit(net::stream& which, deadline until) {
  which.set_deadline(until);
  co_return;
}

/// A client's host and a server's, which listens on port 80.
struct two_hosts {
  explicit two_hosts(std::uint64_t seed = 1, sim::trace::keeping what = sim::trace::keeping::timeline)
      : time(seed), events(time.now(), what) {}

  net::endpoint where() const { return {server.address, 80}; }
  task<connected> connecting(duration at_most = 1min) {
    return network.reach(client).connect(where(), deadline::after(time.now(), at_most));
  }
  error_code connect_error(duration at_most = 1min) {
    const auto made = time.run(connecting(at_most));
    return made ? error_code{} : made.error();
  }
  struct ends {
    peer near;
    peer far;
  };
  ends connect() {
    auto near = time.run(connecting());
    if (!near) throw std::runtime_error("not connected: " + near.error().message());
    auto far = time.run(accept_here(*listener));
    return {{time, std::move(*near)}, {time, std::move(*far)}};
  }
  /// What the next read ends with, if that is within `at_most`.
  error_code read_error(peer& which, duration at_most = 1s) {
    time.run(set_limit(which.stream(), deadline::after(time.now(), at_most)));
    const auto got = which.read();
    time.run(set_limit(which.stream(), deadline::never()));
    return got ? error_code{} : got.error();
  }
  static sim::link_conditions exactly(duration latency) {
    sim::link_conditions how;
    how.least_latency = how.most_latency = latency;
    how.jitter = duration{0};
    return how;
  }

  virtual_time time;
  sim::trace events;
  sim::network network{time.main_loop(), events};
  sim::host& client = network.add_host("client");
  sim::host& server = network.add_host("server");
  std::unique_ptr<net::acceptor> listener = network.listen(server, 80);
};

}  // namespace cohort::test
