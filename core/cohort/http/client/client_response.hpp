// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/client/client_error.hpp>
#include <cohort/http/client/response_fields.hpp>
#include <cohort/http/message/field.hpp>

namespace cohort::http {

/// A complete response.
struct client_response {
  http::status status{};
  /// Header fields in the order received, without trailers.
  response_fields fields{};
  /// The decompressed body.
  std::string body;

  /// The status as a number, including statuses for which `http::status` has no name.
  unsigned status_code() const noexcept { return static_cast<unsigned>(status); }
  /// The value of the first field of that name; the comparison ignores case.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
};

/// A response of any status, or the reason why there is none.
using client_result = result<client_response, client_error>;

/// Whether the call timed out, at the client (a timeout error) or at the server (status 504).
bool is_timeout(const client_result& result) noexcept;

}  // namespace cohort::http
