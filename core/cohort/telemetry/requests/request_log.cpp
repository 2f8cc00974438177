// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/requests/request_log.hpp>

#include <cohort/runtime/loop.hpp>

namespace cohort::telemetry {

struct request_log::node : request_record {
  node* previous = nullptr;
  node* next = nullptr;

  duration elapsed() const noexcept { return ended - started; }
};

request_log::ring::ring(std::size_t capacity) : capacity_(capacity) { nodes_.reserve(capacity); }

request_log::ring::~ring() = default;

std::unique_ptr<request_log::node> request_log::ring::push(std::unique_ptr<node> new_node) {
  if (capacity_ == 0) return new_node;
  if (nodes_.size() < capacity_) {
    nodes_.push_back(std::move(new_node));
    return nullptr;
  }
  std::swap(nodes_[next_], new_node);
  next_ = (next_ + 1) % capacity_;
  return new_node;
}

request_log::request_log(loop& event_loop) : request_log(event_loop, settings{}) {}

request_log::request_log(loop& event_loop, settings limits)
    : loop_(event_loop),
      limits_(limits),
      problem_records_(limits.max_problem_records),
      sampled_records_(limits.max_sampled_records) {
  // Reserves memory, because `close` must not fail.
  slowest_records_.reserve(limits.max_slowest_records);
  free_.reserve(max_free_records);
}

/// Deletes the records in progress, whose coroutines have already been destroyed.
request_log::~request_log() {
  while (first_open_) {
    const std::unique_ptr<node> node{std::exchange(first_open_, first_open_->next)};
  }
}

request_record& request_log::open(time_point started) {
  std::unique_ptr<node> new_node;
  if (free_.empty()) {
    new_node = std::make_unique<node>();
  } else {
    new_node = std::move(free_.back());
    free_.pop_back();
  }
  new_node->reset(started, loop_.wall_now());
  new_node->previous = last_open_;
  new_node->next = nullptr;
  (last_open_ ? last_open_->next : first_open_) = new_node.get();
  last_open_ = new_node.release();
  ++open_count_;
  return *last_open_;
}

void request_log::close(request_record& record) noexcept {
  std::unique_ptr<node> ended_node{static_cast<node*>(&record)};
  (ended_node->previous ? ended_node->previous->next : first_open_) = ended_node->next;
  (ended_node->next ? ended_node->next->previous : last_open_) = ended_node->previous;
  --open_count_;
  record.ended = loop_.now();
  for (auto& call : record.all_calls()) {
    if (call.outcome.empty()) record.end_call(call, "cancelled", record.ended);
  }
  if (observer_) observer_(record);
  if (record.has_problem()) {
    ended_node = problem_records_.push(std::move(ended_node));
  } else {
    if (!record.is_streamed) ended_node = keep_if_slow(std::move(ended_node));
    if (ended_node && may_sample(ended_node->ended)) ended_node = sampled_records_.push(std::move(ended_node));
  }
  if (ended_node) recycle(std::move(ended_node));
}

void request_log::set_cancellation_cause(cancellation_cause cause) noexcept {
  for (auto* current = first_open_; current; current = current->next) {
    if (current->cancelled_by == cancellation_cause::none) current->cancelled_by = cause;
  }
}

/// Replaces the record of the fastest request, or a record that is too old. Returns the record that is not kept, or
/// null.
std::unique_ptr<request_log::node> request_log::keep_if_slow(std::unique_ptr<node> ended_node) {
  if (slowest_records_.size() < limits_.max_slowest_records) {
    slowest_records_.push_back(std::move(ended_node));
    return nullptr;
  }
  const auto min_end_time = ended_node->ended - limits_.max_slow_record_age;
  const auto rank_of = [min_end_time](const std::unique_ptr<node>& kept) {
    return kept->ended <= min_end_time ? duration::min() : kept->elapsed();
  };
  std::unique_ptr<node>* fastest_node = nullptr;
  for (auto& kept : slowest_records_) {
    if (!fastest_node || rank_of(kept) < rank_of(*fastest_node)) fastest_node = &kept;
  }
  if (fastest_node && rank_of(*fastest_node) < ended_node->elapsed()) std::swap(*fastest_node, ended_node);
  return ended_node;
}

bool request_log::may_sample(time_point now) noexcept {
  if (now - sample_second_start_ >= std::chrono::seconds{1}) {
    sample_second_start_ = now;
    sample_count_in_second_ = 0;
  }
  return sample_count_in_second_ < limits_.max_sampled_records_per_second && ++sample_count_in_second_ > 0;
}

void request_log::recycle(std::unique_ptr<node> unused_node) {
  if (free_.size() < max_free_records) free_.push_back(std::move(unused_node));
}

void request_log::visit_open(const visitor& visit) const {
  for (const auto* current = first_open_; current; current = current->next) visit(*current, nullptr);
}

void request_log::visit_completed(const visitor& visit) const {
  const auto visit_all = [&](const std::vector<std::unique_ptr<node>>& nodes, reason kept_reason) {
    for (const auto& completed : nodes) visit(*completed, &kept_reason);
  };
  visit_all(problem_records_.nodes(), reason::problem);
  visit_all(slowest_records_, reason::slow);
  visit_all(sampled_records_.nodes(), reason::sample);
}

}  // namespace cohort::telemetry
