// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routes_file/validation.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/url/parse.hpp>
#include <set>

#include <cohort/config/value_parsers.hpp>
#include <cohort/http/client/upstream/upstream_settings.hpp>
#include <cohort/http/message/field.hpp>
#include <cohort/http/message/request/target.hpp>
#include <cohort/http/server/proxy/forwarded_fields.hpp>
#include "services/gateway/routing/request_path.hpp"

namespace cohort::gateway {
namespace {

/// Collects errors at paths below the path that it was created with.
class scope {
 public:
  explicit scope(json::decode_errors& errors) : errors_(errors) {}

  scope member(std::string_view name) const {
    return {errors_, path_.empty() ? std::string{name} : path_ + "." + json::shorten(name)};
  }
  scope item(std::size_t index) const { return {errors_, path_ + "[" + std::to_string(index) + "]"}; }
  void report(std::string reason) const { errors_.list.push_back({path_, std::move(reason)}); }
  void require(bool is_valid, const char* reason) const {
    if (!is_valid) report(reason);
  }

 private:
  scope(json::decode_errors& errors, std::string path) : errors_(errors), path_(std::move(path)) {}

  json::decode_errors& errors_;
  std::string path_;
};

template <class T>
void require_name(const scope& at, const std::map<std::string, T>& known, const std::string& name, const char* kind) {
  if (known.contains(name)) return;
  std::string names;
  for (const auto& [each, value] : known) names.append(names.empty() ? "" : ", ").append(each);
  at.report("is \"" + json::shorten(name) + "\", but must be the name of " + kind +
            (names.empty() ? "; there is none" : ": " + names));
}

/// Fields that the gateway itself sets, and fields that frame the message.
bool is_reserved_field(std::string_view name) {
  static constexpr std::array reserved_fields{"host",
                                              "content-length",
                                              "date",
                                              "expect",
                                              "via",
                                              "x-request-id",
                                              "traceparent",
                                              "tracestate",
                                              "x-envoy-expected-rq-timeout-ms",
                                              "grpc-timeout"};
  const auto is_name = [&](std::string_view other) { return http::iequals(name, other); };
  return std::any_of(reserved_fields.begin(), reserved_fields.end(), is_name) ||
         http::hop_by_hop_fields{}.contains(name) || http::is_forwarded_field(name);
}

void check_field_name(const scope& at, std::string_view name) {
  if (!http::is_token(name)) return at.report("must be the name of a header field (RFC 9110 section 5.1)");
  if (is_reserved_field(name)) at.report("is a field that the gateway itself sets, or a field of the connection");
}

void check_changes(const scope& at, const std::optional<header_changes>& changes) {
  if (!changes) return;
  for (const auto& [name, value] : changes->set) {
    const auto entry = at.member("set").member(name);
    check_field_name(entry, name);
    entry.require(http::is_field_value(value), "must not contain control characters (RFC 9110 section 5.5)");
  }
  for (std::size_t i = 0; i < changes->remove.size(); ++i) {
    check_field_name(at.member("remove").item(i), changes->remove[i]);
  }
}

/// Maximum length of a domain name (RFC 1035 section 2.3.4).
constexpr std::size_t max_host_length = 253;

bool is_host_pattern(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    boost::system::error_code error;
    boost::asio::ip::make_address_v6(std::string{host.substr(1, host.size() - 2)}, error);
    // The parser of the system ignores the text after a NUL.
    return !error && host.find('\0') == std::string_view::npos;
  }
  if (host.starts_with("*.")) host.remove_prefix(2);
  const auto is_host_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  };
  return !host.empty() && host.size() <= max_host_length && host.front() != '.' &&
         std::all_of(host.begin(), host.end(), is_host_character);
}

void check_path(const scope& at, const path_rule& rule) {
  if (rule.prefix.has_value() == rule.exact.has_value()) return at.report("must have exactly one of prefix and exact");
  const auto& text = rule.prefix ? *rule.prefix : *rule.exact;
  std::string storage;
  const auto normalized = matching_path(text, storage);
  const bool is_valid = text.starts_with('/') && text.find_first_of("%?#") == std::string::npos && normalized == text;
  at.member(rule.prefix ? "prefix" : "exact")
      .require(is_valid,
               "must start with \"/\", and be decoded: without percent-encoding, query, dot segments and "
               "repeated slashes");
  const bool is_own_path = std::ranges::find(own_paths, text) != own_paths.end();
  if (rule.exact && is_own_path) at.member("exact").report("is a path that the gateway itself serves");
}

