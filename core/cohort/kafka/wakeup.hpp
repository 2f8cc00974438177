// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cohort/runtime/loop.hpp>

namespace cohort::messaging::kafka {

/// An eventfd by which the threads of librdkafka wake a loop.
class wakeup {
 public:
  /// Throws `std::system_error` if the process has no free descriptor.
  explicit wakeup(loop& event_loop);

  int descriptor() { return descriptor_.native_handle(); }
  /// Completes when the descriptor has been written to since the last call. Returns false if the wait was cancelled.
  task<bool> wait();
  /// Ends the current wait.
  void notify() noexcept;

 private:
  asio::posix::basic_stream_descriptor<executor> descriptor_;
};

}  // namespace cohort::messaging::kafka
