// SPDX-License-Identifier: BSL-1.0
#include <cohort/redis/loop_connection.hpp>

#include <algorithm>
#include <array>
#include <vector>

#include <cohort/policy/retry/exponential_backoff.hpp>
#include <cohort/redis/command.hpp>
#include <cohort/runtime/concurrency/race.hpp>

namespace cohort::redis {
namespace {

constexpr std::size_t read_size = std::size_t{16} * 1024;
/// Maximum total size, in bytes, of commands that are written together.
constexpr std::size_t max_batch = std::size_t{64} * 1024;

error connection_lost_error(const error_code& failure) {
  if (failure == asio::error::timed_out) return {errc::connection_lost, "a reply exceeded the response timeout"};
  if (failure == asio::error::eof) return {errc::connection_lost, "the server closed the connection"};
  return {errc::connection_lost, failure.message()};
}

error protocol_error(std::string message) { return {errc::protocol_error, std::move(message)}; }

std::string subscribe_command(const detail::subscriber& new_subscriber) {
  return encode_command(new_subscriber.is_pattern ? "PSUBSCRIBE" : "SUBSCRIBE", new_subscriber.name);
}

/// The first word of an error reply. The rest is omitted, because it can quote a password: "ERR unknown command
/// `HELLO`, with args beginning with …".
std::string first_word(const reply& failure) { return failure.text.substr(0, failure.text.find(' ')); }

}  // namespace

struct loop_connection::request {
  request(std::string command, bool is_subscribe_command)
      : bytes(std::move(command)), is_subscription(is_subscribe_command) {}
  std::string bytes;
  /// These commands are confirmed by a push instead of a reply.
  bool is_subscription;
  bool is_sent = false;
  time_point sent_at{};
  std::optional<result<reply>> outcome{};
  event done{};
};

/// Counts an established connection during the lifetime of this object.
class loop_connection::connected_scope {
 public:
  explicit connected_scope(loop_connection& owner) : owner_(owner) { add(1); }
  ~connected_scope() { add(-1); }
  connected_scope(const connected_scope&) = delete;
  connected_scope& operator=(const connected_scope&) = delete;

