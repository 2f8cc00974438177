// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/asio_config.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <cstddef>

#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort {

namespace asio = boost::asio;

using error_code = boost::system::error_code;

/// A value or an error. Expected failures are returned as results; exceptions report bugs and cancellation.
template <class T, class E = error_code>
using result = boost::system::result<T, E>;

/// The executor of a `loop`. The type is concrete, which avoids the overhead of type erasure.
using executor = asio::io_context::executor_type;

/// Coroutine that runs on one loop. The coroutine starts when the task is awaited, and ends before the awaiting
/// coroutine resumes.
///
/// Cancellation: the pending operation of the task completes with `operation_aborted` (as a value or as
/// `wait_status::cancelled`). If the task continues, its next `co_await` throws `boost::system::system_error` with
/// `operation_aborted`.
///
/// A task is awaited once. `co_await` of an empty task, which was default-constructed or moved from, throws
/// `std::logic_error`. So do `when_all`, `race`, `task_group::spawn` and all other functions that accept a task. A
/// handler that returns an empty task fails with this exception.
template <class T = void>
using task = asio::awaitable<T, executor>;

namespace detail {
/// Throws `std::logic_error` for an empty task.
[[noreturn]] void throw_empty_task();
/// Throws the exception that unwinds a cancelled coroutine.
[[noreturn]] void throw_cancellation();
}  // namespace detail

}  // namespace cohort

/// @cond
// Coroutine frames are allocated from recycled memory. Asio itself keeps only 16 freed frames of at most 1020 bytes per
// thread, and frees a kept frame if none is large enough. A request that makes three calls needs more and larger
// frames.
template <>
inline void* boost::asio::detail::awaitable_frame_base<cohort::executor>::operator new(std::size_t size) {
  return cohort::detail::allocate_recycled(size);
}
template <>
inline void boost::asio::detail::awaitable_frame_base<cohort::executor>::operator delete(void* frame,
                                                                                         std::size_t size) {
  cohort::detail::deallocate_recycled(frame, size);
}
// Asio's function does not check for an empty task, and would access a null pointer. Asio's function also creates the
// exception inline, which takes 48 bytes of each coroutine frame.
template <>
template <class T>
auto boost::asio::detail::awaitable_frame_base<cohort::executor>::await_transform(
    awaitable<T, cohort::executor> awaited_task) const {
  if (!awaited_task.valid()) cohort::detail::throw_empty_task();
  auto& stack = *attached_thread_->entry_point();
  if (stack.throw_if_cancelled_ && !!attached_thread_->get_cancellation_state().cancelled()) {
    cohort::detail::throw_cancellation();
  }
  return awaited_task;
}
/// @endcond
