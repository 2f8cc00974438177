// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/json/description/constraints.hpp>
#include <cohort/runtime/task.hpp>

// The routes file of the gateway as types: docs/gateway.md is its reference.
namespace cohort::gateway {

struct upstream_entry {
  /// Base URL with the scheme http or https and an optional path.
  std::string url;
  /// Policy in the syntax of `http::upstream_policy`.
  std::string policy;
  /// Path of the OpenAPI document; if it is empty, the upstream is not part of the merged document.
  std::string openapi;
  std::string description;
};
BOOST_DESCRIBE_STRUCT(upstream_entry, (), (url, policy, openapi, description))
constexpr auto constraints(json::type<upstream_entry>) {
  return json::constrain(json::member(&upstream_entry::policy, {.required = false}),
                         json::member(&upstream_entry::openapi, {.required = false}),
                         json::member(&upstream_entry::description, {.required = false}));
}

/// Exactly one of the two members is set. Literal segments are compared with the percent-decoded path.
struct path_rule {
  /// Matches complete segments: `/api` matches `/api` and `/api/a`, not `/apis`.
  std::optional<std::string> prefix;
  std::optional<std::string> exact;
};
BOOST_DESCRIBE_STRUCT(path_rule, (), (prefix, exact))

/// The rule matches if a field line with this name has the value or begins with the prefix. Without a value and a
/// prefix, the rule matches if the field is present.
struct header_rule {
  std::string name;
  std::optional<std::string> value;
  std::optional<std::string> prefix;
  /// Inverts the rule.
  bool negate = false;
};
BOOST_DESCRIBE_STRUCT(header_rule, (), (name, value, prefix, negate))
constexpr auto constraints(json::type<header_rule>) {
  return json::constrain(json::member(&header_rule::negate, {.required = false}));
}

struct match_entry {
  path_rule path;
  /// `example.org` or `*.example.org`; all if empty.
  std::vector<std::string> hosts;
  /// `GET` includes `HEAD`; all if empty.
  std::vector<std::string> methods;
  std::vector<header_rule> headers;
};
BOOST_DESCRIBE_STRUCT(match_entry, (), (path, hosts, methods, headers))
constexpr auto constraints(json::type<match_entry>) {
  return json::constrain(json::member(&match_entry::hosts, {.max_items = 100, .required = false}),
                         json::member(&match_entry::methods, {.max_items = 20, .required = false}),
                         json::member(&match_entry::headers, {.max_items = 20, .required = false}));
}

struct backend_entry {
  std::string upstream;
  std::uint32_t weight = 1;
};
BOOST_DESCRIBE_STRUCT(backend_entry, (), (upstream, weight))
constexpr auto constraints(json::type<backend_entry>) {
  return json::constrain(json::member(&backend_entry::weight, {.min = 0, .max = 1'000'000, .fallback = 1}));
}

struct api_key_entry {
  /// The names of the accepted keys; all if empty.
  std::vector<std::string> names;
};
BOOST_DESCRIBE_STRUCT(api_key_entry, (), (names))
constexpr auto constraints(json::type<api_key_entry>) {
  return json::constrain(json::member(&api_key_entry::names, {.max_items = 64, .required = false}));
}

/// Exactly one of `api_key` and `jwt` is set.
struct auth_entry {
  std::optional<api_key_entry> api_key;
  /// The name of a verifier in `routes_file::jwt`.
  std::optional<std::string> jwt;
  /// Header fields of the forwarded request by the name of the claim that they contain.
  std::map<std::string, std::string> claim_headers;
};
BOOST_DESCRIBE_STRUCT(auth_entry, (), (api_key, jwt, claim_headers))
constexpr auto constraints(json::type<auth_entry>) {
  return json::constrain(json::member(&auth_entry::claim_headers, {.max_items = 20, .required = false}));
}

/// The key of a limit: client addresses (IPv6: /64 prefixes), or authenticated callers.
BOOST_DEFINE_ENUM_CLASS(limit_subject, address, caller)

struct rate_limit_entry {
  /// Such as `100/min`.
  std::string rate;
  limit_subject per = limit_subject::address;
};
BOOST_DESCRIBE_STRUCT(rate_limit_entry, (), (rate, per))
constexpr auto constraints(json::type<rate_limit_entry>) {
  return json::constrain(json::member(&rate_limit_entry::per, {.fallback = limit_subject::address}));
}

struct header_changes {
  std::map<std::string, std::string> set;
  std::vector<std::string> remove;
};
BOOST_DESCRIBE_STRUCT(header_changes, (), (set, remove))
constexpr auto constraints(json::type<header_changes>) {
  return json::constrain(json::member(&header_changes::set, {.max_items = 50, .required = false}),
                         json::member(&header_changes::remove, {.max_items = 50, .required = false}));
}

struct mirror_entry {
  std::string upstream;
  std::uint32_t percent = 100;
  /// Maximum number of mirrored requests in flight on each loop.
  std::uint32_t max_in_flight = 16;
  std::uint32_t max_body_bytes = 65'536;
};
BOOST_DESCRIBE_STRUCT(mirror_entry, (), (upstream, percent, max_in_flight, max_body_bytes))
constexpr auto constraints(json::type<mirror_entry>) {
  return json::constrain(json::member(&mirror_entry::percent, {.min = 1, .max = 100, .fallback = 100}),
                         json::member(&mirror_entry::max_in_flight, {.min = 1, .max = 1000, .fallback = 16}),
                         json::member(&mirror_entry::max_body_bytes, {.max = 1'048'576, .fallback = 65'536}));
}

/// Longest deadline of a route.
inline constexpr std::chrono::hours max_route_timeout{1};

struct route_entry {
  std::string name;
  std::string description;
  match_entry match;
  std::vector<backend_entry> backends;
  /// A header field whose value selects the backend. The choice is random if the request does not have the field.
  std::optional<std::string> sticky_header;
  std::string strip_prefix;
  bool preserve_host = false;
  /// Timeout until the head of the response.
  std::chrono::milliseconds timeout_ms{15'000};
  /// Timeout between two parts of the response.
  std::chrono::milliseconds idle_timeout_ms{60'000};
  std::uint64_t max_body_bytes = 1'048'576;
  std::optional<auth_entry> auth;
  std::optional<rate_limit_entry> rate_limit;
  std::optional<header_changes> request_headers;
  std::optional<header_changes> response_headers;
  std::optional<mirror_entry> mirror;
};
BOOST_DESCRIBE_STRUCT(route_entry, (),
                      (name, description, match, backends, sticky_header, strip_prefix, preserve_host, timeout_ms,
                       idle_timeout_ms, max_body_bytes, auth, rate_limit, request_headers, response_headers, mirror))
constexpr auto constraints(json::type<route_entry>) {
  using std::chrono::milliseconds;
  return json::constrain(
      json::member(&route_entry::name, {.min_length = 1, .max_length = 64, .characters = "A-Za-z0-9._-"}),
      json::member(&route_entry::description, {.required = false}),
      json::member(&route_entry::backends, {.min_items = 1, .max_items = 20}),
      json::member(&route_entry::strip_prefix, {.required = false}),
      json::member(&route_entry::preserve_host, {.fallback = false}),
      json::member(&route_entry::timeout_ms,
                   {.min = milliseconds{1}, .max = milliseconds{max_route_timeout}, .fallback = milliseconds{15'000}}),
      json::member(&route_entry::idle_timeout_ms,
                   {.min = milliseconds{1}, .max = milliseconds{max_route_timeout}, .fallback = milliseconds{60'000}}),
      json::member(&route_entry::max_body_bytes, {.fallback = std::uint64_t{1'048'576}}));
}

// NOLINTNEXTLINE(readability-identifier-naming): the names of RFC 7518.
BOOST_DEFINE_ENUM_CLASS(jwt_algorithm, HS256, RS256, ES256)

struct jwt_key_entry {
  /// The ID that is compared with the token's `kid`; empty for tokens without `kid`.
  std::string id;
  jwt_algorithm algorithm{};
  /// A public key in PEM format, or the secret of HS256; relative to the routes file.
  std::string file;
};
BOOST_DESCRIBE_STRUCT(jwt_key_entry, (), (id, algorithm, file))
constexpr auto constraints(json::type<jwt_key_entry>) {
  return json::constrain(json::member(&jwt_key_entry::id, {.max_length = 128, .required = false}),
                         json::member(&jwt_key_entry::file, {.min_length = 1, .max_length = 1024}));
}

struct jwt_entry {
  std::vector<jwt_key_entry> keys;
  std::string issuer;
  std::string audience;
  /// Tolerated difference of clocks.
  std::chrono::seconds leeway_seconds{30};
  /// The required `typ` of tokens, such as `at+jwt` (RFC 9068); any if empty.
  std::string type;
};
BOOST_DESCRIBE_STRUCT(jwt_entry, (), (keys, issuer, audience, leeway_seconds, type))
constexpr auto constraints(json::type<jwt_entry>) {
  using std::chrono::seconds;
  return json::constrain(
      json::member(&jwt_entry::keys, {.min_items = 1, .max_items = 16}),
      json::member(&jwt_entry::issuer, {.min_length = 1}), json::member(&jwt_entry::audience, {.min_length = 1}),
      json::member(&jwt_entry::leeway_seconds, {.min = seconds{0}, .max = seconds{300}, .fallback = seconds{30}}),
      json::member(&jwt_entry::type, {.required = false}));
}

/// The requests that are written to the access log.
BOOST_DEFINE_ENUM_CLASS(access_log_scope, all, errors, off)

struct routes_file {
  std::map<std::string, upstream_entry> upstreams;
  /// The first matching route is used.
  std::vector<route_entry> routes;
  std::map<std::string, jwt_entry> jwt;
  access_log_scope access_log = access_log_scope::all;
};
BOOST_DESCRIBE_STRUCT(routes_file, (), (upstreams, routes, jwt, access_log))
constexpr auto constraints(json::type<routes_file>) {
  return json::constrain(json::member(&routes_file::upstreams, {.min_items = 1, .max_items = 200}),
                         json::member(&routes_file::routes, {.min_items = 1, .max_items = 500}),
                         json::member(&routes_file::jwt, {.max_items = 20, .required = false}),
                         json::member(&routes_file::access_log, {.fallback = access_log_scope::all}));
}

inline constexpr std::size_t max_routes_file_bytes = std::size_t{1} << 20U;

/// Decodes and validates the text of a routes file. The error is one line, such as
/// `/etc/cohort/routes.json:12: routes[0].timeout_ms must be an integer from 1 to 3600000`, with every error of the
/// file, separated by `; `. `path` is for messages only.
result<routes_file, std::string> parse_routes(std::string_view text, const std::string& path);

}  // namespace cohort::gateway
