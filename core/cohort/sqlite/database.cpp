// SPDX-License-Identifier: BSL-1.0
#include <cohort/sqlite/database.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <stdexcept>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_semaphore.hpp>

namespace cohort::sqlite {
namespace {

/// The values of the label `outcome`: `ok` and the results of `error_class`.
constexpr std::array<std::string_view, 9> outcomes{"ok",   "constraint", "busy",    "disk_full", "timeout",
                                                   "shed", "cancelled",  "invalid", "failed"};

telemetry::call_metrics::description described_metrics() {
  return {.prefix = "cohort_sqlite",
          .in_flight_help = "SQLite calls in flight, including waiting calls.",
          .requests_help = "SQLite calls and transactions, by outcome.",
          .duration_help = "Duration of a SQLite call or transaction, including waiting time, in seconds.",
          .outcomes = outcomes};
}

errc code_of(const error_code& failure) noexcept {
  if (failure == asio::error::timed_out) return errc::timeout;
  if (failure == asio::error::operation_aborted) return errc::cancelled;
  if (failure == blocking_error::stopped) return errc::closed;
  return errc::overloaded;
}

error make_error(const error_code& failure) {
  const auto code = code_of(failure);
  return error{code, code == errc::overloaded ? failure.message() : std::string{}};
}

/// Whether a failed call is logged. Clients can cause violations of constraints; cancelled and rejected calls are only
/// counted.
bool is_logged(errc code) noexcept {
  switch (code) {
    case errc::unique_violation:
    case errc::foreign_key_violation:
    case errc::not_null_violation:
    case errc::check_violation:
    case errc::constraint_violation:
    case errc::cancelled:
    case errc::overloaded:
    case errc::closed: return false;
    default: return true;
  }
}

/// The connections for one kind of access.
class connection_set {
 public:
  connection_set(connection_settings settings, std::size_t count)
      : permits(std::max<std::size_t>(count, 1)),
        count_(std::max<std::size_t>(count, 1)),
        settings_(std::move(settings)) {}

  /// Precondition: the caller has a permit. Returns a connection that may not be open.
  std::unique_ptr<connection> take() {
    const std::lock_guard lock{mutex_};
    if (idle_.empty()) return std::make_unique<connection>(settings_);
    auto idle_connection = std::move(idle_.back());
    idle_.pop_back();
    return idle_connection;
  }
  void return_connection(std::unique_ptr<connection> connection) {
    const std::lock_guard lock{mutex_};
    idle_.push_back(std::move(connection));
  }
  void close() {
    std::vector<std::unique_ptr<connection>> closed;
    const std::lock_guard lock{mutex_};
    closed.swap(idle_);
  }
  std::size_t count() const noexcept { return count_; }

  cross_thread_semaphore permits;
  std::atomic<std::size_t> waiting{0};

 private:
  std::size_t count_;
  connection_settings settings_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<connection>> idle_;
};

connection_settings make_settings(const database_settings& settings, bool is_read_only) {
  return {.path = settings.path,
          .is_read_only = is_read_only,
          .is_durable = settings.is_durable,
          .max_rows = settings.max_rows,
          .max_cached_statements = settings.max_cached_statements};
}

/// Counts a waiting call during the lifetime of this object.
class waiting_call {
 public:
  explicit waiting_call(std::atomic<std::size_t>& counter) noexcept : counter_(counter), position_(counter++) {}
  ~waiting_call() { --counter_; }
  waiting_call(const waiting_call&) = delete;
  waiting_call& operator=(const waiting_call&) = delete;
  std::size_t position() const noexcept { return position_; }

 private:
  std::atomic<std::size_t>& counter_;
  std::size_t position_;
};

}  // namespace

struct database::state {
  explicit state(database_settings database_settings)
      : settings(std::move(database_settings)),
        readers(make_settings(settings, true), settings.readers),
        writer(make_settings(settings, false), 1) {}

  connection_set& connections(access kind) noexcept { return kind == access::write ? writer : readers; }

  std::optional<error> execute(access kind, const char* begin, const work& job, call_limits limits) {
    auto& set = connections(kind);
    // The connection is returned to the set after the end of the call, which rolls an open transaction back.
    std::unique_ptr<connection, std::function<void(connection*)>> used{
        set.take().release(), [&set](connection* each) { set.return_connection(std::unique_ptr<connection>{each}); }};
    active_call call{*used, std::move(limits)};
    if (auto failure = call.open()) return failure;
    return call.run(begin, job);
  }

