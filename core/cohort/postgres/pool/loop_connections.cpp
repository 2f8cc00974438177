// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/pool/loop_connections.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>

#include <cohort/policy/retry/exponential_backoff.hpp>

namespace cohort::postgres {
namespace {

using namespace std::chrono_literals;

constexpr duration min_reconnect_delay = 10ms;
constexpr duration max_reconnect_delay = 250ms;

/// Closes the connections of a loop that is destroyed before its pools: their sockets belong to the loop.
class loop_shutdown : public asio::execution_context::service {
 public:
  using key_type = loop_shutdown;
  static asio::execution_context::id id;
  explicit loop_shutdown(asio::execution_context& context) : service(context) {}
  void add(std::weak_ptr<loop_connections> connections) { connections_.push_back(std::move(connections)); }

 private:
  void shutdown() override {
    for (const auto& entry : connections_) {
      if (const auto connections = entry.lock()) connections->shut_down();
    }
  }
  std::vector<std::weak_ptr<loop_connections>> connections_;
};
asio::execution_context::id loop_shutdown::id;

/// Whether the failure is transient: the server may accept a connection later.
bool is_transient(const error& failure) noexcept {
  switch (failure.code) {
    case errc::connect_failed:
    case errc::connect_timeout:
    case errc::resolve_failed: return true;
    // The server is starting up or shutting down (57P01 to 57P03), or has too many connections (53300).
    case errc::connection_rejected: return failure.sqlstate.starts_with("57P0") || failure.sqlstate == "53300";
    default: return false;
  }
}

}  // namespace

void close_with_loop(loop& event_loop, std::weak_ptr<loop_connections> connections) {
  asio::use_service<loop_shutdown>(event_loop.context()).add(std::move(connections));
}

loop_connections::lease::~lease() {
  if (connection_) owner_->return_connection(std::move(connection_), std::move(permit_));
}

loop_connections::loop_connections(loop& event_loop, std::shared_ptr<database> server, const pool_settings& settings,
                                   std::string name, telemetry::logger log, std::shared_ptr<pool_metrics> metrics)
    : loop_(event_loop),
      database_(std::move(server)),
      settings_(settings),
      name_(std::move(name)),
      log_(std::move(log)),
      metrics_(std::move(metrics)),
      permits_(settings.max_connections),
      expiry_timer_(event_loop.timers(), this) {}

loop_connections::~loop_connections() = default;

task<result<loop_connections::lease>> loop_connections::acquire(deadline call_deadline) {
  if (is_closed_) co_return error{errc::closed};
  auto permit = permits_.try_acquire();
  if (!permit) {
    auto wait_result = co_await wait_for_permit(call_deadline);
    if (!wait_result) co_return wait_result.error();
    permit = std::move(*wait_result);
  }
  if (auto pooled_connection = take_idle_connection())
    co_return lease{shared_from_this(), std::move(*permit), std::move(pooled_connection)};
  auto connected = co_await connect(call_deadline);
  if (!connected) co_return connected.error();
  co_return lease{shared_from_this(), std::move(*permit), std::move(*connected)};
}

task<result<semaphore_permit>> loop_connections::wait_for_permit(deadline call_deadline) {
  if (waiter_count_ >= settings_.max_waiters) {
    co_return error{errc::overloaded, {}, std::to_string(settings_.max_waiters) + " is the limit"};
  }
  struct waiting_scope {
    explicit waiting_scope(loop_connections& connections) : owner(connections), started(connections.loop_.now()) {
      ++owner.waiter_count_;
      owner.metrics_->waiting.add(1);
    }
    ~waiting_scope() {
      --owner.waiter_count_;
      owner.metrics_->waiting.add(-1);
      owner.metrics_->wait_durations.observe(to_seconds(owner.loop_.now() - started));
    }
    loop_connections& owner;
    time_point started;
  };
  const waiting_scope scope{*this};
  auto permit = co_await permits_.acquire(call_deadline);
  if (permit && is_closed_) co_return error{errc::closed};
  if (permit) co_return std::move(*permit);
  const bool timed_out = permit.error() == asio::error::timed_out;
  co_return error{timed_out ? errc::deadline_exceeded : errc::cancelled, {}, {}, {}, true};
}

std::unique_ptr<connection> loop_connections::take_idle_connection() {
  while (!idle_.empty()) {
    auto pooled_connection = std::move(idle_.back().pooled_connection);
    idle_.pop_back();
    metrics_->connections_idle.add(-1);
    if (pooled_connection->is_alive()) return pooled_connection;
    discard(std::move(pooled_connection));
  }
  return nullptr;
}

task<result<std::unique_ptr<connection>>> loop_connections::connect(deadline call_deadline) {
  for (unsigned failures = 0;;) {
    const auto attempt_deadline = std::min(call_deadline, deadline::after(loop_.now(), settings_.connect_timeout));
    auto connect_task = database_->connect(attempt_deadline);
    auto connected = co_await std::move(connect_task);
    if (connected) {
      metrics_->connects_succeeded.increment();
      metrics_->connections_open.add(1);
      ++open_count_;
      record_reachable();
      co_return std::move(*connected);
    }
    const auto failure = connected.error();
    if (failure.code == errc::cancelled) co_return failure;
    metrics_->connects_failed.increment();
    record_unreachable(failure);
    const auto delay = policy::exponential_backoff(++failures, min_reconnect_delay, max_reconnect_delay);
    const auto retry_at = loop_.now() + delay;
    const bool should_stop_retrying = !is_transient(failure) || is_closed_ || retry_at >= call_deadline.time() ||
                                      retry_at > *unreachable_since_ + settings_.reconnect_window;
    if (should_stop_retrying) co_return failure;
    if (co_await sleep_until(deadline{retry_at}) == wait_status::cancelled) co_return error{errc::cancelled};
  }
}

void loop_connections::record_unreachable(const error& failure) {
  if (unreachable_since_) return;
  unreachable_since_ = loop_.now();
  const auto reason = log_text(failure);
  log_.write(telemetry::log_level::error, "postgres: no connection to the server",
             {{"upstream", std::string_view{name_}}, {"error", std::string_view{reason}}});
}

void loop_connections::record_reachable() {
  if (!unreachable_since_) return;
  const auto outage_seconds = to_seconds(loop_.now() - *unreachable_since_);
  unreachable_since_.reset();
  log_.write(telemetry::log_level::info, "postgres: reconnected to the server",
             {{"upstream", std::string_view{name_}}, {"outage_seconds", outage_seconds}});
}

void loop_connections::return_connection(std::unique_ptr<connection> connection, semaphore_permit permit) {
  switch (connection->status()) {
    case connection_status::idle: put_idle(std::move(connection)); return;
    case connection_status::broken: return discard(std::move(connection));
    case connection_status::in_transaction:
    case connection_status::failed_transaction:
    case connection_status::active: break;
  }
  // A coroutine that is destroyed with its loop cannot reset the connection.
  if (!loop::current_or_null() || is_closed_) return discard(std::move(connection));
  // This call is not cancellable: it is bounded by `reset_timeout`, and `close` waits for it.
  ++resets_running_;
  asio::co_spawn(loop_.get_executor(), reset(shared_from_this(), std::move(connection), std::move(permit)),
                 [self = shared_from_this()](std::exception_ptr failure) { self->on_reset_ended(failure); });
}

task<> loop_connections::reset(std::shared_ptr<loop_connections> self, std::unique_ptr<connection> dirty,
                               semaphore_permit permit) {
  const auto is_idle = co_await dirty->reset(deadline::after(self->loop_.now(), self->settings_.reset_timeout));
  if (!self->is_abandoned_) (is_idle ? self->metrics_->resets_succeeded : self->metrics_->resets_failed).increment();
  if (is_idle) {
    self->put_idle(std::move(dirty));
  } else {
    self->discard(std::move(dirty));
  }
  permit.release();
}

void loop_connections::on_reset_ended(const std::exception_ptr& failure) {
  --resets_running_;
  if (failure && !is_abandoned_) {
    const auto message = exception_message(failure);
    log_.write(telemetry::log_level::error, "postgres: the reset of a connection failed",
               {{"upstream", std::string_view{name_}}, {"error", std::string_view{message}}});
  }
  if (resets_running_ == 0) resets_ended_.notify_all();
}

void loop_connections::put_idle(std::unique_ptr<connection> connection) {
  if (is_closed_) return discard(std::move(connection));
  const auto expiry = loop_.now() + settings_.idle_timeout;
  idle_.push_back({std::move(connection), expiry});
  metrics_->connections_idle.add(1);
  if (!expiry_timer_.armed()) expiry_timer_.arm(expiry);
}

void loop_connections::discard(std::unique_ptr<connection> connection) noexcept {
  connection.reset();
  --open_count_;
  if (!is_abandoned_) metrics_->connections_open.add(-1);
}

void loop_connections::close_expired() {
  const auto now = loop_.now();
  // Connections are in the order of their expiry, because each is appended with the same timeout.
  while (!idle_.empty() && idle_.front().expiry <= now) {
    discard(std::move(idle_.front().pooled_connection));
    idle_.erase(idle_.begin());
    metrics_->connections_idle.add(-1);
  }
  if (!idle_.empty()) expiry_timer_.arm(idle_.front().expiry);
}

void loop_connections::shut_down() noexcept {
  is_closed_ = true;
  expiry_timer_.disarm();
  metrics_->connections_idle.add(-static_cast<double>(idle_.size()));
  while (!idle_.empty()) {
    discard(std::move(idle_.back().pooled_connection));
    idle_.pop_back();
  }
}

void loop_connections::abandon() noexcept {
  shut_down();
  is_abandoned_ = true;
}

task<> loop_connections::close() {
  shut_down();
  while (resets_running_ > 0) {
    if (co_await resets_ended_.wait() == wait_status::cancelled) co_return;
  }
}

}  // namespace cohort::postgres
