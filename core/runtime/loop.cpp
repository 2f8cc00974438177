#include "core/runtime/loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <cassert>

namespace cohort {
namespace {
thread_local loop* running = nullptr;
}

class loop::on_this_thread {
 public:
  explicit on_this_thread(loop& self) noexcept : outer_(running) { running = &self; }
  ~on_this_thread() { running = outer_; }
  on_this_thread(const on_this_thread&) = delete;
  on_this_thread& operator=(const on_this_thread&) = delete;

 private:
  loop* outer_;
};

loop& loop::current() noexcept {
  assert(running && "only code that runs on a loop may ask for it");
  return *running;
}

loop* loop::current_or_null() noexcept { return running; }

loop::loop(const clock& source, std::size_t index, std::uint64_t seed)
    : clock_(source), timers_(source.now()), index_(index), random_(seed) {
  if (!clock_.runs_by_itself()) return;
  waker_.emplace(context_);
  timers_.on_earlier([this](time_point due) { wake_at(due); });
}

void loop::run() {
  const on_this_thread here{*this};
  const auto work = asio::make_work_guard(context_);
  context_.run();
}

std::size_t loop::poll() {
  const on_this_thread here{*this};
  context_.restart();
  return context_.poll();
}

void loop::wake_at(time_point due) {
  if (due >= wakes_at_) return;
  wakes_at_ = due;
  waker_->expires_at(due);
  waker_->async_wait([this](error_code failed) {
    if (!failed) on_wake();
  });
}

void loop::on_wake() {
  wakes_at_ = time_point::max();
  timers_.advance(now());
  if (const auto due = timers_.next_due()) wake_at(*due);
}

}  // namespace cohort
