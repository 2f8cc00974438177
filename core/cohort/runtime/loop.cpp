// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/loop.hpp>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

#include <cohort/runtime/loop_fairness.hpp>
#include <cohort/runtime/memory/recycling_extension.hpp>
#include <cohort/runtime/thread_object.hpp>
#include <cohort/runtime/time/timer_descriptor.hpp>

namespace cohort {
namespace {

thread_local loop* current_loop = nullptr;

/// Keeps the memory of many concurrent requests for the thread of a loop, and returns it to the heap after one to two
/// seconds without use. An idle loop has no timer for this.
class request_memory {
 public:
  explicit request_memory(loop& owner) noexcept : owner_(owner) {}

 private:
  static constexpr auto trim_interval = std::chrono::seconds{1};

  void schedule_trim() noexcept { trim_timer_.arm(owner_.now() + trim_interval); }
  void trim() {
    if (detail::recycling_extension::trim()) schedule_trim();
  }

  loop& owner_;
  bound_timer<&request_memory::trim> trim_timer_{owner_.timers(), this};
  const detail::recycling_extension extension_{
      this, [](void* self) noexcept { static_cast<request_memory*>(self)->schedule_trim(); }};
};

}  // namespace

class loop::current_loop_scope {
 public:
  explicit current_loop_scope(loop& loop) noexcept : previous_(current_loop) { current_loop = &loop; }
  ~current_loop_scope() { current_loop = previous_; }
  current_loop_scope(const current_loop_scope&) = delete;
  current_loop_scope& operator=(const current_loop_scope&) = delete;

 private:
  loop* previous_;
};

/// Wakes the loop at `scheduled_wakeup_`. The memory for its wait is preallocated, so that waiting again cannot fail.
struct loop::wakeup_timer {
  /// The memory of one operation. An operation that is destroyed with the context outlives the timer.
  struct operation_memory {
    alignas(std::max_align_t) std::byte bytes[192];
    bool is_used = false;
  };

  template <class T>
  struct operation_allocator {
    using value_type = T;
    explicit operation_allocator(std::shared_ptr<operation_memory> source) noexcept : memory(std::move(source)) {}
    template <class U>
    operation_allocator(const operation_allocator<U>& other) noexcept  // NOLINT(google-explicit-constructor)
        : memory(other.memory) {}

    T* allocate(std::size_t) {
      static_assert(sizeof(T) <= sizeof memory->bytes);
      assert(!memory->is_used);
      memory->is_used = true;
      return reinterpret_cast<T*>(memory->bytes);
    }
    void deallocate(T*, std::size_t) noexcept { memory->is_used = false; }
    template <class U>
    friend bool operator==(const operation_allocator& left, const operation_allocator<U>& right) noexcept {
      return left.memory == right.memory;
    }

    std::shared_ptr<operation_memory> memory;
  };

  explicit wakeup_timer(loop& owner_loop) : owner(owner_loop), descriptor(owner_loop.context_) {}

  /// Waits until `owner.scheduled_wakeup_`, which may have changed.
  void wait() {
    descriptor.set(owner.scheduled_wakeup_);
    if (std::exchange(is_waiting, true)) return;
    auto on_end = [this](error_code error, std::size_t) {
      is_waiting = false;
      // An error means that the loop is being destroyed.
      if (!error) owner.on_wakeup();
    };
    descriptor.async_wait(operation_allocator<void>{wait_memory}, std::move(on_end));
  }

  /// Schedules the next wakeup only after the coroutines that the current wakeup resumed have run. Most of these
  /// coroutines start a timer, and each change to an earlier wakeup costs a system call. Until then, `schedule_wakeup`
  /// does nothing.
  struct deferred_wait {
    explicit deferred_wait(loop& owner_loop) noexcept : owner(owner_loop) {
      owner.scheduled_wakeup_ = time_point::min();
    }
    // The destructor also runs if a callback throws; otherwise, all timers of the loop would stop.
    ~deferred_wait() {
      auto on_resumed = [&owner = owner] {
        owner.scheduled_wakeup_ = time_point::max();
        if (const auto next = owner.timers_.next_wakeup()) owner.schedule_wakeup(*next);
      };
      const operation_allocator<void> allocator{owner.wakeup_timer_->post_memory};
      asio::post(owner.context_, asio::bind_allocator(allocator, std::move(on_resumed)));
    }
    deferred_wait(const deferred_wait&) = delete;
    deferred_wait& operator=(const deferred_wait&) = delete;

    loop& owner;
  };

  loop& owner;
  std::shared_ptr<operation_memory> wait_memory = std::make_shared<operation_memory>();
  std::shared_ptr<operation_memory> post_memory = std::make_shared<operation_memory>();
  bool is_waiting = false;
  detail::timer_descriptor descriptor;
};

loop& loop::current() noexcept {
  if (!current_loop) {
    std::fputs("cohort: a function that requires a loop was called on a thread that runs no loop\n", stderr);
    std::abort();
  }
  return *current_loop;
}

loop* loop::current_or_null() noexcept { return current_loop; }

loop::loop(const clock& time_source, std::size_t index, std::uint64_t seed)
    : clock_(time_source), timers_(time_source.now()), index_(index), random_(seed) {
  detail::reset_loop_fairness();
  if (!clock_.is_real_time()) return;
  wakeup_timer_ = std::make_unique<wakeup_timer>(*this);
  timers_.on_earlier_wakeup([this](time_point time) { schedule_wakeup(time); });
}

loop::~loop() = default;

void loop::run() {
  prepare_thread_objects();
  const current_loop_scope scope{*this};
  const request_memory memory{*this};
  const auto work = asio::make_work_guard(context_);
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::bad_alloc&) {
      // The handler could not report its failure, because memory was exhausted. The work of this handler is lost; the
      // other handlers still run.
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
  enter_activity(nullptr);
  const wakeup_timer::deferred_wait next_wait{*this};
  timers_.advance(now());
}

}  // namespace cohort
