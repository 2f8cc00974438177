// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/rabbitmq/client.hpp>

#include <algorithm>

#include <cohort/messaging/rabbitmq/subscribed_queue.hpp>
#include <cohort/net/connect.hpp>
#include <cohort/policy/retry/exponential_backoff.hpp>
#include <cohort/runtime/concurrency/race.hpp>

namespace cohort::messaging::rabbitmq {
/// Marks the session as usable.
class client::ready_scope {
 public:
  ready_scope(client& owner, session& ready) : owner_(owner) {
    owner_.session_ = &ready;
    owner_.connected_gauge_.add(1);
    owner_.state_changes_.notify_all();
  }
  ~ready_scope() {
    owner_.session_ = nullptr;
    owner_.connected_gauge_.add(-1);
  }
  ready_scope(const ready_scope&) = delete;
  ready_scope& operator=(const ready_scope&) = delete;

 private:
  client& owner_;
};

client::client(net::network& network, settings settings, telemetry::registry& metrics, telemetry::logger log,
               std::string name)
    : loop_(loop::current()),
      network_(network),
      settings_(std::move(settings)),
      log_(std::move(log)),
      name_(std::move(name)),
      connected_gauge_(metrics.make_gauge("cohort_messaging_connected",
                                          "1 if there is a connection to the broker, else 0.", {{"client", name_}})) {
  if (settings_.tls) tls_ = std::make_unique<net::tls_client_context>(*settings_.tls);
}

client::~client() = default;

void client::close() {
  is_closed_ = true;
  state_changes_.notify_all();
  state_changed_.set();
  for (const auto& each : queues_) each->waiters.notify_all();
}

// ---- the connection

task<> client::run() {
  const auto self = shared_from_this();
  while (!is_closed_) {
    auto connect_task = connect();
    auto connected = co_await std::move(connect_task);
    if (connected) {
      auto session_task = run_session(**connected);
      const auto reason = co_await std::move(session_task);
      on_connection_ended(reason);
      connected->reset();
    } else {
      on_connect_failed(connected.error());
    }
    if (is_closed_) co_return;
    // Reconnects until `close`, with pauses of at most `max_backoff`; no event reports that the broker is available
    // again. The pauses are random, so that clients do not all reconnect simultaneously.
    const auto delay = policy::jittered_backoff(std::max(failure_count_, 1U), settings_.min_backoff,
                                                settings_.max_backoff, loop_.random());
    if (co_await sleep_for(delay) == wait_status::cancelled) co_return;
  }
}

task<result<std::unique_ptr<session>>> client::connect() {
  const auto connect_deadline = deadline::after(loop_.now(), settings_.connect_timeout);
  net::connect_target target{settings_.host, settings_.port, tls_.get()};
  if (settings_.tls) target.server_name = settings_.tls->server_name;
  target.first_address = next_address_;
  auto connect_task = net::connect_to_host(network_, std::move(target), connect_deadline);
  auto stream = co_await std::move(connect_task);
  if (!stream) {
    ++next_address_;
    co_return error{errc::unreachable, stream.error().message()};
  }
  auto& transport = **stream;
  session_observer& observer = *this;
  auto opened = std::make_unique<session>(std::move(*stream), settings_, observer);
  auto open_task = opened->open();
  const auto failure = co_await std::move(open_task);
  if (failure) {
    opened->fail(*failure);
    co_return *failure;
  }
  transport.set_deadline(deadline::never());
  co_return std::move(opened);
}

task<error> client::run_session(session& session) {
  struct current_scope {
    client& owner;
    ~current_scope() {
      owner.current_ = nullptr;
      owner.is_blocked_ = false;
    }
  };
  current_ = &session;
  ++session_number_;
  const current_scope current{*this};
  auto race_task = race(session.run(), manage_topology(session));
  auto ended = co_await std::move(race_task);
  if (auto* const reason = std::get_if<error>(&ended)) co_return std::move(*reason);
  co_return std::get<1>(ended).value_or(error{errc::cancelled});
}

task<std::optional<error>> client::manage_topology(session& session) {
  auto declare_task = declare_exchange(session);
  if (auto declare_result = co_await std::move(declare_task); !declare_result) co_return declare_result.error();
  if (failure_count_ > 0) log_.write(telemetry::log_level::info, "broker reconnected", {{"client", name_}});
  failure_count_ = 0;
  last_failure_.reset();
  const ready_scope ready{*this, session};
  for (;;) {
    state_changed_.reset();
    if (is_closed_) co_return error{errc::closed};
    auto open_task = open_subscriptions(session);
    if (auto failure = co_await std::move(open_task)) co_return failure;
    auto wait_task = state_changed_.wait();
    if (co_await std::move(wait_task) == wait_status::cancelled) co_return std::nullopt;
  }
}

void client::on_connect_failed(const error& failure) {
  if (failure_count_++ == 0) {
    log_.write(telemetry::log_level::warn, "broker is unreachable", {{"client", name_}, {"error", log_text(failure)}});
  }
  last_failure_ = failure;
}

void client::on_connection_ended(const error& failure) {
  if (!is_closed_ && failure.code != errc::cancelled) {
    if (failure_count_++ == 0) {
      log_.write(telemetry::log_level::warn, "broker connection lost",
                 {{"client", name_},
                  {"error", log_text(failure)},
                  {"unconfirmed", static_cast<std::int64_t>(confirms_.size())}});
    }
    last_failure_ = failure;
  }
  confirms_.fail_all({is_closed_ ? errc::closed : errc::connection_lost, failure.message});
  for (const auto& each : queues_) {
    if (each->channel == 0) continue;
    each->channel = 0;
    // The broker redelivers the messages that are still in `deliveries`.
    each->deliveries.clear();
    ++each->interruptions;
  }
}

// ---- publishing

task<result<session*>> client::wait_until_ready(deadline call_deadline) {
  while (!session_) {
    if (is_closed_) co_return error{errc::closed};
    const auto status = co_await state_changes_.wait(call_deadline);
    if (status == wait_status::cancelled) co_return error{errc::cancelled};
    if (status == wait_status::timed_out) {
      co_return last_failure_.value_or(error{errc::unreachable, "not connected yet"});
    }
  }
  if (is_closed_) co_return error{errc::closed};
  co_return session_;
}

task<std::vector<result<void>>> client::publish(std::vector<message_pointer> messages, deadline call_deadline,
                                                publish_options options) {
  return send(std::move(messages), call_deadline, options.requires_queue, std::nullopt);
}

task<std::vector<result<void>>> client::send(std::vector<message_pointer> messages, deadline call_deadline,
                                             bool requires_queue, std::optional<route> destination) {
  const auto self = shared_from_this();
  const auto count = messages.size();
  const auto make_error_results = [count](error failure) {
    return std::vector<result<void>>(count, result<void>{std::move(failure)});
  };
  auto connect_task = wait_until_ready(call_deadline);
  const auto connected = co_await std::move(connect_task);
  if (!connected) co_return make_error_results(connected.error());
  if (is_blocked_) co_return make_error_results({errc::refused, "the broker is short of memory or disk space"});
  auto batch = std::make_shared<publish_batch>(std::move(messages));
  auto& output = session_->output();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& content = *batch->messages[i];
    {
      method_scope method{output, publish_channel, method_id::basic_publish};
      method->short_uint(0);
      method->short_string(destination ? destination->exchange : settings_.exchange);
      method->short_string(destination ? destination->routing_key : content.topic);
      method->octet(requires_queue ? 1 : 0);  // mandatory
    }
    append_content(output, publish_channel, content, session_->max_frame_size());
    confirms_.add(batch, i);
  }
  session_->flush();
  const auto number = session_number_;
  auto confirm_task = batch->done.wait(call_deadline);
  const auto status = co_await std::move(confirm_task);
  if (status == wait_status::timed_out && batch->pending > 0 && number == session_number_ && current_) {
    // Closes the connection, because messages that are resent would wait for the unconfirmed messages.
    current_->fail({errc::connection_lost, "the confirm of the broker timed out"});
  }
  co_return batch->results;
}

bool client::on_confirm(std::uint64_t tag, bool is_multiple, bool is_accepted) {
  return confirms_.settle(tag, is_multiple, is_accepted);
}

void client::on_returned(const std::string& message_id) { confirms_.mark_unroutable(message_id); }

void client::on_blocked(bool is_blocked) {
  is_blocked_ = is_blocked;
  log_.write(telemetry::log_level::warn,
             is_blocked ? "broker accepts no messages, because it is short of memory or disk space"
                        : "broker accepts messages again",
             {{"client", name_}});
}

}  // namespace cohort::messaging::rabbitmq
