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

/// The backoff after a failed accept, for example for lack of file descriptors: 1, 2, 4 … 64 ms.
constexpr duration min_accept_backoff = 1ms;
constexpr duration max_accept_backoff = 64ms;
/// A draining server keeps accepting until no connection has arrived for this long, so that none in the backlog is
/// reset.
constexpr duration quiet_period = 20ms;
constexpr duration max_quiet_wait = 500ms;

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
      }) {
  for (auto* event_loop : loops) shards_.push_back(std::make_unique<server_shard>(state_, *event_loop));
}

server::~server() = default;

void server::start() { accept_task_.spawn(accept_connections()); }

server_shard& server::least_loaded_shard() noexcept {
  return **std::min_element(shards_.begin(), shards_.end(), [](const auto& a, const auto& b) {
    return a->connection_count.load(std::memory_order_relaxed) < b->connection_count.load(std::memory_order_relaxed);
  });
}

void server::assign(server_shard& shard, net::stream_ptr stream) {
  shard.connection_count.fetch_add(1, std::memory_order_relaxed);
  state_.connection_count.fetch_add(1, std::memory_order_relaxed);
  if (&shard.event_loop() == &loop::current()) return shard.serve(std::move(stream));
  try {
    asio::post(shard.event_loop().get_executor(),
               [&shard, stream = std::move(stream)]() mutable { shard.serve(std::move(stream)); });
  } catch (const std::bad_alloc&) {
    shard.connection_count.fetch_sub(1, std::memory_order_relaxed);
    state_.connection_count.fetch_sub(1, std::memory_order_relaxed);
    throw;
  }
}

task<> server::accept_connections() {
  duration backoff = min_accept_backoff;
  bool is_logged = false;
  for (;;) {
    auto failure = error_code{};
    if (memory_reserve::is_low()) {
      failure = asio::error::no_memory;
    } else if (state_.connection_count.load(std::memory_order_relaxed) < state_.settings.limits.max_connections) {
      try {
        auto& shard = least_loaded_shard();
        auto accepted = co_await listener_->accept(shard.event_loop());
        if (accepted) {
          ++accepted_count_;
          backoff = min_accept_backoff;
          is_logged = false;
          assign(shard, std::move(*accepted));
          continue;
        }
        failure = accepted.error();
      } catch (const std::bad_alloc&) {
        failure = asio::error::no_memory;
      }
      if (failure == asio::error::operation_aborted) co_return;
      // The peer disconnected before the accept; that needs no backoff.
      if (failure == asio::error::connection_aborted) continue;
    }
    if (backoff == max_accept_backoff && !std::exchange(is_logged, true)) {
      const auto reason = failure ? failure.message() : std::string{"the maximum number of connections is open"};
      state_.log.write(telemetry::log_level::warn, "connections are not accepted", {{"why", std::string_view{reason}}});
    }
    auto pause = sleep_for(backoff);
    if (co_await std::move(pause) == wait_status::cancelled) co_return;
    backoff = std::min(backoff * 2, max_accept_backoff);
  }
}

task<> server::close_listener() {
  const auto limit = deadline::after(loop::current().now(), max_quiet_wait);
  for (auto count_before = accepted_count_;; count_before = accepted_count_) {
    auto pause = sleep_for(quiet_period);
    co_await std::move(pause);
    if (accepted_count_ == count_before || limit.expired(loop::current().now())) break;
  }
  listener_->close();
  // At the connection limit the task does not wait in `accept`, which the closed listener would end.
  accept_task_.cancel();
  co_await accept_task_.join();
}

task<> server::drain(duration timeout) {
  co_await close_listener();
  std::vector<task<std::monostate>> drains;
  drains.reserve(shards_.size());
  for (auto& shard : shards_) drains.push_back(run_on(shard->event_loop(), shard->drain(timeout)));
  co_await when_all(std::move(drains));
}

}  // namespace cohort::http
