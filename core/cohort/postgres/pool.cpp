// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/pool.hpp>

#include <atomic>

#include <cohort/postgres/pool/active_call.hpp>
#include <cohort/runtime/concurrency/run_on.hpp>

namespace cohort::postgres {
namespace {

/// Maximum number of attempts for a statement. Only a statement that was not executed is resent.
constexpr int max_attempts = 3;

/// Returns the reserve of the settings, but at most a quarter of the remaining time, so that a call with a short
/// remaining time can still be made.
duration reserve_for(deadline caller, time_point now, duration max_reserve) noexcept {
  return std::min(max_reserve, caller.remaining(now) / 4);
}

}  // namespace

/// Each loop writes its slot; the loop that closes the pool reads all slots.
struct pool::loop_slot {
  std::atomic<loop*> owner{nullptr};
  std::shared_ptr<loop_connections> connections;
};

pool::pool(std::shared_ptr<database> server, std::size_t loop_count, telemetry::registry& metrics,
           telemetry::logger log, std::string name, pool_settings settings)
    : database_(std::move(server)),
      name_(std::move(name)),
      settings_(settings),
      log_(std::move(log)),
      metrics_(std::make_shared<pool_metrics>(metrics, name_)) {
  for (std::size_t i = 0; i < loop_count; ++i) loops_.push_back(std::make_unique<loop_slot>());
}

pool::~pool() {
  for (const auto& slot : loops_) {
    if (slot->connections) slot->connections->abandon();
  }
}

loop_connections& pool::current_loop() {
  auto& event_loop = loop::current();
  auto& slot = *loops_.at(event_loop.index());
  if (!slot.connections) {
    slot.connections = std::make_shared<loop_connections>(event_loop, database_, settings_, name_, log_, metrics_);
    close_with_loop(event_loop, slot.connections);
    slot.owner.store(&event_loop, std::memory_order_release);
  }
  return *slot.connections;
}

pool::connection_counts pool::connections() { return current_loop().counts(); }

deadline pool::call_deadline_of(const call_context& context, duration timeout) const {
  const auto now = loop::current().now();
  return derive_deadline(context.deadline, now, timeout, reserve_for(context.deadline, now, settings_.reserve));
}

std::shared_ptr<active_call> pool::make_call(const call_context& context, duration timeout) {
  return std::make_shared<active_call>(loop::current(), metrics_, log_, name_, settings_, context,
                                       call_deadline_of(context, timeout));
}

task<std::optional<error>> pool::connect(active_call& call) {
  auto lease_result = co_await current_loop().acquire(call.call_deadline());
  if (!lease_result) co_return lease_result.error();
  call.use(std::move(*lease_result));
  co_return std::nullopt;
}

task<result<rows>> pool::execute_on(active_call& call, const statement& statement) {
  for (int attempt = 1;; ++attempt) {
    if (auto failure = co_await connect(call)) co_return std::move(*failure);
    auto execute_task = call.execute(statement);
    auto fetch_result = co_await std::move(execute_task);
    // The connection is released on every path, so that other calls can use it before the caller continues.
    call.release();
    const bool should_retry = !fetch_result && fetch_result.error().not_executed && attempt < max_attempts &&
                              fetch_result.error().code != errc::invalid_parameter &&
                              fetch_result.error().code != errc::cancelled &&
                              fetch_result.error().code != errc::timeout;
    if (!should_retry) co_return fetch_result;
    metrics_->retries.increment();
  }
}

task<result<rows>> pool::execute(call_context context, statement statement) {
  active_call call{
      loop::current(), metrics_, log_, name_, settings_, context, call_deadline_of(context, settings_.timeout)};
  auto execute_task = execute_on(call, statement);
  auto fetch_result = co_await std::move(execute_task);
  if (!fetch_result) call.log_failure(fetch_result.error(), statement.text);
  call.end(code_of(fetch_result));
  co_return fetch_result;
}

task<result<row_stream>> pool::open_stream(call_context context, statement statement) {
  const auto call = make_call(context, duration::max());
  auto failure = co_await connect(*call);
  if (!failure) {
    auto start_task = call->start(statement);
    failure = co_await std::move(start_task);
  }
  if (failure) {
    call->log_failure(*failure, statement.text);
    call->release();
    call->end(failure->code);
    co_return std::move(*failure);
  }
  co_return row_stream{call, true};
}

task<result<std::shared_ptr<active_call>>> pool::start_copy(const call_context& context, const std::string& text,
                                                            copy_direction direction) {
  auto call = make_call(context, duration::max());
  auto failure = co_await connect(*call);
  if (!failure) {
    auto start_task = call->start_copy(text, direction);
    failure = co_await std::move(start_task);
  }
  if (!failure) co_return std::move(call);
  call->log_failure(*failure, text);
  call->release();
  call->end(failure->code);
  co_return std::move(*failure);
}

task<result<copy_reader>> pool::copy_out(call_context context, std::string text) {
  auto start_task = start_copy(context, text, copy_direction::to_client);
  auto started = co_await std::move(start_task);
  if (!started) co_return started.error();
  co_return copy_reader{std::move(*started), true};
}

task<result<copy_writer>> pool::copy_in(call_context context, std::string text) {
  auto start_task = start_copy(context, text, copy_direction::from_client);
  auto started = co_await std::move(start_task);
  if (!started) co_return started.error();
  co_return copy_writer{std::move(*started), true};
}

task<result<transaction>> pool::begin(call_context context, transaction_options options) {
  statement begin{"begin isolation level "};
  switch (options.isolation) {
    case isolation_level::read_committed: begin.text += "read committed"; break;
    case isolation_level::repeatable_read: begin.text += "repeatable read"; break;
    case isolation_level::serializable: begin.text += "serializable"; break;
  }
  if (options.read_only) begin.text += " read only";
  const auto call = make_call(context, settings_.timeout);
  for (int attempt = 1;; ++attempt) {
    auto failure = co_await connect(*call);
    if (!failure) {
      auto execute_task = call->execute(begin);
      auto begin_result = co_await std::move(execute_task);
      if (begin_result) co_return transaction{call};
      failure = begin_result.error();
      call->release();
      // The effect of BEGIN ends with its connection, so BEGIN can be resent.
      if (failure->code == errc::connection_lost && attempt < max_attempts) {
        metrics_->retries.increment();
        continue;
      }
    }
    call->log_failure(*failure, begin.text);
    call->end(failure->code);
    co_return std::move(*failure);
  }
}

task<> pool::close_loop(std::shared_ptr<loop_connections> connections) { co_await connections->close(); }

task<> pool::close() {
  for (const auto& slot : loops_) {
    if (auto* const owner = slot->owner.load(std::memory_order_acquire)) {
      auto close_task = run_on(*owner, close_loop(slot->connections));
      co_await std::move(close_task);
    }
  }
}

}  // namespace cohort::postgres
