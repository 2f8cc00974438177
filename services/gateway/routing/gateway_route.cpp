// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routing/gateway_route.hpp"

#include <algorithm>

#include <cohort/runtime/loop.hpp>

namespace cohort::gateway {
namespace {

telemetry::counter& rejection_counter(telemetry::registry& metrics, const std::string& route, const char* reason) {
  return metrics.make_counter("gateway_service_route_rejections_total",
                              "Requests that the gateway rejected before forwarding them, by route and reason.",
                              {{"route", route}, {"reason", reason}});
}

/// Returns a hash (FNV-1a with the finalizer of SplitMix64) that is the same on every replica and after a restart.
std::uint64_t stable_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  hash = (hash ^ (hash >> 30U)) * 0xBF58476D1CE4E5B9U;
  hash = (hash ^ (hash >> 27U)) * 0x94D049BB133111EBU;
  return hash ^ (hash >> 31U);
}

}  // namespace

gateway_route::gateway_route(const route_entry& entry, route_parts parts, telemetry::registry& metrics)
    : entry_(entry),
      matcher_(entry.match),
      parts_(std::move(parts)),
      unauthorized_(rejection_counter(metrics, entry.name, "unauthorized")),
      forbidden_(rejection_counter(metrics, entry.name, "forbidden")),
      rate_limited_(rejection_counter(metrics, entry.name, "rate_limited")) {}

std::optional<http::response> gateway_route::apply_limit(http::request_context& context) const {
  auto rejection = parts_.limit(context);
  if (rejection) rate_limited_.increment();
  return rejection;
}

std::optional<http::response> gateway_route::admit(http::request_context& context) const {
  // A limit by address precedes authentication, so that it also limits authentication attempts.
  const bool limits_callers = entry_.rate_limit && entry_.rate_limit->per == limit_subject::caller;
  if (parts_.limit && !limits_callers) {
    if (auto rejection = apply_limit(context)) return rejection;
  }
  if (parts_.authenticator) {
    if (auto rejection = parts_.authenticator->authenticate(context)) {
      (rejection->code() == http::status::forbidden ? forbidden_ : unauthorized_).increment();
      return rejection;
    }
  }
  if (parts_.limit && limits_callers) return apply_limit(context);
  return std::nullopt;
}

const route_backend& gateway_route::choose_backend(const http::request_context& context) const {
  const auto& backends = parts_.backends;
  if (backends.size() == 1) return backends.front();
  const auto total = backends.back().cumulative_weight;
  const auto key = entry_.sticky_header ? context.head().find(*entry_.sticky_header) : std::nullopt;
  const auto point = key ? stable_hash(*key) % total : loop::current().random().uniform_below(total);
  return *std::find_if(backends.begin(), backends.end(),
                       [&](const route_backend& backend) { return point < backend.cumulative_weight; });
}

void gateway_route::change_response(http::response& response) const {
  if (!entry_.response_headers) return;
  for (const auto& name : entry_.response_headers->remove) response.erase(name);
  for (const auto& [name, value] : entry_.response_headers->set) {
    response.erase(name);
    response.set(name, value);
  }
}

}  // namespace cohort::gateway
