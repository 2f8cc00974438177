// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/service/service.hpp>

namespace cohort::gateway {

/// The upstreams of all routes files that the gateway has used. An upstream that a reload leaves unchanged keeps its
/// circuit breaker, budget and limits. Upstreams are never removed, because responses that are being forwarded, and
/// metrics, still use them. The catalog is not thread-safe, but its upstreams are.
class upstream_catalog {
 public:
  explicit upstream_catalog(const service::service_context& context) : context_(context) {}

  /// The upstream with this name and policy (`http::upstream_policy`). Returns null if there are already
  /// `max_upstreams` upstreams. Precondition: the policy is valid.
  std::shared_ptr<http::upstream> find_or_add(const std::string& name, const std::string& policy);
  /// Like `find_or_add`, but for mirrored requests: without retries, and named `NAME-mirror`, so that metrics
  /// distinguish its calls from calls for clients.
  std::shared_ptr<http::upstream> find_or_add_mirror(const std::string& name, const std::string& policy);

  static constexpr std::size_t max_upstreams = 1000;

 private:
  const service::service_context& context_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<http::upstream>> upstreams_;
};

}  // namespace cohort::gateway
