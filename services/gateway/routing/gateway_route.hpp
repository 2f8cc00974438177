// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/server/pipeline.hpp>
#include <cohort/http/server/routing/route.hpp>
#include "services/gateway/routing/mirror.hpp"
#include "services/gateway/routing/route_authenticator.hpp"
#include "services/gateway/routing/route_matcher.hpp"

namespace cohort::gateway {

/// One of the upstreams of a route.
struct route_backend {
  std::string upstream;
  /// The sum of the weights of this backend and the backends before it.
  std::uint64_t cumulative_weight;
  http::streaming_handler forward;
  /// Counters of responses by status class: 1xx to 5xx.
  std::array<telemetry::counter*, 5> responses;
};

/// The parts of a route that `route_table` creates.
struct route_parts {
  std::vector<route_backend> backends;
  std::optional<route_authenticator> authenticator;
  /// Limits the request rate; null for no limit.
  http::filter limit;
  /// Mirrors requests; null if the route has no mirror.
  std::shared_ptr<gateway::mirror> mirror;
};

/// A route in use: its `route_entry` and the objects that implement it. Immutable; thread-safe.
class gateway_route {
 public:
  gateway_route(const route_entry& entry, route_parts parts, telemetry::registry& metrics);

  const std::string& name() const noexcept { return entry_.name; }
  const route_entry& entry() const noexcept { return entry_; }
  const route_matcher& matcher() const noexcept { return matcher_; }
  const std::shared_ptr<gateway::mirror>& mirror() const noexcept { return parts_.mirror; }

  /// Authenticates and limits a request. Returns a response if the request is rejected.
  std::optional<http::response> admit(http::request_context& context) const;
  /// Chooses a backend by weight: by the sticky header of the request if it has one, otherwise at random.
  const route_backend& choose_backend(const http::request_context& context) const;
  /// Applies `response_headers`.
  void change_response(http::response& response) const;

 private:
  std::optional<http::response> apply_limit(http::request_context& context) const;

  route_entry entry_;
  route_matcher matcher_;
  route_parts parts_;
  telemetry::counter& unauthorized_;
  telemetry::counter& forbidden_;
  telemetry::counter& rate_limited_;
};

}  // namespace cohort::gateway