void check_match(const scope& at, const match_entry& match) {
  check_path(at.member("path"), match.path);
  for (std::size_t i = 0; i < match.hosts.size(); ++i) {
    at.member("hosts").item(i).require(is_host_pattern(match.hosts[i]),
                                       "must be a host name without a port, such as example.org or *.example.org");
  }
  for (std::size_t i = 0; i < match.methods.size(); ++i) {
    const auto& name = match.methods[i];
    const bool is_lower = std::any_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    at.member("methods").item(i).require(http::is_token(name) && !is_lower,
                                         "must be a method in upper case, such as GET");
    at.member("methods").item(i).require(name != "CONNECT" && name != "TRACE", "is a method that is not forwarded");
  }
  for (std::size_t i = 0; i < match.headers.size(); ++i) {
    const auto& rule = match.headers[i];
    const auto entry = at.member("headers").item(i);
    entry.member("name").require(http::is_token(rule.name), "must be the name of a header field");
    entry.require(!rule.value || !rule.prefix, "must have at most one of value and prefix");
    // Values are compared without leading and trailing whitespace.
    static constexpr auto* reason =
        "cannot match any field: it has control characters, or leading or trailing whitespace";
    if (const auto& value = rule.value) {
      entry.member("value").require(http::is_field_value(*value) && http::trimmed(*value) == *value, reason);
    }
    if (const auto& prefix = rule.prefix) {
      const bool has_space = prefix->starts_with(' ') || prefix->starts_with('\t');
      entry.member("prefix").require(http::is_field_value(*prefix) && !has_space, reason);
    }
  }
}

void check_auth(const scope& at, const routes_file& file, const auth_entry& auth) {
  if (auth.api_key.has_value() == auth.jwt.has_value()) return at.report("must have either api_key or jwt");
  if (auth.jwt) require_name(at.member("jwt"), file.jwt, *auth.jwt, "an entry of jwt");
  at.member("claim_headers").require(auth.jwt || auth.claim_headers.empty(), "needs jwt");
  for (const auto& [claim, field] : auth.claim_headers) {
    check_field_name(at.member("claim_headers").member(claim), field);
  }
}

void check_limit(const scope& at, const route_entry& route) {
  const auto rate = config::event_rate();
  at.member("rate").require(rate.parse(route.rate_limit->rate).has_value(),
                            "must be a number and a unit, such as 100/min");
  at.member("per").require(route.rate_limit->per == limit_subject::address || route.auth.has_value(),
                           "is caller, which requires auth");
}

void check_backends(const scope& at, const routes_file& file, const route_entry& route) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < route.backends.size(); ++i) {
    require_name(at.item(i).member("upstream"), file.upstreams, route.backends[i].upstream, "an upstream");
    total += route.backends[i].weight;
  }
  at.require(total > 0, "must contain a weight greater than 0");
}

void check_strip_prefix(const scope& at, const route_entry& route) {
  const auto& prefix = route.strip_prefix;
  if (prefix.empty()) return;
  if (prefix.front() != '/' || prefix.back() == '/') return at.report("must start with \"/\" and not end with one");
  const auto& rule = route.match.path;
  const auto decoded = http::percent_decode(prefix).value_or(prefix);
  const bool can_match = (rule.prefix && (is_below(*rule.prefix, decoded) || is_below(decoded, *rule.prefix))) ||
                         (rule.exact && is_below(*rule.exact, decoded));
  if (rule.prefix || rule.exact) at.require(can_match, "is not a prefix of the paths that the route matches");
}

void check_route(const scope& at, const routes_file& file, const route_entry& route) {
  check_match(at.member("match"), route.match);
  check_backends(at.member("backends"), file, route);
  if (route.sticky_header) {
    at.member("sticky_header").require(http::is_token(*route.sticky_header), "must be the name of a header field");
  }
  check_strip_prefix(at.member("strip_prefix"), route);
  if (route.auth) check_auth(at.member("auth"), file, *route.auth);
  if (route.rate_limit) check_limit(at.member("rate_limit"), route);
  check_changes(at.member("request_headers"), route.request_headers);
  check_changes(at.member("response_headers"), route.response_headers);
  if (route.mirror) {
    require_name(at.member("mirror").member("upstream"), file.upstreams, route.mirror->upstream, "an upstream");
  }
}

void check_upstream(const scope& at, const std::string& name, const upstream_entry& entry) {
  at.require(http::is_token(name), "is a name that must be a token, such as time-service");
  const auto url = config::http_url();
  at.member("url").require(url.parse(entry.url).has_value(), "must be an absolute URL: http[s]://host[:port][/path]");
  const auto policy = http::upstream_policy({});
  if (!policy.parse(entry.policy)) at.member("policy").report("must be " + policy.accepted_values);
  at.member("openapi").require(entry.openapi.empty() || entry.openapi.front() == '/', "must start with \"/\"");
}

void check_verifier(const scope& at, const jwt_entry& entry) {
  std::set<std::string> ids;
  for (std::size_t i = 0; i < entry.keys.size(); ++i) {
    const auto& id = entry.keys[i].id;
    const auto key = at.member("keys").item(i);
    key.member("id").require(ids.insert(id).second, "must differ from the IDs of earlier keys");
    // Paths must be a single line, because error messages contain them.
    key.member("file").require(http::is_field_value(entry.keys[i].file), "must be a path without control characters");
  }
}

}  // namespace

json::decode_errors find_errors(const routes_file& file) {
  json::decode_errors errors;
  const scope root{errors};
  for (const auto& [name, entry] : file.upstreams) check_upstream(root.member("upstreams").member(name), name, entry);
  std::set<std::string> names;
  for (std::size_t i = 0; i < file.routes.size(); ++i) {
    const auto at = root.member("routes").item(i);
    at.member("name").require(names.insert(file.routes[i].name).second, "must differ from the names of earlier routes");
    check_route(at, file, file.routes[i]);
  }
  for (const auto& [name, entry] : file.jwt) check_verifier(root.member("jwt").member(name), entry);
  return errors;
}

}  // namespace cohort::gateway
