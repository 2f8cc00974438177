// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/connection/connection.hpp>

#include <algorithm>

#include <cohort/http/message/deadline_headers.hpp>
#include <cohort/http/server/connection/request_identity.hpp>
#include <cohort/http/server/connection/response_head.hpp>
#include <cohort/http/server/content/body_writer.hpp>

namespace cohort::http {
namespace {

/// nginx's status for a client that disconnected before the response; only counted and logged.
constexpr auto client_closed_request = static_cast<status>(499);

/// Adds one to a gauge for its lifetime.
class gauge_guard {
 public:
  explicit gauge_guard(telemetry::gauge& gauge) : gauge_(gauge) { gauge_.add(1); }
  ~gauge_guard() { gauge_.add(-1); }
  gauge_guard(const gauge_guard&) = delete;
  gauge_guard& operator=(const gauge_guard&) = delete;

 private:
  telemetry::gauge& gauge_;
};

template <class T>
task<T> failed_task(std::exception_ptr failure) {
  std::rethrow_exception(failure);
  co_return;
}
template <>
task<response> failed_task(std::exception_ptr failure) {
  std::rethrow_exception(failure);
  co_return response{};
}

/// Calls a function that returns a task; an exception of the call itself becomes one of the task.
template <class T, class Function, class Argument>
task<T> start_task(const Function& function, Argument& argument) {
  try {
    return function(argument);
  } catch (...) {
    return failed_task<T>(std::current_exception());
  }
}

}  // namespace

connection::connection(server_shard& shard, net::stream_ptr stream, asio::cancellation_signal& cancel_signal,
                       std::unique_ptr<const tls_client> tls)
    : shard_(shard),
      limits_(shard.state().settings.limits),
      stream_(std::move(stream)),
      peer_address_(stream_->peer_address()),
      tls_(std::move(tls)),
      input_(limits_.max_header_bytes),
      used_header_timeout_(tls_ ? tls_->handshake_duration : duration::zero()),
      handler_run_(*stream_, shard.event_loop(), cancel_signal) {
  shard_.connections_.push_back(this);
  shard_.state().metrics.connections.add(1);
  shard_.state().metrics.connections_total.increment();
}

connection::~connection() {
  release_body();
  std::erase(shard_.connections_, this);
  shard_.state().metrics.connections.add(-1);
}

task<> connection::run() {
  auto next = disposition::keep_alive;
  while (next == disposition::keep_alive) {
    const auto head = co_await read_head();
    if (head == read_result::complete) {
      next = co_await handle_request();
    } else {
      next = head == read_result::rejected ? disposition::linger : disposition::close;
    }
    release_body();
  }
  if (next == disposition::linger) {
    const bool flushed = co_await flush();
    if (flushed) co_await linger();
  }
  stream_->close();
}

task<connection::disposition> connection::handle_request() {
  parser_.emplace(limits_, head_, body_);
  const auto head_bytes = input_.unread().substr(0, head_scanner_.length());
  if (const auto rejection = parser_->parse_head(head_bytes)) {
    reject(*rejection);
    co_return disposition::linger;
  }
  input_.consume(head_bytes.size());

  const auto start = shard_.event_loop().now();
  used_header_timeout_ = duration::zero();
  request_context context{head_, peer_address_, tls_.get()};
  prepare(context, start);

  const gauge_guard in_flight{shard_.state().metrics.requests_in_flight};
  auto result = handle_immediately(context);
  if (const auto* reason = std::get_if<no_response>(&result); reason && *reason == no_response::pending) {
    result = co_await handle_async(context);
  }
  if (const auto* reason = std::get_if<no_response>(&result)) {
    if (*reason == no_response::rejected) co_return disposition::linger;
    if (*reason == no_response::client_disconnected) record_response(context, client_closed_request, start);
    if (*reason == no_response::shutdown) record_response(context, status::service_unavailable, start);
    co_return disposition::close;
  }

  const auto& final_response = std::get<response>(result);
  record_response(context, final_response.code(), start);
  if (const auto field = final_response.rejected_field(); !field.empty())
    shard_.state().log_rejected_field(route_, field);
  const bool is_body_unread = parser_->has_body();
  const bool keep_alive = !is_body_unread && can_keep_alive(final_response);
  if (final_response.producer() && head_.method != method::head && may_have_body(final_response.code())) {
    co_return co_await send_streamed_response(final_response, keep_alive);
  }
  const bool sent = co_await send_response(final_response, keep_alive);
  if (!sent) co_return disposition::close;
  co_return keep_alive ? disposition::keep_alive : disposition::linger;
}

/// Sets the ID, the trace, the route and the deadline of a request.
void connection::prepare(request_context& context, time_point start) {
  if (const auto id = head_.find("x-request-id"); id && is_valid_request_id(*id)) {
    context.set_id(*id);
  } else {
    request_id_ = shard_.make_request_id();
    context.set_id({request_id_.data(), request_id_.size()});
  }
  context.set_trace(request_trace(head_, shard_.event_loop().random()));
  route_ = shard_.state().routes.match(context);
  auto timeout = limits_.request_timeout;
  if (route_ && route_->timeout) timeout = std::min(timeout, *route_->timeout);
  const auto deadline_headers = parse_deadline_headers(head_);
  if (deadline_headers.invalid) shard_.state().metrics.invalid_deadlines_total.increment();
  timeout = std::min(timeout, deadline_headers.remaining.value_or(timeout));
  context.set_deadline(deadline::after(start, timeout));
}

/// Handles a request that needs neither its body nor an asynchronous handler. Most requests need no coroutine.
connection::handling_result connection::handle_immediately(request_context& context) {
  try {
    if (!route_ || !route_->is_probe) {
      const auto endpoint = route_ ? std::string_view{route_->pattern} : std::string_view{"unmatched"};
      for (const auto& filter : shard_.state().routes.filters()) {
        if (auto early = filter(context, endpoint)) return std::move(*early);
      }
    }
    if (head_.method == method::unknown) return not_implemented_response();
    if (head_.path == "*") return server_options_response(shard_.state().routes);
    if (!route_) return not_found_response();
    const auto* selected = route_->find_handler(head_.method);
    if (!selected) return method_not_allowed_response(*route_);
    const auto* sync = std::get_if<sync_handler>(selected);
    if (!sync || parser_->has_body()) return no_response::pending;
    return (*sync)(context);
  } catch (...) {
    return log_handler_failure(std::current_exception());
  }
}

/// Reads the body, if there is one, and runs the handler.
task<connection::handling_result> connection::handle_async(request_context& context) {
  using completion = admission_control::permit::completion;
  if (parser_->has_body()) {
    const auto body = co_await read_body(context.deadline());
    if (body == read_result::rejected) co_return no_response::rejected;
    if (body == read_result::closed) co_return no_response::connection_lost;
  }
  context.set_body(body_);
  const auto& selected = *route_->find_handler(head_.method);
  if (const auto* sync = std::get_if<sync_handler>(&selected)) co_return call_sync_handler(context, *sync);

  admission_control::permit permit{shard_.admission(), *route_, context};
  if (!permit.is_admitted()) co_return permit.rejection();
  // The responses to earlier pipelined requests must not wait for this handler.
  const bool flushed = co_await flush();
  if (!flushed) co_return no_response::connection_lost;
  const auto start = shard_.event_loop().now();
  auto work = start_task<response>(std::get<async_handler>(selected), context);
  detail::task_outcome<response> outcome;
  const auto interrupted = co_await handler_run_.run(std::move(work), context.deadline(), input_.empty(), outcome);

  switch (interrupted) {
    case interruption::none:
      if (outcome.failure) co_return log_handler_failure(outcome.failure);
      permit.set_completion(completion::responded);
      break;
    case interruption::deadline:
      permit.set_completion(completion::deadline_exceeded);
      shard_.state().metrics.deadline_exceeded_total.increment();
      if (outcome.failure && !is_cancellation(outcome.failure)) log_handler_failure(outcome.failure);
      if (!outcome.value) outcome.value = error_response(status::gateway_timeout, "The deadline of the request passed");
      break;
    case interruption::disconnect:
      shard_.state().metrics.abandoned_total.increment();
      co_return no_response::client_disconnected;
    case interruption::shutdown:
      if (outcome.failure && !is_cancellation(outcome.failure)) log_handler_failure(outcome.failure);
      co_return no_response::shutdown;
  }
  add_server_timing(*outcome.value, context, start);
  co_return std::move(*outcome.value);
}

connection::handling_result connection::call_sync_handler(request_context& context, const sync_handler& sync) {
  try {
    return sync(context);
  } catch (...) {
    return log_handler_failure(std::current_exception());
  }
}

void connection::add_server_timing(response& result, request_context& context, time_point start) const {
  const auto now = shard_.event_loop().now();
  result.set("Server-Timing", context.timing().header_value(now - start, context.deadline(), now));
}

task<connection::disposition> connection::send_streamed_response(const response& result, bool keep_alive) {
  using framing = body_writer::framing;
  const auto length = result.stream_length();
  const auto used_framing = length              ? framing::fixed_length
                            : head_.is_http_1_0 ? framing::until_close
                                                : framing::chunked;
  keep_alive = keep_alive && used_framing != framing::until_close;
  append_head(result, length, keep_alive, used_framing == framing::chunked);
  const bool flushed = co_await flush();
  if (!flushed) co_return disposition::close;

  body_writer writer{*stream_, used_framing, limits_, shard_.draining(), length};
  auto work = start_task<void>(result.producer(), writer);
  detail::task_outcome<void> outcome;
  const auto interrupted = co_await handler_run_.run(std::move(work), deadline::never(), input_.empty(), outcome);
  if (outcome.failure && !is_cancellation(outcome.failure)) log_producer_failure(outcome.failure);
  // The end of the body is not sent: the client detects the truncated body.
  if (outcome.failure || interrupted != interruption::none) co_return disposition::close;
  if (writer.has_wrong_length()) log_producer_failure(nullptr);
  const bool complete = co_await writer.finish();
  response_bytes_ = writer.bytes_sent();
  if (complete && keep_alive) co_return disposition::keep_alive;
  co_return complete || (used_framing == framing::until_close && writer.ok()) ? disposition::linger
                                                                              : disposition::close;
}

}  // namespace cohort::http
