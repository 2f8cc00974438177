// SPDX-License-Identifier: BSL-1.0
// Counts responses and writes the log lines of requests.
#include <cohort/http/message/request_line.hpp>
#include <cohort/http/server/connection/connection.hpp>

namespace cohort::http {
namespace {

constexpr std::size_t max_logged_path = 1024;

/// Rounded to microseconds.
double to_milliseconds(duration span) noexcept {
  return static_cast<double>(std::chrono::round<std::chrono::microseconds>(span).count()) / 1000;
}

}  // namespace

void connection::record_response(const request_context& context, status code, time_point start) {
  const auto now = shard_.event_loop().now();
  const auto elapsed = now - start;
  auto& state = shard_.state();
  state.metrics.on_response(route_, head_.method_text, head_.method, code, elapsed, context.trace(), now);
  const auto level = route_ && route_->is_probe ? telemetry::log_level::debug : telemetry::log_level::info;
  if (!state.log.is_enabled(level)) return;
  const auto trace = context.trace_id().hex();
  state.log.write(level, "request",
                  {{"id", context.id()},
                   {"trace_id", std::string_view{trace.data(), trace.size()}},
                   {"method", head_.method_text},
                   {"path", head_.path.substr(0, max_logged_path)},
                   {"route", route_ ? std::string_view{route_->pattern} : std::string_view{"unmatched"}},
                   {"status", static_cast<std::int64_t>(code)},
                   {"duration_ms", to_milliseconds(elapsed)},
                   {"remaining_ms", to_milliseconds(context.deadline().remaining(now))},
                   {"peer", peer_address_}});
}

/// Logs the exception; the client receives only the 500.
response connection::log_handler_failure(const std::exception_ptr& failure) {
  const auto message = exception_message(failure);
  shard_.state().log.write(telemetry::log_level::error, "handler threw an exception",
                           {{"path", head_.path.substr(0, max_logged_path)}, {"what", std::string_view{message}}});
  return error_response(status::internal_server_error, "An internal error occurred");
}

void connection::log_producer_failure(const std::exception_ptr& failure) {
  const auto message = failure ? exception_message(failure) : std::string{"the body does not have its content length"};
  shard_.state().log.write(telemetry::log_level::error, "response body aborted because its producer failed",
                           {{"path", head_.path.substr(0, max_logged_path)}, {"what", std::string_view{message}}});
}

/// The recognized parts of the request line, also of a malformed request.
request_line connection::recognized_request_line() const noexcept {
  request_line line{head_.method_text, head_.path};
  if (line.method.empty() || line.path.empty()) {
    // The header section was not parsed, so it is still in the buffer.
    const auto recognized = read_request_line(input_.unread());
    if (line.method.empty()) line.method = recognized.method;
    if (line.path.empty()) line.path = recognized.path;
  }
  line.path = line.path.substr(0, max_logged_path);
  return line;
}

}  // namespace cohort::http
