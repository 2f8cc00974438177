// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/bounds/admission_control.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using infeasible_action = http::admission_settings::infeasible_action;

std::string get_with_timeout(std::string_view path, int milliseconds) {
  return get(path, "x-envoy-expected-rq-timeout-ms: " + std::to_string(milliseconds) + "\r\n");
}

/// Responds after `delay`. After a cancellation, the next `co_await` of the handler throws.
task<http::response> cancellable_response(duration delay) {
  auto sleep = sleep_for(delay);
  co_await std::move(sleep);
  auto sleep_task = sleep_for(1us);
  co_await std::move(sleep_task);
  co_return text_response("done");
}
auto cancellable_handler(duration delay) {
  return [delay](request_context&) { return cancellable_response(delay); };
}

/// Sends enough requests for `/slow` to have a median latency.
void send_requests(server_fixture& server, int count = 25) {
  auto client = server.connect();
  for (int i = 0; i < count; ++i) {
    client.send(get("/slow"));
    REQUIRE(client.receive()->status == 200);
  }
}

std::optional<double> infeasible_count(const server_fixture& server, const std::string& action) {
  return server.metric_value("cohort_server_hopeless_requests_total{endpoint=\"/slow\",action=\"" + action + "\"}");
}

TEST_CASE(
    "admission control: a request with less time left than its route's median latency is rejected immediately with 504",
    "[http][server]") {
  server_fixture server;
  server.settings.admission.deadline_admission = infeasible_action::reject;
  server.routes.get("/slow", cancellable_handler(100ms));
  send_requests(server);
  const auto start = server.time.now();
  const auto rejection = server.response_to(get_with_timeout("/slow", 50));
  CHECK(server.time.now() - start < 1ms);
  CHECK(rejection.status == 504);
  CHECK(rejection.header("x-cohort-refused") == "deadline; left=50ms; usual=93ms");
  CHECK(infeasible_count(server, "refused") == 1);
  CHECK(infeasible_count(server, "observed") == 0);
  // A request with just enough time, and a request without a deadline header, are admitted.
  CHECK(server.response_to(get_with_timeout("/slow", 101)).status == 200);
  CHECK(server.response_to(get("/slow")).status == 200);
}

TEST_CASE("admission control: `observe` counts an infeasible request and admits it", "[http][server]") {
  server_fixture server;
  server.routes.get("/slow", cancellable_handler(100ms));
  send_requests(server);
  const auto start = server.time.now();
  CHECK(server.response_to(get_with_timeout("/slow", 50)).status == 504);
  CHECK(server.time.now() - start >= 50ms);
  CHECK(infeasible_count(server, "observed") == 1);
  CHECK(infeasible_count(server, "refused") == 0);
}

TEST_CASE("admission control: few or old latencies, and a route that adapts to the deadline, cause no rejection",
          "[http][server]") {
  server_fixture server;
  server.settings.admission.deadline_admission = infeasible_action::reject;
  auto& route = server.routes.get("/slow", cancellable_handler(100ms));
  SECTION("10 latencies") { send_requests(server, 10); }
  SECTION("the latencies are 15 s old") {
    send_requests(server);
    server.time.run_for(15s);
  }
  SECTION("a route that adapts to the deadline") {
    route.adapts_to_deadline();
    send_requests(server);
  }
  const auto start = server.time.now();
  CHECK(server.response_to(get_with_timeout("/slow", 50)).status == 504);
  CHECK(server.time.now() - start >= 50ms);
  CHECK(infeasible_count(server, "refused") == 0);
}

// ---- concurrency limit

/// A resource that one request at a time uses for 20 ms, such as a database connection.
struct exclusive_resource {
  bool is_busy = false;
  wait_queue queue;
};
task<http::response> use_resource(exclusive_resource* resource) {
  while (resource->is_busy) {
    auto wait = resource->queue.wait();
    if (co_await std::move(wait) == wait_status::cancelled) co_return http::response{http::status::gateway_timeout};
  }
  resource->is_busy = true;
  auto work = sleep_for(20ms);
  const auto result = co_await std::move(work);
  resource->is_busy = false;
  resource->queue.notify_one();
  co_return result == wait_status::cancelled ? http::response{http::status::gateway_timeout} : text_response("done");
}

/// Returns the status of the response on a new connection, or 0 if there is none.
task<int> request_status(net::memory_network* network, duration delay, std::string request) {
  co_await sleep_for(delay);
  auto connect_result = co_await network->connect({asio::ip::make_address("192.0.2.80"), 80}, deadline::never());
  if (!connect_result) co_return 0;
  auto write = write_bytes(**connect_result, std::move(request));
  co_await std::move(write);
  std::string head(4096, '\0');
  auto read = (*connect_result)->read_some(asio::buffer(head));
  const auto size = co_await std::move(read);
  co_return size ? std::stoi(head.substr(9, 3)) : 0;
}

