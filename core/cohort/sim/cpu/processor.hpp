// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include <cohort/runtime/time/virtual_time.hpp>
#include <cohort/sim/cpu/core_pauses.hpp>
#include <cohort/sim/cpu/cpu_costs.hpp>
#include <cohort/sim/cpu/idle_slowdown.hpp>

namespace cohort::sim {

class cpu_scheduler;
class machine;
class process;

/// A thread of a simulated process, with its own loop. CPU time that a handler spends (`spend_cpu`) advances the clock
/// of this loop only. Until the other loops have reached that time, the thread is busy and runs no handlers.
class cpu_thread {
 public:
  cpu_thread(process& owner, const virtual_time& time, std::size_t index, std::uint64_t seed);

  loop& event_loop() noexcept { return loop_; }
  /// The CPU time spent so far.
  duration busy_time() const noexcept { return busy_time_; }

  /// The thread whose handler is running; null outside a simulated machine.
  static cpu_thread* current() noexcept;
  /// Makes the running handler take `cost` of CPU time. Precondition: this thread is `current()`.
  void spend(duration cost);
  /// The CPU time that HTTP work with this cost takes now; it is longer if the core was idle before the thread was
  /// woken (`machine::set_idle_slowdown`).
  duration slowed(duration cost) const noexcept {
    return duration{static_cast<duration::rep>(static_cast<double>(cost.count()) * slowdown_)};
  }
  /// Ends the slowdown after idle time, except for the first request after the thread was woken.
  void on_request_read() noexcept;

 private:
  friend class cpu_scheduler;
  friend class machine;
  /// The clock of the thread: ahead of the simulation by the CPU time that the running handler has spent.
  struct local_clock final : clock {
    explicit local_clock(const virtual_time& simulation) noexcept : time(simulation) {}
    time_point now() const noexcept override { return time.now() + offset; }
    wall_time wall_now() const noexcept override { return time.time_source().wall_now() + offset; }
    bool is_real_time() const noexcept override { return false; }

    const virtual_time& time;
    duration offset{};
  };

  process& process_;
  local_clock clock_;
  loop loop_;
  time_point busy_until_{};
  duration busy_time_{};
  /// The time of the thread's next run; `time_point::max()` if it waits for an event.
  time_point wakeup_ = time_point::max();
  /// Whether the thread is ready, but all cores are busy.
  bool waits_for_core_ = false;
  /// Whether the thread had no ready handler at the end of its last run.
  bool is_asleep_ = true;
  /// The factor of the HTTP costs until the thread sleeps, or reads a second request.
  double slowdown_ = 1;
  bool has_read_request_ = false;
  /// The machine's idle time when the thread last spent CPU time.
  duration last_idle_time_{};
};

/// A process on a simulated machine: the loops of its threads, and the costs of its work.
class process {
 public:
  process(machine& process_machine, cpu_costs cpu_costs, std::uint64_t seed) noexcept
      : machine_(process_machine), costs_(std::move(cpu_costs)), random_(seed) {}

  machine& assigned_machine() noexcept { return machine_; }
  const cpu_costs& costs() const noexcept { return costs_; }
  /// The random number generator for the costs.
  random_generator& random() noexcept { return random_; }
  std::vector<loop*> loops();
  const std::deque<std::unique_ptr<cpu_thread>>& threads() const noexcept { return threads_; }
  /// The CPU time spent by all threads.
  duration busy_time() const noexcept;
  /// Makes the simulation check for ready handlers of the process. Required after a function of another loop has posted
  /// to its loops.
  void wake();

 private:
  friend class cpu_scheduler;
  machine& machine_;
  cpu_costs costs_;
  random_generator random_;
  std::deque<std::unique_ptr<cpu_thread>> threads_;
};

/// A machine with a number of equal cores, on which the threads of several processes run. A ready thread is assigned
/// the first idle core, in the order in which the threads became ready, and keeps it until its handler has ended.
class machine {
 public:
  machine(cpu_scheduler& scheduler, std::string name, std::size_t cores)
      : scheduler_(scheduler), name_(std::move(name)), cores_(cores) {}

