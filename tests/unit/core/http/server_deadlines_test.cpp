#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "core/http/server.hpp"
#include "core/runtime/when_all.hpp"
#include "tests/unit/core/http/served_site.hpp"

// Every size and every time has a limit: what a server does when one passes. On a virtual clock, so to the tick.
namespace cohort {
namespace {

using namespace cohort::test;

/// Whether `took` is `span`, timers being late by a tick or two.
bool is_about(duration took, duration span) { return took >= span && took <= span + 3 * tick; }

net::memory_pipe_settings narrow(std::size_t capacity) {
  net::memory_pipe_settings how;
  how.capacity = capacity;
  return how;
}

TEST_CASE("A connection that stays idle is closed without a word, counted from its last answer") {
  served_site site;
  site.routes.get("/", says("hello"));
  auto client = site.connect();
  SECTION("it never asked") {}
  SECTION("it asked before") {
    site.time.run_for(59s);
    client.send(get("/"));
    CHECK(client.receive()->status == 200);
  }
  const auto start = site.time.now();
  CHECK(client.read_to_end().empty());
  CHECK(client.ended_by() == asio::error::eof);
  CHECK(is_about(site.time.now() - start, 60s));
}

task<> drip(net::stream& to, std::string bytes, duration pause) {
  for (const char each : bytes) {
    auto writing = write_once(to, std::string(1, each));
    const auto sent = co_await std::move(writing);
    if (!sent) co_return;
    co_await sleep_for(pause);
  }
}

TEST_CASE("A header has ten seconds from its first byte, though bytes keep coming; then 408, and the end") {
  served_site site;
  site.routes.get("/", says("hello"));
  auto client = site.connect();
  site.time.run_for(30s);
  const auto start = site.time.now();
  lone_task<> dripping{site.time, drip(client.stream(), "GET / HTTP/1.1\r\nX: " + std::string(100, 'x'), 1s)};
  const auto answer = client.receive();
  REQUIRE(answer.has_value());
  CHECK(is_about(site.time.now() - start, 10s));
  CHECK(answer->status == 408);
  CHECK(answer->header("Connection") == "close");
  CHECK(client.at_end());
  client.stream().close();
  site.time.run_for(5s);
  CHECK(site.series("cohort_server_connections") == 0);
}

TEST_CASE(
    "A header that is cut off after another request has its ten seconds, and nothing of that request in its 408") {
  served_site site;
  site.routes.add(http::method::put, "/thing", http::immediate_handler{says("put")});
  auto client = site.connect();
  client.send("PUT /thing HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive()->status == 200);
  // Long enough to need another buffer than the one that the last request's views lie in.
  client.send("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x'));
  const auto start = site.time.now();
  CHECK(client.receive()->status == 408);
  CHECK(is_about(site.time.now() - start, 10s));
  CHECK(site.requests("unmatched", "_OTHER", 408) == 1);
  CHECK_FALSE(site.requests("unmatched", "PUT", 408).has_value());
}

TEST_CASE("A slow body is answered with 408, after its time and what its length may take") {
  served_site site;
  site.routes.post("/echo", echo);
  site.settings.limits.slowest_bytes_per_second = 1000;
  auto client = site.connect();
  const auto start = site.time.now();
  SECTION("ten seconds for a short one") {
    client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 99\r\n\r\n");
    lone_task<> dripping{site.time, drip(client.stream(), std::string(50, 'x'), 900ms)};
    CHECK(client.receive()->status == 408);
    CHECK(is_about(site.time.now() - start, 10s));
    CHECK(client.at_end());
    client.stream().close();
    site.time.run_for(60s);
  }
  SECTION("longer for a long one") {
    client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 20000\r\n\r\n");
    CHECK(client.receive()->status == 408);
    CHECK(is_about(site.time.now() - start, 30s));
  }
}

task<http::response> ask_three(journal* notes) {
  std::vector<task<int>> children;
  for (const auto* name : {"a", "b", "c"}) children.push_back(sleeper(1h, *notes, name));
  co_await when_all(std::move(children));
  co_await sleep_for(1s);
  co_return plain("never");
}

TEST_CASE(
    "A handler that is late is cancelled with all its children, answered for with 504, and the connection goes on") {
  served_site site;
  journal notes;
  site.routes.get("/slow", [&notes](request_context&) { return ask_three(&notes); });
  site.routes.get("/", says("hello"));
  auto& hurried = site.routes.get("/hurried", [&notes](request_context&) { return ask_three(&notes); });
  hurried.limit = 2s;
  auto client = site.connect();
  const auto start = site.time.now();
  const bool own_limit = GENERATE(false, true);
  client.send(get(own_limit ? "/hurried" : "/slow"));
  const auto answer = client.receive();
  CHECK(is_about(site.time.now() - start, own_limit ? duration{2s} : duration{30s}));
  CHECK(answer->status == 504);
  CHECK_FALSE(answer->header("Connection").has_value());
  CHECK(answer->body == R"({"error":"Gateway Timeout","message":"There was no answer in time"})");
  CHECK(notes == journal{"a cancelled", "b cancelled", "c cancelled"});
  CHECK(site.series("cohort_server_deadline_exceeded_total") == 1);
  client.send(get("/"));
  CHECK(client.receive()->status == 200);
}

TEST_CASE("A handler knows its deadline: the server's limit, the route's if that is less, the caller's if that is") {
  served_site site;
  const auto tell = [](request_context& context) { return plain(std::to_string(remaining(context.until()) / 1ms)); };
  site.routes.get("/", tell);
  site.routes.get("/less", tell).limit = 2s;
  site.routes.get("/more", tell).limit = 2h;
  CHECK(site.answer_to(get("/")).body == "30000");
  CHECK(site.answer_to(get("/less")).body == "2000");
  CHECK(site.answer_to(get("/more")).body == "30000");
  CHECK(site.answer_to(get("/", "x-envoy-expected-rq-timeout-ms: 700\r\n")).body == "700");
  CHECK(site.answer_to(get("/", "x-envoy-expected-rq-timeout-ms: 999999\r\n")).body == "30000");
  CHECK(site.answer_to(get("/", "grpc-timeout: 700m\r\n")).body == "700");
  CHECK(site.answer_to(get("/", "grpc-timeout: 2S\r\nx-envoy-expected-rq-timeout-ms: 700\r\n")).body == "700");
  CHECK(site.answer_to(get("/", "grpc-timeout: 1S\r\nx-envoy-expected-rq-timeout-ms: 2700\r\n")).body == "1000");
  CHECK(site.series("cohort_server_absurd_deadlines_total") == 0);
}

TEST_CASE("A deadline that cannot be is ignored and counted, and another header beside it still holds") {
  served_site site;
  site.routes.get("/",
                  [](request_context& context) { return plain(std::to_string(remaining(context.until()) / 1ms)); });
  const auto [fields, left] = GENERATE(table<std::string, std::string>({
      {"x-envoy-expected-rq-timeout-ms: soon\r\n", "30000"},
      {"x-envoy-expected-rq-timeout-ms: 0\r\n", "30000"},
      {"x-envoy-expected-rq-timeout-ms: -5\r\n", "30000"},
      {"x-envoy-expected-rq-timeout-ms: 9223372036854775808\r\n", "30000"},
      {"x-envoy-expected-rq-timeout-ms:\r\n", "30000"},
      {"grpc-timeout: 5 fortnights\r\n", "30000"},
      {"grpc-timeout: 0n\r\nx-envoy-expected-rq-timeout-ms: 700\r\n", "700"},
      {"grpc-timeout: 1S\r\nx-envoy-expected-rq-timeout-ms: -1\r\n", "1000"},
  }));
  CAPTURE(fields);
  CHECK(site.answer_to(get("/", fields)).body == left);
  CHECK(site.series("cohort_server_absurd_deadlines_total") == 1);
}

task<http::response> answer_when_cancelled(std::string text) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await sleep_for(1h);
  co_return plain(std::move(text));
}

TEST_CASE("What a cancelled handler still has to say is its answer") {
  served_site site;
  site.routes.get("/", [](request_context&) { return answer_when_cancelled("partial"); });
  const auto start = site.time.now();
  CHECK(site.answer_to(get("/")).body == "partial");
  CHECK(is_about(site.time.now() - start, 30s));
}

TEST_CASE("A client that hangs up has its handler cancelled within 20 ms, and its request counted as abandoned") {
  served_site site;
  journal notes;
  site.routes.get("/slow", waits_and_notes(10s, notes));
  auto client = site.connect();
  client.send(get("/slow"));
  SECTION("at once") {}
  SECTION("later") { site.time.run_for(3s); }
  SECTION("with a reset") { net::reset_memory_stream(client.stream()); }
  client.stream().close();
  site.time.run_for(20ms);
  CHECK(notes == journal{"cancelled"});
  CHECK(site.series("cohort_server_connections") == 0);
  CHECK(site.series("cohort_server_requests_in_flight") == 0);
  CHECK(site.series("cohort_server_requests_abandoned_total") == 1);
  CHECK(site.requests("/slow", "GET", 499) == 1);
  CHECK(site.requests("/slow", "GET", 504) == 0);
}

task<http::response> outlast_all(journal* notes) {
  co_await stubborn(40s, 0, *notes);
  co_return plain("too late");
}

TEST_CASE("What came first counts: a hang-up stays one though the deadline passes before the handler heeds it") {
  served_site site;
  journal notes;
  site.routes.get("/slow", [&notes](request_context&) { return outlast_all(&notes); });
  auto client = site.connect();
  client.send(get("/slow"));
  site.time.run_for(1s);
  client.stream().close();
  site.time.run_for(60s);
  CHECK(notes == journal{"stubborn ended"});
  CHECK(site.requests("/slow", "GET", 499) == 1);
  CHECK(site.series("cohort_server_deadline_exceeded_total") == 0);
}

TEST_CASE("A client that sends its next request while it waits is not taken for gone") {
  served_site site;
  journal notes;
  site.routes.get("/slow", waits_and_notes(1s, notes));
  auto client = site.connect();
  client.send(get("/slow"));
  site.time.run_for(500ms);
  client.send(get("/slow"));
  CHECK(client.receive()->status == 200);
  CHECK(client.receive()->status == 200);
  CHECK(notes == journal{"answered", "answered"});
}

TEST_CASE("A client that does not read gets its time to write, longer for more, and then the end") {
  served_site site{narrow(1000)};
  const std::size_t length = GENERATE(std::size_t{10'000}, std::size_t{160'000});
  site.routes.get("/large", says(std::string(length, 'x')));
  auto client = site.connect();
  client.send(get("/large"));
  const auto most = length == 10'000 ? 10s : 19s;
  site.time.run_for(most - 1ms);
  CHECK(site.series("cohort_server_connections") == 1);
  site.time.run_for(2ms);
  CHECK(site.series("cohort_server_connections") == 0);
  CHECK(client.read_to_end().size() == 1000);
}

TEST_CASE("After a refusal the rest of a body is read for a moment, so that the answer is not lost in a reset") {
  served_site site;
  site.routes.post("/echo", echo);
  auto client = site.connect();
  client.send("POST /none HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n");
  CHECK(client.receive()->status == 404);
  CHECK(client.at_end());
  CHECK(client.send(std::string(50'000, 'x')) == 50'000U);
  site.time.run_for(900ms);
  CHECK(client.send("x") == 1U);
  site.time.run_for(200ms);
  CHECK(client.send("x").error() == asio::error::broken_pipe);
}

}  // namespace
}  // namespace cohort
