// SPDX-License-Identifier: BSL-1.0
// Counts responses and writes the log lines of requests.
#include <cohort/http/message/request/request_line.hpp>
#include <cohort/http/server/connection/connection.hpp>

namespace cohort::http {
namespace {

constexpr std::size_t max_logged_path = 1024;

/// Rounded to microseconds. `std::chrono::round` overflows for `duration::max()`, the time that remains without a
/// deadline.
double rounded_milliseconds(duration span) noexcept {
  const auto nanoseconds = std::chrono::nanoseconds{span}.count();
  return static_cast<double>(nanoseconds / 1000 + (nanoseconds % 1000 >= 500 ? 1 : 0)) / 1000;
}

}  // namespace

/// Reads the clock once per response, and returns the time. The time is used for the metrics of the response and as the
/// start of the idle time.
time_point connection::begin_response() noexcept {
  response_sequence_ = shard_.event_loop().activity_sequence();
  return responded_at_ = shard_.event_loop().now();
}

void connection::record_response(const request_context& context, status code, time_point start) {
  const auto now = begin_response();
  shard_.state().metrics.on_response(route_, head_.method_text, head_.method, code, now - start, context.trace(), now);
}

/// Returns the record of the request; creates it at the first call. Probes and synchronous handlers have no record,
/// because they end before it could be read.
telemetry::request_record& connection::open_record(request_context& context, time_point start) {
  auto& recording = context.timing().recording();
  if (auto* open = recording.get()) return *open;
  auto& record = recording.open(shard_.requests(), start);
  record.trace = {context.trace().id, context.trace().is_sampled};
  record.request_id = context.id();
  record.method = head_.method_text;
  record.route = context.endpoint();
  record.deadline = current_deadline(context);
  activity_->set_recorder(&record);
  return record;
}

/// Called once for each request with a valid header section, after its response has been sent or buffered.
void connection::finish_request(request_context& context, status code, std::uint64_t body_bytes, time_point start,
                                bool is_complete) {
  if (auto* record = context.timing().recording().get()) record->status = static_cast<std::uint16_t>(code);
  const bool is_logged = shard_.state().log.is_enabled(telemetry::log_level::info);
  const bool has_callbacks = context.has_sent_callbacks();
  const bool is_traced = shard_.state().settings.tracer != nullptr;
  if (!is_logged && !has_callbacks && !is_traced) return;
  const auto now = shard_.event_loop().now();
  const sent_response response{code, body_bytes, now - start, is_complete};
  if (is_logged) log_request(context, response, now);
  if (is_traced) record_span(context, response, start);
  if (has_callbacks) context.notify_sent(response);
}

void connection::log_request(const request_context& context, const sent_response& response, time_point now) {
  const bool is_probe = route_ && route_->is_probe();
  const auto level = is_probe ? telemetry::log_level::debug : telemetry::log_level::info;
  if (!shard_.state().log.is_enabled(level)) return;
  // Sends the response before the log line is written, unless a pipelined request follows, whose response shares the
  // write.
  if (input_.empty()) try_flush();
  const auto trace = context.trace_id().hex();
  shard_.state().log.write(level, "request",
                           {{"id", context.id()},
                            {"trace_id", std::string_view{trace.data(), trace.size()}},
                            {"method", head_.method_text},
                            {"path", head_.path.substr(0, max_logged_path)},
                            {"route", context.endpoint()},
                            {"status", static_cast<std::int64_t>(response.code)},
                            {"bytes", static_cast<std::int64_t>(response.body_bytes)},
                            {"complete", response.is_complete},
                            {"duration_ms", rounded_milliseconds(response.elapsed)},
                            {"remaining_ms", rounded_milliseconds(current_deadline(context).remaining(now))},
                            {"peer", info_.peer_address},
                            {"client", context.client_address()}});
}

/// Logs the exception; the client receives only the 500.
response connection::log_handler_failure(const request_context& context, const std::exception_ptr& failure) {
  const auto message = exception_message(failure);
  const auto trace = context.trace_id().hex();
  shard_.state().log.write(telemetry::log_level::error, "handler threw an exception",
                           {{"id", context.id()},
                            {"trace_id", std::string_view{trace.data(), trace.size()}},
                            {"path", head_.path.substr(0, max_logged_path)},
                            {"what", std::string_view{message}}});
  return error_response(status::internal_server_error, "An internal error occurred");
}

response connection::replace_invalid_response(const request_context& context, status code) {
  const auto trace = context.trace_id().hex();
  const auto* const event_name = code == status::switching_protocols
                                     ? "status 101 needs an upgrade handler, and a request that offers the protocol"
                                     : "the status of a response must be 200 to 999; send_interim sends 1xx";
  shard_.state().log.write(telemetry::log_level::error, "handler returned an invalid response",
                           {{"id", context.id()},
                            {"trace_id", std::string_view{trace.data(), trace.size()}},
                            {"path", head_.path.substr(0, max_logged_path)},
                            {"status", static_cast<std::int64_t>(code)},
                            {"what", std::string_view{event_name}}});
  return error_response(status::internal_server_error, "An internal error occurred");
}

void connection::log_aborted_body(const request_context& context, std::string_view reason) {
  const auto trace = context.trace_id().hex();
  shard_.state().log.write(telemetry::log_level::error, "response body aborted because its producer failed",
                           {{"id", context.id()},
                            {"trace_id", std::string_view{trace.data(), trace.size()}},
                            {"path", head_.path.substr(0, max_logged_path)},
                            {"what", reason}});
}

/// The recognized parts of the request line, even if the request is malformed.
request_line connection::recognized_request_line() const noexcept {
  request_line line{head_.method_text, head_.path};
  if (line.method.empty() || line.path.empty()) {
    // The header section was not parsed, so it is still in the buffer.
    const auto parts = read_request_line(input_.unread());
    if (line.method.empty()) line.method = parts.method;
    if (line.path.empty()) line.path = parts.path;
  }
  line.path = line.path.substr(0, max_logged_path);
  return line;
}

}  // namespace cohort::http
