// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/concurrency/wait_queue.hpp>

#include <memory>
#include <utility>

namespace cohort {
namespace detail {

/// A suspended coroutine, in `queue_` unless that is null. The object deletes itself in `complete`.
class waiter {
 public:
  waiter(wait_queue* queue, completion_handler<wait_status> handler)
      : queue_(queue), handler_(std::move(handler)), expiry_timer_(loop::current().timers(), this) {}

  static void start(wait_queue* queue, deadline wait_deadline, completion_handler<wait_status> handler) {
    auto self = std::make_unique<waiter>(queue, std::move(handler));
    auto slot = self->handler_.get_cancellation_slot();
    if (slot.is_connected()) {
      slot.assign([raw = self.get()](asio::cancellation_type) { raw->complete(wait_status::cancelled); });
    }
    self->expiry_timer_.arm(wait_deadline.time());
    if (queue) self->enqueue();
    self.release();  // NOLINT(bugprone-unused-return-value): the object now owns itself
  }

  void complete(wait_status status) {
    const std::unique_ptr<waiter> self{this};
    if (queue_) dequeue();
    handler_.post(status);
  }

 private:
  void on_expiry() { complete(wait_status::timed_out); }

  void enqueue() noexcept {
    previous_ = queue_->last_;
    (previous_ ? previous_->next_ : queue_->first_) = this;
    queue_->last_ = this;
  }
  void dequeue() noexcept {
    (previous_ ? previous_->next_ : queue_->first_) = next_;
    (next_ ? next_->previous_ : queue_->last_) = previous_;
  }

  wait_queue* queue_;
  waiter* next_ = nullptr;
  waiter* previous_ = nullptr;
  completion_handler<wait_status> handler_;
  bound_timer<&waiter::on_expiry> expiry_timer_;
};

void start_waiting(wait_queue* queue, deadline wait_deadline, completion_handler<wait_status> handler) {
  waiter::start(queue, wait_deadline, std::move(handler));
}

}  // namespace detail

bool wait_queue::notify_one() {
  if (!first_) return false;
  first_->complete(wait_status::notified);
  return true;
}

void wait_queue::notify_all() {
  // Stops at the current last waiter: a coroutine that waits again is resumed by a later call.
  for (auto* last = last_; first_ != nullptr;) {
    const bool was_last = first_ == last;
    first_->complete(wait_status::notified);
    if (was_last) break;
  }
}

wait_queue::~wait_queue() {
  while (first_) first_->complete(wait_status::cancelled);
}

}  // namespace cohort
