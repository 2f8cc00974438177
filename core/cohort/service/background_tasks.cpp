// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/background_tasks.hpp>

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

void background_tasks::spawn(task<> work) { groups_.at(loop::current().index())->spawn(std::move(work)); }

task<> background_tasks::stop_group(task_group& group) {
  group.cancel();
  co_await group.join();
}

task<> background_tasks::stop() {
  for (std::size_t i = 0; i < loops_.size(); ++i) co_await run_on(*loops_[i], stop_group(*groups_[i]));
}

}  // namespace cohort::service
