// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/error.hpp>

#include <stdexcept>

namespace cohort::messaging {
namespace {

std::string_view description(errc code) noexcept {
  switch (code) {
    case errc::unreachable: return "the broker cannot be reached";
    case errc::refused: return "the broker rejected the request";
    case errc::unroutable: return "no queue receives the topic";
    case errc::overloaded: return "the outbox is full";
    case errc::invalid: return "the message is invalid";
    case errc::timeout: return "the confirm of the broker timed out";
    case errc::connection_lost: return "the connection was lost";
    case errc::protocol_error: return "the broker violated its protocol";
    case errc::closed: return "closed";
    case errc::cancelled: return "cancelled";
  }
  return "unknown error";
}

}  // namespace

std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::unreachable: return "unreachable";
    case errc::refused: return "refused";
    case errc::unroutable: return "unroutable";
    case errc::overloaded: return "overloaded";
    case errc::invalid: return "invalid";
    case errc::timeout: return "timeout";
    case errc::connection_lost: return "connection_lost";
    case errc::protocol_error: return "protocol_error";
    case errc::closed: return "closed";
    case errc::cancelled: break;
  }
  return "cancelled";
}

std::string log_text(const error& failure) {
  std::string text{description(failure.code)};
  return failure.message.empty() ? text : text + ": " + failure.message;
}

void throw_exception_from_error(const error& failure, const boost::source_location&) {
  throw std::runtime_error(log_text(failure));
}

}  // namespace cohort::messaging
