// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/thread_object.hpp>

#include <utility>

namespace cohort {
namespace {

/// Trivially destructible, so that it can be used when the other variables of the thread are destroyed.
constinit thread_local detail::thread_object_holder* latest = nullptr;

struct thread_end {
  ~thread_end() {
    while (latest) delete std::exchange(latest, latest->previous);
  }
  void prepare() const noexcept {}
};
thread_local thread_end end;

}  // namespace

void prepare_thread_objects() noexcept { end.prepare(); }

void detail::destroy_at_thread_end(std::unique_ptr<thread_object_holder> holder) noexcept {
  prepare_thread_objects();
  holder->previous = latest;
  latest = holder.release();
}

}  // namespace cohort
