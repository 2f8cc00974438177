// SPDX-License-Identifier: BSL-1.0
// Computes the deadline of a request.
#include <algorithm>

#include <cohort/http/server/connection/connection.hpp>

namespace cohort::http {
namespace {

/// About a year. The limit prevents an overflow of the sum with other durations.
constexpr std::uint64_t max_transfer_seconds = 30'000'000;

}  // namespace

/// Whether the deadline of the request is extended while its body is received. Precondition: the body has not been
/// read.
bool connection::extends_deadline() const noexcept {
  return operation_ && parser_->has_body() && !operation_->settings().timeout &&
         std::holds_alternative<streaming_handler>(operation_->function());
}

/// The time at which the handler is cancelled: the deadline of the context, or earlier while the body is streamed.
deadline connection::current_deadline(const request_context& context) const noexcept {
  return std::min(context.deadline(), streaming_deadline_);
}

/// The timeout of the operation; if the body extends the deadline, the maximum timeout.
duration connection::request_timeout() const noexcept {
  if (!extends_deadline()) return operation_->settings().timeout.value_or(limits_.request_timeout);
  const auto bytes = parser_->content_length().value_or(max_body_bytes());
  const auto rate = min_body_rate();
  if (rate == 0 || bytes / rate > max_transfer_seconds) return duration::max();
  return limits_.request_timeout + std::chrono::seconds{bytes / rate};
}

/// Caps the recorded deadlines of calls at the deadline of the request. Calls that started while the body was streamed
/// were recorded with a later deadline.
void connection::limit_recorded_calls(request_context& context) const noexcept {
  auto* const record = context.timing().recording().get();
  if (!record || streaming_deadline_.is_never()) return;
  for (auto& call : record->all_calls()) call.deadline = std::min(call.deadline, current_deadline(context));
}

}  // namespace cohort::http
