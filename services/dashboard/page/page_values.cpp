// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/page/page_values.hpp"

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include "services/dashboard/requests/recorded_aggregate.hpp"

namespace cohort::dashboard {

/// Shared by the calls and the request that started them, on one loop.
struct page_values::refresh {
  event ended;
};

task<page_values::snapshot> page_values::current(std::shared_ptr<page_values> self) {
  std::shared_ptr<refresh> started;
  {
    const std::lock_guard lock{self->mutex_};
    const auto now = loop::current().now();
    const bool is_recent = self->has_started_ && now - self->started_ < max_age;
    if (!is_recent && !self->is_running_) {
      self->is_running_ = self->has_started_ = true;
      self->started_ = now;
      self->latest_ = {};
      started = std::make_shared<refresh>();
    }
  }
  if (started) {
    self->background_.spawn(run(self, started));
    auto wait_task = started->ended.wait(deadline::after(loop::current().now(), max_wait));
    co_await std::move(wait_task);
  }
  const std::lock_guard lock{self->mutex_};
  co_return self->latest_;
}

task<> page_values::run(std::shared_ptr<page_values> self, std::shared_ptr<refresh> started) {
  struct finish_guard {
    page_values& owner;
    refresh& started;
    ~finish_guard() {
      {
        const std::lock_guard lock{owner.mutex_};
        owner.is_running_ = false;
      }
      started.ended.set();
    }
  };
  const finish_guard guard{*self, *started};
  aggregator::part_observer observer = [&target = *self](std::size_t index, std::string_view, const part& part) {
    const std::lock_guard lock{target.mutex_};
    target.latest_.parts.at(index) = part;
  };
  auto call_task = record_aggregate(self->services_, "page", std::move(observer));
  auto recorded = co_await std::move(call_task);
  const std::lock_guard lock{self->mutex_};
  self->latest_.request = std::move(recorded.request);
}

}  // namespace cohort::dashboard
