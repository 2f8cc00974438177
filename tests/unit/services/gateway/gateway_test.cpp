// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/gateway/gateway_fixture.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using test::gateway_fixture;

constexpr const char* two_upstreams_json =
    R"({"upstreams": {"a": {"url": "http://a"}, "b": {"url": "http://b/base"}}, )";

std::string routes(const std::string& list) { return two_upstreams_json + ("\"routes\": [" + list + "]}"); }

TEST_CASE("gateway: the first route that matches is used", "[gateway][routes]") {
  gateway_fixture stack{{"a", "b"}};
  stack.start(routes(R"(
    {"name": "exact", "match": {"path": {"exact": "/api/one"}}, "backends": [{"upstream": "b"}]},
    {"name": "post", "match": {"path": {"prefix": "/api"}, "methods": ["POST"]}, "backends": [{"upstream": "b"}]},
    {"name": "host", "match": {"path": {"prefix": "/"}, "hosts": ["*.b.example"]}, "backends": [{"upstream": "b"}]},
    {"name": "header", "match": {"path": {"prefix": "/"}, "headers": [{"name": "x-canary", "value": "1"}]},
     "backends": [{"upstream": "b"}]},
    {"name": "rest", "match": {"path": {"prefix": "/api"}}, "backends": [{"upstream": "a"}]})"));
  CHECK(stack.call("/api/one").body == "b");
  CHECK(stack.call("/api/two?x=1").body == "a");
  CHECK(stack.upstream("a").requests.back().target == "/api/two?x=1");
  auto post = stack.request("/api/two");
  post.method = http::method::post;
  CHECK(stack.call(post).body == "b");
  auto request_to_other_host = stack.request("/api/two");
  request_to_other_host.host = "X.B.example:80";
  CHECK(stack.call(request_to_other_host).body == "b");
  CHECK(stack.upstream("b").requests.back().target == "/base/api/two");
  CHECK(stack.call("/api/two", {{"X-Canary", "1"}}).body == "b");
  CHECK(stack.call("/api/two", {{"X-Canary", "2"}}).body == "a");
  CHECK(stack.call("/other").status == http::status::not_found);
  CHECK(stack.metric("gateway_service_route_requests_total{route=\"rest\",upstream=\"a\",code=\"2xx\"}") == 2);
  CHECK(stack.metric("gateway_service_unmatched_requests_total{reason=\"no_route\"}") == 1);
}

TEST_CASE("gateway: a path that servers interpret differently is rejected with 400", "[gateway][security]") {
  gateway_fixture stack{{"a", "b"}};
  stack.start(routes(R"(
    {"name": "admin", "match": {"path": {"prefix": "/api/admin"}}, "auth": {"api_key": {}}, "backends": [{"upstream": "a"}]},
    {"name": "rest", "match": {"path": {"prefix": "/"}}, "backends": [{"upstream": "a"}]})"),
              {{"API_KEY", "0123456789abcdef"}});
  for (const auto* const path : {"/api/x%2f..%2fadmin", "/api/x/../admin", "/api/x/%2e%2E/admin", "/api/./admin",
                                 "/api/x/..%5cadmin", "/api/x/..;a/admin", "/api%2fadmin"}) {
    CAPTURE(path);
    CHECK(stack.call(path).status == http::status::bad_request);
  }
  CHECK(stack.call("/api/%61dmin").status == http::status::unauthorized);
  CHECK(stack.call("/api//admin").status == http::status::unauthorized);
  CHECK(stack.upstream("a").requests.empty());
  // The route determines whether a key is required, not the prefix /api.
  CHECK(stack.call("/api/open").body == "a");
  // A doubly encoded path is forwarded unchanged.
  CHECK(stack.call("/api/%252e%252e/admin").body == "a");
  CHECK(stack.upstream("a").requests.back().target == "/api/%252e%252e/admin");
}

TEST_CASE("gateway: the prefix is removed from every path that the route matches", "[gateway][routes]") {
  gateway_fixture stack{{"a", "b"}};
  stack.start(routes(R"({"name": "r", "match": {"path": {"prefix": "/api/v1"}}, "strip_prefix": "/api",
                         "backends": [{"upstream": "a"}]})"));
  const auto sent = [&](const std::string& path) {
    stack.call(path);
    return stack.upstream("a").requests.back().target;
  };
  CHECK(sent("/api/v1/x") == "/v1/x");
  CHECK(sent("/%61pi/v1/x%20y") == "/v1/x%20y");
  CHECK(sent("//api/v1/x") == "/v1/x");
  CHECK(sent("/a%70i//v%31//x") == "//v%31//x");
  CHECK(stack.call("/apis/v1").status == http::status::not_found);
}

TEST_CASE("gateway: API keys are checked by route and by name", "[gateway][security]") {
  gateway_fixture stack{{"a", "b"}};
  const auto keys = stack.directory.write("keys", "ops: 0123456789abcdef\nother: fedcba9876543210\n").string();
  stack.start(routes(R"({"name": "ops", "match": {"path": {"prefix": "/ops"}}, "auth": {"api_key": {"names": ["ops"]}},
                         "request_headers": {"remove": ["X-API-Key"]}, "backends": [{"upstream": "a"}]})"),
              {{"API_KEY_FILE", keys}});
  CHECK(stack.call("/ops").status == http::status::unauthorized);
  CHECK(stack.call("/ops", {{"X-API-Key", "wrong"}}).status == http::status::unauthorized);
  CHECK(stack.call("/ops", {{"X-API-Key", "fedcba9876543210"}}).status == http::status::forbidden);
  CHECK(stack.call("/ops", {{"X-API-Key", "0123456789abcdef"}}).body == "a");
  CHECK(stack.upstream("a").requests.back().field("X-API-Key").empty());
  CHECK(stack.metric("gateway_service_route_rejections_total{route=\"ops\",reason=\"unauthorized\"}") == 2);
  CHECK(stack.metric("gateway_service_route_rejections_total{route=\"ops\",reason=\"forbidden\"}") == 1);
}

