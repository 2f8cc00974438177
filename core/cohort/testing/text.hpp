// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/http/client/client_response.hpp>
#include <cohort/http/message/response.hpp>
#include <cohort/http/websocket/websocket.hpp>
#include <cohort/runtime/time/clock.hpp>

// Formats values for the messages of failed checks.
namespace cohort::testing {

/// The text of a duration: `0 s`, `1.5 ms`, `never` for `duration::max()`.
std::string to_text(duration span);
/// The status code and its reason phrase, such as `404 Not Found`.
std::string to_text(http::status status);
/// Status, fields and at most 2000 bytes of the body.
std::string to_text(const http::client_response& response);
std::string to_text(const http::response& response);
std::string to_text(const error_code& error);
std::string to_text(http::websocket_error error);

}  // namespace cohort::testing
