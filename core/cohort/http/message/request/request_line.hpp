// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cohort::http {

/// The parts of a request line; a part that cannot be recognized is empty.
struct request_line {
  std::string_view method;
  /// The path without the query and the authority, which may contain secrets.
  std::string_view path;
};

/// Reads the method and the path from the start of a request that may be incomplete or malformed: for log lines, and to
/// recognize HEAD requests.
request_line read_request_line(std::string_view bytes) noexcept;

/// Whether `bytes`, which may be empty, can be the start of a request: the method consists of token characters, and a
/// complete request line ends with a version. Returns false for other protocols, such as TLS and HTTP/0.9, whose
/// clients would otherwise wait for a response until a timeout.
bool may_become_request(std::string_view bytes) noexcept;

}  // namespace cohort::http
