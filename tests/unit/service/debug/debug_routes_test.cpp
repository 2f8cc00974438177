// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/service/debug/debug_snapshot.hpp>
#include "tests/support/http/openapi_document.hpp"
#include "tests/unit/http/message/body/content_decoding.hpp"
#include "tests/unit/service/debug/debug_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

constexpr std::array<std::string_view, 7> paths{"/debug",           "/debug/requests", "/debug/tasks",
                                                "/debug/upstreams", "/debug/loops",    "/debug/config",
                                                "/debug/log-level"};

TEST_CASE("debug routes: a request in flight has the operations that it awaits and the remaining time",
          "[service][debug]") {
  debug_fixture fixture;
  auto client = fixture.connect();
  client.send(get("/item", "x-envoy-expected-rq-timeout-ms: 1500\r\n"));
  fixture.time.run_for(400ms);
  const auto body = fixture.get_debug("/debug/requests").body;
  const auto at = [&](const std::string& pointer) { return json_at(body, pointer).value_or("absent"); };
  CHECK(at("/in_flight/0/route") == "\"/item\"");
  CHECK(at("/in_flight/0/loop") == "0");
  CHECK(std::stod(at("/in_flight/0/age_ms")) >= 400);
  CHECK(std::stod(at("/in_flight/0/remaining_ms")) <= 1100);
  CHECK(std::stod(at("/in_flight/0/remaining_ms")) > 1000);
  CHECK(at("/in_flight/0/calls/0/upstream") == "\"slow\"");
  CHECK(at("/in_flight/0/calls/0/attempts/0/phase") == "\"wait\"");
  CHECK(at("/in_flight/0/calls/0/attempts/0/outcome") == "absent");
  CHECK(std::stod(at("/in_flight/0/calls/0/attempts/0/wait_ms")) >= 300);
  // The list does not contain the request for the list.
  CHECK(at("/in_flight/1/route") == "absent");

  fixture.time.run_for(1s);
  const auto later = fixture.get_debug("/debug/requests").body;
  CHECK(json_at(later, "/in_flight/0") == std::nullopt);
  CHECK(later.find(R"("route":"/item")") > later.find(R"("finished":)"));
}

TEST_CASE("debug routes: the upstreams have their policies and addresses", "[service][debug]") {
  debug_fixture fixture;
  auto client = fixture.connect();
  client.send(get("/item"));
  fixture.time.run_for(1500ms);
  const auto body = fixture.get_debug("/debug/upstreams").body;
  const auto at = [&](const std::string& pointer) { return json_at(body, "/loops/0" + pointer).value_or("absent"); };
  CHECK(at("/upstreams/0/name") == "\"slow\"");
  CHECK(at("/upstreams/0/origin") == "\"http://slow.test:80\"");
  CHECK(at("/upstreams/0/breaker/state") == "\"closed\"");
  CHECK(std::stod(at("/upstreams/0/timeout_ms")) == 2000);
  CHECK(at("/origins/0/addresses/0/idle_connections") == "1");
  CHECK(at("/origins/0/addresses/0/in_flight") == "0");
}

TEST_CASE("debug routes: the responses are compressed if the client accepts it", "[service][debug]") {
  debug_fixture fixture;
  for (const auto path : paths) {
    CAPTURE(path);
    CHECK_FALSE(fixture.get_debug(path).header("Content-Encoding").has_value());
    // Short responses are also encoded, although they do not become shorter.
    const auto compressed_response = fixture.get_debug(path, "Accept-Encoding: gzip, identity;q=0\r\n");
    CHECK(compressed_response.header("Content-Encoding") == "gzip");
    CHECK(compressed_response.header("Vary") == "Accept-Encoding");
    CHECK(compressed_response.header("Cache-Control") == "no-store");
  }
  const auto page = fixture.get_debug("/debug", "Accept-Encoding: gzip\r\n");
  const auto html = decode_gzip(page.body).text;
  CHECK(html.ends_with("</html>\n"));
  CHECK(page.body.size() < html.size() / 2);
}

TEST_CASE("debug routes: an upstream that is destroyed is not listed", "[service][debug]") {
  debug_fixture fixture;
  {
    http::upstream other_upstream{fixture.client, fixture.metrics, fixture.log, "other"};
    http::client_request request;
    request.url = parse_url("http://slow.test/");
    fixture.time.run(other_upstream.call(std::move(request), call_context{}));
    CHECK(fixture.get_debug("/debug/upstreams").body.find("\"other\"") != std::string::npos);
  }
  CHECK(fixture.get_debug("/debug/upstreams").body.find("\"other\"") == std::string::npos);
}

