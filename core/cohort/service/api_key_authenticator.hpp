// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/config/secret.hpp>
#include <cohort/http/server/router.hpp>

namespace cohort::telemetry {
class registry;
}

namespace cohort::service {

/// Compares two secrets. The duration depends neither on the position of a difference nor on the length of `expected`.
bool constant_time_equal(std::string_view candidate, std::string_view expected);

/// Authenticates requests to `/api/*` by an API key in `X-API-Key` or, without that, in `Authorization: Bearer KEY`
/// (RFC 6750). Counts rejected requests in `<prefix>_auth_failures_total{endpoint,reason}`. Thread-safe after the
/// service has started.
class api_key_authenticator {
 public:
  /// A second way to authenticate, such as a session cookie that was issued in exchange for the key.
  using alternative = std::function<bool(const http::request_context&)>;

  /// An empty key disables authentication. `key` and `metrics` must outlive this. A new value of `key` applies to the
  /// next request.
  api_key_authenticator(const config::replaceable_secret& key, telemetry::registry& metrics, std::string prefix)
      : key_(key), metrics_(metrics), prefix_(std::move(prefix)) {}

  /// Whether a key is configured.
  bool is_enabled() const noexcept { return !key_.get().empty(); }
  /// `authenticate` accepts requests without a key if `is_authenticated` returns true. Call it in `definition::app`.
  void set_alternative(alternative is_authenticated) { alternative_ = std::move(is_authenticated); }
  /// Creates the counters of all `/api/*` routes, with value 0.
  void register_counters(const http::router& routes) const;

  /// Returns an empty optional if the request has the valid key, or no key and `set_alternative`'s function accepts it;
  /// else a 401 response. `endpoint` is a label of the counter.
  std::optional<http::response> authenticate(const http::request_context& context, std::string_view endpoint) const;
  /// Authenticates by the key alone. Returns as `authenticate` does.
  std::optional<http::response> authenticate_key(const http::request_context& context, std::string_view endpoint) const;
  /// Returns whether the request has the valid key or authentication is disabled. Does not count failures.
  bool has_valid_key(const http::request_context& context) const;

 private:
  const config::replaceable_secret& key_;
  telemetry::registry& metrics_;
  std::string prefix_;
  alternative alternative_;
};

/// A filter that authenticates requests to `/api/*`. `authenticator` must outlive it.
http::filter api_key_filter(const api_key_authenticator& authenticator);

}  // namespace cohort::service
