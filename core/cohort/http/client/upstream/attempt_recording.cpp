// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/upstream/attempt_recording.hpp>

#include <cohort/runtime/loop.hpp>

namespace cohort::http {
namespace {

std::string_view outcome_of(client_error error) noexcept {
  const auto name = error_class(error);
  if (name == "connect") return "connect_error";
  if (name == "dns") return "dns_error";
  if (name == "tls") return "tls_error";
  if (name == "protocol") return "protocol_error";
  if (name == "too_big") return "too_large";
  if (name == "bad_url") return "invalid_request";
  return name;
}

}  // namespace

attempt_recording::~attempt_recording() {
  if (!record_ || record_->has_ended()) return;
  // `current` is null if the coroutine is destroyed with its loop.
  const auto* current = loop::current_or_null();
  call_.end_attempt(record_, "cancelled", current ? current->now() : record_->phase_start_time);
}

void attempt_recording::end(const client_result& result, time_point now) noexcept {
  if (!record_) return;
  if (result) record_->status = static_cast<std::uint16_t>(result->status_code());
  call_.end_attempt(record_, result ? "response" : outcome_of(result.error()), now);
}

}  // namespace cohort::http
