// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <cohort/runtime/time/clock.hpp>
#include <cohort/runtime/time/deadline.hpp>

namespace cohort {

class loop;

/// Interface through which modules below telemetry record work on behalf of an activity, such as a job of
/// `blocking_pool`.
class work_recorder {
 public:
  virtual ~work_recorder() = default;
  /// Starts the record of a unit of work. Returns the number by which `end_work` identifies the record.
  virtual std::size_t begin_work(std::string_view name, time_point now, deadline work_deadline) noexcept = 0;
  /// Ends the record. `outcome` is a string literal.
  virtual void end_work(std::size_t number, std::string_view outcome, time_point now) noexcept = 0;
};

enum class activity_kind : std::uint8_t { request, job };

/// The work of a coroutine: a request or a run of a periodic job. `loop::current_activity` is the activity of the
/// coroutine that the loop runs: `completion_handler` saves it when the coroutine suspends, and restores it when the
/// coroutine resumes. The children of a coroutine have its activity, except those of a `task_group`, which have none.
///
/// The object belongs to the loop, which reuses it and frees it only in the loop's destructor. Any thread can therefore
/// read the name and the trace ID at any time, but the values may already be those of the next activity.
class activity {
 public:
  /// Starts the activity. `name`, such as the pattern of a route or the name of a job, must remain valid while the loop
  /// exists. Must be called on the loop.
  void begin(const char* name, std::uint64_t trace_high, std::uint64_t trace_low, time_point now) noexcept {
    trace_high_.store(trace_high, std::memory_order_relaxed);
    trace_low_.store(trace_low, std::memory_order_relaxed);
    start_time_ = now;
    name_.store(name, std::memory_order_release);
  }
  /// Ends the activity. Must be called on the loop.
  void end() noexcept {
    name_.store(nullptr, std::memory_order_relaxed);
    recorder_ = nullptr;
  }
  /// Sets the recorder of the activity's work. `recorder` must remain valid until `end`.
  void set_recorder(work_recorder* recorder) noexcept { recorder_ = recorder; }

  /// The name; null before `begin` and after `end`. Thread-safe.
  const char* name() const noexcept { return name_.load(std::memory_order_acquire); }
  /// The halves of the trace ID; zero if there is none. Thread-safe.
  std::uint64_t trace_high() const noexcept { return trace_high_.load(std::memory_order_relaxed); }
  std::uint64_t trace_low() const noexcept { return trace_low_.load(std::memory_order_relaxed); }
  /// Thread-safe.
  activity_kind kind() const noexcept { return kind_.load(std::memory_order_relaxed); }
  /// Must be called on the loop.
  time_point start_time() const noexcept { return start_time_; }
  work_recorder* recorder() const noexcept { return recorder_; }

 private:
  friend class activity_list;
  std::atomic<const char*> name_{nullptr};
  std::atomic<std::uint64_t> trace_high_{0};
  std::atomic<std::uint64_t> trace_low_{0};
  std::atomic<activity_kind> kind_{activity_kind::request};
  time_point start_time_{};
  work_recorder* recorder_ = nullptr;
  activity* previous_ = nullptr;
  activity* next_ = nullptr;
};

/// The activities of a loop. Must be used on the loop only.
class activity_list {
 public:
  activity_list() noexcept = default;
  ~activity_list();
  activity_list(const activity_list&) = delete;
  activity_list& operator=(const activity_list&) = delete;

  activity& acquire(activity_kind kind);
  void release(activity& unused) noexcept;
  /// Calls `visitor` with each activity between its `begin` and `end`, in the reverse order of `acquire`.
  template <class Visitor>
  void visit(Visitor visitor) const {
    for (const auto* current = first_; current; current = current->next_) {
      if (current->name()) visitor(*current);
    }
  }

 private:
  activity* first_ = nullptr;
  activity* first_free_ = nullptr;
};

/// Makes a new activity of the current loop the activity of the calling coroutine. The destructor restores the previous
/// activity.
class activity_scope {
 public:
  explicit activity_scope(activity_kind kind);
  ~activity_scope();
  activity_scope(const activity_scope&) = delete;
  activity_scope& operator=(const activity_scope&) = delete;

  activity* operator->() const noexcept { return &activity_; }
  activity& operator*() const noexcept { return activity_; }

 private:
  loop& loop_;
  activity* previous_;
  activity& activity_;
};

}  // namespace cohort
