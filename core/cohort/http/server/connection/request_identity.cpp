// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/connection/request_identity.hpp>

#include <algorithm>

#include <cohort/http/message/request/unique_field.hpp>

namespace cohort::http {

bool is_valid_request_id(std::string_view id) noexcept {
  if (id.empty() || id.size() > 128) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

telemetry::trace_context request_trace(const request_head& head, random_generator& random) noexcept {
  const auto parent = find_unique(head, "traceparent");
  auto trace = parent ? telemetry::parse_traceparent(*parent) : std::nullopt;
  if (!trace) return telemetry::start_trace(random);
  const auto state = find_unique(head, "tracestate");
  if (state && telemetry::is_valid_tracestate(*state)) trace->state = *state;
  return *trace;
}

}  // namespace cohort::http
