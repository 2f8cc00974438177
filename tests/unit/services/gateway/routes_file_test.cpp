// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routes_file/routes_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "services/gateway/routes_file/json_lines.hpp"
#include "services/gateway/routing/request_path.hpp"

namespace cohort::gateway {
namespace {

std::string error_of(std::string_view text) {
  const auto parsed = parse_routes(text, "r.json");
  return parsed ? std::string{} : parsed.error();
}

std::string file_with_route(const std::string& members) {
  return "{\n\"upstreams\": {\"a\": {\"url\": \"http://a\"}},\n\"routes\": [{\n\"name\": \"one\",\n" + members +
         "\n}]}";
}

TEST_CASE("routes file: omitted members have their defaults", "[gateway][routes]") {
  const auto parsed =
      parse_routes(file_with_route(R"("match": {"path": {"prefix": "/"}}, "backends": [{"upstream": "a"}])"), "r.json");
  REQUIRE(parsed.has_value());
  const auto& route = parsed->routes.at(0);
  CHECK(route.backends.at(0).weight == 1);
  CHECK(route.timeout_ms.count() == 15'000);
  CHECK(route.max_body_bytes == 1'048'576);
  CHECK_FALSE(route.preserve_host);
  CHECK_FALSE(route.auth);
  CHECK(parsed->access_log == access_log_scope::all);
}

TEST_CASE("routes file: an error names the file, the line and the member", "[gateway][routes]") {
  const auto [members, expected] = GENERATE(table<std::string, std::string>({
      {"\"match\": {\"path\": {\"prefix\": \"/\"}},\n\"backends\": [{\"upstream\": \"b\"}]",
       "r.json:6: routes[0].backends[0].upstream is \"b\", but must be the name of an upstream: a"},
      {"\"match\": {\"path\": {\"prefix\": \"/\"}},\n\"backends\": [{\"upstream\": \"a\"}],\n\"tiemout_ms\": 5",
       "r.json:7: routes[0].tiemout_ms is unknown; known: name, description, match, backends, sticky_header, "
       "strip_prefix, preserve_host, timeout_ms, idle_timeout_ms, max_body_bytes, auth, rate_limit, request_headers, "
       "response_headers, mirror"},
      {"\"match\": {\"path\": {}},\n\"backends\": [{\"upstream\": \"a\"}]",
       "r.json:5: routes[0].match.path must have exactly one of prefix and exact"},
      {"\"match\": {\"path\": {\"exact\": \"/a/../b\"}},\n\"backends\": [{\"upstream\": \"a\"}]",
       "r.json:5: routes[0].match.path.exact must start with \"/\", and be decoded: without percent-encoding, query, "
       "dot segments and repeated slashes"},
      {"\"match\": {\"path\": {\"prefix\": \"/a\"}}, \"backends\": [{\"upstream\": \"a\"}],\n\"strip_prefix\": \"/ab\"",
       "r.json:6: routes[0].strip_prefix is not a prefix of the paths that the route matches"},
      {"\"match\": {\"path\": {\"prefix\": \"/a\"}}, \"backends\": [{\"upstream\": \"a\"}],\n\"strip_prefix\": \"/a/\"",
       "r.json:6: routes[0].strip_prefix must start with \"/\" and not end with one"},
      {"\"match\": {\"path\": {\"exact\": \"/a\"}}, \"backends\": [{\"upstream\": \"a\"}],\n\"strip_prefix\": \"/a/b\"",
       "r.json:6: routes[0].strip_prefix is not a prefix of the paths that the route matches"},
      {"\"match\": {\"path\": {\"prefix\": \"/\"}},\n\"backends\": [{\"upstream\": \"a\", \"weight\": 0}]",
       "r.json:6: routes[0].backends must contain a weight greater than 0"},
      {"\"match\": {\"path\": {\"prefix\": \"/\"}}, \"backends\": [{\"upstream\": \"a\"}],\n"
       "\"auth\": {\"jwt\": \"main\"}",
       "r.json:6: routes[0].auth.jwt is \"main\", but must be the name of an entry of jwt; there is none"},
      {"\"match\": {\"path\": {\"prefix\": \"/\"}}, \"backends\": [{\"upstream\": \"a\"}],\n"
       "\"rate_limit\": {\n\"rate\": \"many\"}",
       "r.json:7: routes[0].rate_limit.rate must be a number and a unit, such as 100/min"},
      {"\"match\": {\"path\": {\"prefix\": \"/\"}}, \"backends\": [{\"upstream\": \"a\"}],\n"
       "\"request_headers\": {\"set\": {\n\"Content-Length\": \"1\"}}",
       "r.json:7: routes[0].request_headers.set.Content-Length is a field that the gateway itself sets, or a "
       "field of the connection"},
  }));
  CHECK(error_of(file_with_route(members)) == expected);
}

TEST_CASE("routes file: a match condition that no request satisfies is an error", "[gateway][routes]") {
  const auto error_of_match = [](const std::string& match) {
    const auto error = error_of(file_with_route("\"match\": {" + match + "}, \"backends\": [{\"upstream\": \"a\"}]"));
    constexpr std::string_view start = "r.json:5: routes[0].match.";
    return error.starts_with(start) ? error.substr(start.size()) : error;
  };
  const std::string path = R"("path": {"prefix": "/"}, )";
  const std::string too_long(254, 'a');
  for (const auto* host :
       {"a.example:80", "[::1", "[::1\\u0000x]", "[a.example]", "*.[::1]", "::1", "a.*.org", "*.", too_long.c_str()}) {
    CHECK(error_of_match(path + "\"hosts\": [\"" + host + "\"]") ==
          "hosts[0] must be a host name without a port, such as example.org or *.example.org");
  }
  CHECK(error_of_match(path + R"("hosts": ["[::1]", "127.0.0.1", "*.example.org"])").empty());
  const auto error_of_header = [&](const std::string& rule) {
    return error_of_match(path + R"("headers": [{"name": "X-A", )" + rule + "}]");
  };
  for (const auto* value : {R"(x\r\ny)", R"(x\u0000)", R"( x)", R"(\tx)"}) {
    const std::string reason = " cannot match any field: it has control characters, or leading or trailing whitespace";
    CHECK(error_of_header(R"("value": ")" + std::string{value} + "\"") == "headers[0].value" + reason);
    CHECK(error_of_header(R"("prefix": ")" + std::string{value} + "\"") == "headers[0].prefix" + reason);
  }
  CHECK_FALSE(error_of_header(R"("value": "x ")").empty());
  CHECK(error_of_header(R"("prefix": "Bearer ")").empty());
  CHECK(error_of_header(R"("value": "a b")").empty());
  CHECK(error_of_match(path + R"("methods": ["CONNECT"])") == "methods[0] is a method that is not forwarded");
  CHECK(error_of_match(path + R"("methods": ["GET", "TRACE"])") == "methods[1] is a method that is not forwarded");
  CHECK(error_of_match(R"("path": {"exact": "/metrics"})") == "path.exact is a path that the gateway itself serves");
  CHECK(error_of_match(R"("path": {"exact": "/metrics/x"})").empty());
}

TEST_CASE("routes file: the path of a key file has a limited length and no control characters", "[gateway][routes]") {
  const auto error_of_key_file = [](const std::string& file) {
    return error_of(R"({"upstreams": {"a": {"url": "http://a"}}, "jwt": {"staff": {"issuer": "i", "audience": "a",
      "keys": [{"algorithm": "RS256", "file": ")" +
                    file + R"("}]}},
      "routes": [{"name": "one", "match": {"path": {"prefix": "/"}}, "backends": [{"upstream": "a"}]}]})");
  };
  CHECK(error_of_key_file("keys/staff.pem").empty());
  CHECK(error_of_key_file(R"(keys\r\nstaff.pem)") ==
        "r.json:2: jwt.staff.keys[0].file must be a path without control characters");
  CHECK(error_of_key_file(std::string(1025, 'a')) == "r.json:2: jwt.staff.keys[0].file must have 1 to 1024 characters");
}

