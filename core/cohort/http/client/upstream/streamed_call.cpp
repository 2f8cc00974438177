// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/upstream/streamed_call.hpp>

#include <cohort/runtime/memory/recycled_object.hpp>
#include <cohort/telemetry/server_timing.hpp>

namespace cohort::http {

upstream::streamed_call::streamed_call(upstream& owner, loop_state& state, client_request& request, origin target,
                                       deadline call_deadline, bool timeout_is_failure,
                                       telemetry::call_recording& recording, const open_options& options)
    // The context has no request ID, because the ID would have to outlive the call. As a result, the log lines of
    // attempts lack the request ID.
    : active_call(owner, state, request, std::move(target), call_deadline, {}, timeout_is_failure, recording),
      owner_(owner),
      request_(request),
      options_(options) {}

task<client::exchange> upstream::streamed_call::send(client::send_options options) {
  body_.reset();
  options.target = &target();
  auto open_task =
      transport().open(request_, options_.body, call_deadline(), options, options_.max_body_bytes, options_.on_interim);
  auto opened = co_await std::move(open_task);
  body_ = std::move(opened.body);
  has_read_source_ = has_read_source_ || opened.has_read_source;
  co_return std::move(opened.head);
}

/// Streamed calls are not hedged: a second attempt would need the body of the request twice.
task<client::exchange> upstream::streamed_call::attempt(bool needs_new_connection, time_point now) {
  return send_recorded(needs_new_connection, begin_attempt_record(false, now), now);
}

/// Rewinds the source of the body if it has been read.
bool upstream::streamed_call::can_send_body_again() {
  if (has_read_source_ && !options_.body->rewind()) return false;
  has_read_source_ = false;
  return true;
}

bool upstream::streamed_call::may_replace_connection() {
  return can_send_body_again() && active_call::may_replace_connection();
}

policy::retry_decision upstream::streamed_call::decide(const client::exchange& exchange, const classification& result) {
  if (can_send_body_again()) return active_call::decide(exchange, result);
  owner_.metrics_->record_retry(policy::retry_verdict::not_idempotent);
  return {policy::retry_verdict::not_idempotent};
}

void upstream::streamed_call::end(const client::exchange* last) {
  const bool has_pending_body = last && last->response;
  if (!has_pending_body) active_call::end(last);
}

void upstream::streamed_call::end_body(client_result result, time_point now) {
  const client::exchange last{.response = std::move(result), .ended = now};
  active_call::end(&last);
}

/// The body of a response, and the record of its call.
class upstream::recorded_body final : public response_body_stream, public recycled_object {
 public:
  /// The request and the state of a call, on the heap, because `streamed_call` refers to the request.
  struct call_state : recycled_object {
    call_state(client_request&& sent, time_point now, telemetry::trace_id id) noexcept
        : request(std::move(sent)), started(now), trace(id) {}

    client_request request;
    std::optional<streamed_call> call;
    time_point started;
    telemetry::trace_id trace;
    client_response head;
  };

  recorded_body(upstream& owner, std::unique_ptr<call_state> state, std::unique_ptr<response_body_stream> body)
      : owner_(owner), state_(std::move(state)), body_(std::move(body)) {
    // After a 101, the connection no longer carries a response.
    const bool has_ended = body_->is_complete() || state_->head.status == status::switching_protocols;
    if (has_ended) finish(client_response{state_->head});
  }
  ~recorded_body() override { finish(client_error::cancelled); }

  task<result<std::string_view, client_error>> read(deadline read_deadline) override {
    auto read_task = body_->read(read_deadline);
    auto part = co_await std::move(read_task);
    if (!part) {
      finish(part.error());
    } else if (body_->is_complete()) {
      finish(client_response{state_->head});
    }
    co_return part;
  }
  bool is_complete() const noexcept override { return body_->is_complete(); }
  std::string take_remaining_bytes() override { return body_->take_remaining_bytes(); }
  net::stream& connection() noexcept override { return body_->connection(); }
  std::string take_received_bytes() override { return body_->take_received_bytes(); }

 private:
  void finish(client_result result) {
    if (is_finished_) return;
    is_finished_ = true;
    const auto now = loop::current().now();
    owner_.metrics_->record_call(result, now - state_->started, {.id = state_->trace}, now);
    state_->call->end_body(std::move(result), now);
  }

  upstream& owner_;
  std::unique_ptr<call_state> state_;
  std::unique_ptr<response_body_stream> body_;
  bool is_finished_ = false;
};

task<open_result> upstream::open(client_request request, call_context context, open_options options) {
  const auto started = loop::current().now();
  const auto max_timeout = options.timeout.value_or(options.body ? duration::max() : settings_.timeout);
  const auto call_deadline = call_deadline_of(context, started, max_timeout);
  auto target = origin_of(request.url);
  open_result result{.response = client_error::invalid_request};
  // Records the call up to the head of the response, because the body may outlive the request for which the call is
  // made.
  telemetry::call_recording recording{telemetry::find_request_record(context), name_, started, call_deadline};
  const auto record = [&](const client_result& client_result, time_point now) {
    result.elapsed = now - started;
    recording.end(outcome_label(client_result), now);
    if (context.timing) context.timing->add(name_, result.elapsed, outcome_label(client_result));
  };
  if (target) {
    const telemetry::server_timing::scoped_wait wait{context.timing};
    auto state = std::make_unique<recorded_body::call_state>(std::move(request), started, context.trace.id);
    prepare_request(state->request, context);
    state->request.max_redirects = 0;
    const bool timeout_is_failure = call_deadline.remaining(started) >= std::min(max_timeout, settings_.timeout) / 2;
    auto& on_loop = current_loop_state();
    auto& call = state->call.emplace(*this, on_loop, state->request, *target, call_deadline, timeout_is_failure,
                                     recording, options);
    auto run_task = call.run(started);
    auto head = co_await std::move(run_task);
    notify_response(state->request, head);
    result.attempts = call.total_attempts();
    const auto now = loop::current().now();
    report_addresses(on_loop, *target, now);
    record(head, now);
    if (head) {
      state->head.status = head->status;
      auto body = call.take_body();
      result.response = streamed_response{std::move(*head),
                                          std::make_unique<recorded_body>(*this, std::move(state), std::move(body))};
      co_return result;
    }
    result.response = head.error();
  } else {
    record(client_error::invalid_request, started);
  }
  const auto now = loop::current().now();
  metrics_->record_call(result.response.error(), result.elapsed, context.trace, now);
  co_return result;
}

}  // namespace cohort::http
