#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace cohort {

namespace asio = boost::asio;

using error_code = boost::system::error_code;

/// A value, or why there is none. Expected failures travel as these; exceptions are for bugs and for cancellation.
template <class T, class E = error_code>
using result = boost::system::result<T, E>;

/// The concrete executor, everywhere: no type erasure on the way to the loop.
using executor = asio::io_context::executor_type;

/// A coroutine of this program. It starts when awaited, lives on one loop, and ends before the one that awaits it.
///
/// Cancellation reaches the operation that it waits in, which then reports `operation_aborted` as a value; if the task
/// goes on regardless, its next `co_await` throws `operation_aborted`, so that it ends soon whatever it does.
template <class T = void>
using task = asio::awaitable<T, executor>;

}  // namespace cohort
