// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>

#include <cohort/net/system/tcp.hpp>
#include <cohort/runtime/concurrency/child_task.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include "tests/support/net/socket.hpp"
#include "tests/unit/net/peer.hpp"

// Fixture of sockets on 127.0.0.1 with ports that the system chooses. Its tests do not measure durations.
namespace cohort::test {

/// A loop on the real clock. The test's thread runs the loop until a task completes.
class real_time_fixture {
 public:
  loop& event_loop() noexcept { return loop_; }

  template <class T>
  T run(task<T> work) {
    detail::child_task<T> child;
    asio::post(loop_.get_executor(),
               [&] { detail::start_child_task(child, std::move(work), [this] { loop_.stop(); }); });
    loop_.context().restart();
    loop_.run();
    if (child.outcome.failure) std::rethrow_exception(child.outcome.failure);
    if constexpr (!std::is_void_v<T>) return std::move(*child.outcome.value);
  }

  deadline short_deadline() const { return deadline::after(loop_.now(), std::chrono::milliseconds{20}); }
  /// Returns the deadline of operations that complete earlier if the test passes.
  deadline long_deadline() const { return deadline::after(loop_.now(), default_timeout); }

 private:
  loop loop_;
};

inline net::endpoint loopback_endpoint(std::uint16_t port = 0) { return {asio::ip::address_v4::loopback(), port}; }

struct connected_streams {
  net::stream_ptr client;
  net::stream_ptr server;
};

inline task<connected_streams> connect_streams() {
  auto listener = *net::listen_tcp(loop::current(), loopback_endpoint());
  auto connect_task = net::connect_tcp(listener->local_endpoint(), deadline::never());
  auto connect_result = co_await std::move(connect_task);
  auto accept_task = listener->accept(loop::current());
  auto accept_result = co_await std::move(accept_task);
  connected_streams streams;
  streams.client = std::move(*connect_result);
  streams.server = std::move(*accept_result);
  co_return streams;
}

inline task<wait_status> sleep_task(deadline wait_deadline) { co_return co_await sleep_until(wait_deadline); }

}  // namespace cohort::test
