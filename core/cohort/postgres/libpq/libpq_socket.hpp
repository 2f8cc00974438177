// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cohort/net/deadline_timer.hpp>
#include <cohort/runtime/task.hpp>

namespace cohort::postgres {

enum class socket_status { ready, timed_out, cancelled };

/// Waits for libpq's socket on a loop. The descriptor is duplicated, because libpq closes the original.
class libpq_socket {
 public:
  /// `descriptor` must be an open socket. Returns an error if the process has no free descriptor.
  static cohort::result<std::unique_ptr<libpq_socket>> make(loop& event_loop, int descriptor);
  explicit libpq_socket(loop& event_loop);

  void set_deadline(deadline wait_deadline) noexcept { timer_.set(wait_deadline); }
  /// Waits until the socket is readable, or has failed.
  task<socket_status> wait_readable() { return wait(descriptor_type::wait_read); }
  task<socket_status> wait_writable() { return wait(descriptor_type::wait_write); }

  /// Like `wait_readable`, but without `epoll_ctl`; may return although no bytes can be read. Calls `has_input` first,
  /// unless `has_input` has returned false since the last wait.
  task<socket_status> wait_for_input();
  /// Whether there are unread bytes, or the connection was closed. Makes a non-blocking system call.
  bool has_input() noexcept;

 private:
  using descriptor_type = asio::posix::basic_stream_descriptor<executor>;
  task<socket_status> wait(descriptor_type::wait_type type);
  /// Calls `start` with the handler of an operation of the descriptor.
  template <class Start>
  task<socket_status> run_operation(Start start);

  descriptor_type descriptor_;
  net::deadline_timer timer_;
  /// Whether there may be unread bytes of the last event, which cause no further event.
  bool may_have_input_ = true;
};

}  // namespace cohort::postgres
