// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/client/upstream/upstream.hpp>
#include "tests/unit/service/service_fixture.hpp"

// Tests of the trace of a request in its handler, log lines, metrics and upstream requests.
namespace cohort {
namespace {

using namespace cohort::test;

const std::string trace = "0af7651916cd43dd8448eb211c80319c";
const std::string traceparent = "traceparent: 00-" + trace + "-b7ad6b7169203331-01\r\n";

http::response respond_with_trace(request_context& context) {
  const auto id = context.trace_id().hex();
  const auto& current = context.trace();
  return text_response(std::string{id.data(), id.size()} + (current.is_sampled ? " sampled " : " ") +
                       std::string{current.state});
}

/// Returns the trace context of a handler as "<trace ID> sampled <state>".
std::string trace_in_handler(std::string_view fields) {
  server_fixture server;
  server.routes.get("/", respond_with_trace);
  return server.response_to(get("/", fields)).body;
}

TEST_CASE("trace: a request has the trace context of its traceparent and tracestate", "[http][server]") {
  CHECK(trace_in_handler(traceparent) == trace + " sampled ");
  CHECK(trace_in_handler("TraceParent:  00-" + trace + "-b7ad6b7169203331-00 \r\n") == trace + " ");
  CHECK(trace_in_handler(traceparent + "tracestate: congo=t61rcWkgMzE,a=b\r\n") ==
        trace + " sampled congo=t61rcWkgMzE,a=b");
}

TEST_CASE("trace: without exactly one valid traceparent, a request starts a sampled trace", "[http][server]") {
  const auto fields =
      GENERATE(as<std::string>{}, "", "traceparent:\r\n", traceparent + traceparent,
               "traceparent: 00-" + trace + "-b7ad6b7169203331-01-\r\n", "tracestate: congo=t61rcWkgMzE\r\n");
  const auto text = trace_in_handler(fields);
  CHECK(text.size() == 32 + std::string{" sampled "}.size());
  CHECK(text.ends_with(" sampled "));
  CHECK(text.find_first_not_of("0123456789abcdef") == 32);
  CHECK(text.substr(0, 32) != trace);
  CHECK(text.substr(0, 32) != std::string(32, '0'));
}

TEST_CASE("trace: a tracestate that is too long or repeated is dropped, but the trace is kept", "[http][server]") {
  CHECK(trace_in_handler(traceparent + "tracestate: " + std::string(513, 'a') + "\r\n") == trace + " sampled ");
  CHECK(trace_in_handler(traceparent + "tracestate: a=b\r\ntracestate: c=d\r\n") == trace + " sampled ");
}

TEST_CASE("trace: requests without a trace have different trace IDs", "[http][server]") {
  server_fixture server;
  server.routes.get("/", respond_with_trace);
  auto client = server.connect();
  client.send(get("/"));
  const auto first = client.receive()->body;
  client.send(get("/"));
  CHECK(client.receive()->body != first);
}

TEST_CASE("trace: the log line of a request has its trace ID", "[http][server]") {
  captured_log log;
  {
    server_fixture server;
    server.log_to(log.sink());
    server.routes.get("/", text_handler("hello"));
    server.response_to(get("/", traceparent));
  }
  const auto lines = log.close();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("\"trace_id\":\"" + trace + "\"") != std::string::npos);
}

TEST_CASE("trace: a sampled trace is the exemplar of the request duration", "[http][server]") {
  const auto is_sampled = GENERATE(true, false);
  server_fixture server;
  server.routes.get("/slow", delayed_handler(300ms));
  server.response_to(
      get("/slow", "traceparent: 00-" + trace + "-b7ad6b7169203331-0" + (is_sampled ? "1" : "0") + "\r\n"));
  const std::string bucket =
      "test_http_request_duration_seconds_bucket{endpoint=\"/slow\",method=\"GET\",le=\"0.5\"} 1";
  const auto page = server.metrics.open_metrics_text();
  CHECK((page.find(bucket + " # {trace_id=\"" + trace + "\"} 0.3") != std::string::npos) == is_sampled);
  CHECK((page.find(bucket + "\n") != std::string::npos) != is_sampled);
}

TEST_CASE("trace: a request that is rejected before routing has no exemplar", "[http][server]") {
  server_fixture server;
  server.routes.get("/", text_handler("hello"));
  server.response_to("GET / HTTP/1.1\r\n" + traceparent + "\r\n");
  CHECK(server.request_count("unmatched", "GET", 400) == 1);
  CHECK(server.metrics.open_metrics_text().find("trace_id") == std::string::npos);
}

// ---- upstream

/// Calls the upstream, and responds with the number of attempts.
task<http::response> call_upstream(http::upstream* upstream, call_context context, std::string url) {
  http::client_request request;
  request.url = parse_url(url);
  request.max_redirects = 1;
  const auto result = co_await upstream->call(std::move(request), context);
  co_return text_response(std::to_string(result.attempts));
}

/// A service whose handler calls an upstream, and that upstream.
struct upstream_trace_fixture : service_fixture {
  explicit upstream_trace_fixture(http::upstream_settings settings = {})
      : upstream(client, metrics, log, "there", settings) {
    http::router upstream_routes;
    upstream_routes.get("/", [this](request_context& context) {
      for (const auto& header : context.head().fields) received_fields.emplace_back(header.name, header.value);
      if (next_statuses.empty()) return http::json_response("{}");
      http::response response{next_statuses.front()};
      next_statuses.erase(next_statuses.begin());
      if (!location.empty()) response.set("Location", location);
      return response;
    });
    add_server("there.test", std::move(upstream_routes));
    http::router routes;
    routes.get("/",
               [this](request_context& context) { return call_upstream(&upstream, context, "http://there.test/"); });
    serve(std::move(routes));
  }

