// SPDX-License-Identifier: BSL-1.0
#include <cohort/redis/error.hpp>

#include <stdexcept>

namespace cohort::redis {
namespace {

std::string_view description(errc code) noexcept {
  switch (code) {
    case errc::error_reply: return "the server reported an error";
    case errc::type_mismatch: return "the reply does not have the requested type";
    case errc::unsupported: return "the command is not supported";
    case errc::overloaded: return "too many commands are pending";
    case errc::closed: return "the client is closed";
    case errc::connect_failed: return "the server cannot be reached";
    case errc::handshake_failed: return "the server rejected the connection";
    case errc::timeout: return "the reply timed out";
    case errc::connection_lost: return "the connection was lost";
    case errc::protocol_error: return "the server sent an invalid reply";
    case errc::cancelled: return "the call was cancelled";
  }
  return "unknown error";
}

}  // namespace

std::string_view error_class(errc code) noexcept {
  switch (code) {
    case errc::error_reply: return "error_reply";
    case errc::type_mismatch:
    case errc::unsupported: return "invalid";
    case errc::overloaded:
    case errc::closed: return "shed";
    case errc::connect_failed:
    case errc::handshake_failed: return "connect";
    case errc::timeout: return "timeout";
    case errc::connection_lost: return "reset";
    case errc::protocol_error: return "protocol";
    case errc::cancelled: break;
  }
  return "cancelled";
}

std::string log_text(const error& failure) {
  std::string text{description(failure.code)};
  if (failure.message.empty()) return text;
  const bool quotes_arguments = failure.code == errc::error_reply;
  return text + ": " + (quotes_arguments ? failure.message.substr(0, failure.message.find(' ')) : failure.message);
}

void throw_exception_from_error(const error& failure, const boost::source_location&) {
  throw std::runtime_error(log_text(failure));
}

}  // namespace cohort::redis
