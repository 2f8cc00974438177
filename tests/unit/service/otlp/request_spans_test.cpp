// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>

#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/telemetry/requests/call_recording.hpp>
#include <cohort/telemetry/tracing/tracer.hpp>
#include "tests/unit/service/otlp/collector_fixture.hpp"

// Tests of the exported spans of requests and of their upstream calls.
namespace cohort::test {
namespace {

constexpr std::string_view trace_id = "0af7651916cd43dd8448eb211c80319c";
constexpr std::string_view caller_span = "b7ad6b7169203331";

std::string traceparent(bool is_sampled = true) {
  return "traceparent: 00-" + std::string{trace_id} + "-" + std::string{caller_span} + (is_sampled ? "-01" : "-00") +
         "\r\ntracestate: vendor=1\r\n";
}

struct exported_span {
  std::string trace, id, parent, name, state;
  std::int64_t kind = 0;
  std::int64_t status = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::map<std::string, std::string> attributes;
  std::vector<std::string> events;
};

std::string string_field(simdjson::dom::element parent, std::string_view name) {
  std::string_view text;
  return parent[name].get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
}

exported_span read_span(simdjson::dom::element source) {
  exported_span read;
  read.trace = string_field(source, "traceId");
  read.id = string_field(source, "spanId");
  read.parent = string_field(source, "parentSpanId");
  read.name = string_field(source, "name");
  read.state = string_field(source, "traceState");
  read.kind = source["kind"].get_int64();
  read.start = std::stoll(string_field(source, "startTimeUnixNano"));
  read.end = std::stoll(string_field(source, "endTimeUnixNano"));
  simdjson::dom::element found;
  if (source["status"]["code"].get(found) == simdjson::SUCCESS) read.status = found.get_int64();
  for (const auto each : source["attributes"].get_array()) {
    for (const auto value : each["value"].get_object()) {
      read.attributes[string_field(each, "key")] =
          value.value.is_string() ? std::string{value.value.get_string().value()} : simdjson::minify(value.value);
    }
  }
  simdjson::dom::array events;
  if (source["events"].get(events) == simdjson::SUCCESS) {
    for (const auto each : events) read.events.push_back(string_field(each, "name"));
  }
  return read;
}

class traced_fixture : public service_fixture {
 public:
  explicit traced_fixture(std::string_view sampler = "parentbased_always_on")
      : spans(1, *telemetry::make_sampler(sampler, 1), telemetry::otlp_encoding::json) {
    server_settings.tracer = &spans;
  }

  telemetry::tracer spans;

  /// Removes and returns the recorded spans.
  std::vector<exported_span> take() {
    auto& queue = *spans.queues().front();
    const auto batch = queue.take();
    queue.release(batch);
    std::vector<exported_span> result;
    simdjson::dom::element root;
    const auto list = "[" + batch.items + "]";
    REQUIRE(json::parse_document(list, root));
    for (const auto each : root.get_array()) result.push_back(read_span(each));
    return result;
  }
};

http::router simple_routes() {
  http::router routes;
  routes.get("/items/{id}", [](request_context&) { return text_response("item"); });
  routes.get("/slow", delayed_handler(250ms));
  routes.get("/fails", [](request_context&) { return http::error_response(http::status::bad_gateway, "no"); });
  return routes;
}

TEST_CASE("request spans: a request continues the caller's trace", "[service][tracing]") {
  traced_fixture test;
  test.serve(simple_routes());
  CHECK(test.response_to(get("/items/7?secret=1", traceparent())).status == 200);
  const auto spans = test.take();
  REQUIRE(spans.size() == 1);
  const auto& span = spans.front();
  CHECK(span.trace == trace_id);
  CHECK(span.parent == caller_span);
  CHECK(span.state == "vendor=1");
  CHECK(span.name == "GET /items/{id}");
  CHECK(span.kind == 2);
  CHECK(span.status == 0);
  auto attributes = span.attributes;
  CHECK(attributes["http.route"] == "/items/{id}");
  CHECK(attributes["url.path"] == "/items/7");
  CHECK(attributes["http.response.status_code"] == "200");
  CHECK(attributes["client.address"] == "192.0.2.1");
  // The query can contain secrets.
  for (const auto& [name, value] : span.attributes) CHECK(value.find("secret") == std::string::npos);
}

TEST_CASE("request spans: a span has the wall-clock times of its request", "[service][tracing]") {
  traced_fixture test;
  test.serve(simple_routes());
  test.time.step_wall_clock(1h);
  const auto time_before = test.time.event_loop().wall_now().time_since_epoch().count();
  CHECK(test.response_to(get("/slow", traceparent())).status == 200);
  const auto spans = test.take();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].start >= time_before);
  CHECK(spans[0].start < time_before + 10'000'000);
  CHECK(spans[0].end - spans[0].start >= 250'000'000);
  CHECK(spans[0].end - spans[0].start < 260'000'000);
}