TEST_CASE("gateway: header fields of requests and responses are set and removed", "[gateway][routes]") {
  gateway_fixture stack{{"a", "b"}};
  stack.start(routes(R"({"name": "r", "match": {"path": {"prefix": "/api"}}, "strip_prefix": "/api",
    "request_headers": {"set": {"X-Tenant": "one"}, "remove": ["X-Debug"]},
    "response_headers": {"set": {"X-Served-By": "gateway"}, "remove": ["X-Internal"]},
    "backends": [{"upstream": "a"}]})"));
  const auto response = stack.call("/api/x", {{"x-tenant", "forged"}, {"X-Debug", "1"}, {"X-Other", "2"}});
  const auto& received = stack.upstream("a").requests.back();
  CHECK(received.target == "/x");
  CHECK(received.field("X-Tenant") == "one");
  CHECK(received.field("X-Debug").empty());
  CHECK(received.field("X-Other") == "2");
  CHECK(received.field("Via") == "1.1 cohort-gateway");
  CHECK(response.find("X-Served-By") == "gateway");
  CHECK_FALSE(response.find("X-Internal"));
  CHECK(response.find("X-Upstream") == "a");
}

TEST_CASE("gateway: requests are routed by weight, and with session affinity by a header field", "[gateway][canary]") {
  gateway_fixture stack{{"a", "b"}};
  stack.start(routes(R"({"name": "r", "match": {"path": {"prefix": "/"}}, "sticky_header": "X-User",
    "backends": [{"upstream": "a", "weight": 80}, {"upstream": "b", "weight": 20}]})"));
  int canary_count = 0;
  for (int i = 0; i < 1000; ++i) canary_count += stack.call("/").body == "b" ? 1 : 0;
  CHECK((canary_count > 150 && canary_count < 250));
  int sticky_canary_count = 0;
  for (int user = 0; user < 200; ++user) {
    const auto name = "user-" + std::to_string(user);
    const auto first = stack.call("/", {{"X-User", name}}).body;
    CHECK(stack.call("/", {{"X-User", name}}).body == first);
    sticky_canary_count += first == "b" ? 1 : 0;
  }
  CHECK((sticky_canary_count > 20 && sticky_canary_count < 60));
}