  const std::string& name() const noexcept { return name_; }
  std::size_t cores() const noexcept { return cores_; }
  /// Changes the speed of all cores, for CPU time that is spent after this call. With 0.5, each handler takes twice the
  /// time.
  void set_speed(double factor) noexcept { speed_ = factor; }
  double speed() const noexcept { return speed_; }
  /// Makes each core pause at random times from now on. Replaces the earlier pauses. Pauses do not count as CPU time.
  void set_pauses(const core_pauses& pauses);
  /// After a thread is woken, its HTTP costs (`cpu_costs`) depend on the mean time for which the cores were idle since
  /// the thread last ran. The effect ends when the thread has no ready handler or reads a second request. Does not
  /// affect `spend_cpu`.
  void set_idle_slowdown(const idle_slowdown& slowdown) noexcept { idle_slowdown_ = slowdown; }
  /// The time that a core needs at this speed for work that costs `cost` at the speed 1.
  duration time_of(duration cost) const noexcept;
  /// The CPU time that all processes have spent.
  duration busy_time() const noexcept;
  /// `busy_time` divided by the capacity of all cores since the start of the simulation, from 0 to 1.
  double utilization() const noexcept;

 private:
  friend class cpu_scheduler;
  friend class process;
  /// Delays the cores by the pauses that have started.
  void begin_pauses(time_point now);
  /// Sets the slowdown of a thread that is woken.
  void slow_down(cpu_thread& thread) const noexcept;

  cpu_scheduler& scheduler_;
  std::string name_;
  std::size_t cores_;
  double speed_ = 1;
  std::deque<std::unique_ptr<process>> processes_;
  /// The time until which each core is busy.
  std::vector<time_point> busy_until_;
  /// The pauses of each core; empty without pauses.
  std::vector<pause_sequence> pauses_;
  idle_slowdown idle_slowdown_;
  /// The sum of the idle times of all cores, until each core last became busy.
  duration idle_time_{};
};

/// Runs the loops of simulated machines in the order of virtual time.
class cpu_scheduler final : public virtual_loop_scheduler {
 public:
  /// `time` must outlive the scheduler.
  explicit cpu_scheduler(virtual_time& time);

  /// Throws `std::invalid_argument` if `cores` is 0.
  machine& add_machine(std::string name, std::size_t cores);
  /// A process with this number of threads. Throws `std::invalid_argument` if `threads` is 0.
  process& add_process(machine& target, std::size_t threads, cpu_costs costs);
  const std::deque<std::unique_ptr<machine>>& machines() const noexcept { return machines_; }
  random_generator& random() noexcept { return time_.event_loop().random(); }
  time_point start_time() const noexcept { return start_time_; }
  time_point now() const noexcept { return time_.now(); }

  /// Runs the thread at `when`, or as soon as the thread and a core are free.
  void wake(cpu_thread& thread, time_point when);
  void wake_all();

 private:
  /// `since` is the time at which the thread became ready. The thread that has waited longest is assigned the first
  /// free core.
  struct wakeup {
    time_point when;
    time_point since;
    std::uint64_t number;
    cpu_thread* thread;
    bool operator>(const wakeup& other) const noexcept;
  };

  bool run_ready() override;
  time_point next_wakeup() override;
  void push(cpu_thread& thread, time_point when, time_point since);
  void remove_stale_wakeups();
  bool run(cpu_thread& thread);
  static std::size_t run_handlers(cpu_thread& thread);

  virtual_time& time_;
  time_point start_time_;
  std::uint64_t last_number_ = 0;
  std::deque<std::unique_ptr<machine>> machines_;
  std::priority_queue<wakeup, std::vector<wakeup>, std::greater<>> wakeups_;
};

/// Makes the running handler take `cost` of CPU time: its clock advances, its later output is delayed, and its loop
/// runs no other handlers during that time. Used by the handlers of stub servers. Has no effect outside a simulated
/// machine.
void spend_cpu(duration cost);

}  // namespace cohort::sim
