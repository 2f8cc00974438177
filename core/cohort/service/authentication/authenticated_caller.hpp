// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

namespace cohort::service {

/// The caller of `/api/*`, or of an operation with `require_api_key`: `context.get<authenticated_caller>()`. Absent if
/// authentication is disabled.
struct authenticated_caller {
  enum class credential : std::uint8_t {
    api_key,
    /// Authenticated by the function of `api_key_authenticator::set_alternative`, for example with a session cookie.
    alternative,
  };
  credential accepted;
  /// The name of the API key, such as `alice` from `API_KEY_FILE`, or `key-1`; empty for an alternative method. Valid
  /// for the lifetime of the service.
  std::string_view name;
};

}  // namespace cohort::service