TEST_CASE("gateway: a rate limit counts clients or authenticated callers", "[gateway][limits]") {
  gateway_fixture stack{{"a", "b"}};
  const auto keys = stack.directory.write("keys", "one: 0123456789abcdef\ntwo: fedcba9876543210\n").string();
  stack.start(routes(R"(
    {"name": "caller", "match": {"path": {"prefix": "/caller"}}, "auth": {"api_key": {}},
     "rate_limit": {"rate": "2/min", "per": "caller"}, "backends": [{"upstream": "a"}]},
    {"name": "address", "match": {"path": {"prefix": "/address"}}, "rate_limit": {"rate": "2/min"},
     "backends": [{"upstream": "a"}]})"),
              {{"API_KEY_FILE", keys}});
  const auto status = [&](const char* key) { return stack.call("/caller", {{"X-API-Key", key}}).status_code(); };
  CHECK(status("0123456789abcdef") == 200);
  CHECK(status("0123456789abcdef") == 200);
  CHECK(status("0123456789abcdef") == 429);
  CHECK(status("fedcba9876543210") == 200);
  CHECK(stack.call("/address").status_code() == 200);
  CHECK(stack.call("/address").status_code() == 200);
  const auto limited_response = stack.call("/address");
  CHECK(limited_response.status_code() == 429);
  CHECK(limited_response.find("Retry-After") == "30");
  CHECK(stack.metric("gateway_service_route_rejections_total{route=\"address\",reason=\"rate_limited\"}") == 1);
}

TEST_CASE("gateway: the deadline of a route is sent to the upstream, and ends the request", "[gateway][deadline]") {
  gateway_fixture stack{{"a", "b"}};
  stack.start(routes(R"({"name": "r", "match": {"path": {"prefix": "/"}}, "timeout_ms": 500,
                         "backends": [{"upstream": "a"}]})"));
  CHECK(stack.call("/").body == "a");
  const auto remaining_ms = std::stoi(stack.upstream("a").requests.back().field("x-envoy-expected-rq-timeout-ms"));
  CHECK((remaining_ms > 400 && remaining_ms <= 500));
  // A shorter deadline of the client takes precedence.
  stack.call("/", {{"x-envoy-expected-rq-timeout-ms", "200"}});
  CHECK(std::stoi(stack.upstream("a").requests.back().field("x-envoy-expected-rq-timeout-ms")) < 200);
  stack.fleet.network().partition(stack.fleet.find("gateway")->host(), stack.fleet.find("a")->host());
  const auto start = stack.fleet.elapsed();
  CHECK(stack.call("/").status == http::status::gateway_timeout);
  CHECK(stack.fleet.elapsed() - start < 600ms);
}

TEST_CASE("gateway: a failed request is retried according to the policy of its upstream", "[gateway][retry]") {
  gateway_fixture stack{{"a", "b"}};
  stack.start(R"({"upstreams": {"a": {"url": "http://a", "policy": "attempts=2,breaker=off"}},
    "routes": [{"name": "r", "match": {"path": {"prefix": "/"}}, "backends": [{"upstream": "a"}]}]})");
  stack.upstream("a").status = http::status::service_unavailable;
  CHECK(stack.call("/").status == http::status::service_unavailable);
  CHECK(stack.upstream("a").requests.size() == 2);
  auto post = stack.request("/");
  post.method = http::method::post;
  post.body = "once";
  CHECK(stack.call(post).status == http::status::service_unavailable);
  CHECK(stack.upstream("a").requests.size() == 3);
}

