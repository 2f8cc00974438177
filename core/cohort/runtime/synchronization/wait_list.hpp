// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/error.hpp>
#include <utility>

#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::detail {

/// Entry of a suspended coroutine in a `wait_list`. The entry is a local variable of that coroutine; its destructor
/// removes it from the list.
class wait_entry {
 public:
  /// The coroutine waits in `wakeup`, which must outlive the entry. Several entries may share one queue; only the first
  /// `wake` of these entries succeeds.
  explicit wait_entry(wait_queue& wakeup) noexcept : wakeup_(&wakeup) {}
  ~wait_entry() { unlink(); }
  wait_entry(const wait_entry&) = delete;
  wait_entry& operator=(const wait_entry&) = delete;

  /// Resumes the coroutine with `notified`. Returns false if the wait has already timed out or been cancelled; the
  /// coroutine must then not receive a value or a permit.
  bool wake() { return wakeup_->notify_one(); }
  void unlink() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = this;
  }

 private:
  template <class Entry>
  friend class wait_list;
  wait_entry() noexcept = default;

  wait_queue* wakeup_ = nullptr;
  wait_entry* next_ = this;
  wait_entry* previous_ = this;
};

/// FIFO list of entries derived from `wait_entry`.
template <class Entry>
class wait_list {
 public:
  bool empty() const noexcept { return head_.next_ == &head_; }
  Entry* front() noexcept { return empty() ? nullptr : static_cast<Entry*>(head_.next_); }
  void push_back(Entry& added) noexcept {
    wait_entry& entry = added;
    entry.previous_ = head_.previous_;
    entry.next_ = &head_;
    head_.previous_->next_ = &entry;
    head_.previous_ = &entry;
  }

 private:
  wait_entry head_;
};

/// Returns the error for the wait status `timed_out` or `cancelled`.
inline error_code wait_error(wait_status status) noexcept {
  return status == wait_status::timed_out ? asio::error::timed_out : asio::error::operation_aborted;
}

/// Returns a `result<T>` that contains an error. The tags are required for types that an error code converts to, such
/// as `bool`.
template <class T>
result<T> make_error_result(error_code error) {
  return result<T>(boost::system::in_place_error, error);
}
template <class T>
result<T> make_value_result(T value) {
  return result<T>(boost::system::in_place_value, std::move(value));
}

}  // namespace cohort::detail
