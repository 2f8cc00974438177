// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/thread_object.hpp>

#include <utility>

namespace cohort {
namespace {

/// The holder that was created last. Trivially destructible, so that it can be used while the other variables of the
/// thread are destroyed.
constinit thread_local detail::thread_object_holder* latest_holder = nullptr;

/// The destructor destroys the objects of the thread in the reverse order of their creation.
struct thread_end_guard {
  ~thread_end_guard() {
    while (latest_holder) delete std::exchange(latest_holder, latest_holder->previous);
  }
  /// Registers the destructor, as every use of a `thread_local` variable does.
  void register_destructor() const noexcept {}
};
thread_local thread_end_guard end_guard;

}  // namespace

void prepare_thread_objects() noexcept { end_guard.register_destructor(); }

void detail::destroy_at_thread_end(std::unique_ptr<thread_object_holder> holder) noexcept {
  prepare_thread_objects();
  holder->previous = latest_holder;
  latest_holder = holder.release();
}

}  // namespace cohort
