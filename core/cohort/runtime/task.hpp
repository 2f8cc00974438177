// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/asio_config.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace cohort {

namespace asio = boost::asio;

using error_code = boost::system::error_code;

/// A value or an error. Expected failures are returned as results; exceptions report bugs and cancellation.
template <class T, class E = error_code>
using result = boost::system::result<T, E>;

/// The executor of a `loop`. Concrete everywhere, so that no operation pays for type erasure.
using executor = asio::io_context::executor_type;

/// Coroutine that runs on one loop. It starts when it is awaited and ends before its awaiter resumes.
///
/// Cancellation: the operation that the task is waiting in completes with `operation_aborted` (as a value or as
/// `wait_status::cancelled`). If the task continues, its next `co_await` throws `boost::system::system_error` with
/// `operation_aborted`.
template <class T = void>
using task = asio::awaitable<T, executor>;

}  // namespace cohort
