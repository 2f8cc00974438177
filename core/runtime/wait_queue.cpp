#include "core/runtime/wait_queue.hpp"

#include <memory>

namespace cohort {
namespace detail {

/// One coroutine in a queue (or in none: then only time or cancellation ends its wait). Owns itself until it ends.
class waiting {
 public:
  waiting(wait_queue* queue, completion<wait_status> done)
      : queue_(queue), done_(std::move(done)), limit_(loop::current().timers(), this) {}

  static void start(wait_queue* queue, deadline until, completion<wait_status> done) {
    auto self = std::make_unique<waiting>(queue, std::move(done));
    auto slot = self->done_.get_cancellation_slot();
    if (slot.is_connected()) {
      slot.assign([raw = self.get()](asio::cancellation_type) { raw->end(wait_status::cancelled); });
    }
    if (!until.is_never()) self->limit_.arm(until.at());
    if (queue) self->join();
    self.release();  // NOLINT(bugprone-unused-return-value): its own from here on, until `end`
  }

  void end(wait_status how) {
    const std::unique_ptr<waiting> self{this};
    if (queue_) leave();
    done_.post(how);
  }

 private:
  void on_limit() { end(wait_status::timed_out); }

  void join() noexcept {
    previous_ = queue_->last_;
    (previous_ ? previous_->next_ : queue_->first_) = this;
    queue_->last_ = this;
  }
  void leave() noexcept {
    (previous_ ? previous_->next_ : queue_->first_) = next_;
    (next_ ? next_->previous_ : queue_->last_) = previous_;
  }

  wait_queue* queue_;
  waiting* next_ = nullptr;
  waiting* previous_ = nullptr;
  completion<wait_status> done_;
  bound_timer<&waiting::on_limit> limit_;
};

void start_waiting(wait_queue* queue, deadline until, completion<wait_status> done) {
  waiting::start(queue, until, std::move(done));
}

}  // namespace detail

bool wait_queue::notify_one() {
  if (!first_) return false;
  first_->end(wait_status::notified);
  return true;
}

void wait_queue::notify_all() {
  // Only those that wait now: a coroutine that waits again is woken by the next call.
  for (auto* last = last_; first_ != nullptr;) {
    const bool was_last = first_ == last;
    first_->end(wait_status::notified);
    if (was_last) break;
  }
}

wait_queue::~wait_queue() {
  while (first_) first_->end(wait_status::cancelled);
}

}  // namespace cohort
