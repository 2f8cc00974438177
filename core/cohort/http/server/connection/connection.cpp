// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/connection/connection.hpp>

#include <algorithm>
#include <limits>

#include <cohort/http/message/body_buffer.hpp>
#include <cohort/http/message/request/deadline_headers.hpp>
#include <cohort/http/server/connection/request_identity.hpp>
#include <cohort/http/server/connection/response_head.hpp>
#include <cohort/http/server/content/body_writer.hpp>

namespace cohort::http {
namespace {

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

/// Ends an activity in its destructor.
class activity_guard {
 public:
  explicit activity_guard(activity& running) noexcept : running_(running) {}
  ~activity_guard() { running_.end(); }
  activity_guard(const activity_guard&) = delete;
  activity_guard& operator=(const activity_guard&) = delete;

 private:
  activity& running_;
};

response reserve_response() { return overload_response("The server has too many connections, retry later"); }

std::size_t max_requests(const server_limits& limits) noexcept {
  return limits.max_requests_per_connection > 0 ? limits.max_requests_per_connection
                                                : std::numeric_limits<std::size_t>::max();
}

}  // namespace

connection::connection(server_shard& shard, net::stream_ptr stream, asio::cancellation_signal& cancel_signal,
                       std::unique_ptr<const tls_connection_info> tls, connection_info info)
    : shard_(shard),
      limits_(shard.state().settings.limits),
      stream_(std::move(stream)),
      info_(std::move(info)),
      tls_(std::move(tls)),
      input_(limits_.max_header_bytes),
      used_header_timeout_(tls_ ? tls_->handshake_duration : duration::zero()),
      handler_run_(*stream_, shard.event_loop(), cancel_signal),
      requests_left_(info_.is_reserved ? 1 : max_requests(limits_)),
      idle_since_(shard.event_loop().now()) {
  shard_.connections_.insert(*this, idle_since_);
}

connection::~connection() {
  release_body();
  cancel_shedding();
  shard_.connections_.erase(*this);
}

task<> connection::run() {
  auto next = disposition::keep_alive;
  while (next == disposition::keep_alive) {
    begin_head();
    auto head = scan_head();
    while (!head) {
      // This code is inline, because a separate coroutine would cost an allocation for every request and every idle
      // connection.
      const bool awaits_request = input_.empty();
      const auto read_deadline = head_deadline(awaits_request);
      if (!try_flush()) {
        const bool is_flushed = co_await flush();
        if (!is_flushed) {
          head = read_result::closed;
          break;
        }
      }
      begin_read(read_deadline, awaits_request);
      auto read = stream_->read_some(input_);
      const auto size = co_await std::move(read);
      head = end_head_read(size, awaits_request);
    }
    is_reading_head_ = false;
    if (head == read_result::complete) {
      next = co_await handle_request();
      if (++pipelined_count_ >= limits_.max_pipelined_requests && next == disposition::keep_alive) {
        co_await pause_pipeline();
      }
    } else {
      if (head == read_result::rejected) reject();
      next = head == read_result::rejected ? disposition::linger : disposition::close;
    }
    if (next == disposition::keep_alive && parser_->has_body()) next = co_await discard_body();
    release_body();
  }
  if (requests_left_ == 0 && !info_.is_reserved) {
    shard_.state().metrics.bounds.max_requests_closes_total.increment();
  }
  if (next == disposition::linger) {
    const bool is_flushed = co_await flush();
    if (is_flushed) co_await linger();
  }
  stream_->close();
}

task<connection::disposition> connection::handle_request() {
  parser_.emplace(limits_, head_, body_);
  const auto head_bytes = input_.unread().substr(0, head_scanner_.length());
  if (const auto rejection = parser_->parse_head(head_bytes)) {
    rejection_ = *rejection;
    rejection_reason_ = parser_->rejection_reason();
    reject();
    co_return disposition::linger;
  }
  input_.consume(head_bytes.size());

  const auto start = received_at_;
  used_header_timeout_ = duration::zero();
  --requests_left_;
  request_context context{head_, info_.peer_address, tls_.get()};
  prepare(context, start);
  const auto& trace = context.trace().id;
  activity_->begin(route_ ? route_->pattern.c_str() : "no route", trace.high, trace.low, start);
  const activity_guard end{*activity_};
  parser_->decoder().set_max_body_bytes(max_body_bytes());

  const gauge_guard in_flight{shard_.state().metrics.requests_in_flight};
  auto result = handle_immediately(context);
  if (const auto* reason = std::get_if<no_response>(&result); reason && *reason == no_response::pending) {
    if (!route_ || !route_->is_probe()) open_record(context, start);
    auto wait_task = context.pipeline().has_middleware() ? handle_in_middleware(context) : handle_async(context);
    result = co_await std::move(wait_task);
    context.set_interim_sender(nullptr);
  }
  if (const auto* reason = std::get_if<no_response>(&result)) {
    co_return finish_without_response(context, *reason, start);
  }

  auto& final_response = std::get<response>(result);
  if (!is_valid_final_response(final_response, head_)) {
    final_response = replace_invalid_response(context, final_response.code());
  }
  if (final_response.code() == status::switching_protocols) {
    auto upgrade = run_upgrade(context, final_response, start);
    co_return co_await std::move(upgrade);
  }
  record_response(context, final_response.code(), start);
  if (const auto field = final_response.rejected_field(); !field.empty())
    shard_.state().log_rejected_field(route_, field);
  const bool keep_alive = can_keep_alive(final_response) && (!parser_->has_body() || can_discard_body());
  const bool sends_body = head_.method != method::head && may_have_body(final_response.code());
  auto next = keep_alive ? disposition::keep_alive : disposition::linger;
  if (final_response.producer() && sends_body) {
    open_record(context, start).is_streamed = true;
    next = co_await send_streamed_response(context, final_response, keep_alive);
  } else {
    // Most responses are only buffered, without a coroutine.
    bool sent = true;
    if (!buffer_response(final_response, keep_alive)) sent = co_await send_unbuffered(final_response.content());
    if (sent && context.has_sent_callbacks()) sent = co_await flush();
    if (!sent) next = disposition::close;
    recycle_body_buffer(final_response.release_body());
  }
  finish_request(context, final_response.code(), sends_body ? response_bytes_ : 0, start, next != disposition::close);
  co_return next;
}

/// Completes a request whose handler has no response.
connection::disposition connection::finish_without_response(request_context& context, no_response reason,
                                                            time_point start) {
  if (reason == no_response::rejected) {
    if (auto* record = context.timing().recording().get()) record->status = static_cast<std::uint16_t>(rejection_);
    reject();
    return disposition::linger;
  }
  const auto code = reason == no_response::shutdown ? status::service_unavailable : client_closed_request;
  if (reason != no_response::connection_lost) record_response(context, code, start);
  finish_request(context, code, 0, start, false);
  return disposition::close;
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
  if (shard_.state().settings.tracer) begin_span(context);
  find_client(context);
  route_ = shard_.state().routes.match(context);
  operation_ = context.matched_operation();
  auto timeout = operation_ ? request_timeout() : limits_.request_timeout;
  const auto deadline_headers = parse_deadline_headers(head_);
  if (deadline_headers.invalid) shard_.state().metrics.invalid_deadlines_total.increment();
  timeout = std::min(timeout, deadline_headers.remaining.value_or(timeout));
  context.set_deadline(deadline::after(start, timeout));
  streaming_deadline_ = extends_deadline() ? deadline::after(start, limits_.request_timeout) : deadline::never();
}

/// Sets the address, the protocol and the host of a request's client.
void connection::find_client(request_context& context) {
  if (!info_.is_trusted_proxy) {
    context.set_client_address(info_.client_address);
    return;
  }
  const auto& client = forwarded_client_.emplace(find_forwarded_client(head_, shard_.state().settings.trusted_proxies));
  if (client.is_malformed) shard_.state().metrics.bounds.invalid_forwarded_total.increment();
  context.set_client_address(client.address.empty() ? info_.client_address : client.address);
  context.set_forwarded(client.proto, client.host);
}

/// Moves a connection from the reserve to the ordinary connections if their number has fallen below the limit.
bool connection::leave_reserve() noexcept {
  while (shard_.state().connection_count.load(std::memory_order_relaxed) > limits_.max_connections) {
    if (!shard_.shed_oldest_closing()) return false;
  }
  info_.is_reserved = false;
  requests_left_ = max_requests(limits_);
  return true;
}

/// Handles a request without middleware that needs neither its body nor an asynchronous handler. Most requests need no
/// coroutine.
connection::handling_result connection::handle_immediately(request_context& context) {
  if (info_.is_reserved && !(route_ && route_->is_probe()) && !leave_reserve()) {
    shard_.state().metrics.bounds.on_rejected(connection_rejection::reserve);
    return reserve_response();
  }
  if (context.pipeline().has_middleware()) return no_response::pending;
  try {
    if (auto filter_response = run_filters(context.pipeline(), context)) return std::move(*filter_response);
  } catch (...) {
    return log_handler_failure(context, std::current_exception());
  }
  return dispatch(context);
}

/// Responds to a request for which there is no handler, or calls a synchronous handler.
connection::handling_result connection::dispatch(request_context& context) {
  if (head_.method == method::unknown) return not_implemented_response();
  if (head_.path == "*") return server_options_response(shard_.state().routes);
  if (!route_) return not_found_response();
  const auto* selected = context.matched_operation();
  if (!selected) return method_not_allowed_response(*route_);
  if (parser_->content_length().value_or(0) > max_body_bytes()) {
    rejection_ = status::payload_too_large;
    return no_response::rejected;
  }
  const auto* sync = std::get_if<sync_handler>(&selected->function());
  if (!sync || parser_->has_body()) return no_response::pending;
  return call_sync_handler(context, *sync);
}

/// Reads the body, if there is one, and runs the handler.
task<connection::handling_result> connection::handle_async(request_context& context) {
  using completion = admission_control::permit::completion;
  const auto& selected = operation_->function();
  const bool streams_body = std::holds_alternative<streaming_handler>(selected);
  if (parser_->has_body() && !streams_body) {
    const auto body = co_await read_body(context.deadline());
    if (body == read_result::rejected) co_return no_response::rejected;
    if (body == read_result::closed) co_return no_response::connection_lost;
  }
  context.set_body(body_);
  if (const auto* sync = std::get_if<sync_handler>(&selected)) co_return call_sync_handler(context, *sync);

  admission_control::permit permit{shard_.admission(), *route_, context, streams_body};
  if (!permit.is_admitted()) co_return permit.rejection();
  // The responses to earlier pipelined requests must not wait for this handler.
  if (!try_flush()) {
    const bool is_flushed = co_await flush();
    if (!is_flushed) co_return no_response::connection_lost;
  }
  const auto start = shard_.event_loop().now();
  auto work = start_handler(selected, context);
  detail::task_outcome<response> outcome;
  const bool detect_disconnect = input_.empty() && !parser_->has_body();
  const auto cancellation_cause = co_await handler_run_.run(
      std::move(work), current_deadline(context), detect_disconnect, outcome, context.timing().recording().get());

  if (cancellation_cause == handler_cancellation::deadline) permit.set_completion(completion::deadline_exceeded);
  if (cancellation_cause == handler_cancellation::none && outcome.value) permit.set_completion(completion::responded);
  auto result = end_handling(context, cancellation_cause, outcome);
  if (auto* final_response = std::get_if<response>(&result); final_response && outcome.value) {
    add_server_timing(*final_response, context, start);
  }
  co_return result;
}

/// The result of a handler, or of a pipeline, after `handler_run::run`.
connection::handling_result connection::end_handling(request_context& context, handler_cancellation cause,
                                                     detail::task_outcome<response>& outcome) {
  limit_recorded_calls(context);
  const bool has_failed = outcome.failure && (cause == handler_cancellation::none || !is_cancellation(outcome.failure));
  switch (cause) {
    case handler_cancellation::none:
      if (has_failed) return log_handler_failure(context, outcome.failure);
      break;
    case handler_cancellation::deadline:
      shard_.state().metrics.deadline_exceeded_total.increment();
      if (has_failed) log_handler_failure(context, outcome.failure);
      if (!outcome.value) outcome.value = deadline_response();
      break;
    case handler_cancellation::disconnect:
      shard_.state().metrics.abandoned_total.increment();
      return no_response::client_disconnected;
    case handler_cancellation::shutdown:
      if (has_failed) log_handler_failure(context, outcome.failure);
      return no_response::shutdown;
  }
  return std::move(*outcome.value);
}

task<response> connection::start_handler(const handler& handler, request_context& context) {
  context.set_interim_sender(this);
  const auto* streaming = std::get_if<streaming_handler>(&handler);
  if (!streaming) return start_task<response>(std::get<async_handler>(handler), context);
  body_reader& body = body_reader_.emplace(*this, context);
  return start_task<response>(*streaming, context, body);
}

response connection::call_sync_handler(request_context& context, const sync_handler& sync) {
  try {
    return sync(context);
  } catch (...) {
    return log_handler_failure(context, std::current_exception());
  }
}

response connection::deadline_response() {
  return error_response(status::gateway_timeout, "The deadline of the request passed");
}

void connection::add_server_timing(response& result, request_context& context, time_point start) const {
  const auto now = shard_.event_loop().now();
  result.set("Server-Timing", context.timing().header_value(now - start, current_deadline(context), now));
}

task<connection::disposition> connection::send_streamed_response(const request_context& context, const response& result,
                                                                 bool keep_alive) {
  using framing = body_writer::framing;
  const auto length = result.stream_length();
  const auto body_framing = length              ? framing::fixed_length
                            : head_.is_http_1_0 ? framing::until_close
                                                : framing::chunked;
  keep_alive = keep_alive && body_framing != framing::until_close;
  append_head(result, length, keep_alive, body_framing == framing::chunked);
  const bool is_flushed = co_await flush();
  if (!is_flushed) co_return disposition::close;

  body_writer writer{*stream_, body_framing, limits_, shard_.draining(), length};
  auto work = start_task<void>(result.producer(), writer);
  detail::task_outcome<void> outcome;
  const bool detect_disconnect = input_.empty() && !parser_->has_body();
  const auto cancellation_cause =
      co_await handler_run_.run(std::move(work), deadline::never(), detect_disconnect, outcome);
  response_bytes_ = writer.bytes_sent();
  if (outcome.failure && !is_cancellation(outcome.failure))
    log_aborted_body(context, exception_message(outcome.failure));
  const bool has_returned = !outcome.failure && cancellation_cause == handler_cancellation::none;
  if (has_returned && writer.was_stopped_by_drain()) {
    log_aborted_body(context, "the producer stopped because the server is draining");
  } else if (has_returned && writer.has_wrong_length()) {
    log_aborted_body(context, "the body does not have its content length");
  }
  bool complete = false;
  if (has_returned) complete = co_await writer.finish();
  response_bytes_ = writer.bytes_sent();
  if (complete && keep_alive) co_return disposition::keep_alive;
  const bool ended = complete || (has_returned && body_framing == framing::until_close && writer.ok());
  // Without framing, only a reset shows the client that the body is not complete.
  if (!ended && body_framing == framing::until_close) stream_->reset();
  co_return ended ? disposition::linger : disposition::close;
}

}  // namespace cohort::http
