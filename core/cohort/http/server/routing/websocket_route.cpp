// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/routing/websocket_route.hpp>

#include <boost/asio/this_coro.hpp>

#include <cohort/http/server/upgraded_connection.hpp>
#include <cohort/http/websocket/websocket.hpp>
#include <cohort/runtime/concurrency/child_task.hpp>

namespace cohort::http {
namespace {

/// Waits until the connection no longer uses its stream.
task<> wait_until_finished(std::shared_ptr<websocket_connection> connection) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  while (!connection->is_finished()) co_await connection->finish_waiters().wait();
}

// This is a separate function, because the coroutine's frame would keep the parameters.
std::shared_ptr<websocket_connection> make_connection(upgraded_connection& connection,
                                                      const websocket_settings& settings, bool is_compressed) {
  auto& server = connection.shard().state();
  websocket_connection::parameters parameters{settings,
                                              websocket_role::server,
                                              is_compressed,
                                              connection.take_received_bytes(),
                                              &server.metrics.websockets(),
                                              &server.body_bytes,
                                              server.settings.limits.max_total_body_bytes};
  return std::make_shared<websocket_connection>(connection.stream(), nullptr, std::move(parameters));
}

void log_failure(upgraded_connection& connection, const std::exception_ptr& failure) {
  const auto message = exception_message(failure);
  const auto& context = connection.context();
  const auto trace = context.trace_id().hex();
  connection.shard().state().log.write(telemetry::log_level::error, "handler threw an exception",
                                       {{"id", context.id()},
                                        {"trace_id", std::string_view{trace.data(), trace.size()}},
                                        {"path", context.head().path.substr(0, 1024)},
                                        {"what", std::string_view{message}}});
}

}  // namespace

response websocket_route::operator()(request_context& context) const {
  response result;
  auto accepted = accept_handshake(context.head(), shared_->options.handshake, result);
  if (!accepted) return result;
  const bool is_compressed = !accepted->extensions.empty();
  result.upgrade("websocket",
                 [route = shared_, is_compressed, subprotocol = accepted->subprotocol](
                     upgraded_connection& connection) { return run(connection, route, is_compressed, subprotocol); });
  result.set("Sec-WebSocket-Accept", accepted->accept);
  if (!accepted->subprotocol.empty()) result.set("Sec-WebSocket-Protocol", accepted->subprotocol);
  if (is_compressed) result.set("Sec-WebSocket-Extensions", accepted->extensions);
  return result;
}

task<> websocket_route::run(upgraded_connection& upgraded_connection, std::shared_ptr<const state> route,
                            bool is_compressed, std::string subprotocol) {
  const auto& settings = route->options.connection;
  const auto connection = make_connection(upgraded_connection, settings, is_compressed);
  websocket socket{connection, std::move(subprotocol)};
  connection->on_ended([&upgraded_connection, &settings] {
    upgraded_connection.cancel_at(
        deadline::after(upgraded_connection.shard().event_loop().now(), settings.close_timeout));
  });
  connection->start();
  upgraded_connection.on_drain(
      [connection] { connection->close(close_code::going_away, "the server is shutting down"); });

  std::exception_ptr failure;
  try {
    auto work = route->function(upgraded_connection.context(), socket);
    detail::check_not_empty(work);
    co_await std::move(work);
  } catch (...) {
    failure = std::current_exception();
  }
  const auto state = co_await asio::this_coro::cancellation_state;
  const bool is_cancelled = !!state.cancelled();
  const bool has_failed = failure && !(is_cancelled && is_cancellation(failure));
  if (has_failed) log_failure(upgraded_connection, failure);
  if (!is_cancelled) {
    connection->close(has_failed ? close_code::internal_error : close_code::normal_closure, {});
    // The handler may have moved `socket`.
    websocket closing_socket{connection, {}};
    auto close_task = closing_socket.closed();
    co_await std::move(close_task);
  }
  connection->abort();
  auto finish_task = wait_until_finished(connection);
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(finish_task);
  upgraded_connection.set_result(connection->bytes_sent(), connection->close_code() != close_code::abnormal_closure);
}

}  // namespace cohort::http
