// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/assert/source_location.hpp>
#include <string>
#include <string_view>

#include <cohort/runtime/task.hpp>

namespace cohort::messaging {

enum class errc {
  unreachable = 1,  // there is no connection to the broker; nothing was sent
  refused,          // the broker rejected the message, the queue or the credentials: see `error::message`
  unroutable,       // no queue receives the topic, and the publisher requires a queue
  overloaded,       // the outbox is full
  invalid,          // the message exceeds a limit or has an invalid topic; nothing was sent
  timeout,          // not confirmed before the deadline: the broker may have the message
  connection_lost,  // the connection was closed before the confirm or the acknowledgment
  protocol_error,   // the broker violated its protocol or exceeded a limit
  closed,           // the publisher, the subscription or the broker client is closed
  cancelled,        // by the caller
};

/// The reason why an operation failed.
struct error {
  errc code;
  /// The error text of the broker or of this module, without credentials.
  std::string message{};
};

/// Returns the error for a broker that violates its protocol.
inline error protocol_error(std::string message) { return {errc::protocol_error, std::move(message)}; }

/// A value or an `error`.
template <class T>
using result = cohort::result<T, error>;

/// The name of the code as a metric label, such as `connection_lost`.
std::string_view to_string(errc code) noexcept;

/// One line for a log: the description of the code and the message.
std::string log_text(const error& failure);

/// Called by `result::value()`: throws `std::runtime_error` with `log_text`.
[[noreturn]] void throw_exception_from_error(const error& failure, const boost::source_location& location);

}  // namespace cohort::messaging
