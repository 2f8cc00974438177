// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using http::next;
using http::response;

/// Appends its name to `Trace`, so that the innermost middleware is the first.
auto make_tracing(std::string name) {
  return [name = std::move(name)](request_context& context, next next_handler) -> task<response> {
    auto result = co_await next_handler(context);
    result.set("Trace", name);
    co_return result;
  };
}

std::string trace_of(const received_response& response) {
  std::string text;
  for (const auto& [name, value] : response.headers) {
    if (http::iequals(name, "Trace")) text += text.empty() ? value : " " + value;
  }
  return text;
}

/// Does not respond after its cancellation.
task<response> wait_twice() {
  co_await sleep_for(1h);
  co_await sleep_for(1h);
  co_return text_response("never");
}

http::response failing_handler(request_context&) { throw std::runtime_error("secret"); }

TEST_CASE(
    "middleware: middleware runs in the order router, group, operation, for routes registered before and after it",
    "[http][middleware]") {
  server_fixture server;
  auto& routes = server.routes;
  auto api = routes.group("/api");
  api.get("/early", text_handler("early")).use(make_tracing("operation"));
  routes.use(make_tracing("router"));
  api.use(make_tracing("group"));
  routes.get("/", delayed_handler(1ms, "slow"));
  api.group("/v1").use(make_tracing("inner")).get("/late", text_handler("late"));
  CHECK(trace_of(server.response_to(get("/api/early"))) == "operation group router");
  CHECK(trace_of(server.response_to(get("/api/v1/late"))) == "inner group router");
  const auto slow_response = server.response_to(get("/"));
  CHECK(slow_response.body == "slow");
  CHECK(trace_of(slow_response) == "router");
}

TEST_CASE("middleware: the framework's own responses pass through the middleware", "[http][middleware][case-6.7]") {
  server_fixture server;
  server.settings.limits.max_body_bytes = 10;
  auto& routes = server.routes;
  routes.use(make_tracing("outer"));
  auto api = routes.group("/api");
  api.use(make_tracing("api"));
  api.get("/broken", failing_handler);
  api.get("/slow", [](request_context&) { return wait_twice(); }).timeout(100ms);
  api.get("/failing", [](request_context&) -> task<response> {
    co_await sleep_for(1ms);
    throw std::runtime_error("secret");
  });
  api.post("/echo", echo_handler);
  api.get("/private", text_handler("private")).use([](request_context&) -> std::optional<response> {
    return http::error_response(http::status::unauthorized, "no");
  });
  routes.get("/health", text_handler("healthy")).probe();
  struct row {
    std::string request;
    int status;
    std::string trace;
  };
  const auto each = GENERATE(values<row>({
      {get("/none"), 404, "outer"},
      {get("/api/none"), 404, "api outer"},
      {get("/api/private"), 401, "api outer"},
      {post("/api/broken", ""), 405, "api outer"},
      {"BREW /api/broken HTTP/1.1\r\nHost: a\r\n\r\n", 501, "api outer"},
      {get("/api/broken"), 500, "api outer"},
      {get("/api/failing"), 500, "api outer"},
      {get("/api/slow"), 504, "api outer"},
      {"POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n", 413, "api outer"},
      {"POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx", 400, "api outer"},
      {"POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nx", 408, "api outer"},
      {post("/api/echo", "body"), 200, "api outer"},
      {get("/health"), 200, ""},
      // Without a valid header section, no request exists yet.
      {"GET /api/none HTTP/1.1\r\n\r\n", 400, ""},
  }));
  CAPTURE(each.request);
  const auto received = server.response_to(each.request);
  CHECK(received.status == each.status);
  CHECK(trace_of(received) == each.trace);
  CHECK(received.body.find("secret") == std::string::npos);
}

TEST_CASE("middleware: an exception of a middleware causes a 500 response, which passes through the outer middleware",
          "[http][middleware]") {
  server_fixture server;
  server.routes.use(make_tracing("outer"));
  server.routes.use([](request_context& context, next next_handler) -> task<response> {
    if (context.head().path == "/before") throw std::runtime_error("secret");
    auto result = co_await next_handler(context);
    throw std::runtime_error("secret");
  });
  server.routes.use(make_tracing("inner"));
  server.routes.get("/before", text_handler("hello"));
  server.routes.get("/after", text_handler("hello"));
  for (const auto* path : {"/before", "/after"}) {
    const auto received = server.response_to(get(path));
    CHECK(received.status == 500);
    CHECK(trace_of(received) == "outer");
  }
}

