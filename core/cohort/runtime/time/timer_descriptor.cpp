// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/time/timer_descriptor.hpp>

#include <sys/timerfd.h>

#include <algorithm>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstdint>

namespace cohort::detail {
namespace {

int create_timer() {
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer < 0) throw boost::system::system_error{errno, boost::system::system_category(), "timerfd_create"};
  return timer;
}

}  // namespace

timer_descriptor::timer_descriptor(boost::asio::io_context& context)
    : descriptor_(context.get_executor(), create_timer()) {}

void timer_descriptor::set(time_point expiry) noexcept {
  // At least 1 ns, because zero would disarm the timer.
  const auto nanoseconds = std::max<std::int64_t>(expiry.time_since_epoch().count(), 1);
  itimerspec setting{};
  setting.it_value.tv_sec = nanoseconds / std::nano::den;
  setting.it_value.tv_nsec = nanoseconds % std::nano::den;
  ::timerfd_settime(descriptor_.native_handle(), TFD_TIMER_ABSTIME, &setting, nullptr);
}

}  // namespace cohort::detail
