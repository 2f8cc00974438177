// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/jwt/jwt_verifier.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include <cohort/http/message/field.hpp>
#include <cohort/json/parser.hpp>
#include "services/gateway/jwt/base64url.hpp"

namespace cohort::gateway {
namespace {

using simdjson::dom::element;

/// Maximum number of members of a header or payload. The check for repeated names takes quadratic time.
constexpr std::size_t max_members = 200;

struct error_text {
  std::string_view name;
  std::string_view description;
};
/// Indexed by `jwt_error`.
constexpr std::array<error_text, 11> texts{{
    {"malformed", "The token is malformed"},
    {"algorithm", "The algorithm of the token is not accepted"},
    {"unknown_key", "The key of the token is unknown"},
    {"critical_extension", "The token has a critical extension that is not supported"},
    {"type", "The type of the token is not accepted"},
    {"signature", "The signature of the token is invalid"},
    {"no_expiry", "The token has no expiry"},
    {"expired", "The token has expired"},
    {"not_yet_valid", "The token is not valid yet"},
    {"issuer", "The issuer of the token is not accepted"},
    {"audience", "The audience of the token is not accepted"},
}};

/// Returns the object of a segment if the names of its members are unique (RFC 7515 section 4, RFC 7519 section 4).
std::optional<simdjson::dom::object> parse_object(std::string_view text) {
  element root;
  simdjson::dom::object object;
  if (!json::parse_document(text, root) || root.get(object) != simdjson::SUCCESS) return std::nullopt;
  std::set<std::string_view> names;
  for (const auto member : object) {
    if (names.size() == max_members || !names.insert(member.key).second) return std::nullopt;
  }
  return object;
}

/// Returns false if the member with this name is not a string. If there is no such member, `value` remains empty.
bool read_text(const simdjson::dom::object& object, std::string_view name, std::string& value) {
  element member;
  if (object.at_key(name).get(member) != simdjson::SUCCESS) return true;
  std::string_view text;
  if (member.get(text) != simdjson::SUCCESS) return false;
  value = text;
  return true;
}

/// Returns false if the member with this name is not a number. If there is no such member, `value` remains empty. A
/// NumericDate may have a fraction (RFC 7519 section 2).
bool read_date(const simdjson::dom::object& object, std::string_view name, std::optional<double>& value) {
  element member;
  if (object.at_key(name).get(member) != simdjson::SUCCESS) return true;
  double seconds = 0;
  if (member.get(seconds) != simdjson::SUCCESS) return false;
  value = seconds;
  return true;
}

/// Whether the claim `aud`, a string or a list of strings (RFC 7519 section 4.1.3), has the expected audience. Returns
/// an empty result for other types.
std::optional<bool> has_audience(const simdjson::dom::object& payload, std::string_view expected) {
  element member;
  if (payload.at_key("aud").get(member) != simdjson::SUCCESS) return false;
  std::string_view text;
  if (member.get(text) == simdjson::SUCCESS) return text == expected;
  simdjson::dom::array list;
  if (member.get(list) != simdjson::SUCCESS) return std::nullopt;
  bool is_found = false;
  for (const auto each : list) {
    if (each.get(text) != simdjson::SUCCESS) return std::nullopt;
    is_found = is_found || text == expected;
  }
  return is_found;
}

std::optional<std::string> format_scalar(element value) {
  switch (value.type()) {
    case simdjson::dom::element_type::STRING: return std::string{std::string_view{value}};
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64:
    case simdjson::dom::element_type::DOUBLE:
    case simdjson::dom::element_type::BOOL: return std::string{simdjson::minify(value)};
    default: return std::nullopt;
  }
}

std::string_view algorithm_name(jwt_algorithm algorithm) { return json::enum_name(algorithm); }

/// `application/at+jwt` and `at+jwt` are the same (RFC 7515 section 4.1.9).
std::string_view normalize_type(std::string_view type) {
  constexpr std::string_view prefix = "application/";
  return http::iequals(type.substr(0, prefix.size()), prefix) ? type.substr(prefix.size()) : type;
}

}  // namespace

std::string_view to_string(jwt_error error) noexcept { return texts[static_cast<std::size_t>(error)].name; }
std::string_view describe(jwt_error error) noexcept { return texts[static_cast<std::size_t>(error)].description; }

struct jwt_verifier::header {
  std::string algorithm;
  std::string key_id;
  std::string type;
  bool has_critical = false;