TEST_CASE("middleware: a middleware may respond itself, and filters may precede and follow it", "[http][middleware]") {
  server_fixture server;
  log_lines calls;
  const auto filter = [&calls](std::string name) {
    return [&calls, name](request_context& context) -> std::optional<response> {
      calls.push_back(name);
      if (context.head().find("x-stop") != name) return std::nullopt;
      return text_response(name);
    };
  };
  server.routes.use(filter("first"));
  server.routes.use([&calls](request_context& context, next next_handler) -> task<response> {
    calls.push_back("middleware");
    if (context.head().find("x-stop") == "middleware") co_return text_response("middleware");
    co_return co_await next_handler(context);
  });
  server.routes.use(filter("second"));
  server.routes.get("/", text_handler("handler"));
  const auto response_when_stopped_at = [&](const std::string& name) {
    calls.clear();
    return server.response_to(get("/", "X-Stop: " + name + "\r\n")).body;
  };
  CHECK(response_when_stopped_at("first") == "first");
  CHECK(calls == log_lines{"first"});
  CHECK(response_when_stopped_at("middleware") == "middleware");
  CHECK(calls == log_lines{"first", "middleware"});
  CHECK(response_when_stopped_at("second") == "second");
  CHECK(response_when_stopped_at("none") == "handler");
  CHECK(calls == log_lines{"first", "middleware", "second"});
}

task<response> wait_then_call(duration delay, log_lines* events, request_context& context, next next_handler) {
  const auto status = co_await sleep_for(delay);
  events->push_back(status == wait_status::cancelled ? "cancelled" : "completed");
  co_return co_await next_handler(context);
}

TEST_CASE("middleware: a middleware is cancelled at the deadline; the connection is kept", "[http][middleware]") {
  log_lines events;
  server_fixture server;
  server.routes.use(make_tracing("outer"));
  server.routes.use([&events](request_context& context, next next_handler) {
    return wait_then_call(1h, &events, context, next_handler);
  });
  server.routes.get("/", text_handler("hello"));
  auto client = server.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(get("/", "x-envoy-expected-rq-timeout-ms: 50\r\n"));
    const auto received = client.receive();
    CHECK(received->status == 504);
    CHECK(trace_of(*received) == "outer");
  }
  CHECK(events == log_lines{"cancelled", "cancelled"});
  CHECK(server.metric_value("cohort_server_deadline_exceeded_total") == 2);
}

TEST_CASE("middleware: a middleware is cancelled when the client disconnects, before and during the handler",
          "[http][middleware]") {
  log_lines events;
  server_fixture server;
  const bool waits_in_handler = GENERATE(true, false);
  const bool has_body = GENERATE(true, false);
  CAPTURE(waits_in_handler, has_body);
  server.routes.use([&events, waits_in_handler](request_context& context, next next_handler) {
    return wait_then_call(waits_in_handler ? 0ms : 1h, &events, context, next_handler);
  });
  server.routes.any("/", recording_handler(1h, events));
  {
    auto client = server.connect();
    client.send(has_body ? post("/", "body") : get("/"));
    server.time.run_for(1s);
  }
  server.time.run_for(2s);
  if (waits_in_handler) CHECK(events == log_lines{"completed", "cancelled"});
  // While a body waits to be read, a disconnect is not detected.
  if (!waits_in_handler && !has_body) CHECK(events == log_lines{"cancelled"});
}

TEST_CASE("middleware: responses to pipelined requests are sent in order, and a drain cancels a waiting middleware",
          "[http][middleware]") {
  log_lines events;
  server_fixture server;
  server.routes.use([&events](request_context& context, next next_handler) -> task<response> {
    return wait_then_call(context.head().path == "/slow" ? 1h : 0ms, &events, context, next_handler);
  });
  server.routes.get("/a", text_handler("a"));
  server.routes.get("/slow", text_handler("slow"));
  auto client = server.connect();
  client.send(get("/a") + get("/a") + get("/slow"));
  CHECK(client.receive()->body == "a");
  CHECK(client.receive()->body == "a");
  server.drain(1s);
  CHECK(events == log_lines{"completed", "completed", "cancelled"});
}

struct user {
  std::string name;
};

TEST_CASE("middleware: values that middleware adds to the request are available to the handler", "[http][middleware]") {
  server_fixture server;
  server.routes.use([](request_context& context) -> std::optional<response> {
    if (const auto name = context.head().find("x-user")) context.set(user{std::string{*name}});
    return std::nullopt;
  });
  server.routes.get("/get", [](request_context& context) {
    const auto* found = context.get<user>();
    return text_response(found ? found->name : "nobody");
  });
  server.routes.get("/require", [](request_context& context) { return text_response(context.require<user>().name); });
  CHECK(server.response_to(get("/get")).body == "nobody");
  CHECK(server.response_to(get("/get", "X-User: ann\r\n")).body == "ann");
  CHECK(server.response_to(get("/require", "X-User: ann\r\n")).body == "ann");
  CHECK(server.response_to(get("/require")).status == 500);
}

TEST_CASE("request values: a request has one value per type, which a new value replaces", "[http][middleware]") {
  http::request_values values;
  CHECK_FALSE(values.get<int>());
  values.set(1);
  values.set(std::string{"text"});
  values.set(2);
  CHECK(*values.get<int>() == 2);
  CHECK(*values.get<std::string>() == "text");
  CHECK_FALSE(values.get<user>());
  try {
    values.require<user>();
    FAIL("no exception");
  } catch (const std::logic_error& error) {
    CHECK(std::string_view{error.what()}.find("user") != std::string_view::npos);
  }
}

}  // namespace
}  // namespace cohort
