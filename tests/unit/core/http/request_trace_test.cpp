#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "core/http/upstream.hpp"
#include "tests/unit/core/service/service_stage.hpp"

// What becomes of a request's trace: here, in the log, in metrics, and upstream.
namespace cohort {
namespace {

using namespace cohort::test;

const std::string trace = "0af7651916cd43dd8448eb211c80319c";
const std::string traceparent = "traceparent: 00-" + trace + "-b7ad6b7169203331-01\r\n";

http::response tell_trace(request_context& context) {
  const auto id = context.trace_id().hex();
  const auto& known = context.trace();
  return plain(std::string{id.data(), id.size()} + (known.sampled ? " sampled " : " ") + std::string{known.state});
}

std::string heard(std::string_view fields) {
  served_site site;
  site.routes.get("/", tell_trace);
  return site.answer_to(get("/", fields)).body;
}

TEST_CASE("A request has the trace that its caller told of") {
  CHECK(heard(traceparent) == trace + " sampled ");
  CHECK(heard("TraceParent:  00-" + trace + "-b7ad6b7169203331-00 \r\n") == trace + " ");
  CHECK(heard(traceparent + "tracestate: congo=t61rcWkgMzE,a=b\r\n") == trace + " sampled congo=t61rcWkgMzE,a=b");
}

TEST_CASE("A request whose trace is missing, wrong or told twice begins one, which is sampled") {
  const auto fields =
      GENERATE(as<std::string>{}, "", "traceparent:\r\n", traceparent + traceparent,
               "traceparent: 00-" + trace + "-b7ad6b7169203331-01-\r\n", "tracestate: congo=t61rcWkgMzE\r\n");
  const auto told = heard(fields);
  CHECK(told.size() == 32 + std::string{" sampled "}.size());
  CHECK(told.ends_with(" sampled "));
  CHECK(told.find_first_not_of("0123456789abcdef") == 32);
  CHECK(told.substr(0, 32) != trace);
  CHECK(told.substr(0, 32) != std::string(32, '0'));
}

TEST_CASE("A tracestate that is too long, or comes in parts, is left out, and the trace goes on") {
  CHECK(heard(traceparent + "tracestate: " + std::string(513, 'a') + "\r\n") == trace + " sampled ");
  CHECK(heard(traceparent + "tracestate: a=b\r\ntracestate: c=d\r\n") == trace + " sampled ");
}

TEST_CASE("No two requests that come without a trace have the same") {
  served_site site;
  site.routes.get("/", tell_trace);
  auto client = site.connect();
  client.send(get("/"));
  const auto first = client.receive()->body;
  client.send(get("/"));
  CHECK(client.receive()->body != first);
}

TEST_CASE("A request's line in the log has its trace") {
  captured_log log;
  {
    served_site site;
    site.log_to(log.sink());
    site.routes.get("/", says("hello"));
    site.answer_to(get("/", traceparent));
  }
  const auto lines = log.close();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("\"trace_id\":\"" + trace + "\"") != std::string::npos);
}

TEST_CASE("A request's trace is its duration's exemplar, if it is sampled") {
  const auto sampled = GENERATE(true, false);
  served_site site;
  site.routes.get("/slow", waits(300ms));
  site.answer_to(get("/slow", "traceparent: 00-" + trace + "-b7ad6b7169203331-0" + (sampled ? "1" : "0") + "\r\n"));
  const std::string bucket =
      "test_http_request_duration_seconds_bucket{endpoint=\"/slow\",method=\"GET\",le=\"0.5\"} 1";
  const auto page = site.metrics.open_metrics();
  CHECK((page.find(bucket + " # {trace_id=\"" + trace + "\"} 0.3") != std::string::npos) == sampled);
  CHECK((page.find(bucket + "\n") != std::string::npos) != sampled);
}

TEST_CASE("A request that is refused unread is nobody's exemplar") {
  served_site site;
  site.routes.get("/", says("hello"));
  site.answer_to("GET / HTTP/1.1\r\n" + traceparent + "\r\n");
  CHECK(site.requests("unmatched", "GET", 400) == 1);
  CHECK(site.metrics.open_metrics().find("trace_id") == std::string::npos);
}

// ---- upstream

task<http::response> ask_upstream(http::upstream* whom, http::caller who, std::string url) {
  http::client_request request;
  request.url = url_of(url);
  request.redirects = 1;
  const auto got = co_await whom->call(std::move(request), who);
  co_return plain(std::to_string(got.attempts));
}

/// A service that answers nothing but what an upstream says, which is slow as often as `plan` says.
struct tracing_stage : service_stage {
  explicit tracing_stage(http::upstream_settings how = {}) : asked(client, metrics, log, "there", how) {
    http::router there;
    there.get("/", [this](request_context& context) {
      for (const auto& each : context.head().fields) told.emplace_back(each.name, each.value);
      if (plan.empty()) return http::json_response("{}");
      http::response made{plan.front()};
      plan.erase(plan.begin());
      if (!location.empty()) made.set("Location", location);
      return made;
    });
    add_site("there.test", std::move(there));
    http::router routes;
    routes.get("/", [this](request_context& context) {
      return ask_upstream(&asked, context.as_caller(), "http://there.test/");
    });
    serve(std::move(routes));
  }

