// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/middleware/rate_limit.hpp>
#include <cohort/http/middleware/timeout.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("timeout: the subsequent steps of the pipeline have the shorter deadline, and are cancelled when it expires",
          "[http][middleware]") {
  log_lines events;
  server_fixture server;
  auto limited_group = server.routes.group("/limited");
  limited_group.use(http::timeout(2s));
  limited_group.get("/slow", recording_handler(1h, events));
  limited_group.get("/deadline", [](request_context& context) {
    return text_response(std::to_string(remaining(context.deadline()) / 1ms));
  });
  server.routes.get("/free", delayed_handler(3s));
  auto client = server.connect();
  const auto start = server.time.now();
  client.send(get("/limited/slow"));
  CHECK(client.receive()->status == 504);
  CHECK(server.time.now() - start < 3s);
  CHECK(events == log_lines{"cancelled"});
  client.send(get("/limited/deadline"));
  CHECK(client.receive()->body == "2000");
  client.send(get("/limited/deadline", "x-envoy-expected-rq-timeout-ms: 700\r\n"));
  CHECK(client.receive()->body == "700");
  client.send(get("/free"));
  CHECK(client.receive()->status == 200);
}

TEST_CASE("rate limit: the limit applies to the routes of its group, except exempt requests", "[http][middleware]") {
  server_fixture server;
  int rejected_count = 0;
  http::rate_limit_hooks hooks;
  hooks.is_exempt = [](const request_context& context) { return context.head().find("x-internal").has_value(); };
  hooks.on_rejected = [&rejected_count] { ++rejected_count; };
  auto limited_group = server.routes.group("/limited");
  limited_group.use(http::rate_limit(config::rate{2, 60s}, hooks));
  limited_group.get("/a", text_handler("a"));
  server.routes.get("/free", text_handler("free"));
  for (int i = 0; i < 2; ++i) CHECK(server.response_to(get("/limited/a")).status == 200);
  const auto excess = server.response_to(get("/limited/a"));
  CHECK(excess.status == 429);
  CHECK(excess.header("Retry-After") == "30");
  CHECK(rejected_count == 1);
  CHECK(server.response_to(get("/limited/a", "X-Internal: 1\r\n")).status == 200);
  CHECK(server.response_to(get("/free")).status == 200);
  server.time.run_for(30s);
  CHECK(server.response_to(get("/limited/a")).status == 200);
}

}  // namespace
}  // namespace cohort
