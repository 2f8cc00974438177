// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/activity.hpp>

#include <new>
#include <utility>

#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/memory/packed_memory.hpp>

namespace cohort {

static_assert(alignof(activity) <= detail::packed_alignment);

activity_list::~activity_list() {
  for (auto** const list : {&first_, &first_free_}) {
    while (*list) {
      auto* const destroyed = std::exchange(*list, (*list)->next_);
      destroyed->~activity();
      detail::deallocate_packed(destroyed);
    }
  }
}

activity& activity_list::acquire(activity_kind kind) {
  auto* const added = first_free_ ? std::exchange(first_free_, first_free_->next_)
                                  : new (detail::allocate_packed(sizeof(activity))) activity;
  added->kind_.store(kind, std::memory_order_relaxed);
  added->previous_ = nullptr;
  added->next_ = first_;
  if (first_) first_->previous_ = added;
  return *(first_ = added);
}

void activity_list::release(activity& unused) noexcept {
  unused.end();
  (unused.previous_ ? unused.previous_->next_ : first_) = unused.next_;
  if (unused.next_) unused.next_->previous_ = unused.previous_;
  unused.next_ = first_free_;
  first_free_ = &unused;
}

activity_scope::activity_scope(activity_kind kind)
    : loop_(loop::current()), previous_(loop_.current_activity()), activity_(loop_.activities().acquire(kind)) {
  loop_.enter_activity(&activity_);
}

activity_scope::~activity_scope() {
  if (loop_.current_activity() == &activity_) loop_.enter_activity(previous_);
  loop_.activities().release(activity_);
}

}  // namespace cohort
