// SPDX-License-Identifier: BSL-1.0
// Fuzzes request targets, hosts, queries and percent-encoding.
#include <algorithm>
#include <string>

#include <cohort/http/message/field.hpp>
#include <cohort/http/message/request/request_line.hpp>
#include <cohort/http/message/request/target.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::target_target {
namespace {

bool is_part(std::string_view part, std::string_view text) {
  return part.empty() || (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
}

/// Percent-encodes every byte.
std::string encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    encoded += '%';
    encoded += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4U];
    encoded += "0123456789abcdef"[static_cast<unsigned char>(c) & 0xFU];
  }
  return encoded;
}

void check_target(std::string_view text) {
  const auto parts = http::split_target(text);
  if (!parts) return;
  require(parts->path == "/" || is_part(parts->path, text), "a path is a part of the target");
  require(is_part(parts->query, text), "a query is a part of the target");
  require(parts->path.starts_with('/') || parts->path == "*", "a path starts with a slash");
  require(parts->path.find('?') == std::string_view::npos, "a path has no query");
  require(text.find_first_of(std::string_view{"\0\r\n\t #", 6}) == std::string_view::npos,
          "a target has no whitespace");
  require(http::percent_decode(parts->path).has_value(), "a path can be decoded");
  const auto decoded = http::percent_decode(parts->query);
  require(decoded && decoded->find('\0') == std::string::npos, "a query can be decoded and has no NUL");
  // A target in origin-form is its path and its query.
  const auto origin_form = std::string{parts->path} + (parts->query.empty() ? "" : "?" + std::string{parts->query});
  const auto again = http::split_target(origin_form);
  require(again && again->path == parts->path && again->query == parts->query,
          "parsing the origin-form returns the same path and query");
}

void check_request_line(std::string_view text) {
  const auto parts = http::read_request_line(text);
  require(parts.method.empty() || http::is_token(parts.method), "a method is a token");
  require(parts.path.find_first_of("?\r\n ") == std::string_view::npos, "a logged path has no query");
}

void check_host(std::string_view text) {
  if (!http::is_host_and_port(text)) return;
  require(text.find_first_of(std::string_view{"/?#@ \t\r\n\0", 9}) == std::string_view::npos,
          "a host contains no other URL delimiter");
  require(!http::is_host_and_port(std::string{text} + "@a"), "a host has no user information");
}

void check_encoding(std::string_view text) {
  require(http::percent_decode(encode(text)) == text, "decoding reverses encoding");
  require(http::decode_query_component(encode(text)) == text, "decoding a query component reverses encoding");
  const auto decoded = http::decode_query_component(text);
  const bool is_plain = text.find_first_of("%+") == std::string_view::npos;
  require(!is_plain || decoded == text, "text without escapes is not changed");
  require(!decoded || decoded->size() <= text.size(), "decoded text is not longer than its encoding");
}

/// The first line is a parameter's name, the second its value.
void check_query(std::string_view text) {
  const auto all = lines(text);
  if (all.size() < 2 || all[0].empty()) return;
  const auto query = "a=b&&=&%41%&" + encode(all[0]) + "=" + encode(all[1]) + "&" + encode(all[0]) + "=2";
  if (all[0] == "a") return;
  require(http::query_value(query, all[0]) == all[1], "the first parameter of a name has its value");
  http::query_value(all[1], all[0]);
}

void run(std::string_view input) {
  check_target(input);
  check_request_line(input);
  check_host(input);
  check_encoding(input);
  check_query(input);
}

const registration fuzz_registration{{"target", run}};

}  // namespace
}  // namespace cohort::fuzz::target_target
