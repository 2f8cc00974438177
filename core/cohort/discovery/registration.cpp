// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/registration.hpp>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include <cohort/policy/retry/exponential_backoff.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::discovery {
namespace {

/// Sets an event when a coroutine ends normally or with an exception.
class completion_notifier {
 public:
  explicit completion_notifier(event& ended) noexcept : ended_(ended) {}
  ~completion_notifier() { ended_.set(); }
  completion_notifier(const completion_notifier&) = delete;
  completion_notifier& operator=(const completion_notifier&) = delete;

 private:
  event& ended_;
};

}  // namespace

std::string service_instance::id() const {
  auto text = address.address().to_string() + "-" + std::to_string(address.port());
  for (auto& c : text) {
    const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (!is_digit) c = '-';
  }
  // A DNS label must not start with a hyphen, as the converted text of `::1` would.
  return text.front() == '-' ? "0" + text : text;
}

registration::registration(std::unique_ptr<registrar> target, const std::string& source, telemetry::registry& metrics,
                           telemetry::logger log)
    : registrar_(std::move(target)), source_(source), metrics_(metrics, source), log_(std::move(log)) {}

task<> registration::run() {
  is_started_ = true;
  const completion_notifier notifier{ended_};
  for (unsigned failures = 0; !stop_.is_set();) {
    auto renew_task = registrar_->renew();
    const auto error = co_await std::move(renew_task);
    failures = error ? failures + 1 : 0;
    const auto delay = record(error, failures);
    auto wait_task = stop_.wait(deadline::after(loop::current().now(), delay));
    if (co_await std::move(wait_task) == wait_status::cancelled) co_return;
  }
  metrics_.set_registered(false);
  if (!std::exchange(was_registered_, false)) co_return;
  auto deregister_task = registrar_->deregister();
  const auto error = co_await std::move(deregister_task);
  if (error) {
    log_error(telemetry::log_level::warn, "deregistration failed; the registration expires automatically", *error);
  } else {
    log_.write(telemetry::log_level::info, "deregistered", {{"source", std::string_view{source_}}});
  }
}

duration registration::record(const std::optional<source_error>& error, unsigned failures) {
  if (!error) {
    metrics_.renewals.increment();
    metrics_.set_registered(true);
    was_registered_ = true;
    if (!std::exchange(is_registered_, true)) {
      log_.write(telemetry::log_level::info, "registered", {{"source", std::string_view{source_}}});
    }
    return registrar_->renewal_interval();
  }
  metrics_.errors.increment();
  metrics_.set_registered(false);
  is_registered_ = false;
  log_error(failures == 1 ? telemetry::log_level::warn : telemetry::log_level::debug, "registration failed", *error);
  const auto max_delay = std::min(max_retry_delay, registrar_->renewal_interval());
  return policy::jittered_backoff(failures, min_retry_delay, max_delay, loop::current().random());
}

void registration::log_error(telemetry::log_level level, std::string_view message, const source_error& error) {
  log_.write(level, message, {{"source", std::string_view{source_}}, {"error", std::string_view{error}}});
}

task<> registration::wait_until_ended(deadline wait_deadline) {
  if (!is_started_) co_return;
  auto wait_task = ended_.wait(wait_deadline);
  co_await std::move(wait_task);
}

}  // namespace cohort::discovery
