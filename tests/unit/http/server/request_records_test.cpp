// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/runtime/blocking/blocking_pool.hpp>
#include "tests/unit/service/service_fixture.hpp"

// Tests of the server's records of requests.
namespace cohort {
namespace {

using namespace cohort::test;
using telemetry::request_log;
using telemetry::request_record;

const net::endpoint server_endpoint{asio::ip::make_address("192.0.2.50"), 80};

struct records_fixture {
  virtual_time time;
  net::memory_network network;
  http::router routes;
  std::optional<in_memory_server> running;

  peer connect() {
    if (!running) running.emplace(time, network, server_endpoint, std::move(routes));
    return {time, *time.run(network.connect(server_endpoint, deadline::never()))};
  }
  const request_log& log() { return running->server().shards().front()->requests(); }
  std::vector<request_record> open() {
    std::vector<request_record> records;
    log().visit_open([&](const request_record& record, const request_log::reason*) { records.push_back(record); });
    return records;
  }
  std::vector<request_record> finished() {
    std::vector<request_record> records;
    log().visit_completed([&](const request_record& record, const request_log::reason*) { records.push_back(record); });
    return records;
  }
};

TEST_CASE("request records: a request in progress is listed with its route and deadline", "[http][requests]") {
  records_fixture fixture;
  fixture.routes.get("/items/{id}", delayed_handler(1s)).timeout(3s);
  auto client = fixture.connect();
  const auto start = fixture.time.now();
  client.send(get("/items/7",
                  "X-Request-Id: call-7\r\ntraceparent: "
                  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"));
  fixture.time.run_for(500ms);
  REQUIRE(fixture.open().size() == 1);
  const auto record = fixture.open().front();
  CHECK(record.route.view() == "/items/{id}");
  CHECK(record.method.view() == "GET");
  CHECK(record.request_id.view() == "call-7");
  const auto hex = record.trace.id.hex();
  CHECK(std::string_view{hex.data(), hex.size()} == "0af7651916cd43dd8448eb211c80319c");
  CHECK(record.deadline.remaining(start) >= 3s);
  CHECK_FALSE(record.has_ended());
  fixture.time.run_for(1s);
  CHECK(fixture.open().empty());
  REQUIRE(fixture.finished().size() == 1);
  CHECK(fixture.finished().front().status == 200);
  CHECK(fixture.finished().front().ended - fixture.finished().front().started >= 1s);
}

TEST_CASE("request records: a synchronous handler has no record", "[http][requests]") {
  records_fixture fixture;
  const void* seen = &fixture;
  fixture.routes.get("/", [&seen](request_context& context) {
    seen = context.timing().recording().get();
    return text_response("now");
  });
  auto client = fixture.connect();
  client.send(get("/"));
  CHECK(client.receive()->status == 200);
  CHECK(seen == nullptr);
  CHECK(fixture.finished().empty());
}

TEST_CASE("request records: the cancellation cause of a handler is recorded before the handler ends",
          "[http][requests]") {
  records_fixture fixture;
  auto cause = telemetry::cancellation_cause::none;
  const auto handle = [](request_context& context, telemetry::cancellation_cause* cause) -> task<http::response> {
    auto delay = sleep_for(1h);
    co_await std::move(delay);
    *cause = context.timing().recording().get()->cancelled_by;
    co_return text_response("late");
  };
  fixture.routes.get("/", [&](request_context& context) { return handle(context, &cause); }).timeout(2s);
  auto client = fixture.connect();
  client.send(get("/"));
  SECTION("deadline of the request") {
    fixture.time.run_for(3s);
    CHECK(cause == telemetry::cancellation_cause::deadline);
  }
  SECTION("disconnect of the client") {
    fixture.time.run_for(1s);
    client.stream().close();
    fixture.time.run_for(500ms);
    CHECK(cause == telemetry::cancellation_cause::client);
    REQUIRE(fixture.finished().size() == 1);
    CHECK(fixture.finished().front().status == 499);
  }
  SECTION("the end of the drain") {
    fixture.time.run(fixture.running->server().drain(1s));
    CHECK(cause == telemetry::cancellation_cause::shutdown);
  }
  CHECK(fixture.open().empty());
  REQUIRE(fixture.finished().size() == 1);
  CHECK(fixture.finished().front().cancelled_by == cause);
}

task<http::response> run_blocking(blocking_pool& pool, request_context& context) {
  auto function = [] { return 1; };
  auto run_task = pool.run(context, function, "resize image");
  const auto value = co_await std::move(run_task);
  co_return text_response(value ? "ok" : value.error().message());
}

TEST_CASE("request records: blocking work is recorded as a call with the job's name and deadline", "[http][requests]") {
  records_fixture fixture;
  blocking_pool pool;
  pool.set_simulated_cost(300ms);
  duration limit = 3s;
  SECTION("the job completes in time") {}
  SECTION("the job is cancelled at the deadline") { limit = 200ms; }
  const bool is_in_time = limit > 300ms;
  fixture.routes.get("/", [&](request_context& context) { return run_blocking(pool, context); }).timeout(limit);
  auto client = fixture.connect();
  client.send(get("/"));
  fixture.time.run_for(100ms);
  REQUIRE(fixture.open().size() == 1);
  REQUIRE(fixture.open().front().all_calls().size() == 1);
  CHECK_FALSE(fixture.open().front().calls[0].has_ended());
  fixture.time.run_for(1s);
  REQUIRE(fixture.finished().size() == 1);
  const auto record = fixture.finished().front();
  REQUIRE(record.all_calls().size() == 1);
  const auto& call = record.calls[0];
  CHECK(call.kind == telemetry::call_kind::blocking);
  CHECK(call.name.view() == "resize image");
  CHECK(call.has_ended());
  CHECK((call.outcome == "ok") == is_in_time);
  CHECK((call.cancelled_by == telemetry::cancellation_cause::deadline) == !is_in_time);
  CHECK(call.ended - call.started >= (is_in_time ? 300ms : 200ms));
}

TEST_CASE("request records: a streamed response is listed until it is complete", "[http][requests]") {
  records_fixture fixture;
  fixture.routes.get("/events", [](request_context&) {
    http::response response;
    response.stream(
        [](body_writer& writer) -> task<> {
          auto delay = sleep_for(1min);
          co_await std::move(delay);
          co_await writer.write("end");
        },
        "text/event-stream");
    return response;
  });
  auto client = fixture.connect();
  client.send(get("/events"));
  fixture.time.run_for(30s);
  REQUIRE(fixture.open().size() == 1);
  CHECK(fixture.open().front().is_streamed);
  CHECK(fixture.open().front().route.view() == "/events");
  fixture.time.run_for(1min);
  CHECK(fixture.open().empty());
}

}  // namespace
}  // namespace cohort
