// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cohort/net/deadline_timer.hpp>
#include <cohort/runtime/task.hpp>

namespace cohort::postgres {

enum class socket_status { ready, timed_out, cancelled };

/// Waits for libpq's socket on a loop. It duplicates the descriptor, since libpq closes its own.
class libpq_socket {
 public:
  /// `descriptor` must be an open socket. Returns an error if the process has no free descriptor.
  static cohort::result<std::unique_ptr<libpq_socket>> make(loop& event_loop, int descriptor);
  explicit libpq_socket(loop& event_loop);

  void set_deadline(deadline wait_deadline) noexcept { timer_.set(wait_deadline); }
  /// Waits until the socket is readable, or has failed.
  task<socket_status> wait_readable() { return wait(descriptor_type::wait_read); }
  task<socket_status> wait_writable() { return wait(descriptor_type::wait_write); }

 private:
  using descriptor_type = asio::posix::basic_stream_descriptor<executor>;
  task<socket_status> wait(descriptor_type::wait_type type);

  descriptor_type descriptor_;
  net::deadline_timer timer_;
};

}  // namespace cohort::postgres
