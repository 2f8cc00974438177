// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/serve_connections.hpp>

#include <boost/asio/this_coro.hpp>

#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::net {

task<> serve_connections(std::unique_ptr<acceptor> acceptor, std::function<task<>(stream_ptr)> serve) {
  task_group sessions{[](const std::exception_ptr&) {}};
  co_await asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    auto accept_task = acceptor->accept(loop::current());
    auto accepted = co_await std::move(accept_task);
    if (!accepted) break;
    sessions.spawn(serve(std::move(*accepted)));
  }
  acceptor->close();
  sessions.cancel();
  auto join_task = sessions.join();
  co_await std::move(join_task);
}

}  // namespace cohort::net