/// Returns the statuses of `count` requests, one in each `interval`.
std::vector<int> send_at_rate(server_fixture& server, std::size_t count, duration interval,
                              const std::string& request) {
  std::vector<task<int>> requests;
  for (std::size_t i = 0; i < count; ++i) {
    requests.push_back(request_status(&server.network(), interval * static_cast<std::int64_t>(i), request));
  }
  return server.time.run(when_all(std::move(requests)));
}

TEST_CASE("admission control: at three times the capacity, the concurrency limit keeps requests within their deadline",
          "[http][server]") {
  const bool is_limited = GENERATE(true, false);
  server_fixture server;
  server.settings.admission.limit_concurrency = is_limited;
  server.settings.admission.concurrency.initial_limit = 20;
  exclusive_resource resource;
  server.routes.get("/resource", [&resource](request_context&) { return use_resource(&resource); });
  server.start();
  // The capacity is 50 requests per second.
  const auto statuses = send_at_rate(server, 1500, 20ms / 3, get_with_timeout("/resource", 500));
  const auto completed = std::count(statuses.begin(), statuses.end(), 200);
  const auto shed = std::count(statuses.begin(), statuses.end(), 503);
  const auto timed_out = std::count(statuses.begin(), statuses.end(), 504);
  CAPTURE(completed, shed, timed_out);
  CHECK(completed + shed + timed_out == 1500);
  if (is_limited) {
    CHECK(completed > 400);
    CHECK(timed_out < 100);
    CHECK(server.metric_value("cohort_server_shed_total{endpoint=\"/resource\"}") == static_cast<double>(shed));
  } else {
    CHECK(shed == 0);
    CHECK(timed_out > 900);
  }
}

TEST_CASE("admission control: overload is rejected with 503 and Retry-After; probes are exempt", "[http][server]") {
  server_fixture server;
  server.settings.admission.concurrency = {.min_limit = 1, .initial_limit = 1, .max_limit = 1};
  server.routes.get("/slow", cancellable_handler(100ms));
  server.routes.get("/health", delayed_handler(1ms)).probe();
  auto client_connection = server.connect();
  client_connection.send(get("/slow"));
  server.time.run_for(1ms);
  const auto rejection = server.response_to(get("/slow"));
  CHECK(rejection.status == 503);
  CHECK(rejection.header("Retry-After") == "1");
  CHECK(rejection.header("x-envoy-overloaded") == "true");
  CHECK(rejection.header("x-cohort-refused") == "overload");
  CHECK(server.response_to(get("/health")).status == 200);
  CHECK(client_connection.receive()->status == 200);
  CHECK(server.response_to(get("/slow")).status == 200);
  CHECK(server.metric_value("cohort_server_concurrency_limit{endpoint=\"/slow\"}") == 1);
}

task<http::response> upstream_response(request_context* context, duration delay) {
  const telemetry::server_timing::scoped_wait upstream_wait{&context->timing()};
  auto sleep = sleep_for(delay);
  co_await std::move(sleep);
  co_return text_response("from an upstream");
}

TEST_CASE("admission control: the time that a handler waits for an upstream does not lower the concurrency limit",
          "[http][server]") {
  const bool waits_for_upstream = GENERATE(true, false);
  server_fixture server;
  server.settings.admission.concurrency.initial_limit = 100;
  duration delay = 1ms;
  server.routes.get("/slow", [&delay, waits_for_upstream](request_context& context) {
    return waits_for_upstream ? upstream_response(&context, delay) : delayed_response(delay, "local");
  });
  server.start();
  send_at_rate(server, 200, 5ms, get("/slow"));
  delay = 200ms;
  send_at_rate(server, 1000, 5ms, get("/slow"));
  const auto limit = server.metric_value("cohort_server_concurrency_limit{endpoint=\"/slow\"}").value();
  if (waits_for_upstream) CHECK(limit >= 100);
  if (!waits_for_upstream) CHECK(limit < 50);
}

// ---- Server-Timing

TEST_CASE(
    "server: the response of an asynchronous handler has Server-Timing with the total time and the remaining time",
    "[http][server]") {
  server_fixture server;
  server.routes.get("/slow", cancellable_handler(100ms));
  server.routes.get("/", text_handler("hello"));
  const auto timing = server.response_to(get_with_timeout("/slow", 300)).header("Server-Timing").value_or("");
  CHECK(timing == "total;dur=100.0, left;dur=200.0");
  CHECK(
      server.response_to(get_with_timeout("/slow", 50)).header("Server-Timing").value_or("").ends_with("left;dur=0.0"));
  CHECK_FALSE(server.response_to(get("/")).header("Server-Timing").has_value());
}

TEST_CASE("server timing: the number of entries is bounded", "[telemetry]") {
  telemetry::server_timing timing;
  for (int i = 0; i < 100; ++i) timing.add("upstream", 1ms, "ok");
  const auto text = timing.header_value(1s, {}, {});
  CHECK(text.size() < 16 * 32 + 32);
  CHECK(text.ends_with("total;dur=1000.0"));
}

}  // namespace
}  // namespace cohort
