// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/assert/source_location.hpp>
#include <string>
#include <string_view>

#include <cohort/runtime/task.hpp>

namespace cohort::redis {

enum class errc {
  error_reply = 1,   // the server reported an error, such as WRONGTYPE: see `error::message`
  type_mismatch,     // a reply cannot be read as the requested type
  unsupported,       // a command that cannot share a connection; nothing was sent
  overloaded,        // `client_settings::max_pending` commands are pending; nothing was sent
  closed,            // the client is closed
  connect_failed,    // the server cannot be reached; nothing was sent
  handshake_failed,  // the server rejected HELLO, the password or the database; nothing was sent
  timeout,           // no reply before the deadline: if it was sent, the command may be executed
  connection_lost,   // the connection was closed before the reply: the command may have been executed
  protocol_error,    // the server sent invalid RESP3, or exceeded a limit
  cancelled,         // by the caller
};

/// The reason why a command failed.
struct error {
  errc code;
  /// The error text of the server or of this module. The text of an error reply can quote arguments of the command.
  std::string message{};
  /// Whether it is certain that the command was not executed.
  bool not_executed = false;
};

/// A value or an `error`.
template <class T>
using result = cohort::result<T, error>;

/// The outcome of a call as a metric label: `error_reply`, `invalid`, `shed`, `connect`, `timeout`, `reset`, `protocol`
/// or `cancelled`.
std::string_view error_class(errc code) noexcept;

/// One line for a log: the description of the code and the message. Only the first word of an error reply is included,
/// since the rest can quote arguments.
std::string log_text(const error& failure);

/// Called by `result::value()`: throws `std::runtime_error` with `log_text`.
[[noreturn]] void throw_exception_from_error(const error& failure, const boost::source_location& location);

}  // namespace cohort::redis