  static std::optional<header> parse(std::string_view text) {
    const auto object = parse_object(text);
    header header;
    if (!object || !read_text(*object, "alg", header.algorithm) || !read_text(*object, "kid", header.key_id) ||
        !read_text(*object, "typ", header.type)) {
      return std::nullopt;
    }
    header.has_critical = object->at_key("crit").error() == simdjson::SUCCESS;
    return header;
  }
};

result<const jwt_key*, jwt_error> jwt_verifier::find_key(const header& token_header) const {
  bool is_known_algorithm = false;
  for (const auto& key : keys_) {
    if (algorithm_name(key->algorithm()) != token_header.algorithm) continue;
    is_known_algorithm = true;
    if (key->id() == token_header.key_id) return key.get();
  }
  // For a token without `kid`, returns the key of its algorithm if there is exactly one.
  if (is_known_algorithm && token_header.key_id.empty()) {
    const auto has_algorithm = [&](const auto& key) {
      return algorithm_name(key->algorithm()) == token_header.algorithm;
    };
    if (std::count_if(keys_.begin(), keys_.end(), has_algorithm) == 1) {
      return std::find_if(keys_.begin(), keys_.end(), has_algorithm)->get();
    }
  }
  return is_known_algorithm ? jwt_error::unknown_key : jwt_error::algorithm;
}

result<jwt_claims, jwt_error> jwt_verifier::verify(std::string_view token, wall_time now) const {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (token.size() > max_token_bytes || second == std::string_view::npos) return jwt_error::malformed;
  const auto header_text = decode_base64url(token.substr(0, first));
  const auto payload = decode_base64url(token.substr(first + 1, second - first - 1));
  // A fourth segment is invalid, because a dot is not a base64url character.
  const auto signature = decode_base64url(token.substr(second + 1));
  if (!header_text || !payload || !signature) return jwt_error::malformed;
  const auto token_header = header::parse(*header_text);
  if (!token_header) return jwt_error::malformed;
  const auto key = find_key(*token_header);
  if (!key) return key.error();
  if (token_header->has_critical) return jwt_error::critical_extension;
  if (!requirements_.type.empty() &&
      !http::iequals(normalize_type(token_header->type), normalize_type(requirements_.type))) {
    return jwt_error::type;
  }
  if (!(*key)->verify(token.substr(0, second), *signature)) return jwt_error::signature;
  return check_claims(*payload, now);
}

result<jwt_claims, jwt_error> jwt_verifier::check_claims(std::string_view payload, wall_time now) const {
  const auto object = parse_object(payload);
  jwt_claims claims;
  std::string issuer;
  std::optional<double> expiry;
  std::optional<double> not_before;
  if (!object || !read_text(*object, "sub", claims.subject) || !read_text(*object, "iss", issuer) ||
      !read_date(*object, "exp", expiry) || !read_date(*object, "nbf", not_before)) {
    return jwt_error::malformed;
  }
  const auto is_for_audience = has_audience(*object, requirements_.audience);
  if (!is_for_audience) return jwt_error::malformed;
  const auto time = to_seconds(now.time_since_epoch());
  const auto leeway = static_cast<double>(requirements_.leeway.count());
  if (!expiry) return jwt_error::no_expiry;
  if (time >= *expiry + leeway) return jwt_error::expired;
  if (not_before && time < *not_before - leeway) return jwt_error::not_yet_valid;
  if (issuer != requirements_.issuer) return jwt_error::issuer;
  if (!*is_for_audience) return jwt_error::audience;
  for (const auto member : *object) {
    if (auto text = format_scalar(member.value)) claims.values.emplace(member.key, std::move(*text));
  }
  return claims;
}

}  // namespace cohort::gateway
