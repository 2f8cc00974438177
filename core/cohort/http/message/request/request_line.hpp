// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cohort::http {

/// The recognizable parts of a request line; a part that is not recognizable is empty.
struct request_line {
  std::string_view method;
  /// The path without the query and the authority, which may contain secrets.
  std::string_view path;
};

/// Reads the method and the path from the start of a request that may be incomplete or malformed: for log lines, and to
/// know whether it is a HEAD request.
request_line read_request_line(std::string_view bytes) noexcept;

}  // namespace cohort::http
