#include "core/runtime/task_group.hpp"

#include <cassert>

namespace cohort {

task_group::~task_group() { assert(children_.empty() && "join the group before it goes"); }

void task_group::start(children::iterator which, task<> work) {
  loop::current().tasks().increment();
  detail::start_child(*which, std::move(work), [this, which] {
    // The child's own frame is still below us; its signal must outlive it.
    asio::post(loop::current().get_executor(), [this, which] { on_done(which); });
  });
}

void task_group::on_done(children::iterator which) {
  const auto failure = which->outcome.failure;
  children_.erase(which);
  loop::current().tasks().decrement();
  if (failure && !detail::is_cancellation(failure)) on_failure_(failure);
  if (children_.empty() && joining_) joining_.post({});
}

void task_group::cancel() {
  for (auto& each : children_) detail::cancel(each.cancel);
}

task<> task_group::join() {
  if (children_.empty()) co_return;
  assert(!joining_ && "one owner joins");
  // One that came before this wait tells nobody any more.
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) cancel();
  auto ended = operation<std::monostate>([this](completion<std::monostate> done) {
    joining_ = std::move(done);
    auto slot = joining_.get_cancellation_slot();
    if (slot.is_connected()) slot.assign([this](asio::cancellation_type) { cancel(); });
  });
  co_await std::move(ended);
}

}  // namespace cohort
