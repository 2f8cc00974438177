// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routing/route_table.hpp"

#include <filesystem>

#include <cohort/http/middleware/rate_limit.hpp>
#include <cohort/net/client_network.hpp>
#include "services/gateway/routes_file/json_lines.hpp"
#include "services/gateway/routing/backend.hpp"
#include "services/gateway/routing/request_path.hpp"

namespace cohort::gateway {
namespace {

constexpr std::size_t max_key_file_bytes = 64 * 1024;

std::string upstream_limit_error(const std::string& name) {
  return "upstream \"" + name + "\": more than " + std::to_string(upstream_catalog::max_upstreams) +
         " upstreams and policies since the start; restart the gateway";
}

/// Returns the client whose rate limit a request counts toward.
std::string rate_limited_client(const http::request_context& context) {
  const auto* const caller = context.get<caller_identity>();
  return caller && !caller->name.empty() ? caller->name : net::client_network(context.client_address());
}

}  // namespace

route_table::build_result route_table::build(const std::string& path, const dependencies& dependencies,
                                             const route_table* previous) {
  std::shared_ptr<route_table> table{new route_table};
  const auto source = table->read(path, max_routes_file_bytes);
  if (!source.error.empty()) return {nullptr, source.error};
  auto parsed = parse_routes(source.text, path);
  if (!parsed) return {nullptr, parsed.error()};
  table->file_ = std::move(*parsed);
  verifier_map verifiers;
  if (auto error = table->add_verifiers(path, verifiers); !error.empty()) return {nullptr, std::move(error)};
  for (const auto& entry : table->file_.routes) {
    auto error = table->add_route(entry, dependencies, verifiers, previous);
    if (!error.empty()) return {nullptr, path + ": route \"" + entry.name + "\": " + error};
  }
  return {std::move(table), {}};
}

file_text route_table::read(const std::string& path, std::size_t max_bytes) {
  auto source = read_file(path, max_bytes);
  files_.push_back(path);
  contents_.push_back(source.text);
  return source;
}

bool route_table::has_changed_files() const {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const auto now = read_file(files_[i], max_routes_file_bytes);
    if (!now.error.empty() || now.text != contents_[i]) return true;
  }
  return false;
}

std::string route_table::add_verifiers(const std::string& path, verifier_map& verifiers) {
  const auto directory = std::filesystem::path{path}.parent_path();
  for (const auto& [name, entry] : file_.jwt) {
    std::vector<std::unique_ptr<jwt_key>> keys;
    for (std::size_t i = 0; i < entry.keys.size(); ++i) {
      const auto& key = entry.keys[i];
      const auto key_path = (directory / key.file).string();
      const auto source = read(key_path, max_key_file_bytes);
      auto loaded =
          source.error.empty() ? jwt_key::load(key.id, key.algorithm, source.text) : jwt_key::load_result{nullptr, {}};
      if (!loaded.key) {
        const auto reason = source.error.empty() ? key_path + ": the key file " + loaded.error : source.error;
        const auto member = "jwt." + json::shorten(name) + ".keys[" + std::to_string(i) + "].file";
        const json_lines lines{contents_.front()};
        return path + ":" + std::to_string(lines.line_of(member)) + ": " + member + ": " + reason;
      }
      keys.push_back(std::move(loaded.key));
    }
    verifiers.emplace(
        name, std::make_shared<const jwt_verifier>(std::move(keys), jwt_requirements{.issuer = entry.issuer,
                                                                                     .audience = entry.audience,
                                                                                     .leeway = entry.leeway_seconds,
                                                                                     .type = entry.type}));
  }
  return {};
}

std::string route_table::make_mirror(const route_entry& entry, const dependencies& dependencies,
                                     route_parts& parts) const {
  if (!entry.mirror) return {};
  const auto& upstream = file_.upstreams.at(entry.mirror->upstream);
  const auto target = dependencies.upstreams.find_or_add_mirror(entry.mirror->upstream, upstream.policy);
  if (!target) return upstream_limit_error(entry.mirror->upstream);
  const mirror::dependencies mirror_dependencies{.target = *target,
                                                 .background = dependencies.context.background,
                                                 .metrics = dependencies.context.metrics,
                                                 .loop_count = dependencies.context.client.loop_count()};
  parts.mirror = std::make_shared<mirror>(entry.name, *entry.mirror, upstream.url, mirror_dependencies);
  return {};
}

std::string route_table::make_backends(const route_entry& entry, const dependencies& dependencies,
                                       route_parts& parts) const {
  std::uint64_t weight = 0;
  for (const auto& backend : entry.backends) {
    const auto& upstream = file_.upstreams.at(backend.upstream);
    auto target = dependencies.upstreams.find_or_add(backend.upstream, upstream.policy);
    if (!target) return upstream_limit_error(backend.upstream);
    weight += backend.weight;
    parts.backends.push_back(
        {.upstream = backend.upstream,
         .cumulative_weight = weight,
         .forward = make_backend_handler(entry, std::move(target), upstream.url),
         .responses = response_counters(dependencies.context.metrics, entry.name, backend.upstream)});
  }
  return {};
}

http::filter route_table::make_limit(const route_entry& entry, const route_table* previous) {
  if (!entry.rate_limit) return nullptr;
  const auto& limit = *entry.rate_limit;
  const auto key = entry.name + " " + limit.rate + " " + std::string{json::enum_name(limit.per)};
  http::filter filter;
  if (previous) {
    if (const auto kept = previous->limits_.find(key); kept != previous->limits_.end()) filter = kept->second;
  }
  if (!filter) {
    http::rate_limit_hooks hooks;
    if (limit.per == limit_subject::caller) hooks.client = rate_limited_client;
    filter = http::rate_limit(*config::event_rate().parse(limit.rate), std::move(hooks));
  }
  limits_.emplace(key, filter);
  return filter;
}

std::string route_table::add_route(const route_entry& entry, const dependencies& dependencies,
                                   const verifier_map& verifiers, const route_table* previous) {
  route_parts parts;
  if (auto error = make_backends(entry, dependencies, parts); !error.empty()) return error;
  if (auto error = make_mirror(entry, dependencies, parts); !error.empty()) return error;
  if (entry.auth) {
    if (entry.auth->api_key && !dependencies.keys.is_enabled()) return "auth.api_key requires API_KEY or API_KEY_FILE";
    parts.authenticator.emplace(entry.name, *entry.auth, verifiers, dependencies.keys, dependencies.context.metrics);
  }
  parts.limit = make_limit(entry, previous);
  routes_.emplace_back(entry, std::move(parts), dependencies.context.metrics);
  return {};
}

const gateway_route* route_table::find(const http::request_head& head, std::string_view path) const {
  const auto host = host_without_port(head.find(http::field::host).value_or(std::string_view{}));
  for (const auto& route : routes_) {
    if (route.matcher().matches(head, path, host)) return &route;
  }
  return nullptr;
}

}  // namespace cohort::gateway
