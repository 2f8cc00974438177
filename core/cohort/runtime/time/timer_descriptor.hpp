// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/asio_config.hpp>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <utility>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::detail {

/// A timerfd on the event loop of `context`. Only one wait may be pending. Setting the timer costs one system call; its
/// expiry costs none. Asio's timers cost a second system call when they expire, and setting a new time ends their wait.
class timer_descriptor {
 public:
  using executor = boost::asio::io_context::executor_type;

  /// Throws `boost::system::system_error` if there is no free file descriptor.
  explicit timer_descriptor(boost::asio::io_context& context);

  /// Sets the expiry time, which also applies to a pending wait. If that time has passed, the timer expires
  /// immediately.
  void set(time_point expiry) noexcept;

  /// Calls `handler(error_code, std::size_t)` on the loop when the timer has expired. In rare cases, `handler` is
  /// called a few nanoseconds early, because the clock of another processor can be behind the timer. Precondition: no
  /// wait is pending. `allocator` provides the memory of the wait.
  template <class Allocator, class Handler>
  void async_wait(const Allocator& allocator, Handler handler) {
    descriptor_.async_read_some(expiry_buffer{*this}, boost::asio::bind_allocator(allocator, std::move(handler)));
  }

  /// A placeholder for the buffer of a read. The descriptor is never read: setting it resets its count of expiries.
  struct expiry_buffer : boost::asio::mutable_buffer {
    // The buffer is not empty, because Asio completes a read into an empty buffer immediately.
    explicit expiry_buffer(timer_descriptor& owner) noexcept : boost::asio::mutable_buffer(&owner, 1) {}
  };

 private:
  boost::asio::posix::basic_stream_descriptor<executor> descriptor_;
};

}  // namespace cohort::detail

namespace boost::asio::detail {

/// Asio's public wait for a descriptor costs a system call (`epoll_ctl`). After the result `done_and_exhausted`, the
/// next wait starts without trying the operation, and completes with the next event of the (edge-triggered) epoll
/// instance.
template <>
inline reactor_op::status descriptor_read_op_base<cohort::detail::timer_descriptor::expiry_buffer>::do_perform(
    reactor_op*) {
  return done_and_exhausted;
}

}  // namespace boost::asio::detail
