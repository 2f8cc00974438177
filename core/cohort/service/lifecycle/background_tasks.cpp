// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/lifecycle/background_tasks.hpp>

#include <stdexcept>
#include <utility>

#include <cohort/runtime/concurrency/run_on.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>

namespace cohort::service {

background_tasks::background_tasks(std::vector<loop*> loops, telemetry::logger log)
    : loops_(std::move(loops)), log_(std::move(log)) {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    groups_.push_back(std::make_unique<task_group>([this](const std::exception_ptr& failure) {
      const auto message = exception_message(failure);
      log_.write(telemetry::log_level::error, "background task failed", {{"what", std::string_view{message}}});
    }));
  }
}

background_tasks::~background_tasks() = default;

void background_tasks::spawn(task<> work) {
  auto* const current = loop::current_or_null();
  if (current && current->index() < loops_.size() && loops_[current->index()] == current) {
    groups_[current->index()]->spawn(std::move(work));
    return;
  }
  const std::lock_guard lock{mutex_};
  if (is_started_) {
    throw std::logic_error{"background_tasks::spawn was called on a thread that runs no loop of the service"};
  }
  pending_.push_back(std::move(work));
}

void background_tasks::start() {
  std::vector<task<>> pending;
  {
    const std::lock_guard lock{mutex_};
    is_started_ = true;
    pending.swap(pending_);
  }
  for (auto& work : pending) groups_.front()->spawn(std::move(work));
}

task<> background_tasks::stop_group(task_group& group) {
  group.cancel();
  co_await group.join();
}

task<> background_tasks::stop() {
  for (std::size_t i = 0; i < loops_.size(); ++i) co_await run_on(*loops_[i], stop_group(*groups_[i]));
}

}  // namespace cohort::service