  const database_settings settings;
  connection_set readers;
  connection_set writer;
  std::atomic<bool> is_closed{false};
};

database::database(blocking_pool& blocking, telemetry::registry& metrics, telemetry::logger log,
                   database_settings settings, std::string name)
    : blocking_(blocking),
      metrics_(std::make_shared<telemetry::call_metrics>(metrics, described_metrics(), name)),
      log_(std::move(log)),
      name_(std::move(name)),
      state_(std::make_shared<state>(std::move(settings))) {}

database::~database() = default;

task<std::optional<error>> database::run(access kind, const char* begin, call_context context, work job) {
  telemetry::recorded_call call{metrics_, context, telemetry::call_kind::sqlite, name_, context.deadline};
  call.set_detail(kind == access::write ? "write" : "read");
  auto run_task = run_unrecorded(kind, begin, context.deadline, std::move(job));
  auto failure = co_await std::move(run_task);
  call.set_outcome(failure ? error_class(failure->code) : "ok");
  if (failure) log_failure(*failure, kind, context.request_id);
  co_return failure;
}

void database::log_failure(const error& failure, access kind, std::string_view request_id) const {
  if (!is_logged(failure.code)) return;
  const auto reason = log_text(failure);
  log_.write(telemetry::log_level::warn, "sqlite: call failed",
             {{"upstream", std::string_view{name_}},
              {"error", std::string_view{reason}},
              {"access", kind == access::write ? std::string_view{"write"} : std::string_view{"read"}},
              {"request_id", request_id}});
}

task<std::optional<error>> database::run_unrecorded(access kind, const char* begin, deadline call_deadline, work job) {
  auto state = state_;
  auto& event_loop = loop::current();
  if (call_deadline.expired(event_loop.now())) co_return error{errc::timeout};
  auto& set = state->connections(kind);
  auto permit = set.permits.try_acquire();
  if (!permit) {
    const waiting_call waiting{set.waiting};
    if (waiting.position() >= state->settings.max_waiters) {
      co_return error{errc::overloaded, std::to_string(state->settings.max_waiters) + " is the limit"};
    }
    auto acquired = co_await set.permits.acquire(call_deadline);
    if (!acquired) co_return make_error(acquired.error());
    permit.emplace(std::move(*acquired));
  }
  if (state->is_closed) co_return error{errc::closed};

  call_limits limits;
  limits.waits_for_locks = event_loop.time_source().is_real_time();
  limits.lock_deadline = std::min(call_deadline, deadline::after(event_loop.now(), state->settings.busy_timeout));
  // The permit is released when the function is destroyed: after it has run, or when it is removed from the queue. The
  // state contains the semaphore, so it must be destroyed last.
  struct blocking_call {
    std::shared_ptr<database::state> state;
    std::optional<cross_thread_permit> permit;
    work job;
    access kind;
    const char* begin;
    call_limits limits;
    std::optional<error> operator()(std::stop_token stop) {
      limits.stop = std::move(stop);
      return state->execute(kind, begin, job, limits);
    }
  };
  blocking_call call{std::move(state), std::move(permit), std::move(job), kind, begin, limits};
  auto run_task = blocking_.run(call_deadline, std::move(call), "sqlite");
  auto outcome = co_await std::move(run_task);
  if (!outcome) co_return make_error(outcome.error());
  // The wait for a lock can end at the call's deadline, shortly before the call is cancelled.
  const bool is_busy = *outcome && (*outcome)->code == errc::busy;
  if (is_busy && call_deadline.expired(event_loop.now())) co_return error{errc::timeout};
  co_return std::move(*outcome);
}

task<> database::create_schema(std::string script, duration timeout) {
  const call_context context{.deadline = deadline::after(loop::current().now(), timeout)};
  auto execute = [script = std::move(script)](connection& connection) { return connection.execute_script(script); };
  auto create_task = write(context, std::move(execute));
  const auto created = co_await std::move(create_task);
  if (!created) throw std::runtime_error("the schema of " + state_->settings.path + ": " + log_text(created.error()));
}

task<> database::close() {
  auto state = state_;
  state->is_closed = true;
  std::vector<cross_thread_permit> permits;
  for (auto* set : {&state->writer, &state->readers}) {
    for (std::size_t i = 0; i < set->count(); ++i) {
      auto permit = co_await set->permits.acquire(deadline::never());
      if (!permit) co_return;
      permits.push_back(std::move(*permit));
    }
  }
  auto close = [state] {
    state->readers.close();
    state->writer.close();
  };
  auto close_task = blocking_.run(deadline::never(), std::move(close), "close sqlite");
  co_await std::move(close_task);
}

}  // namespace cohort::sqlite
