// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/server.hpp>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <cohort/runtime/concurrency/run_on.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/runtime/platform/memory_reserve.hpp>

namespace cohort::http {
namespace {

using namespace std::chrono_literals;

/// Exponential backoff after a failed `accept`: 1, 2, 4 … 64 ms. The kernel reports no event when a descriptor or
/// memory becomes free, and the listener stays readable until then.
constexpr duration min_accept_backoff = 1ms;
constexpr duration max_accept_backoff = 64ms;
/// Minimum interval between log lines of a persistent failure.
constexpr duration accept_log_interval = 1min;
/// Idle connections are shed when less than 1/n of the maximum number of connections is available, so that a burst of
/// connections does not reach the maximum.
constexpr std::size_t shed_headroom_divisor = 32;
/// Connections with a header section or handshake in progress are shed when less than 1/n of the maximum number of
/// connections is available.
constexpr std::size_t urgent_shed_headroom_divisor = 64;
/// Maximum number of waits, of `min_accept_backoff` each, before a connection is closed because the reserve is
/// exhausted. The accepted connection waits at most 3 ms in total, which does not justify an event from each of the
/// other loops.
constexpr int max_full_waits = 3;
/// A draining server accepts connections until none has arrived for this time, for at most `max_quiet_wait`, so that no
/// connection in the backlog is reset. The length of the backlog cannot be read.
constexpr duration quiet_period = 20ms;
constexpr duration max_quiet_wait = 500ms;
/// Memory that the accept loop reserves for its own waits, in case requests exhaust the remaining memory.
constexpr std::size_t reserved_memory_bytes = 16 * 1024;

/// Whether there is enough memory for a coroutine to start a wait. An allocation failure while Asio starts an operation
/// would terminate the program.
bool can_allocate_wait() noexcept {
  constexpr std::size_t wait_bytes = 4 * 1024;
  try {
    ::operator delete(::operator new(wait_bytes));
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace

server::server(std::vector<loop*> loops, std::unique_ptr<net::acceptor> listener, const router& routes,
               server_metrics& metrics, telemetry::logger log, server_settings settings)
    : state_{routes, std::move(settings), metrics, std::move(log)},
      listener_(std::move(listener)),
      local_endpoint_(listener_->local_endpoint()),
      accept_task_([this](const std::exception_ptr& failure) {
        const auto message = exception_message(failure);
        state_.log.write(telemetry::log_level::error, "the server stopped accepting because of an exception",
                         {{"what", std::string_view{message}}});
      }),
      shed_threshold_(state_.settings.limits.max_connections -
                      state_.settings.limits.max_connections / shed_headroom_divisor),
      urgent_shed_threshold_(state_.settings.limits.max_connections -
                             state_.settings.limits.max_connections / urgent_shed_headroom_divisor) {
  state_.metrics.bounds.connection_limit.add(static_cast<double>(state_.settings.limits.max_connections));
  for (auto* event_loop : loops) shards_.push_back(std::make_unique<server_shard>(state_, *event_loop));
}

server::~server() = default;

void server::start() { accept_task_.spawn(accept_connections()); }

server_shard& server::least_loaded_shard() noexcept {
  return **std::min_element(shards_.begin(), shards_.end(), [](const auto& a, const auto& b) {
    return a->connection_count.load(std::memory_order_relaxed) < b->connection_count.load(std::memory_order_relaxed);
  });
}

bool server::is_full() const noexcept {
  const auto& limits = state_.settings.limits;
  return state_.connection_count.load(std::memory_order_relaxed) >=
         limits.max_connections + limits.reserved_connections;
}

void server::admit(server_shard& shard, net::stream_ptr stream) {
  const auto& limits = state_.settings.limits;
  const auto open = state_.connection_count.fetch_add(1, std::memory_order_relaxed) + 1;
  if (open > shed_threshold_) shed_oldest_idle(open > urgent_shed_threshold_);
  if (open > limits.max_connections + limits.reserved_connections) {
    state_.connection_count.fetch_sub(1, std::memory_order_relaxed);
    state_.metrics.bounds.on_rejected(connection_rejection::limit);
    return;
  }
  const bool is_reserved = open > limits.max_connections;
  shard.connection_count.fetch_add(1, std::memory_order_relaxed);
  if (&shard.event_loop() == &loop::current()) {
    shard.serve(std::move(stream), is_reserved);
    return;
  }
  try {
    asio::post(shard.event_loop().get_executor(), [&shard, is_reserved, stream = std::move(stream)]() mutable {
      shard.serve(std::move(stream), is_reserved);
    });
  } catch (const std::bad_alloc&) {
    shard.connection_count.fetch_sub(1, std::memory_order_relaxed);
    state_.connection_count.fetch_sub(1, std::memory_order_relaxed);
    throw;
  }
}

void server::shed_oldest_idle(bool is_urgent) {
  next_shed_index_ = (next_shed_index_ + 1) % shards_.size();
  shed_on(next_shed_index_, shards_.size(), is_urgent);
}

void server::shed_on(std::size_t index, std::size_t remaining_shards, bool is_urgent) {
  auto& shard = *shards_[index];
  auto shed = [this, index, remaining_shards, is_urgent] {
    if (shards_[index]->shed_oldest_idle(is_urgent) || remaining_shards == 1) return;
    shed_on((index + 1) % shards_.size(), remaining_shards - 1, is_urgent);
  };
  if (&shard.event_loop() == &loop::current()) {
    shed();
  } else {
    asio::post(shard.event_loop().get_executor(), std::move(shed));
  }
}

void server::log_accept_error(error_code error) {
  const auto now = loop::current().now();
  if (now < next_accept_log_) return;
  next_accept_log_ = now + accept_log_interval;
  const auto reason = error.message();
  state_.log.write(
      telemetry::log_level::error, "connections are not accepted",
      {{"why", std::string_view{reason}}, {"connections", static_cast<std::int64_t>(state_.connection_count.load())}});
}

/// Waits while the reserve is exhausted, because other loops may still be closing idle connections. Returns false if
/// the wait is cancelled.
task<bool> server::wait_for_capacity() {
  for (int i = 0; i < max_full_waits && is_full(); ++i) {
    shed_oldest_idle(true);
    // No event reports that another loop has closed a connection, so there are at most `max_full_waits` pauses, 3 ms in
    // total.
    auto pause = sleep_for(min_accept_backoff);
    if (co_await std::move(pause) == wait_status::cancelled) co_return false;
  }
  co_return true;
}

task<> server::accept_connections() {
  duration backoff = min_accept_backoff;
  auto reserved_memory = std::make_unique<std::byte[]>(reserved_memory_bytes);
  for (;;) {
    auto failure = error_code{};
    if (memory_reserve::is_low()) {
      failure = asio::error::no_memory;
    } else {
      try {
        auto& shard = least_loaded_shard();
        auto accepted = co_await listener_->accept(shard.event_loop());
        if (accepted) {
          ++accepted_count_;
          backoff = min_accept_backoff;
          if (is_full()) {
            const bool may_continue = co_await wait_for_capacity();
            if (!may_continue) co_return;
          }
          admit(shard, std::move(*accepted));
          // Connections whose first request is unread count as idle, and would be closed near the limit. During a
          // burst, the loop therefore reads their requests first.
          if (state_.connection_count.load(std::memory_order_relaxed) > state_.settings.limits.max_connections / 2) {
            co_await yield_to_loop();
          }
          continue;
        }
        failure = accepted.error();
      } catch (const std::bad_alloc&) {
        failure = asio::error::no_memory;
      }
    }
    if (failure == asio::error::operation_aborted) co_return;
    state_.metrics.bounds.on_accept_error(failure);
    // The peer disconnected before its connection was accepted; this requires no backoff.
    if (failure == asio::error::connection_aborted) continue;
    try {
      log_accept_error(failure);
      if (is_resource_exhaustion(failure)) shed_oldest_idle(true);
      if (!can_allocate_wait()) reserved_memory.reset();
      // No event reports free memory or descriptors, so `accept` is retried until the server stops, with pauses of at
      // most `max_accept_backoff`.
      auto pause = sleep_for(backoff);
      if (co_await std::move(pause) == wait_status::cancelled) co_return;
      if (!reserved_memory && !memory_reserve::is_low())
        reserved_memory = std::make_unique<std::byte[]>(reserved_memory_bytes);
    } catch (const std::bad_alloc&) {
      if (!reserved_memory) throw;
      reserved_memory.reset();
    }
    backoff = std::min(backoff * 2, max_accept_backoff);
  }
}

task<> server::close_listener() {
  const auto wait_deadline = deadline::after(loop::current().now(), max_quiet_wait);
  for (auto count_before = accepted_count_;; count_before = accepted_count_) {
    // The number of connections in the kernel's backlog cannot be read: the loop ends after a `quiet_period` without an
    // accepted connection, or after `max_quiet_wait` in total.
    auto pause = sleep_for(quiet_period);
    co_await std::move(pause);
    if (accepted_count_ == count_before || wait_deadline.expired(loop::current().now())) break;
  }
  listener_->close();
  // Closing the listener ends a pending `accept`, but not a backoff.
  accept_task_.cancel();
  co_await accept_task_.join();
}

task<> server::drain(duration timeout) {
  co_await close_listener();
  std::vector<task<std::monostate>> drain_tasks;
  drain_tasks.reserve(shards_.size());
  for (auto& shard : shards_) drain_tasks.push_back(run_on(shard->event_loop(), shard->drain(timeout)));
  co_await when_all(std::move(drain_tasks));
}

}  // namespace cohort::http