TEST_CASE("gateway: a body above the limit of the route is rejected with 413", "[gateway][limits]") {
  gateway_fixture stack{{"a", "b"}};
  stack.start(routes(R"({"name": "r", "match": {"path": {"prefix": "/"}}, "max_body_bytes": 4,
                         "backends": [{"upstream": "a"}]})"));
  auto post = stack.request("/");
  post.method = http::method::post;
  post.body = "1234";
  CHECK(stack.call(post).body == "a");
  CHECK(stack.upstream("a").requests.back().content == "1234");
  post.body = "12345";
  CHECK(stack.call(post).status == http::status::payload_too_large);
}

TEST_CASE("gateway: a mirror receives a copy of each request and never delays the request", "[gateway][mirror]") {
  gateway_fixture stack{{"a", "b"}};
  stack.start(routes(R"({"name": "r", "match": {"path": {"prefix": "/api"}}, "strip_prefix": "/api",
    "request_headers": {"set": {"X-Tenant": "one"}},
    "mirror": {"upstream": "b", "max_in_flight": 1, "max_body_bytes": 10}, "backends": [{"upstream": "a"}]})"));
  auto& shadow = stack.upstream("b");
  CHECK(stack.call("/api/x?y=1").body == "a");
  stack.fleet.run_for(1s);
  REQUIRE(shadow.requests.size() == 1);
  CHECK(shadow.requests[0].target == "/base/x?y=1");
  CHECK(shadow.requests[0].field("X-Tenant") == "one");
  auto post = stack.request("/api/x");
  post.method = http::method::post;
  post.body = "copied";
  CHECK(stack.call(post).body == "a");
  stack.fleet.run_for(1s);
  REQUIRE(shadow.requests.size() == 2);
  CHECK(shadow.requests[1].content == "copied");
  CHECK(stack.upstream("a").requests.back().content == "copied");
  post.body = "longer than ten bytes";
  CHECK(stack.call(post).body == "a");
  // While a copy to a slow mirror is in flight, no other copy is sent, and no request waits for a copy.
  shadow.delay = 4s;
  const auto start = stack.fleet.elapsed();
  CHECK(stack.call("/api/1").body == "a");
  CHECK(stack.call("/api/2").body == "a");
  CHECK(stack.fleet.elapsed() - start < 100ms);
  stack.fleet.run_for(10s);
  const auto count = [&](const std::string& result) {
    return stack.metric("gateway_service_mirrored_requests_total{route=\"r\",result=\"" + result + "\"}");
  };
  CHECK(count("sent") == 3);
  CHECK(count("skipped") == 1);
  CHECK(count("dropped") == 1);
}

TEST_CASE("gateway: a reload replaces the routes, and an invalid file keeps the old routes", "[gateway][reload]") {
  gateway_fixture stack{{"a", "b"}};
  const auto to = [](const std::string& upstream) {
    return routes(R"({"name": "r", "match": {"path": {"prefix": "/"}}, "rate_limit": {"rate": "3/min"},
                      "backends": [{"upstream": ")" +
                  upstream + "\"}]}");
  };
  stack.start(to("a"));
  CHECK(stack.call("/").body == "a");
  const auto failed_reload = stack.reload(to("c"));
  CHECK(failed_reload.outcome == config::reload_outcome::failed);
  CHECK(failed_reload.error.find("routes.json:2: routes[0].backends[0].upstream is \"c\"") != std::string::npos);
  CHECK(stack.call("/").body == "a");
  CHECK(stack.reload(to("a")).outcome == config::reload_outcome::unchanged);
  CHECK(stack.reload(to("b")).outcome == config::reload_outcome::replaced);
  CHECK(stack.call("/").body == "b");
  // The limit has not changed, so the count is kept.
  CHECK(stack.call("/").status == http::status::too_many_requests);
}

TEST_CASE("gateway: with an invalid routes file, the program prints one line and exits", "[gateway][routes]") {
  gateway_fixture stack{{"a"}};
  const auto start = [&](const std::string& text) {
    try {
      stack.start(text);
    } catch (const std::exception& error) {
      return std::string{error.what()};
    }
    return std::string{"started"};
  };
  CHECK(start("{").find("routes.json:1:2: the file must be JSON") != std::string::npos);
}

}  // namespace
}  // namespace cohort
