// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>

#include <cohort/http/client/upstream/active_call.hpp>

namespace cohort::http {

/// One call to an upstream whose bodies are streamed. After the head of a response, the call keeps its bulkhead permit
/// and its breaker permission until `end_body`.
class upstream::streamed_call final : public active_call {
 public:
  /// `request`, `options.body` and `recording` must outlive `run`.
  streamed_call(upstream& owner, loop_state& state, client_request& request, origin target, deadline call_deadline,
                bool timeout_is_failure, telemetry::call_recording& recording, const open_options& options);

  /// The body of the response; null if there is none.
  std::unique_ptr<response_body_stream> take_body() noexcept { return std::move(body_); }
  /// Ends a call that has a response, at `now`: `result` is its head or the error of its body.
  void end_body(client_result result, time_point now);

 private:
  bool can_send_body_again();
  task<client::exchange> send(client::send_options options) override;
  task<client::exchange> attempt(bool needs_new_connection, time_point now) override;
  bool may_replace_connection() override;
  policy::retry_decision decide(const client::exchange& exchange, const classification& result) override;
  void end(const client::exchange* last) override;

  upstream& owner_;
  client_request& request_;
  open_options options_;
  std::unique_ptr<response_body_stream> body_;
  bool has_read_source_ = false;
};

}  // namespace cohort::http
