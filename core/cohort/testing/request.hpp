// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <cohort/http/message/field.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::testing {

using header_fields = std::vector<std::pair<std::string, std::string>>;

/// A request of a test. All members have defaults: `{.target = "/items"}` is a GET request.
struct request {
  http::method method = http::method::get;
  /// Path and query; begins with `/`.
  std::string target = "/";
  std::string body{};
  /// `Host`, `Content-Length` and `Transfer-Encoding` are set by the client and must not be given.
  header_fields fields{};
  /// If not empty, replaces `body`: the body is sent with `Transfer-Encoding: chunked`, each element as one chunk.
  std::vector<std::string> body_chunks{};
  /// Timeout in virtual time, until the end of the response; for a streamed response, until the end of its head.
  duration timeout = std::chrono::seconds{30};
};

}  // namespace cohort::testing
