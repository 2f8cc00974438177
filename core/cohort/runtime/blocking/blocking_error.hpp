// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <type_traits>

namespace cohort {

/// Errors of `blocking_pool::run`, in addition to `asio::error::timed_out` and `operation_aborted`.
enum class blocking_error {
  /// The queue is full. The job was not started.
  overloaded = 1,
  /// The pool is shutting down. The job was not started.
  stopped,
  /// The pool has no thread, and the operating system failed to create a thread. The job was not started.
  no_thread,
};

const boost::system::error_category& blocking_category() noexcept;
inline boost::system::error_code make_error_code(blocking_error error) noexcept {
  return {static_cast<int>(error), blocking_category()};
}

}  // namespace cohort

template <>
struct boost::system::is_error_code_enum<cohort::blocking_error> : std::true_type {};
