// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/connection/handler_run.hpp>

#include <algorithm>

namespace cohort::http {
namespace {

/// Delay before the stream is watched for a disconnect. Most handlers end sooner, which avoids the cost of watching (a
/// system call).
constexpr duration disconnect_detection_delay = std::chrono::milliseconds{10};

}  // namespace

void handler_run::start(deadline handler_deadline, bool detect_disconnect, telemetry::request_record* record) noexcept {
  record_ = record;
  is_running_ = true;
  detects_disconnect_ = detect_disconnect;
  cause_ = handler_cancellation::none;
  deadline_ = handler_deadline;
  timer_.arm(std::min(handler_deadline, deadline::after(loop_.now(), disconnect_detection_delay)).time());
}

void handler_run::detect_disconnect() noexcept {
  if (!is_running_ || detects_disconnect_) return;
  detects_disconnect_ = true;
  timer_.arm(std::min(deadline_, deadline::after(loop_.now(), disconnect_detection_delay)).time());
}

void handler_run::set_deadline(deadline handler_deadline) noexcept {
  if (!is_running_) return;
  deadline_ = handler_deadline;
  timer_.arm(handler_deadline.time());
}

handler_cancellation handler_run::stop() noexcept {
  timer_.disarm();
  is_running_ = false;
  record_ = nullptr;
  if (std::exchange(is_watching_, false)) stream_.unwatch_hangup();
  return cause_;
}

void handler_run::cancel_work(handler_cancellation cause) {
  // A timer or a stream event can still be delivered after `stop`. The first cause is kept.
  if (!is_running_ || cause_ != handler_cancellation::none) return;
  cause_ = cause;
  if (record_) {
    using enum telemetry::cancellation_cause;
    record_->cancelled_by = cause == handler_cancellation::deadline ? deadline : client;
  }
  detail::cancel(cancel_signal_);
}

void handler_run::on_timer() {
  if (!is_running_ || cause_ != handler_cancellation::none) return;
  if (deadline_.expired(loop_.now())) {
    cancel_work(handler_cancellation::deadline);
    return;
  }
  timer_.arm(deadline_.time());
  if (!detects_disconnect_) return;
  is_watching_ = true;
  stream_.watch_hangup([this] { cancel_work(handler_cancellation::disconnect); });
}

}  // namespace cohort::http
