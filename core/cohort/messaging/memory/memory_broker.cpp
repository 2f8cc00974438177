// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/memory/memory_broker.hpp>

#include <cohort/messaging/memory/memory_subscription.hpp>

namespace cohort::messaging {

memory_broker::~memory_broker() = default;

std::shared_ptr<memory_broker::client> memory_broker::make_client() {
  auto new_client = std::make_shared<client>(*this);
  clients_.push_back(new_client.get());
  return new_client;
}

void memory_broker::stop() {
  if (!std::exchange(is_running_, false)) return;
  ++stop_count_;
  for (auto* const each : arrivals_) {
    each->is_lost = true;
    for (const auto& message : each->messages) {
      if (random_.bernoulli(0.5)) route(message);
    }
  }
  for (auto* const each : clients_) each->return_deliveries();
  for (const auto& [topic, queue] : exclusive_queues_) queue->messages.clear();
  notify_all();
}

void memory_broker::start() {
  is_running_ = true;
  notify_all();
}

void memory_broker::notify_all() {
  state_changes_.notify_all();
  for (const auto& [key, queue] : groups_) queue->waiters.notify_all();
  for (const auto& [topic, queue] : exclusive_queues_) queue->waiters.notify_all();
}

memory_broker::queue& memory_broker::group_queue(const std::string& topic, const std::string& group) {
  auto& found = groups_[{topic, group}];
  if (!found) found = std::make_shared<queue>();
  return *found;
}

bool memory_broker::route(const message_pointer& message) {
  bool is_routed = false;
  const auto add_to_queue = [&](queue& target) {
    target.messages.push_back({message});
    target.waiters.notify_all();
    is_routed = true;
  };
  for (const auto& [key, queue] : groups_)
    if (key.first == message->topic) add_to_queue(*queue);
  const auto [first, last] = exclusive_queues_.equal_range(message->topic);
  for (auto each = first; each != last; ++each) add_to_queue(*each->second);
  return is_routed;
}

std::size_t memory_broker::backlog(const std::string& topic, const std::string& group) const {
  const auto found = groups_.find({topic, group});
  return found == groups_.end() ? 0 : found->second->messages.size() + found->second->unacknowledged;
}

const std::vector<message>& memory_broker::dead_letters(const std::string& topic, const std::string& group) {
  return dead_letters_[{topic, group}];
}

// ---- a client

memory_broker::client::~client() { server_->clients_.remove(this); }

bool memory_broker::client::is_connected() const noexcept { return !is_closed_ && is_reachable(); }

task<result<void>> memory_broker::client::wait_until_reachable(deadline call_deadline) {
  while (!is_reachable()) {
    if (is_closed_) co_return error{errc::closed};
    const auto status = co_await server_->state_changes_.wait(call_deadline);
    if (status == wait_status::cancelled) co_return error{errc::cancelled};
    if (status == wait_status::timed_out) co_return error{errc::unreachable};
  }
  if (is_closed_) co_return error{errc::closed};
  co_return result<void>{};
}

task<std::vector<result<void>>> memory_broker::client::publish(std::vector<message_pointer> messages,
                                                               deadline call_deadline, publish_options options) {
  const auto self = shared_from_this();
  const auto count = messages.size();
  const auto make_error_results = [count](error failure) {
    return std::vector<result<void>>(count, result<void>{std::move(failure)});
  };
  auto wait_task = wait_until_reachable(call_deadline);
  const auto wait_result = co_await std::move(wait_task);
  if (!wait_result) co_return make_error_results(wait_result.error());
  if (server_->is_rejecting_) co_return make_error_results({errc::refused, "the broker rejects messages"});
  arrival new_arrival{std::move(messages)};
  struct registration {
    memory_broker& server;
    arrival& registered;
    ~registration() { server.arrivals_.remove(&registered); }
  };
  std::vector<result<void>> results;
  {
    server_->arrivals_.push_back(&new_arrival);
    const registration registration{*server_, new_arrival};
    if (server_->confirm_delay_ > duration{}) {
      // A delay that the test has set, on the clock of its loop.
      const auto confirm_time =
          std::min(call_deadline, deadline::after(loop::current().now(), server_->confirm_delay_));
      if (co_await sleep_until(confirm_time) == wait_status::cancelled) co_return make_error_results({errc::cancelled});
    }
    if (new_arrival.is_lost) co_return make_error_results({errc::connection_lost, "the broker stopped"});
    for (const auto& each : new_arrival.messages) {
      const bool is_routed = server_->route(each);
      ++server_->confirmed_count_;
      results.push_back(is_routed || !options.requires_queue ? result<void>{} : error{errc::unroutable});
    }
  }
  // Confirms the messages, unless the client cannot receive the confirms.
  const auto stop_count = server_->stop_count_;
  auto receive_task = wait_until_reachable(call_deadline);
  const auto received = co_await std::move(receive_task);
  if (stop_count != server_->stop_count_) co_return make_error_results({errc::connection_lost, "the broker stopped"});
  if (!received || call_deadline.expired(loop::current().now())) co_return make_error_results({errc::timeout});
  co_return results;
}

task<result<std::unique_ptr<subscription>>> memory_broker::client::subscribe(subscription_settings settings,
                                                                             deadline call_deadline) {
  const auto self = shared_from_this();
  if (!is_valid_name(settings.topic) || (!settings.group.empty() && !is_valid_name(settings.group))) {
    co_return error{errc::invalid, "topic or group: 1 to 100 letters, digits, \".\", \"-\" and \"_\" are accepted"};
  }
  auto wait_task = wait_until_reachable(call_deadline);
  const auto wait_result = co_await std::move(wait_task);
  if (!wait_result) co_return wait_result.error();
  co_return std::make_unique<memory_subscription>(self, std::move(settings));
}

void memory_broker::client::return_deliveries() {
  for (auto* const each : subscriptions_) each->return_deliveries(true);
}

void memory_broker::client::partition() {
  is_partitioned_ = true;
  return_deliveries();
}

void memory_broker::client::heal() {
  is_partitioned_ = false;
  server_->notify_all();
}

task<> memory_broker::client::run() {
  const auto self = shared_from_this();
  while (!is_closed_) {
    if (co_await server_->state_changes_.wait() == wait_status::cancelled) co_return;
  }
}

void memory_broker::client::close() {
  is_closed_ = true;
  return_deliveries();
  server_->notify_all();
}

}  // namespace cohort::messaging