TEST_CASE("routes file: a syntax error has a line and a column", "[gateway][routes]") {
  CHECK(error_of("{\n  \"upstreams\": {},,\n}") == "r.json:2:19: the file must be JSON, but is malformed");
  CHECK(error_of("{\n  \"upstreams\": [1 2]}").starts_with("r.json:2:19: "));
  CHECK(error_of("") == "r.json:1:1: the file must be JSON, but is empty");
  CHECK(error_of("[]") == "r.json:1: the file must be an object");
}

TEST_CASE("json_lines: the line of an absent value is the line of the value that contains it", "[gateway][routes]") {
  const json_lines lines{"{\n\"a\": [\n1,\n{\"b\": 2}]}"};
  CHECK_FALSE(lines.syntax_error());
  CHECK(lines.line_of("a") == 2);
  CHECK(lines.line_of("a[1].b") == 4);
  CHECK(lines.line_of("a[1].c") == 4);
  CHECK(lines.line_of("c.d") == 1);
}

TEST_CASE("matching_path: paths are decoded and merged, and ambiguous paths are rejected", "[gateway][security]") {
  const auto [path, expected] = GENERATE(table<std::string, std::string>({
      {"/api/time", "/api/time"},
      {"/api/%61dmin", "/api/admin"},
      {"//api///admin/", "/api/admin/"},
      {"/a.b/.well-known/x", "/a.b/.well-known/x"},
      {"/a%20b", "/a b"},
      {"/a/../b", ""},
      {"/a/.", ""},
      {"/a/%2e%2E/b", ""},
      {"/a/..;x/b", ""},
      {"/a/%252e%252e/b", "/a/%2e%2e/b"},
      {"/a%2fb", ""},
      {"/a%5cb", ""},
      {"/a\\b", ""},
      {"/a%0ab", ""},
  }));
  std::string storage;
  CHECK(matching_path(path, storage).value_or("") == expected);
}

TEST_CASE("is_below: a prefix matches complete segments", "[gateway][routes]") {
  CHECK(is_below("/api", "/api"));
  CHECK(is_below("/api/a", "/api"));
  CHECK_FALSE(is_below("/apis", "/api"));
  CHECK(is_below("/anything", "/"));
  CHECK_FALSE(is_below("/api", "/api/"));
}

}  // namespace
}  // namespace cohort::gateway