 private:
  void add(double amount) {
    owner_.is_connected_ = amount > 0;
    if (owner_.metrics_) owner_.metrics_->connections.add(amount);
  }
  loop_connection& owner_;
};

loop_connection::loop_connection(net::network& network, const client_settings& settings,
                                 std::shared_ptr<client_metrics> metrics, telemetry::logger log, std::string name)
    : loop_(loop::current()),
      network_(network),
      settings_(settings),
      metrics_(std::move(metrics)),
      log_(std::move(log)),
      name_(std::move(name)) {
  if (settings_.tls) tls_ = std::make_unique<net::tls_client_context>(*settings_.tls);
}

// ---- calls

task<result<reply>> loop_connection::execute(std::shared_ptr<loop_connection> self, std::string bytes,
                                             bool is_subscription, deadline call_deadline) {
  if (self->is_stopped_) co_return error{errc::closed, {}, true};
  const auto max_pending = self->settings_.max_pending;
  if (self->pending() >= max_pending) {
    co_return error{errc::overloaded, std::to_string(max_pending) + " is the limit", true};
  }
  auto added = std::make_shared<request>(std::move(bytes), is_subscription);
  self->unsent_.push_back(added);
  self->start_task();
  self->work_.set();
  // Removes an unsent command, even if the coroutine ends with an exception. The reply to a command that has been sent
  // is discarded.
  struct unsent_request_guard {
    loop_connection& owner;
    const request_pointer& guarded_request;
    ~unsent_request_guard() {
      if (!guarded_request->is_sent) std::erase(owner.unsent_, guarded_request);
    }
  };
  const unsent_request_guard request_guard{*self, added};
  auto wait_task = added->done.wait(call_deadline);
  const auto status = co_await std::move(wait_task);
  if (added->outcome) co_return std::move(*added->outcome);
  if (status == wait_status::cancelled) co_return error{errc::cancelled, {}, !added->is_sent};
  if (!added->is_sent && self->last_failure_) co_return error{errc::connect_failed, self->last_failure_->message, true};
  co_return error{errc::timeout, {}, !added->is_sent};
}

void loop_connection::end(const request_pointer& request, result<reply> outcome) {
  request->outcome.emplace(std::move(outcome));
  request->done.set();
}

void loop_connection::fail_all(std::deque<request_pointer>& requests, const error& failure) {
  for (const auto& each : std::exchange(requests, {})) end(each, failure);
}

// ---- the task

void loop_connection::start_task() {
  if (is_running_) return;
  is_running_ = true;
  cohort::detail::start_child_task(task_, run(), [self = shared_from_this()] { self->on_task_ended(); });
}

void loop_connection::stop() {
  if (std::exchange(is_stopped_, true)) return;
  if (is_running_) {
    cohort::detail::cancel(task_.cancel_signal);
  } else {
    on_task_ended();
  }
}

void loop_connection::on_task_ended() {
  const auto& failure = task_.outcome.failure;
  if (failure && !is_cancellation(failure) && metrics_) {
    log_.write(telemetry::log_level::error, "redis connection task failed",
               {{"upstream", name_}, {"error", exception_message(failure)}});
  }
  is_running_ = false;
  is_stopped_ = true;
  fail_all(sent_, {errc::closed});
  fail_all(unsent_, {errc::closed, {}, true});
  for (const auto& each : subscribers_) each->close();
  ended_.set();
}

task<> loop_connection::join(std::shared_ptr<loop_connection> self) {
  self->stop();
  auto wait_task = self->ended_.wait();
  co_await std::move(wait_task);
}

task<> loop_connection::run() {
  for (;;) {
    while (!has_work()) {
      work_.reset();
      auto wait_task = work_.wait();
      if (co_await std::move(wait_task) == wait_status::cancelled) co_return;
    }
    auto connect_task = connect();
    auto connected = co_await std::move(connect_task);
    if (connected) {
      auto connection_task = run_connection(**connected);
      co_await std::move(connection_task);
      continue;
    }
    if (is_stopped_) co_return;
    on_connect_failed(connected.error());
    // Reconnects until the connection is closed, with pauses of at most `max_backoff`; no event reports that the server
    // is available again. The pauses are random, so that clients do not all reconnect simultaneously.
    const auto delay =
        policy::jittered_backoff(failure_count_, settings_.min_backoff, settings_.max_backoff, loop_.random());
    if (co_await sleep_for(delay) == wait_status::cancelled) co_return;
  }
}

task<> loop_connection::run_connection(net::stream& stream) {
  const connected_scope connected_scope{*this};
  restore_subscriptions();
  auto io_task = race(read(stream), write(stream));
  auto ended = co_await std::move(io_task);
  const auto failure = std::visit([](auto& each) { return each; }, ended);
  on_connection_ended(failure.value_or(error{errc::closed}));
}

task<std::optional<error>> loop_connection::write(net::stream& stream) {
  std::string batch;
  for (;;) {
    while (unsent_.empty()) {
      work_.reset();
      auto wait_task = work_.wait();
      if (co_await std::move(wait_task) == wait_status::cancelled) co_return std::nullopt;
    }
    batch.clear();
    while (!unsent_.empty() && batch.size() < max_batch) {
      auto next = std::move(unsent_.front());
      unsent_.pop_front();
      batch += std::exchange(next->bytes, {});
      next->is_sent = true;
      next->sent_at = loop_.now();
      sent_.push_back(std::move(next));
    }
    set_stream_deadline(stream);
    const net::const_buffers buffers{asio::buffer(batch), asio::const_buffer{}};
    auto write_task = net::write_all(stream, buffers);
    const auto written = co_await std::move(write_task);
    if (!written) co_return connection_lost_error(written.error());
  }
}

task<std::optional<error>> loop_connection::read(net::stream& stream) {
  std::vector<char> buffer(read_size);
  reply_parser parser{settings_.limits};
  for (;;) {
    auto read_task = stream.read_some(asio::buffer(buffer));
    const auto count = co_await std::move(read_task);
    if (!count) co_return connection_lost_error(count.error());
    std::string_view input{buffer.data(), *count};
    while (!input.empty()) {
      std::optional<std::string> parse_failure;
      input.remove_prefix(parser.parse(input, parse_failure));
      if (parse_failure) co_return protocol_error(std::move(*parse_failure));
      auto received = parser.take();
      if (!received) break;
      if (auto failure = on_reply(stream, std::move(*received))) co_return failure;
    }
  }
}

// ---- replies

std::optional<error> loop_connection::on_reply(net::stream& stream, reply reply) {
  if (reply.type == reply::kind::push) return on_push(stream, std::move(reply));
  return complete_first_request(stream, std::move(reply), false);
}

std::optional<error> loop_connection::on_push(net::stream& stream, reply reply) {
  if (reply.items.empty() || !reply.items.front().is_string()) return protocol_error("a push has no type");
  const auto& type = reply.items.front().text;
  if (type == "message" || type == "pmessage") {
    on_message(reply);
  } else if (type == "subscribe" || type == "psubscribe" || type == "unsubscribe" || type == "punsubscribe") {
    return complete_first_request(stream, std::move(reply), true);
  }
  return std::nullopt;
}

void loop_connection::on_message(const reply& reply) {
  const bool is_pattern = reply.items.front().text == "pmessage";
  const auto& items = reply.items;
  if (items.size() != (is_pattern ? 4U : 3U)) return;
  for (const auto& each : subscribers_) {
    if (each->is_pattern != is_pattern || each->name != items[1].text) continue;
    const bool is_complete = each->add({items[items.size() - 2].text, items.back().text});
    if (!metrics_) continue;
    metrics_->messages.increment();
    if (!is_complete) metrics_->dropped_messages.increment();
  }
}

std::optional<error> loop_connection::complete_first_request(net::stream& stream, reply reply, bool is_subscription) {
  if (sent_.empty()) return protocol_error("a reply without a pending command");
  if (sent_.front()->is_subscription != is_subscription && !reply.is_error()) {
    return protocol_error(is_subscription ? "a confirmation without a pending subscription"
                                          : "a reply instead of a confirmation");
  }
  const auto first = std::move(sent_.front());
  sent_.pop_front();
  set_stream_deadline(stream);
  if (first->is_subscription && reply.is_error()) {
    log_.write(telemetry::log_level::warn, "redis subscription rejected",
               {{"upstream", name_}, {"error", first_word(reply)}});
  }
  end(first, std::move(reply));
  return std::nullopt;
}

void loop_connection::set_stream_deadline(net::stream& stream) {
  stream.set_deadline(sent_.empty() ? deadline::never()
                                    : deadline::after(sent_.front()->sent_at, settings_.response_timeout));
}

void loop_connection::on_connection_ended(const error& failure) {
  // Closing the client is not a failure.
  if (!is_stopped_) {
    log_.write(telemetry::log_level::warn, "redis connection lost",
               {{"upstream", name_},
                {"error", log_text(failure)},
                {"commands", static_cast<std::int64_t>(sent_.size())},
                {"waiting", static_cast<std::int64_t>(unsent_.size())}});
  }
  fail_all(sent_, failure);
  for (const auto& each : subscribers_) ++each->interruptions;
}

// ---- subscriptions

void loop_connection::add_subscriber(std::shared_ptr<detail::subscriber> new_subscriber) {
  subscribers_.push_back(std::move(new_subscriber));
}

void loop_connection::remove_subscriber(const std::shared_ptr<detail::subscriber>& subscriber) {
  subscribers_.remove(subscriber);
  const bool is_used = std::any_of(subscribers_.begin(), subscribers_.end(), [&](const auto& each) {
    return each->is_pattern == subscriber->is_pattern && each->name == subscriber->name;
  });
  // A new connection has only the remaining subscriptions.
  if (is_used || !is_connected_ || is_stopped_) return;
  auto bytes = encode_command(subscriber->is_pattern ? "PUNSUBSCRIBE" : "UNSUBSCRIBE", subscriber->name);
  unsent_.push_back(std::make_shared<request>(std::move(bytes), true));
  work_.set();
}

void loop_connection::restore_subscriptions() {
  for (const auto& each : subscribers_) {
    unsent_.push_front(std::make_shared<request>(subscribe_command(*each), true));
  }
}

}  // namespace cohort::redis
