// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/publisher.hpp>

#include <algorithm>
#include <boost/asio/post.hpp>

#include <cohort/policy/retry/exponential_backoff.hpp>
#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/concurrency/run_on.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>

namespace cohort::messaging {

struct publisher::entry {
  entry(message published, time_point now)
      : content(std::make_shared<const message>(std::move(published))), enqueue_time(now) {}
  message_pointer content;
  time_point enqueue_time;
  /// The result; only for a message that `publish` awaits.
  std::unique_ptr<event> done{};
  std::optional<result<void>> outcome{};
};

publisher::publisher(constructor_tag, std::shared_ptr<broker> destination, telemetry::registry& metrics,
                     telemetry::logger log, publisher_settings settings, std::string name)
    : loop_(loop::current()),
      broker_(std::move(destination)),
      metrics_(std::make_shared<publisher_metrics>(metrics, name)),
      log_(std::move(log)),
      settings_(settings),
      name_(std::move(name)) {
  metrics_->outbox_capacity.add(static_cast<double>(settings_.max_messages));
}

std::shared_ptr<publisher> publisher::make(std::shared_ptr<broker> destination, telemetry::registry& metrics,
                                           telemetry::logger log, publisher_settings settings, std::string name) {
  return std::make_shared<publisher>(constructor_tag{}, std::move(destination), metrics, std::move(log), settings,
                                     std::move(name));
}

// ---- the callers

std::optional<error> publisher::prepare(const call_context& context, message& message) const {
  if (is_closing_) return error{errc::closed};
  if (auto failure = find_error(message); !failure.empty()) {
    metrics_->rejected.increment();
    return error{errc::invalid, std::move(failure)};
  }
  auto& random = loop::current().random();
  if (message.id.empty()) message.id = make_message_id(random);
  set_trace_context(message, context.trace, random);
  return std::nullopt;
}

bool publisher::try_reserve() noexcept {
  auto current_size = size_.load(std::memory_order_relaxed);
  while (current_size < settings_.max_messages) {
    if (size_.compare_exchange_weak(current_size, current_size + 1, std::memory_order_relaxed)) {
      metrics_->outbox_messages.add(1);
      return true;
    }
  }
  return false;
}

void publisher::release(std::size_t count) noexcept {
  size_.fetch_sub(count, std::memory_order_relaxed);
  metrics_->outbox_messages.add(-static_cast<double>(count));
}

publisher::entry_pointer publisher::add(message message, time_point enqueue_time, bool is_awaited) {
  auto added = std::make_shared<entry>(std::move(message), enqueue_time);
  if (is_awaited) added->done = std::make_unique<event>();
  if (is_closed_) {
    metrics_->abandoned.increment();
    end(*added, error{errc::closed});
    return added;
  }
  outbox_.push_back(added);
  work_available_.set();
  return added;
}

result<void> publisher::try_enqueue(const call_context& context, message message) {
  if (auto failure = prepare(context, message)) return std::move(*failure);
  if (!try_reserve()) {
    metrics_->overloaded.increment();
    return error{errc::overloaded, std::to_string(settings_.max_messages) + " messages are waiting"};
  }
  const auto now = loop::current().now();
  if (&loop::current() == &loop_) {
    add(std::move(message), now, false);
  } else {
    asio::post(loop_.get_executor(), [self = shared_from_this(), message = std::move(message), now]() mutable {
      self->add(std::move(message), now, false);
    });
  }
  return {};
}

task<result<publisher::entry_pointer>> publisher::wait_and_add(call_context context, message message, bool is_awaited) {
  const auto enqueue_time = loop_.now();
  while (!try_reserve()) {
    if (is_closing_) co_return error{errc::closed};
    const auto status = co_await space_waiters_.wait(context.deadline);
    if (status == wait_status::cancelled) co_return error{errc::cancelled};
    if (status == wait_status::notified) continue;
    metrics_->overloaded.increment();
    co_return error{errc::overloaded, std::to_string(settings_.max_messages) + " messages are waiting"};
  }
  co_return add(std::move(message), enqueue_time, is_awaited);
}

task<result<void>> publisher::publish_on_loop(call_context context, message message, bool is_awaited) {
  auto add_task = wait_and_add(context, std::move(message), is_awaited);
  const auto added = co_await std::move(add_task);
  if (!added) co_return added.error();
  if (!is_awaited) co_return result<void>{};
  const auto awaited_entry = *added;
  auto confirm_task = awaited_entry->done->wait(context.deadline);
  const auto status = co_await std::move(confirm_task);
  if (awaited_entry->outcome) co_return *awaited_entry->outcome;
  if (status == wait_status::cancelled) co_return error{errc::cancelled};
  co_return error{errc::timeout, "the message stays in the outbox"};
}

task<result<void>> publisher::publish(std::shared_ptr<publisher> self, call_context context, message message) {
  if (auto failure = self->prepare(context, message)) co_return std::move(*failure);
  auto publish_task = self->publish_on_loop(context, std::move(message), true);
  if (&loop::current() == &self->loop_) co_return co_await std::move(publish_task);
  auto remote_task = run_on(self->loop_, std::move(publish_task));
  co_return co_await std::move(remote_task);
}

task<result<void>> publisher::enqueue(std::shared_ptr<publisher> self, call_context context, message message) {
  if (auto failure = self->prepare(context, message)) co_return std::move(*failure);
  auto publish_task = self->publish_on_loop(context, std::move(message), false);
  if (&loop::current() == &self->loop_) co_return co_await std::move(publish_task);
  auto remote_task = run_on(self->loop_, std::move(publish_task));
  co_return co_await std::move(remote_task);
}

void publisher::end(entry& entry, result<void> outcome) {
  release(1);
  entry.outcome.emplace(std::move(outcome));
  if (entry.done) entry.done->set();
}

// ---- the task

task<> publisher::run(std::shared_ptr<publisher> self) {
  for (;;) {
    auto send_task = self->send_until_empty();
    co_await std::move(send_task);
    self->work_available_.reset();
    auto wait_task = self->work_available_.wait();
    if (co_await std::move(wait_task) == wait_status::cancelled) co_return;
  }
}

task<> publisher::send_until_empty() {
  while (!outbox_.empty()) {
    auto send_task = send_batch();
    if (co_await std::move(send_task)) continue;
    // Retries until the task is cancelled, with pauses of at most `max_backoff`; no event reports that the broker
    // accepts messages again. The pauses are random, so that publishers do not all send simultaneously.
    const auto delay =
        policy::jittered_backoff(failure_count_, settings_.min_backoff, settings_.max_backoff, loop_.random());
    if (co_await sleep_for(delay) == wait_status::cancelled) co_return;
  }
}

task<std::size_t> publisher::close(std::shared_ptr<publisher> self, deadline close_deadline) {
  self->is_closing_ = true;
  self->space_waiters_.notify_all();
  if (!self->outbox_.empty()) {
    auto send_task = with_deadline(close_deadline, race(self->send_until_empty(), self->broker_->run()));
    co_await std::move(send_task);
  }
  self->is_closed_ = true;
  const auto unconfirmed = self->outbox_.size();
  for (auto& each : std::exchange(self->outbox_, {})) {
    self->metrics_->abandoned.increment();
    self->end(*each, error{errc::closed});
  }
  self->broker_->close();
  co_return unconfirmed;
}

void publisher::expire(time_point now) {
  while (!outbox_.empty() && now - outbox_.front()->enqueue_time >= settings_.max_age) {
    const auto expired = std::move(outbox_.front());
    outbox_.pop_front();
    metrics_->expired.increment();
    end(*expired, error{errc::timeout, "the broker did not confirm the message while it was in the outbox"});
    space_waiters_.notify_one();
  }
}

task<bool> publisher::send_batch() {
  expire(loop_.now());
  if (outbox_.empty()) co_return true;
  std::vector<message_pointer> messages;
  std::size_t bytes = 0;
  // The messages stay in the outbox, so that they are not lost if this coroutine is cancelled.
  for (const auto& each : outbox_) {
    bytes += each->content->body.size();
    if (!messages.empty() && (messages.size() == settings_.max_batch || bytes > settings_.max_batch_bytes)) break;
    messages.push_back(each->content);
  }
  const auto count = static_cast<std::ptrdiff_t>(messages.size());
  const auto confirm_deadline = deadline::after(loop_.now(), settings_.confirm_timeout);
  const publish_options options{.requires_queue = settings_.requires_queue};
  auto publish_task = broker_->publish(std::move(messages), confirm_deadline, options);
  const auto results = co_await std::move(publish_task);
  std::deque<entry_pointer> batch{outbox_.begin(), outbox_.begin() + count};
  outbox_.erase(outbox_.begin(), outbox_.begin() + count);
  const auto size_before = outbox_.size();
  end_batch(std::move(batch), results);
  co_return outbox_.size() == size_before;
}

void publisher::end_batch(std::deque<entry_pointer> batch, const std::vector<result<void>>& results) {
  const auto now = loop_.now();
  std::deque<entry_pointer> remaining;
  std::optional<error> failure;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto& outcome = results[i];
    auto& sent = batch[i];
    const auto code = outcome ? errc{} : outcome.error().code;
    if (!outcome && code != errc::unroutable && code != errc::invalid) {
      failure = outcome.error();
      remaining.push_back(std::move(sent));
      continue;
    }
    if (outcome) {
      metrics_->confirmed.increment();
      metrics_->confirm_duration.observe(to_seconds(now - sent->enqueue_time));
    } else {
      (code == errc::unroutable ? metrics_->unroutable : metrics_->rejected).increment();
    }
    end(*sent, outcome);
    space_waiters_.notify_one();
  }
  if (failure) {
    metrics_->retries.increment(static_cast<double>(remaining.size()));
    on_failed_attempt(*failure);
  } else if (failure_count_ > 0) {
    log_.write(telemetry::log_level::info, "broker confirms messages again", {{"publisher", name_}});
    failure_count_ = 0;
  }
  outbox_.insert(outbox_.begin(), std::make_move_iterator(remaining.begin()), std::make_move_iterator(remaining.end()));
}

void publisher::on_failed_attempt(const error& failure) {
  if (failure_count_++ > 0) return;
  log_.write(telemetry::log_level::warn, "messages not confirmed",
             {{"publisher", name_}, {"error", log_text(failure)}, {"messages", static_cast<std::int64_t>(size())}});
}

}  // namespace cohort::messaging