  std::vector<std::string> all(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& each : told) {
      if (http::same_name(each.first, name)) found.push_back(each.second);
    }
    return found;
  }

  http::upstream asked;
  std::vector<http::status> plan;
  std::string location;
  /// Of all requests.
  std::vector<std::pair<std::string, std::string>> told;
};

TEST_CASE("A call made for a request carries its trace, with a parent id of its own, and its state") {
  tracing_stage stage;
  const auto flags = std::string{GENERATE("01", "00")};
  stage.answer_to(get("/", "traceparent: 00-" + trace + "-b7ad6b7169203331-" + flags + "\r\ntracestate: a=b,c=d\r\n"));
  const auto parents = stage.all("traceparent");
  REQUIRE(parents.size() == 1);
  CHECK(parents[0].substr(0, 36) == "00-" + trace + "-");
  CHECK(parents[0].substr(36, 16) != "b7ad6b7169203331");
  CHECK(parents[0].substr(52) == "-" + flags);
  CHECK(stage.all("tracestate") == std::vector<std::string>{"a=b,c=d"});
}

TEST_CASE("A call's duration has its request's trace for an exemplar") {
  tracing_stage stage;
  stage.answer_to(get("/", traceparent));
  const auto page = stage.metrics.open_metrics();
  const auto line = page.find("cohort_client_request_duration_seconds_bucket{upstream=\"there\",le=\"5e-05\"} 1 #");
  REQUIRE(line != std::string::npos);
  CHECK(page.substr(line, page.find('\n', line) - line).find("{trace_id=\"" + trace + "\"}") != std::string::npos);
}

TEST_CASE("A call made for a request that came without a trace carries the one that began here") {
  tracing_stage stage;
  stage.answer_to(get("/", "tracestate: a=b\r\n"));
  const auto parents = stage.all("traceparent");
  REQUIRE(parents.size() == 1);
  const auto understood = telemetry::parse_traceparent(parents[0]);
  REQUIRE(understood.has_value());
  CHECK(understood->sampled);
  CHECK(stage.all("tracestate").empty());
}

TEST_CASE("Each attempt of a call has the same trace and a parent id of its own") {
  tracing_stage stage;
  stage.plan = {http::status::service_unavailable};
  CHECK(stage.answer_to(get("/", traceparent)).body == "2");
  const auto parents = stage.all("traceparent");
  REQUIRE(parents.size() == 2);
  CHECK(parents[0].substr(0, 36) == parents[1].substr(0, 36));
  CHECK(parents[0].substr(36, 16) != parents[1].substr(36, 16));
}

TEST_CASE("A redirect takes the trace along to the same origin, and not to another") {
  tracing_stage stage;
  scripted_answer elsewhere;
  stage.add_site("elsewhere.test", scripted("/", elsewhere));
  stage.plan = {http::status::found};
  SECTION("the same") {
    stage.location = "/";
    stage.answer_to(get("/", traceparent));
    CHECK(stage.all("traceparent").size() == 2);
  }
  SECTION("another") {
    stage.location = "http://elsewhere.test/";
    stage.answer_to(get("/", traceparent + "tracestate: a=b\r\n"));
    CHECK(stage.all("traceparent").size() == 1);
    REQUIRE(elsewhere.asked() == 1);
    CHECK_FALSE(elsewhere.field("X-Request-Id").has_value());
    CHECK_FALSE(elsewhere.field("traceparent").value_or("none").starts_with("00-"));
    CHECK_FALSE(elsewhere.field("tracestate").has_value());
  }
}

task<> ask_for_nobody(http::upstream& whom) {
  const http::caller nobody{.until = deadline::never(), .id = "events"};
  http::client_request request;
  request.url = url_of("http://there.test/");
  co_await whom.call(std::move(request), nobody);
}

TEST_CASE("A call that is made for no request carries no trace") {
  tracing_stage stage;
  stage.time.run(ask_for_nobody(stage.asked));
  CHECK(stage.all("x-request-id") == std::vector<std::string>{"events"});
  CHECK(stage.all("traceparent").empty());
}

}  // namespace
}  // namespace cohort
