// SPDX-License-Identifier: BSL-1.0
// Upgrades a connection to another protocol.
#include <cohort/http/server/connection/connection.hpp>
#include <cohort/http/server/upgraded_connection.hpp>

namespace cohort::http {

/// Sends the response 101 and runs its upgrade handler. The access log line is written after the handler has returned.
task<connection::disposition> connection::run_upgrade(request_context& context, const response& result,
                                                      time_point start) {
  auto& metrics = shard_.state().metrics;
  record_response(context, result.code(), start);
  append_head(result, std::nullopt, true, false);
  const bool is_flushed = co_await flush();
  bool is_complete = false;
  std::uint64_t bytes_sent = 0;
  const auto request_deadline = context.deadline();
  if (is_flushed) {
    // The response has been sent, but the request is in progress until the client closes the connection.
    metrics.requests_in_flight.add(-1);
    context.set_deadline(deadline::never());
    open_record(context, start).is_streamed = true;
    recycled_string{}.swap(output_);
    upgraded_connection connection{*stream_, std::string{input_.unread()}, context, shard_, handler_run_};
    input_.consume(input_.unread().size());
    upgraded_connection_ = &connection;
    auto work = start_task<void>(*result.upgrade_function(), connection);
    detail::task_outcome<void> outcome;
    const auto cause = co_await handler_run_.run(std::move(work), deadline::never(), false, outcome);
    upgraded_connection_ = nullptr;
    if (outcome.failure && !is_cancellation(outcome.failure)) log_handler_failure(context, outcome.failure);
    is_complete = cause != handler_cancellation::shutdown && connection.is_complete();
    bytes_sent = connection.bytes_sent();
    context.set_deadline(request_deadline);
    metrics.requests_in_flight.add(1);
  }
  finish_request(context, result.code(), bytes_sent, start, is_complete);
  co_return disposition::close;
}

}  // namespace cohort::http
