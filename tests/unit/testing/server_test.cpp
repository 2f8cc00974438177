// SPDX-License-Identifier: BSL-1.0
#include <cohort/testing/server.hpp>

#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <stdexcept>

#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/testing/catch2.hpp>

namespace cohort::testing {
namespace {

using namespace std::chrono_literals;

/// Responds with the method, the field `X-Test` and the body of the request.
http::response describe_request(http::request_context& context) {
  std::string text{context.head().method_text};
  for (const auto& field : context.head().fields) {
    if (http::iequals(field.name, "x-test")) text.append(" ").append(field.value);
  }
  return http::response{}.body(text.append(" ").append(context.body()), "text/plain");
}

task<> write_parts(http::body_writer& output) {
  for (const auto* part : {"one ", "two ", "three"}) {
    co_await output.write(part);
    co_await sleep_for(1s);
  }
}

http::router sample_routes() {
  http::router routes;
  for (const auto method : {http::method::get, http::method::put, http::method::patch, http::method::delete_}) {
    routes.add(method, "/any", describe_request);
  }
  routes.post("/any", describe_request);
  routes.get("/parts", [](http::request_context&) { return http::response{}.stream(write_parts, "text/plain"); });
  return routes;
}

TEST_CASE("testing: a server receives each method with fields and body", "[testing]") {
  server server{sample_routes()};
  const header_fields fields{{"X-Test", "x"}};
  CHECK(server.get("/any", fields)->body == "GET x ");
  CHECK(server.post("/any", "{}", "application/json", fields)->body == "POST x {}");
  CHECK(server.put("/any", "{}", "", fields)->body == "PUT x {}");
  CHECK(server.patch("/any", "{}", "application/json", fields)->body == "PATCH x {}");
  CHECK(server.del("/any", fields)->body == "DELETE x ");
  const auto head = server.head("/any");
  CHECK(head->find("content-length") == "5");
  CHECK(head->body.empty());
  CHECK(server.metric_value(R"(test_http_requests_total{endpoint="/any",method="PUT",status="200"})") == 1);
  CHECK_FALSE(server.metric_value("none"));
}

TEST_CASE("testing: each chunk of a streamed response is read at the time at which the handler writes it",
          "[testing]") {
  server server{sample_routes()};
  auto stream = server.open({.target = "/parts"});
  REQUIRE(stream);
  CHECK(stream->status() == http::status::ok);
  CHECK(stream->read().value() == "one ");
  const auto start = server.time().now();
  CHECK(stream->read().value() == "two ");
  CHECK(server.time().now() - start >= 900ms);
  CHECK(stream->read_to_end().value() == "three");
}

TEST_CASE("testing: a client that disconnects leaves no request in flight", "[testing]") {
  server server{sample_routes()};
  auto stream = server.open({.target = "/parts"});
  REQUIRE(stream);
  CHECK(stream->read().value() == "one ");
  stream->disconnect();
  server.run_for(5s);
  CHECK(stream->read().error() == http::client_error::body_truncated);
  CHECK(server.metrics().make_gauge("cohort_server_requests_in_flight", {}).value() == 0);
}

TEST_CASE("testing: a drain waits for a request in flight and rejects new connections", "[testing]") {
  server server{sample_routes()};
  auto stream = server.open({.target = "/parts"});
  REQUIRE(stream);
  server.begin_drain(10s);
  CHECK_FALSE(server.is_drained());
  CHECK(stream->read_to_end());
  server.run_for(2s);
  CHECK(server.is_drained());
  CHECK(server.get("/any").error() == http::client_error::connect_refused);
}

TEST_CASE("testing: an invalid target is reported before a request is sent", "[testing]") {
  server server{sample_routes()};
  CHECK_THROWS_AS(server.get("any"), std::invalid_argument);
  CHECK_THROWS_AS(server.get("/a b"), std::invalid_argument);
  CHECK_FALSE(server.is_started());
}

TEST_CASE("testing: a rejected WebSocket handshake has the status of the response", "[testing]") {
  server server{sample_routes()};
  const auto rejected = server.websocket("/none");
  REQUIRE_FALSE(rejected);
  CHECK(rejected.error().status == 404);
}

TEST_CASE("testing: a fleet is called with any method, fields and body", "[testing][sim]") {
  sim::fleet fleet{1};
  auto& node = fleet.add_stub_server("stub", 80, sample_routes);
  http::client_request message;
  message.method = http::method::put;
  message.url = boost::urls::parse_uri(node.url() + "/any").value();
  message.fields = {{"X-Test", "y"}};
  message.body = "text";
  CHECK(fleet.call(std::move(message))->body == "PUT y text");
  client caller{fleet, node.url()};
  CHECK(caller.post("/any", "[]")->body == "POST []");
  auto stream = caller.open({.target = "/parts"});
  REQUIRE(stream);
  fleet.kill(node);
  CHECK(stream->read_to_end().error() == http::client_error::body_truncated);
}

template <class T>
std::string print(const T& value) {
  return Catch::StringMaker<T>::convert(value);
}

TEST_CASE("testing: Catch2 prints results, responses, statuses, deadlines and durations", "[testing]") {
  CHECK(print(duration{0}) == "0 s");
  CHECK(print(duration{1500us}) == "1.5 ms");
  CHECK(print(duration{999ns}) == "999 ns");
  CHECK(print(duration{-90s}) == "-90 s");
  CHECK(print(deadline::never()) == "never");
  CHECK(print(deadline{time_point{2500ms}}) == "at 2.5 s");
  CHECK(print(http::status::not_found) == "404 Not Found");
  CHECK(print(http::error_response(http::status::conflict, "a", "b")) ==
        "409 Conflict\nContent-Type: application/json\n\n{\"error\":\"a\",\"message\":\"b\"}");
  const http::client_response client_response{http::status::ok, {{"A", "b"}}, std::string(3000, 'x')};
  CHECK(print(client_response) == "200 OK\nA: b\n\n" + std::string(2000, 'x') + "… (3000 bytes)");
  CHECK(print(http::client_result{http::client_error::breaker_open}).starts_with("error: "));
  CHECK(print(result<int>{7}) == "value: 7");
  CHECK(print(result<void, http::websocket_error>{http::websocket_error::timed_out}) == "error: timeout");
}

}  // namespace
}  // namespace cohort::testing
