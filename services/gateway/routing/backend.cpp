// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routing/backend.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <utility>

#include <cohort/http/server/proxy/forwarded_fields.hpp>
#include "services/gateway/routing/caller_identity.hpp"

namespace cohort::gateway {
namespace {

using field_vector = std::vector<std::pair<std::string, std::string>>;

void erase_field(field_vector& fields, std::string_view name) {
  std::erase_if(fields, [&](const auto& field) { return http::is_same_cgi_name(field.first, name); });
}

/// The changes of a route to the header section of its requests.
struct request_changes {
  header_changes headers;
  /// The names of fields that only claims may set.
  std::vector<std::string> claim_fields;
  /// The path of the backend's URL, without a trailing slash.
  std::string base_path;

  void apply(const http::request_context& context, http::client_request& request) const {
    for (const auto& name : headers.remove) erase_field(request.fields, name);
    for (const auto& [name, value] : headers.set) {
      erase_field(request.fields, name);
      request.fields.emplace_back(name, value);
    }
    for (const auto& name : claim_fields) erase_field(request.fields, name);
    if (const auto* caller = context.get<caller_identity>()) {
      request.fields.insert(request.fields.end(), caller->fields.begin(), caller->fields.end());
    }
    if (const auto* slot = context.get<mirror_slot>()) slot->copy->copy_head(request, base_path, context.id());
  }
};

request_changes make_request_changes(const route_entry& entry, const std::string& base_url) {
  request_changes changes;
  changes.headers = entry.request_headers.value_or(header_changes{});
  if (entry.auth) {
    for (const auto& [claim, field] : entry.auth->claim_headers) changes.claim_fields.push_back(field);
  }
  changes.base_path = boost::urls::parse_uri(base_url)->encoded_path();
  while (changes.base_path.ends_with('/')) changes.base_path.pop_back();
  return changes;
}

}  // namespace

http::streaming_handler make_backend_handler(const route_entry& entry, std::shared_ptr<http::upstream> target,
                                             const std::string& base_url) {
  http::proxy_options options{.strip_prefix = entry.strip_prefix,
                              // As in `matching_path`.
                              .merges_slashes = true,
                              .preserve_host = entry.preserve_host,
                              .via = "cohort-gateway",
                              .timeout = entry.timeout_ms,
                              .idle_timeout = entry.idle_timeout_ms};
  options.tunnel_idle_timeout = std::max<duration>(options.tunnel_idle_timeout, entry.idle_timeout_ms);
  options.on_request = [changes = make_request_changes(entry, base_url)](const http::request_context& context,
                                                                         http::client_request& request) {
    changes.apply(context, request);
  };
  return http::proxy_to(std::move(target), base_url, std::move(options));
}

std::array<telemetry::counter*, 5> response_counters(telemetry::registry& metrics, const std::string& route,
                                                     const std::string& upstream) {
  std::array<telemetry::counter*, 5> counters{};
  for (std::size_t i = 0; i < counters.size(); ++i) {
    counters[i] =
        &metrics.make_counter("gateway_service_route_requests_total",
                              "Requests that the gateway forwarded, by route, upstream and class of status.",
                              {{"route", route}, {"upstream", upstream}, {"code", std::to_string(i + 1) + "xx"}});
  }
  return counters;
}

}  // namespace cohort::gateway