TEST_CASE("request spans: a span of a request with a status of 500 or more is an error", "[service][tracing]") {
  traced_fixture test;
  test.serve(simple_routes());
  test.response_to(get("/fails", traceparent()));
  test.response_to(get("/nowhere", traceparent()));
  const auto spans = test.take();
  REQUIRE(spans.size() == 2);
  CHECK(spans[0].status == 2);
  CHECK(spans[0].attributes.at("error.type") == "502");
  CHECK(spans[1].status == 0);
  CHECK(spans[1].name == "GET");
}

TEST_CASE("request spans: an invalid traceparent starts a new trace", "[service][tracing]") {
  traced_fixture test;
  test.serve(simple_routes());
  test.response_to(get("/items/1", "traceparent: 00-zz-1-01\r\ntracestate: a=1\r\n"));
  const auto spans = test.take();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].parent.empty());
  CHECK(spans[0].state.empty());
  CHECK(spans[0].trace.size() == 32);
}

TEST_CASE("request spans: probes and requests that are not sampled have no span", "[service][tracing]") {
  traced_fixture test;
  test.serve(simple_routes());
  test.response_to(get("/health", traceparent()));
  test.response_to(get("/items/1", traceparent(false)));
  CHECK(test.take().empty());
}

TEST_CASE("request spans: a request that missed its deadline is recorded although it is not sampled",
          "[service][tracing]") {
  traced_fixture test;
  test.serve(simple_routes());
  test.response_to(get("/slow", traceparent(false) + "x-envoy-expected-rq-timeout-ms: 100\r\n"));
  const auto spans = test.take();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].attributes.at("cohort.deadline.missed") == "true");
  CHECK(spans[0].attributes.at("cohort.deadline.budget_ms") == "100");
  CHECK(spans[0].attributes.at("cohort.deadline.left_ms") == "0");
}

task<> write_slowly(http::body_writer* body) {
  co_await sleep_for(1s);
  auto write_task = body->write("late");
  co_await std::move(write_task);
}

TEST_CASE("request spans: a stream that continues after the deadline of its response head does not miss its deadline",
          "[service][tracing]") {
  traced_fixture test;
  http::router routes;
  routes.get("/stream", [](request_context&) {
    return http::response{}.stream([](http::body_writer& body) { return write_slowly(&body); }, "text/plain");
  });
  test.serve(std::move(routes));
  test.response_to(get("/stream", traceparent(false) + "x-envoy-expected-rq-timeout-ms: 100\r\n"));
  CHECK(test.take().empty());
  test.response_to(get("/stream", traceparent(true) + "x-envoy-expected-rq-timeout-ms: 100\r\n"));
  const auto spans = test.take();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].end - spans[0].start >= 1'000'000'000);
  CHECK_FALSE(spans[0].attributes.contains("cohort.deadline.missed"));
}

// ---- upstream calls

task<http::response> call_once(http::upstream* stock, call_context context) {
  http::client_request request;
  request.url = parse_url("http://stock.test/");
  auto call_task = stock->call(std::move(request), context);
  const auto result = co_await std::move(call_task);
  co_return text_response(result.response ? "ok" : "failed");
}

http::router routes_with_upstream_call(http::upstream& stock) {
  http::router routes;
  routes.get("/call", [&stock](request_context& context) { return call_once(&stock, context); });
  return routes;
}

const exported_span* find(const std::vector<exported_span>& spans, std::string_view name) {
  for (const auto& each : spans)
    if (each.name == name) return &each;
  return nullptr;
}

TEST_CASE("request spans: each attempt has the span ID that was sent to the server", "[service][tracing]") {
  traced_fixture test;
  scripted_response script;
  script.delay = 20ms;
  test.add_server("stock.test", scripted_router("/", script));
  http::upstream stock{test.client, test.metrics, test.log, "stock", {.timeout = 2s}};
  test.serve(routes_with_upstream_call(stock));
  CHECK(test.response_to(get("/call", traceparent())).body == "ok");
  const auto spans = test.take();
  REQUIRE(spans.size() == 3);
  const auto* server = find(spans, "GET /call");
  const auto* call = find(spans, "call stock");
  const auto* attempt = find(spans, "stock first attempt");
  REQUIRE((server && call && attempt));
  CHECK(call->parent == server->id);
  CHECK(attempt->parent == call->id);
  CHECK(attempt->kind == 3);
  CHECK(attempt->trace == trace_id);
  CHECK(script.field("traceparent") == "00-" + std::string{trace_id} + "-" + attempt->id + "-01");
  CHECK(attempt->attributes.at("http.response.status_code") == "200");
  CHECK(attempt->attributes.at("network.peer.port") == "80");
  CHECK(attempt->start >= server->start);
  CHECK(attempt->end <= server->end);
  CHECK(attempt->end - attempt->start >= 20'000'000);
  CHECK(attempt->events.front() == "wait");
}

