// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/loop.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <new>

namespace cohort {
namespace {
thread_local loop* current_loop = nullptr;
}

class loop::current_loop_scope {
 public:
  explicit current_loop_scope(loop& entered) noexcept : previous_(current_loop) { current_loop = &entered; }
  ~current_loop_scope() { current_loop = previous_; }
  current_loop_scope(const current_loop_scope&) = delete;
  current_loop_scope& operator=(const current_loop_scope&) = delete;

 private:
  loop* previous_;
};

struct loop::wakeup_timer {
  explicit wakeup_timer(asio::io_context& context) : timer(context) {}
  asio::steady_timer timer;
};

loop& loop::current() noexcept {
  assert(current_loop && "loop::current() was called on a thread that runs no loop");
  return *current_loop;
}

loop* loop::current_or_null() noexcept { return current_loop; }

loop::loop(const clock& time_source, std::size_t index, std::uint64_t seed)
    : clock_(time_source), timers_(time_source.now()), index_(index), random_(seed) {
  if (!clock_.is_real_time()) return;
  wakeup_timer_ = std::make_unique<wakeup_timer>(context_);
  timers_.on_earlier_wakeup([this](time_point time) { schedule_wakeup(time); });
}

loop::~loop() = default;

void loop::run() {
  const current_loop_scope scope{*this};
  const auto work = asio::make_work_guard(context_);
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::bad_alloc&) {
      // The handler could not even report its failure. What it served is lost; everything else continues.
    }
  }
}

std::size_t loop::poll() {
  const current_loop_scope scope{*this};
  context_.restart();
  return context_.poll();
}

void loop::schedule_wakeup(time_point time) {
  if (time >= scheduled_wakeup_) return;
  scheduled_wakeup_ = time;
  wakeup_timer_->timer.expires_at(time);
  wakeup_timer_->timer.async_wait([this](error_code error) {
    if (!error) on_wakeup();
  });
}

void loop::on_wakeup() {
  scheduled_wakeup_ = time_point::max();
  enter_activity(nullptr);
  timers_.advance(now());
  if (const auto next = timers_.next_wakeup()) schedule_wakeup(*next);
}

}  // namespace cohort
