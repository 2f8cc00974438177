// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/config/api_keys.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/service/authentication/authenticated_caller.hpp>

namespace cohort::telemetry {
class registry;
}

namespace cohort::service {

class failed_key_throttle;

/// Compares two secrets. The duration depends neither on the position of a difference nor on the length of `expected`.
bool constant_time_equal(std::string_view candidate, std::string_view expected);

/// Authenticates requests to `/api/*` and to operations with `require_api_key` by an API key in `X-API-Key` or, if that
/// field is absent, in `Authorization: Bearer KEY` (RFC 6750). Counts rejected requests in
/// `<prefix>_auth_failures_total{endpoint,reason}`, and accepted requests by the name of their key in
/// `<prefix>_api_key_requests_total{key}`. Requests that exceed the limit of invalid keys are also counted in
/// `cohort_server_auth_throttled_total`. Thread-safe after the service has started.
class api_key_authenticator {
 public:
  /// An alternative authentication method, such as a session cookie that was issued in exchange for the key.
  using alternative = std::function<bool(const http::request_context&)>;

  /// An empty set disables authentication. `keys` and `metrics` must outlive this object. New keys apply to the next
  /// request. `throttle` limits invalid keys; no limit if null.
  api_key_authenticator(const config::api_key_set& keys, telemetry::registry& metrics, std::string prefix,
                        std::shared_ptr<failed_key_throttle> throttle = nullptr);
  ~api_key_authenticator();

  /// Whether a key is configured.
  bool is_enabled() const noexcept { return !keys_.get().empty(); }
  /// `authenticate` accepts requests without a key if `is_authenticated` returns true. Must be called from
  /// `definition::app`.
  void set_alternative(alternative is_authenticated) { alternative_ = std::move(is_authenticated); }
  /// Creates the counters of all routes that can require a key and of all keys, with value 0.
  void register_counters(const http::router& routes) const;

  /// Returns an empty optional if the request has a valid key, or if it has no key and `set_alternative`'s function
  /// accepts it. Otherwise returns a response: 401, or 429 with `Retry-After` if the client has sent too many invalid
  /// keys. A valid key is always accepted. `endpoint` is a label of the counter.
  std::optional<http::response> authenticate(const http::request_context& context, std::string_view endpoint) const;
  /// Like `authenticate`, but returns the caller if the request is accepted. Precondition: authentication is enabled.
  result<authenticated_caller, http::response> authenticate_caller(const http::request_context& context,
                                                                   std::string_view endpoint) const;
  /// Like `authenticate`, but without the alternative method.
  std::optional<http::response> authenticate_key(const http::request_context& context, std::string_view endpoint) const;
  /// Returns whether the request has a valid key or authentication is disabled. Counts nothing.
  bool has_valid_key(const http::request_context& context) const;
  /// The valid key of the request; null if it has none, or authentication is disabled. Valid for the lifetime of the
  /// key set.
  const config::api_key* find_valid_key(const http::request_context& context) const;

 private:
  /// The digests and counters of one list of keys.
  struct prepared_keys;

  const prepared_keys& prepare_keys() const;
  const prepared_keys& current_keys() const;
  /// The position of the request's key in `keys`; empty if the request has no valid key.
  static std::optional<std::size_t> find_index(const prepared_keys& keys, const http::request_context& context);
  http::response reject(const http::request_context& context, std::string_view endpoint) const;

  const config::api_key_set& keys_;
  telemetry::registry& metrics_;
  std::string prefix_;
  std::shared_ptr<failed_key_throttle> throttle_;
  alternative alternative_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<const prepared_keys>> prepared_;
  mutable std::atomic<const prepared_keys*> current_{nullptr};
};

/// A filter that requires an API key. See `require_api_key`.
class api_key_requirement {
 public:
  static constexpr bool requires_credential = true;

  explicit api_key_requirement(const api_key_authenticator& authenticator) noexcept : authenticator_(&authenticator) {}
  std::optional<http::response> operator()(http::request_context& context) const;

 private:
  const api_key_authenticator* authenticator_;
};

/// Requires an API key for an operation, or for all routes of a group or router, including routes outside `/api/`. For
/// the whole router, this includes `/openapi.json` and `/docs`.
///
///     routes.post("/orders", create).use(service::require_api_key(keys));
///
/// A request without a valid key is rejected with 401. The description of the API lists the key and the response 401
/// for these operations. While no key is configured, all requests are accepted, which is logged at startup.
/// `definition::requires_api_key` makes a missing key an error. `authenticator` must outlive the routes.
inline api_key_requirement require_api_key(const api_key_authenticator& authenticator) noexcept {
  return api_key_requirement{authenticator};
}

/// A filter that requires an API key for `/api/*`. `authenticator` must outlive the filter.
http::filter api_key_filter(const api_key_authenticator& authenticator);

}  // namespace cohort::service