task<http::response> run_recorded_work(request_context& context) {
  const auto now = loop::current().now();
  auto* const record = context.timing().recording().get();
  using enum telemetry::call_kind;
  telemetry::call_recording reports{record, "reports", now, context.deadline(), cache};
  reports.end("miss");
  telemetry::call_recording orders{record, "orders", now, context.deadline(), postgres};
  orders.set_detail("select 1");
  auto sleep_task = sleep_for(20ms);
  co_await std::move(sleep_task);
  orders.end("ok");
  telemetry::call_recording counters{record, "counters", loop::current().now(), context.deadline(), redis};
  counters.set_detail("GET");
  counters.end("timeout");
  co_return text_response("ok");
}

TEST_CASE("request spans: database calls and cache lookups are children of the request's span", "[service][tracing]") {
  traced_fixture test;
  http::router routes;
  routes.get("/work", [](request_context& context) { return run_recorded_work(context); });
  test.serve(std::move(routes));
  CHECK(test.response_to(get("/work", traceparent())).body == "ok");
  const auto spans = test.take();
  REQUIRE(spans.size() == 4);
  const auto* server = find(spans, "GET /work");
  const auto* cache = find(spans, "cache reports");
  const auto* query = find(spans, "postgres orders");
  const auto* command = find(spans, "redis counters");
  REQUIRE((server && cache && query && command));
  for (const auto* child : {cache, query, command}) CHECK(child->parent == server->id);
  CHECK(query->kind == 3);
  CHECK(query->end - query->start >= 20'000'000);
  CHECK(query->attributes.at("db.system.name") == "postgresql");
  CHECK(query->attributes.at("db.query.text") == "select 1");
  CHECK(query->status == 0);
  CHECK(cache->kind == 1);
  CHECK(cache->status == 0);
  CHECK(cache->attributes.at("cohort.call.outcome") == "miss");
  CHECK(command->attributes.at("db.operation.name") == "GET");
  CHECK(command->status == 2);
}

TEST_CASE("request spans: a retry is a separate attempt", "[service][tracing]") {
  traced_fixture test;
  scripted_response script;
  script.status = http::status::service_unavailable;
  test.add_server("stock.test", scripted_router("/", script));
  http::upstream_settings settings{.timeout = 2s};
  settings.retry.max_attempts = 2;
  http::upstream stock{test.client, test.metrics, test.log, "stock", settings};
  test.serve(routes_with_upstream_call(stock));
  test.response_to(get("/call", traceparent()));
  const auto spans = test.take();
  const auto* first = find(spans, "stock first attempt");
  const auto* retry = find(spans, "stock retry attempt");
  REQUIRE((first && retry));
  CHECK(first->status == 2);
  CHECK(first->attributes.at("http.response.status_code") == "503");
  CHECK(retry->attributes.at("http.request.resend_count") == "1");
  CHECK(first->id != retry->id);
  CHECK(find(spans, "call stock")->status == 2);
}

TEST_CASE("request spans: a call that missed its deadline is recorded although its trace is not sampled",
          "[service][tracing]") {
  traced_fixture test;
  scripted_response script;
  script.delay = 10s;
  test.add_server("stock.test", scripted_router("/", script));
  http::upstream_settings settings{.timeout = 100ms};
  settings.retry.max_attempts = 1;
  http::upstream stock{test.client, test.metrics, test.log, "stock", settings};
  test.serve(routes_with_upstream_call(stock));
  CHECK(test.response_to(get("/call", traceparent(false))).body == "failed");
  const auto spans = test.take();
  const auto* attempt = find(spans, "stock first attempt");
  REQUIRE(attempt);
  CHECK(attempt->attributes.at("cohort.cancelled_by") == "deadline");
  CHECK(attempt->attributes.at("cohort.attempt.outcome") == "timeout");
  CHECK(find(spans, "call stock")->attributes.at("cohort.call.outcome") == "timeout");
}

TEST_CASE("request spans: a full queue drops spans and does not affect requests", "[service][tracing]") {
  service_fixture test;
  telemetry::tracer spans{1, telemetry::sampler{}, telemetry::otlp_encoding::protobuf, {.max_items = 2}};
  test.server_settings.tracer = &spans;
  test.serve(simple_routes());
  for (int i = 0; i < 5; ++i) CHECK(test.response_to(get("/items/1")).status == 200);
  CHECK(spans.queues().front()->size() == 2);
  CHECK(spans.queues().front()->dropped_count() == 3);
}

}  // namespace
}  // namespace cohort::test
