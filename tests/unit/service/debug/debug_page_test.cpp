// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/message/content_security_policy.hpp>
#include <cohort/service/debug/debug_page.hpp>
#include "tests/unit/service/debug/debug_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// Returns the text between `start` and `end`.
std::string_view text_between(std::string_view text, std::string_view start, std::string_view end) {
  const auto from = text.find(start);
  REQUIRE(from != text.npos);
  const auto remaining_text = text.substr(from + start.size());
  return remaining_text.substr(0, remaining_text.find(end));
}

std::string_view section(std::string_view page, std::string_view id) {
  return text_between(page, "<section id=\"" + std::string{id} + "\"", "</section>");
}

TEST_CASE("debug page: a request in flight has its age, its remaining time and the operation that it awaits",
          "[service][debug]") {
  debug_fixture fixture;
  auto client = fixture.connect();
  client.send(get("/item", "x-envoy-expected-rq-timeout-ms: 1500\r\n"));
  fixture.time.run_for(500ms);
  const auto response = fixture.get_debug("/debug");
  CHECK(response.header("Content-Type") == "text/html; charset=utf-8");
  const auto requests = section(response.body, "requests");
  CHECK(contains(requests, "GET /item"));
  CHECK(contains(requests, ">500 ms<"));
  CHECK(contains(requests, ">1 s of 1.5 s<"));
  CHECK(contains(requests, R"(<rect class="early" width="33%")"));
  CHECK(contains(requests, ">slow<"));
  CHECK(contains(requests, ":80: wait<"));
  CHECK(contains(requests, ">for 500 ms, "));
  const auto tasks = section(response.body, "tasks");
  CHECK(contains(tasks,
                 R"(request <span class="main">/item</span> <span class="quiet">for 500 ms, 1 s left</span><ul>)"));
  CHECK(contains(tasks, R"(<li>upstream <span class="main">slow</span>)"));
  CHECK(contains(tasks, "<ul><li>first attempt to "));
  // The request for the page itself is not listed.
  CHECK_FALSE(contains(tasks, "/debug<"));
  CHECK(contains(response.body, R"(data-tone="good">1 in flight · no problems<)"));
  CHECK(contains(response.body, "<title>✓ tested-service: debug</title>"));

  fixture.time.run_for(1s);
  const auto later = fixture.get_debug("/debug").body;
  CHECK(contains(section(later, "requests"), "None."));
  CHECK(contains(section(later, "finished"), ">slow ok 1 s<"));
}

TEST_CASE("debug page: the summary shows an open circuit breaker", "[service][debug]") {
  debug_fixture fixture;
  fixture.slow.delay = 0s;
  fixture.slow.status = http::status::internal_server_error;
  auto client = fixture.connect();
  for (int i = 0; i < 12; ++i) {
    client.send(get("/item"));
    client.receive();
  }
  const auto page = fixture.get_debug("/debug").body;
  CHECK(contains(page, "slow breaker open"));
  CHECK(contains(page, "<title>✕ tested-service: debug</title>"));
  const auto upstreams = section(page, "upstreams");
  CHECK(contains(upstreams, R"(<span class="badge" data-tone="bad">open</span><small>probe in )"));
  CHECK(contains(upstreams, "http://slow.test:80"));
  CHECK(contains(section(page, "finished"), R"(data-tone="bad">problem<)"));
}

TEST_CASE("debug page: settings have their sources, and strings are escaped", "[service][debug][security]") {
  debug_fixture fixture{"secret"};
  const auto page = fixture.get_debug("/debug", "X-API-Key: secret\r\n", "service.test:8080").body;
  const auto settings = section(page, "settings");
  CHECK(contains(settings, "<code>--mode</code><small>MODE</small>"));
  CHECK(contains(settings, "<span>environment</span>"));
  CHECK(contains(settings, "2 settings with default values"));
  CHECK(contains(settings, "<code>(secret)</code>"));
  CHECK(contains(settings, "<code>&lt;b&gt;&amp;</code>"));
  CHECK(contains(settings, "http://service.test:8080/debug/log-level"));
  CHECK(contains(settings, "X-API-Key: $API_KEY"));
}

TEST_CASE("debug page: the content security policy permits only the page's own style sheet and script",
          "[service][debug][security]") {
  debug_fixture fixture;
  const auto response = fixture.get_debug("/debug");
  const auto policy = response.header("Content-Security-Policy").value_or("");
  CHECK(contains(policy, "default-src 'none'; "));
  CHECK(contains(policy, "style-src " + http::hash_source(text_between(response.body, "<style>", "</style>")) + ";"));
  CHECK(
      contains(policy, "script-src " + http::hash_source(text_between(response.body, "<script>", "</script>")) + ";"));
  CHECK_FALSE(contains(policy, "unsafe"));
  CHECK(count(response.body, "<script") == 1);
  CHECK_FALSE(contains(response.body, " style="));
  CHECK_FALSE(contains(response.body, " onclick="));
}

TEST_CASE("debug page: a table has a limited number of requests", "[service][debug]") {
  debug_fixture fixture;
  std::vector<peer> clients;
  for (int i = 0; i < 25; ++i) {
    clients.push_back(fixture.connect());
    clients.back().send(get("/item"));
  }
  fixture.time.run_for(100ms);
  const auto requests = std::string{section(fixture.get_debug("/debug").body, "requests")};
  CHECK(count(requests, "GET /item") == 20);
  CHECK(contains(requests, "5 more in the JSON."));
}

TEST_CASE("debug page: a loop that does not respond has the most severe state", "[service][debug]") {
  service::loop_snapshots loops(2);
  loops[0].emplace();
  const auto page = service::debug_page({.service = "tested", .loops = loops});
  CHECK(contains(page, R"(data-tone="bad">0 in flight · loop 1 not responding<)"));
  CHECK(count(section(page, "loops"), "not responding") == 1);
  CHECK(count(section(page, "tasks"), "not responding") == 1);
}

}  // namespace
}  // namespace cohort
