#pragma once

#include <memory>
#include <utility>

#include "core/net/tcp.hpp"
#include "core/runtime/child.hpp"
#include "tests/support/socket.hpp"
#include "tests/unit/core/net/peer.hpp"

// The machine's own sockets, on 127.0.0.1 and ports that the system chooses. No test here says how long something
// takes.
namespace cohort::test {

/// A loop on the machine's clock, run by the test's thread while a task is under way.
class real_time {
 public:
  loop& main_loop() noexcept { return loop_; }

  template <class T>
  T run(task<T> work) {
    detail::child<T> only;
    asio::post(loop_.get_executor(), [&] { detail::start_child(only, std::move(work), [this] { loop_.stop(); }); });
    loop_.context().restart();
    loop_.run();
    if (only.outcome.failure) std::rethrow_exception(only.outcome.failure);
    if constexpr (!std::is_void_v<T>) return std::move(*only.outcome.value);
  }

  deadline soon() const { return deadline::after(loop_.now(), std::chrono::milliseconds{20}); }
  /// For what is expected to happen: a test that passes never waits for it.
  deadline late() const { return deadline::after(loop_.now(), default_timeout); }

 private:
  loop loop_;
};

inline net::endpoint loopback(std::uint16_t port = 0) { return {asio::ip::address_v4::loopback(), port}; }

struct connected_streams {
  net::stream_ptr near;
  net::stream_ptr far;
};

inline task<connected_streams> connect_both() {
  auto listener = *net::listen_tcp(loop::current(), loopback());
  auto connecting = net::connect_tcp(listener->local_endpoint(), deadline::never());
  auto first = co_await std::move(connecting);
  auto accepting = listener->accept(loop::current());
  auto second = co_await std::move(accepting);
  connected_streams both;
  both.near = std::move(*first);
  both.far = std::move(*second);
  co_return both;
}

inline task<wait_status> rest(deadline until) { co_return co_await sleep_until(until); }

}  // namespace cohort::test
