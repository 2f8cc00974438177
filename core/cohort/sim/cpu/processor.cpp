// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/cpu/processor.hpp>

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace cohort::sim {
namespace {

thread_local cpu_thread* running_thread = nullptr;

}  // namespace

const distribution& cpu_costs::route(std::string_view path) const noexcept {
  const auto found = std::find_if(routes.begin(), routes.end(), [&](const route_cost& candidate) {
    const std::string_view pattern = candidate.path;
    return pattern.ends_with('*') ? path.starts_with(pattern.substr(0, pattern.size() - 1)) : path == pattern;
  });
  return found == routes.end() ? other_routes : found->cost;
}

cpu_thread::cpu_thread(process& owner, const virtual_time& time, std::size_t index, std::uint64_t seed)
    : process_(owner), clock_(time), loop_(clock_, index, seed) {}

cpu_thread* cpu_thread::current() noexcept { return running_thread; }

void cpu_thread::spend(duration cost) {
  if (cost <= duration{0}) return;
  clock_.offset += process_.assigned_machine().time_of(cost);
  // Ends the loop's `poll` after this handler: all other handlers wait until its CPU time has passed.
  loop_.stop();
}

void cpu_thread::on_request_read() noexcept {
  if (std::exchange(has_read_request_, true)) slowdown_ = 1;
}

void spend_cpu(duration cost) {
  if (auto* const thread = cpu_thread::current()) thread->spend(cost);
}

std::vector<loop*> process::loops() {
  std::vector<loop*> all;
  for (auto& thread : threads_) all.push_back(&thread->event_loop());
  return all;
}

duration process::busy_time() const noexcept {
  duration sum{};
  for (const auto& thread : threads_) sum += thread->busy_time();
  return sum;
}

void process::wake() {
  auto& scheduler = machine_.scheduler_;
  for (auto& thread : threads_) scheduler.wake(*thread, scheduler.now());
}

duration machine::time_of(duration cost) const noexcept {
  return duration{static_cast<duration::rep>(static_cast<double>(cost.count()) / speed_)};
}

void machine::set_pauses(const core_pauses& pauses) {
  pauses_.clear();
  for (std::size_t i = 0; i < cores_; ++i) {
    pauses_.emplace_back(pauses, scheduler_.random().next(), scheduler_.now());
  }
}

void machine::begin_pauses(time_point now) {
  for (std::size_t i = 0; i < pauses_.size(); ++i) busy_until_[i] = pauses_[i].apply_pauses(now, busy_until_[i]);
}

void machine::slow_down(cpu_thread& thread) const noexcept {
  const auto idle_time = (idle_time_ - thread.last_idle_time_) / static_cast<duration::rep>(cores_);
  thread.slowdown_ = idle_slowdown_.factor(idle_time);
  thread.has_read_request_ = false;
}

duration machine::busy_time() const noexcept {
  duration sum{};
  for (const auto& process : processes_) sum += process->busy_time();
  return sum;
}

double machine::utilization() const noexcept {
  const auto elapsed = scheduler_.now() - scheduler_.start_time();
  if (elapsed <= duration{0}) return 0;
  const auto capacity = static_cast<double>(elapsed.count()) * static_cast<double>(cores_);
  return std::min(static_cast<double>(busy_time().count()) / capacity, 1.0);
}

cpu_scheduler::cpu_scheduler(virtual_time& time) : time_(time), start_time_(time.now()) { time.set_scheduler(*this); }

machine& cpu_scheduler::add_machine(std::string name, std::size_t cores) {
  if (cores == 0) throw std::invalid_argument("the machine " + name + " has no core");
  auto& added = machines_.emplace_back(std::make_unique<machine>(*this, std::move(name), cores));
  added->busy_until_.resize(cores, now());
  return *added;
}

process& cpu_scheduler::add_process(machine& target, std::size_t threads, cpu_costs costs) {
  if (threads == 0) throw std::invalid_argument("a process on the machine " + target.name() + " has no thread");
  auto& random = this->random();
  auto& added = target.processes_.emplace_back(std::make_unique<process>(target, std::move(costs), random.next()));
  for (std::size_t i = 0; i < threads; ++i) {
    auto& thread = *added->threads_.emplace_back(std::make_unique<cpu_thread>(*added, time_, i, random.next()));
    thread.event_loop().timers().on_earlier_wakeup([this, &thread](time_point when) {
      if (running_thread != &thread) wake(thread, when);
    });
  }
  return *added;
}

bool cpu_scheduler::wakeup::operator>(const wakeup& other) const noexcept {
  return std::tie(when, since, number) > std::tie(other.when, other.since, other.number);
}

void cpu_scheduler::push(cpu_thread& thread, time_point when, time_point since) {
  thread.wakeup_ = when;
  wakeups_.push({when, since, ++last_number_, &thread});
}

void cpu_scheduler::wake(cpu_thread& thread, time_point when) {
  if (thread.waits_for_core_) return;
  const auto earliest = std::max({when, thread.busy_until_, time_.now()});
  if (earliest < thread.wakeup_) push(thread, earliest, earliest);
}

void cpu_scheduler::wake_all() {
  for (auto& machine : machines_) {
    for (auto& process : machine->processes_) process->wake();
  }
}

void cpu_scheduler::remove_stale_wakeups() {
  while (!wakeups_.empty() && wakeups_.top().thread->wakeup_ != wakeups_.top().when) wakeups_.pop();
}

time_point cpu_scheduler::next_wakeup() {
  remove_stale_wakeups();
  return wakeups_.empty() ? time_point::max() : wakeups_.top().when;
}

bool cpu_scheduler::run_ready() {
  const auto now = time_.now();
  bool has_run = false;
  while (next_wakeup() <= now) {
    const auto due_wakeup = wakeups_.top();
    wakeups_.pop();
    auto& target_machine = due_wakeup.thread->process_.machine_;
    target_machine.begin_pauses(now);
    auto& busy_until = target_machine.busy_until_;
    const auto core = std::min_element(busy_until.begin(), busy_until.end());
    if (*core > now) {
      due_wakeup.thread->waits_for_core_ = true;
      push(*due_wakeup.thread, *core, due_wakeup.since);
      continue;
    }
    due_wakeup.thread->waits_for_core_ = false;
    target_machine.idle_time_ += now - *core;
    has_run = run(*due_wakeup.thread) || has_run;
    *core = std::max(*core, due_wakeup.thread->busy_until_);
  }
  return has_run;
}

/// Runs the ready handlers of a thread until one of them spends CPU time. Returns the number of handlers that ran.
std::size_t cpu_scheduler::run_handlers(cpu_thread& thread) {
  auto& process = thread.process_;
  auto& target_machine = process.assigned_machine();
  const auto& wake_up = process.costs().wake_up;
  if (thread.is_asleep_) target_machine.slow_down(thread);
  const auto wake_up_cost = thread.is_asleep_ && !wake_up.is_zero()
                                ? target_machine.time_of(thread.slowed(wake_up.draw(process.random())))
                                : duration{0};
  thread.clock_.offset = wake_up_cost;
  thread.is_asleep_ = false;
  running_thread = &thread;
  std::size_t handler_count = 0;
  while (thread.clock_.offset == wake_up_cost && !thread.is_asleep_) {
    const auto run = thread.loop_.poll();
    handler_count += run;
    thread.is_asleep_ = run == 0;
  }
  running_thread = nullptr;
  if (handler_count == 0) thread.clock_.offset = duration{0};
  return handler_count;
}

/// Returns false if the thread had no ready handler.
bool cpu_scheduler::run(cpu_thread& thread) {
  auto& event_loop = thread.event_loop();
  const auto now = time_.now();
  thread.wakeup_ = time_point::max();
  if (event_loop.timers().next_wakeup().value_or(time_point::max()) <= now) {
    asio::post(event_loop.get_executor(), [&event_loop, now] { event_loop.timers().advance(now); });
  }
  const auto handler_count = run_handlers(thread);
  const auto spent_time = std::exchange(thread.clock_.offset, duration{0});
  thread.busy_time_ += spent_time;
  thread.busy_until_ = now + spent_time;
  if (spent_time > duration{0}) {
    thread.last_idle_time_ = thread.process_.machine_.idle_time_;
    push(thread, thread.busy_until_, thread.busy_until_);
  } else if (const auto next = event_loop.timers().next_wakeup()) {
    wake(thread, *next);
  }
  if (handler_count == 0) return false;
  // The handlers of the thread may have posted to the other loops of the process.
  for (auto& sibling : thread.process_.threads_) {
    if (sibling.get() != &thread) wake(*sibling, now);
  }
  return true;
}

}  // namespace cohort::sim
