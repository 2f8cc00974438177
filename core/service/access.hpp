#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/config/rules.hpp"
#include "core/http/router.hpp"
#include "core/telemetry/metrics.hpp"

namespace cohort::service {

/// Where alerts arrive, at the service that shows them. What tells of trouble must not share it: no faults are injected
/// there, and a POST is not rate-limited.
inline constexpr std::string_view alerts_route = "/api/alerts";

/// Equal or not, in a time that says nothing about where they differ, nor about the length of `expected`.
bool same_secret(std::string_view given, std::string_view expected);

/// Who may call `/api/*`: whoever has the key, as `X-API-Key` or, without that, as `Authorization: Bearer KEY`
/// (RFC 6750), which is all that many a program can send. Counts refusals in
/// `<prefix>_auth_failures_total{endpoint,reason}`.
class key_guard {
 public:
  /// Another proof that a caller has shown the key before, such as a session cookie.
  using other_proof = std::function<bool(const http::request_context&)>;

  /// An empty key lets everybody in.
  key_guard(std::string key, telemetry::registry& metrics, std::string prefix)
      : key_(std::move(key)), metrics_(metrics), prefix_(std::move(prefix)) {}

  bool asks() const noexcept { return !key_.empty(); }
  /// Makes the counters of these routes exist at zero.
  void expose_counters(const http::router& routes) const;
  void accept_also(other_proof proof) { other_proof_ = std::move(proof); }

  /// Nothing if the key or another proof is there and right, else the 401.
  std::optional<http::response> check(const http::request_context& context, std::string_view endpoint) const;
  /// The same for the key alone.
  std::optional<http::response> check_key(const http::request_context& context, std::string_view endpoint) const;

 private:
  std::string key_;
  telemetry::registry& metrics_;
  std::string prefix_;
  other_proof other_proof_;
};

/// A filter that asks `guard` about every path below `/api/`.
http::filter api_key_filter(const key_guard& guard);

/// A filter that lets each client address have `limit`, and answers 429 with `Retry-After` above that. Alerts
/// may always come.
http::filter rate_limit_filter(config::rate limit, telemetry::registry& metrics);

/// `X-Content-Type-Options` and the rest that the contract asks for on every answer, as whole header lines.
std::string security_headers(std::string_view content_security_policy);

}  // namespace cohort::service