  /// Returns the values of a field in all requests to the upstream.
  std::vector<std::string> received(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& field : received_fields) {
      if (http::iequals(field.first, name)) found.push_back(field.second);
    }
    return found;
  }

  http::upstream upstream;
  /// The statuses of the upstream's next responses; later responses have status 200.
  std::vector<http::status> next_statuses;
  std::string location;
  std::vector<std::pair<std::string, std::string>> received_fields;
};

TEST_CASE("trace: a call for a request sends the request's trace ID and tracestate, and a new parent ID",
          "[http][server]") {
  upstream_trace_fixture fixture;
  const auto flags = std::string{GENERATE("01", "00")};
  fixture.response_to(
      get("/", "traceparent: 00-" + trace + "-b7ad6b7169203331-" + flags + "\r\ntracestate: a=b,c=d\r\n"));
  const auto trace_parents = fixture.received("traceparent");
  REQUIRE(trace_parents.size() == 1);
  CHECK(trace_parents[0].substr(0, 36) == "00-" + trace + "-");
  CHECK(trace_parents[0].substr(36, 16) != "b7ad6b7169203331");
  CHECK(trace_parents[0].substr(52) == "-" + flags);
  CHECK(fixture.received("tracestate") == std::vector<std::string>{"a=b,c=d"});
}

TEST_CASE("trace: the exemplar of a call's duration is the trace of its request", "[http][server]") {
  upstream_trace_fixture fixture;
  fixture.response_to(get("/", traceparent));
  const auto page = fixture.metrics.open_metrics_text();
  const auto line = page.find("cohort_client_request_duration_seconds_bucket{upstream=\"there\",le=\"5e-05\"} 1 #");
  REQUIRE(line != std::string::npos);
  CHECK(page.substr(line, page.find('\n', line) - line).find("{trace_id=\"" + trace + "\"}") != std::string::npos);
}

TEST_CASE("trace: a call for a request without a trace sends the trace that was started for the request",
          "[http][server]") {
  upstream_trace_fixture fixture;
  fixture.response_to(get("/", "tracestate: a=b\r\n"));
  const auto trace_parents = fixture.received("traceparent");
  REQUIRE(trace_parents.size() == 1);
  const auto parsed = telemetry::parse_traceparent(trace_parents[0]);
  REQUIRE(parsed.has_value());
  CHECK(parsed->is_sampled);
  CHECK(fixture.received("tracestate").empty());
}

TEST_CASE("trace: each attempt of a call has the same trace ID and its own parent ID", "[http][server]") {
  upstream_trace_fixture fixture;
  fixture.next_statuses = {http::status::service_unavailable};
  CHECK(fixture.response_to(get("/", traceparent)).body == "2");
  const auto trace_parents = fixture.received("traceparent");
  REQUIRE(trace_parents.size() == 2);
  CHECK(trace_parents[0].substr(0, 36) == trace_parents[1].substr(0, 36));
  CHECK(trace_parents[0].substr(36, 16) != trace_parents[1].substr(36, 16));
}

TEST_CASE("trace: a redirect sends the trace to the same origin only", "[http][server]") {
  upstream_trace_fixture fixture;
  scripted_response other_origin;
  fixture.add_server("elsewhere.test", scripted_router("/", other_origin));
  fixture.next_statuses = {http::status::found};
  SECTION("the same origin") {
    fixture.location = "/";
    fixture.response_to(get("/", traceparent));
    CHECK(fixture.received("traceparent").size() == 2);
  }
  SECTION("another origin") {
    fixture.location = "http://elsewhere.test/";
    fixture.response_to(get("/", traceparent + "tracestate: a=b\r\n"));
    CHECK(fixture.received("traceparent").size() == 1);
    REQUIRE(other_origin.request_count() == 1);
    CHECK_FALSE(other_origin.field("X-Request-Id").has_value());
    CHECK_FALSE(other_origin.field("traceparent").value_or("none").starts_with("00-"));
    CHECK_FALSE(other_origin.field("tracestate").has_value());
  }
}

task<> call_in_background(http::upstream& upstream) {
  const call_context background_context{.deadline = deadline::never(), .request_id = "events"};
  http::client_request request;
  request.url = parse_url("http://there.test/");
  co_await upstream.call(std::move(request), background_context);
}

TEST_CASE("trace: a call outside a request has no trace", "[http][server]") {
  upstream_trace_fixture fixture;
  fixture.time.run(call_in_background(fixture.upstream));
  CHECK(fixture.received("x-request-id") == std::vector<std::string>{"events"});
  CHECK(fixture.received("traceparent").empty());
}

}  // namespace
}  // namespace cohort