TEST_CASE("debug routes: tasks, loops and settings are reported", "[service][debug]") {
  debug_fixture fixture;
  const auto tasks = fixture.get_debug("/debug/tasks").body;
  CHECK(json_at(tasks, "/loops/0/requests_in_flight") == "0");
  CHECK(json_at(tasks, "/blocking/queued") == "0");
  CHECK(json_at(tasks, "/jobs") == "[]");
  const auto loops = fixture.get_debug("/debug/loops").body;
  CHECK(json_at(loops, "/loops/0/responding") == "true");
  CHECK(json_at(loops, "/loops/0/connections") == "1");
  const auto config = fixture.get_debug("/debug/config").body;
  CHECK(json_at(config, "/settings/0/value") == "\"fast\"");
  CHECK(json_at(config, "/settings/0/source") == "\"environment\"");
  CHECK(json_at(config, "/settings/1/source") == "\"default\"");
}

TEST_CASE("debug routes: a request in progress is listed as a task with the calls that it awaits", "[service][debug]") {
  debug_fixture fixture;
  auto client = fixture.connect();
  client.send(get("/item",
                  "x-envoy-expected-rq-timeout-ms: 1500\r\ntraceparent: "
                  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"));
  fixture.time.run_for(400ms);
  const auto body = fixture.get_debug("/debug/tasks").body;
  // The other activities are the request for the list, and the request at the upstream, whose server runs on the same
  // loop.
  std::string item;
  for (int i = 0; i < 3; ++i) {
    const auto each = "/loops/0/activities/" + std::to_string(i);
    if (json_at(body, each + "/name") == "\"/item\"") item = each;
  }
  const auto at = [&](const std::string& pointer) { return json_at(body, item + pointer).value_or("absent"); };
  CHECK(at("/kind") == "\"request\"");
  CHECK(at("/name") == "\"/item\"");
  CHECK(at("/trace_id") == "\"0af7651916cd43dd8448eb211c80319c\"");
  CHECK(std::stod(at("/age_ms")) >= 400);
  CHECK(std::stod(at("/remaining_ms")) <= 1100);
  CHECK(at("/awaits/0/kind") == "\"upstream\"");
  CHECK(at("/awaits/0/name") == "\"slow\"");
  CHECK(std::stod(at("/awaits/0/age_ms")) >= 300);
  CHECK(at("/awaits/0/attempts/0/phase") == "\"wait\"");
  fixture.time.run_for(1s);
  CHECK(fixture.get_debug("/debug/tasks").body.find("/item") == std::string::npos);
}

TEST_CASE("debug routes: the list of tasks is bounded", "[service][debug]") {
  debug_fixture fixture;
  std::vector<peer> clients;
  for (std::size_t i = 0; i < service::max_activities + 20; ++i) {
    clients.push_back(fixture.connect());
    clients.back().send(get("/item"));
  }
  fixture.time.run_for(100ms);
  const auto body = fixture.get_debug("/debug/tasks").body;
  CHECK(json_at(body, "/loops/0/activities/99").has_value());
  CHECK_FALSE(json_at(body, "/loops/0/activities/100").has_value());
  // Each request has a second activity at the upstream, whose server runs on the same loop.
  CHECK(json_at(body, "/loops/0/activities_omitted") == "141");
}

TEST_CASE("debug routes: the log level changes for all loggers of the program", "[service][debug]") {
  debug_fixture fixture;
  const auto other_log = fixture.log.with_service("other");
  CHECK(json_at(fixture.get_debug("/debug/log-level").body, "/level") == "\"off\"");
  const auto changed_response = fixture.send("PUT", "/debug/log-level", {}, R"({"level":"debug"})");
  CHECK(changed_response.status == 200);
  CHECK(json_at(changed_response.body, "/level") == "\"debug\"");
  CHECK(other_log.is_enabled(telemetry::log_level::debug));
  CHECK_FALSE(other_log.is_enabled(telemetry::log_level::trace));
  for (const auto* body : {R"({"level":"loud"})", R"({})", R"({"level":"debug","x":1})", "debug"}) {
    CAPTURE(body);
    CHECK(fixture.send("PUT", "/debug/log-level", {}, body).status / 100 == 4);
  }
  CHECK(other_log.min_level() == telemetry::log_level::debug);
}

TEST_CASE("debug routes: without an API key, the routes exist on a loopback address only", "[service][debug]") {
  debug_fixture local;
  debug_fixture open_fixture{{}, false};
  for (const auto path : paths) {
    CAPTURE(path);
    CHECK(local.get_debug(path).status == 200);
    CHECK(local.get_debug(path).header("Cache-Control") == "no-store");
    CHECK(open_fixture.get_debug(path).status == 404);
  }
  CHECK(open_fixture.send("PUT", "/debug/log-level", {}, R"({"level":"debug"})").status == 404);
  CHECK(open_fixture.log.min_level() == telemetry::log_level::off);
}

TEST_CASE("debug routes: a configured API key is required", "[service][debug]") {
  for (const bool is_loopback : {true, false}) {
    debug_fixture fixture{"secret", is_loopback};
    for (const auto path : paths) {
      CAPTURE(path);
      CHECK(fixture.get_debug(path).status == 401);
      CHECK(fixture.get_debug(path, "X-API-Key: wrong\r\n").status / 100 == 4);
      CHECK(fixture.get_debug(path, "X-API-Key: secret\r\n", "service.test").status == 200);
    }
  }
}

TEST_CASE("debug routes: a session has read-only access", "[service][debug]") {
  debug_fixture fixture{"secret", false};
  fixture.authenticator.set_alternative(
      [](const request_context& context) { return context.head().find("cookie") == "session=valid"; });
  for (const auto path : paths) {
    CAPTURE(path);
    CHECK(fixture.get_debug(path, "Cookie: session=valid\r\n").status == 200);
    CHECK(fixture.get_debug(path, "Cookie: session=other\r\n").status == 401);
    CHECK(fixture.get_debug(path, "Cookie: session=valid\r\nOrigin: http://evil.test\r\n").status == 403);
    CHECK(fixture.get_debug(path, "Cookie: session=valid\r\nX-API-Key: wrong\r\n").status == 401);
  }
  const auto change = fixture.send("PUT", "/debug/log-level", "Cookie: session=valid\r\n", R"({"level":"debug"})");
  CHECK(change.status == 401);
  CHECK(fixture.log.min_level() == telemetry::log_level::off);
}

TEST_CASE("debug routes: web pages, other host names and proxies are rejected without an API key", "[service][debug]") {
  debug_fixture fixture;
  CHECK(fixture.get_debug("/debug/config", "Origin: http://evil.test\r\n").status == 403);
  for (const auto* host :
       {"evil.test", "evil.test:5000", "10.0.0.1:5000", "localhost.evil.test", "[2001:db8::1]:5000"}) {
    CAPTURE(host);
    CHECK(fixture.get_debug("/debug/config", {}, host).status == 404);
  }
  for (const auto* host : {"localhost", "localhost:5000", "127.0.0.1", "[::1]:5000", "[::1]"}) {
    CAPTURE(host);
    CHECK(fixture.get_debug("/debug/config", {}, host).status == 200);
  }
  for (const auto* field : {"X-Forwarded-For: 192.0.2.1\r\n", "Forwarded: for=192.0.2.1\r\n", "Via: 1.1 proxy\r\n"}) {
    CAPTURE(field);
    CHECK(fixture.get_debug("/debug/config", field).status == 404);
  }
  debug_fixture fixture_with_key{"secret"};
  CHECK(fixture_with_key.get_debug("/debug/config", "X-API-Key: secret\r\nOrigin: http://evil.test\r\n").status == 403);
}

TEST_CASE("debug routes: the responses conform to the OpenAPI document", "[service][debug]") {
  debug_fixture fixture{"secret"};
  const openapi_document document{fixture.get_debug("/openapi.json").body};
  CHECK(document.problems() == std::vector<std::string>{});
  for (const auto path : paths) {
    CAPTURE(path);
    for (const auto* field : {"X-API-Key: secret\r\n", "X-API-Key: wrong\r\n", "Origin: http://evil.test\r\n"}) {
      const auto response = fixture.get_debug(path, field);
      CHECK(document.violations("get", path, response.status, response.header("Content-Type").value_or(""),
                                response.body) == std::vector<std::string>{});
    }
  }
}

TEST_CASE("debug routes: a service's own routes take precedence", "[service][debug]") {
  debug_fixture fixture;
  http::router routes;
  routes.get("/debug/own", [](request_context&) { return text_response("own"); });
  service::add_debug_routes(routes, {.service = "tested-service",
                                     .loops = fixture.lifecycle.loops(),
                                     .clients = {&fixture.client},
                                     .server = [&]() -> http::server& { return fixture.tested_server->server(); },
                                     .lifecycle = fixture.lifecycle,
                                     .log = fixture.log,
                                     .authenticator = fixture.authenticator});
  CHECK(routes.routes().size() == 1);
}

}  // namespace
}  // namespace cohort
