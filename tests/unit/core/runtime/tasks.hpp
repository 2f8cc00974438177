#pragma once

#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/runtime/child.hpp"
#include "core/runtime/virtual_time.hpp"
#include "core/runtime/wait_queue.hpp"

// The small tasks that the tests of this room are made of.
namespace cohort::test {

using namespace std::chrono_literals;

using journal = std::vector<std::string>;

/// Timers are late by a tick of the wheel at most; two of them in a row by two.
constexpr duration tick{1 << 14};

inline task<int> value_now(int value) { co_return value; }

inline task<int> value_after(duration span, int value) {
  co_await sleep_for(span);
  co_return value;
}

inline task<> note_after(duration span, journal& notes, std::string note) {
  co_await sleep_for(span);
  notes.push_back(std::move(note));
}

inline task<int> fail_after(duration span, std::string why) {
  co_await sleep_for(span);
  throw std::runtime_error(why);
}

inline task<int> fail_now(std::string why) {
  throw std::runtime_error(why);
  co_return 0;
}

/// Says how its wait ended, and when it was over altogether: what a well-behaved task does when it is cancelled.
inline task<int> sleeper(duration span, journal& notes, std::string name) {
  const auto status = co_await sleep_for(span);
  notes.push_back(name + (status == wait_status::cancelled ? " cancelled" : " slept"));
  co_return 0;
}

/// Goes on to its end whatever it is told.
inline task<int> stubborn(duration span, int value, journal& notes) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto until = deadline::after(loop::current().now(), span);
  while (co_await sleep_until(until) != wait_status::timed_out) {
  }
  notes.push_back("stubborn ended");
  co_return value;
}

/// A task that a test starts beside itself, to watch and to cancel it.
template <class T = void>
class lone_task {
 public:
  lone_task(virtual_time& time, task<T> work) : time_(time) {
    asio::post(time_.main_loop().get_executor(), [this, moved = std::move(work)]() mutable {
      detail::start_child(only_, std::move(moved), [this] { ended_ = true; });
    });
    settle();
  }
  lone_task(const lone_task&) = delete;
  lone_task& operator=(const lone_task&) = delete;

  void cancel() {
    asio::post(time_.main_loop().get_executor(), [this] { detail::cancel(only_.cancel); });
    settle();
  }
  /// The same, from a task that runs on the loop now.
  void cancel_from_within() { detail::cancel(only_.cancel); }
  bool ended() const { return ended_; }
  bool ended_by_cancellation() const { return ended_ && detail::is_cancellation(only_.outcome.failure); }
  const detail::child_outcome<T>& outcome() const { return only_.outcome; }

 private:
  /// Runs all that is ready, at the same moment.
  void settle() { time_.run_for(0s); }

  virtual_time& time_;
  detail::child<T> only_;
  bool ended_ = false;
};

}  // namespace cohort::test
