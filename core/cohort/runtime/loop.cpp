// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/loop.hpp>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <cstddef>
#include <new>
#include <utility>

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

/// Has at most one wait and preallocated memory for it: waiting again cannot fail for lack of memory.
struct loop::wakeup_timer {
  /// The memory of a wait. A wait that is destroyed with the context outlives the timer.
  struct wait_memory {
    alignas(std::max_align_t) std::byte bytes[192];
    bool is_used = false;
  };

  template <class T>
  struct wait_allocator {
    using value_type = T;
    explicit wait_allocator(std::shared_ptr<wait_memory> shared) noexcept : memory(std::move(shared)) {}
    template <class U>
    wait_allocator(const wait_allocator<U>& other) noexcept  // NOLINT(google-explicit-constructor)
        : memory(other.memory) {}

    T* allocate(std::size_t) {
      static_assert(sizeof(T) <= sizeof memory->bytes);
      assert(!memory->is_used);
      memory->is_used = true;
      return reinterpret_cast<T*>(memory->bytes);
    }
    void deallocate(T*, std::size_t) noexcept { memory->is_used = false; }
    template <class U>
    friend bool operator==(const wait_allocator& left, const wait_allocator<U>& right) noexcept {
      return left.memory == right.memory;
    }

    std::shared_ptr<wait_memory> memory;
  };

  explicit wakeup_timer(loop& waking) : owner(waking), timer(waking.context_) {}

  /// Waits until `owner.scheduled_wakeup_`, which may have changed.
  void wait() {
    // The end of a cancelled wait starts the next one.
    if (std::exchange(is_waiting, true)) return void(timer.cancel());
    timer.expires_at(owner.scheduled_wakeup_);
    auto on_end = [this](error_code error) {
      is_waiting = false;
      error ? wait() : owner.on_wakeup();
    };
    timer.async_wait(asio::bind_allocator(wait_allocator<void>{memory}, std::move(on_end)));
  }

  loop& owner;
  std::shared_ptr<wait_memory> memory = std::make_shared<wait_memory>();
  bool is_waiting = false;
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
  wakeup_timer_ = std::make_unique<wakeup_timer>(*this);
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
  wakeup_timer_->wait();
}

void loop::on_wakeup() {
  scheduled_wakeup_ = time_point::max();
  enter_activity(nullptr);
  // Also needed after an exception of a callback: otherwise all timers of the loop would stop.
  struct schedule_next {
    loop& self;
    ~schedule_next() {
      if (const auto next = self.timers_.next_wakeup()) self.schedule_wakeup(*next);
    }
  };
  const schedule_next guard{*this};
  timers_.advance(now());
}

}  // namespace cohort
