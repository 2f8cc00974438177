// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <type_traits>
#include <utility>

#include <cohort/net/stream.hpp>
#include <cohort/runtime/concurrency/child_task.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/time/deadline.hpp>
#include <cohort/runtime/time/timer_wheel.hpp>
#include <cohort/telemetry/requests/request_record.hpp>

namespace cohort::http {

/// The reason for the cancellation of a handler.
enum class handler_cancellation {
  none,
  /// The deadline of the handler passed.
  deadline,
  /// The client disconnected.
  disconnect,
  /// The drain timeout of the server expired.
  shutdown,
};

/// Returns a task that throws an exception.
template <class T>
task<T> failed_task(std::exception_ptr failure) {
  std::rethrow_exception(failure);
  if constexpr (std::is_void_v<T>) {
    co_return;
  } else {
    co_return T{};
  }
}

/// Calls a function that returns a task. An exception that the call throws is rethrown by the returned task, and an
/// empty task is replaced by one that throws `std::logic_error`.
template <class T, class Function, class... Arguments>
task<T> start_task(const Function& function, Arguments&... arguments) {
  std::exception_ptr failure;
  try {
    auto work = function(arguments...);
    detail::check_not_empty(work);
    return work;
  } catch (...) {
    failure = std::current_exception();
  }
  return failed_task<T>(std::move(failure));
}

/// Runs the handler of a connection, or the producer of a streamed body: owns its deadline, the detection of a client
/// that disconnects, and its cancellation. Each connection has one instance, which runs one handler at a time. Does not
/// allocate.
class handler_run {
 public:
  /// All arguments must outlive this object. `cancel_signal` cancels the connection's coroutine.
  handler_run(net::stream& stream, loop& event_loop, asio::cancellation_signal& cancel_signal) noexcept
      : stream_(stream), loop_(event_loop), cancel_signal_(cancel_signal), timer_(event_loop.timers(), this) {}

  /// Runs `work` in the calling coroutine, and cancels it at `handler_deadline` or when the client disconnects,
  /// whichever is first. Stores its value or exception in `outcome` and returns why it was cancelled; a cancelled
  /// handler may still have a value. The caller can continue after a deadline or a disconnect, but not after a
  /// shutdown: then its next `co_await` throws. `detect_disconnect` must be false while received bytes are unread,
  /// because the stream then cannot detect a disconnect. The cause of a cancellation is set in `record`, before the
  /// work is cancelled; `record` may be null.
  template <class T>
  task<handler_cancellation> run(task<T> work, deadline handler_deadline, bool detect_disconnect,
                                 detail::task_outcome<T>& outcome, telemetry::request_record* record = nullptr) {
    start(handler_deadline, detect_disconnect, record);
    try {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(work);
        outcome.value.emplace();
      } else {
        outcome.value.emplace(co_await std::move(work));
      }
    } catch (...) {
      outcome.failure = std::current_exception();
    }
    stop();
    if (cause_ == handler_cancellation::none) {
      const auto state = co_await asio::this_coro::cancellation_state;
      if (!!state.cancelled()) cause_ = handler_cancellation::shutdown;
    } else {
      co_await asio::this_coro::reset_cancellation_state();
    }
    co_return cause_;
  }

  /// The first part of `run`, for a caller that awaits the work itself, which saves a coroutine.
  void start(deadline handler_deadline, bool detect_disconnect, telemetry::request_record* record) noexcept;
  /// The last part of `run`, without resetting the cancellation state of the caller. Unless the result is `none`, the
  /// caller must reset that state.
  handler_cancellation stop() noexcept;

  /// Replaces the deadline of the running work.
  void set_deadline(deadline handler_deadline) noexcept;
  /// The reason why the running work has been cancelled; `none` if it has not been.
  handler_cancellation cause() const noexcept { return cause_; }
  /// Starts to detect disconnects, for work that was started without detection. Precondition: no read is pending.
  void detect_disconnect() noexcept;

 private:
  void cancel_work(handler_cancellation cause);
  void on_timer();

  net::stream& stream_;
  loop& loop_;
  asio::cancellation_signal& cancel_signal_;
  bool is_running_ = false;
  bool detects_disconnect_ = false;
  bool is_watching_ = false;
  handler_cancellation cause_ = handler_cancellation::none;
  deadline deadline_;
  telemetry::request_record* record_ = nullptr;
  bound_timer<&handler_run::on_timer> timer_;
};

}  // namespace cohort::http
