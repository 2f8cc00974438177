#include "core/service/background.hpp"

#include "core/runtime/run_on.hpp"

namespace cohort::service {

background::background(std::vector<loop*> loops, telemetry::logger log)
    : loops_(std::move(loops)), log_(std::move(log)) {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    groups_.push_back(std::make_unique<task_group>([this](const std::exception_ptr& failure) {
      const auto what = what_of(failure);
      log_.write(telemetry::log_level::error, "work in the background failed", {{"what", std::string_view{what}}});
    }));
  }
}

void background::spawn(task<> work) { groups_.at(loop::current().index())->spawn(std::move(work)); }

task<> background::stop_here(task_group& mine) {
  mine.cancel();
  co_await mine.join();
}

task<> background::stop() {
  for (std::size_t i = 0; i < loops_.size(); ++i) co_await run_on(*loops_[i], stop_here(*groups_[i]));
}

}  // namespace cohort::service
