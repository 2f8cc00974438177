#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "core/http/admission.hpp"
#include "core/http/upstream.hpp"
#include "core/runtime/when_all.hpp"
#include "tests/unit/core/http/served_site.hpp"

// What a server refuses at its door, and what it tells of where the time went.
namespace cohort {
namespace {

using namespace cohort::test;
using hopeless = http::admission_settings::hopeless;

std::string with_time_left(std::string_view path, int milliseconds) {
  return get(path, "x-envoy-expected-rq-timeout-ms: " + std::to_string(milliseconds) + "\r\n");
}

/// Ends as cancelled work does: by the exception of its next wait.
task<http::response> heed(duration span) {
  auto work = sleep_for(span);
  co_await std::move(work);
  auto more = sleep_for(1us);
  co_await std::move(more);
  co_return plain("done");
}
auto takes(duration span) {
  return [span](request_context&) { return heed(span); };
}

/// So that it is known what `/slow` takes.
void ask_often(served_site& site, std::string_view path = "/slow", int times = 25) {
  auto client = site.connect();
  for (int i = 0; i < times; ++i) {
    client.send(get(path));
    REQUIRE(client.receive()->status == 200);
  }
}

std::optional<double> hopeless_requests(const served_site& site, const std::string& action) {
  return site.series("cohort_server_hopeless_requests_total{endpoint=\"/slow\",action=\"" + action + "\"}");
}

TEST_CASE("A request with less time left than its route usually takes is refused at once, with the reason") {
  served_site site;
  site.settings.admission.deadlines = hopeless::refuse;
  site.routes.get("/slow", takes(100ms));
  ask_often(site);
  const auto start = site.time.now();
  const auto refused = site.answer_to(with_time_left("/slow", 50));
  CHECK(site.time.now() - start < 1ms);
  CHECK(refused.status == 504);
  const auto reason = refused.header("x-cohort-refused").value_or("none");
  CHECK(reason == "deadline; left=50ms; usual=93ms");
  CHECK(hopeless_requests(site, "refused") == 1);
  CHECK(hopeless_requests(site, "observed") == 0);
  // With just enough left it is let in, and so is one without a deadline.
  CHECK(site.answer_to(with_time_left("/slow", 101)).status == 200);
  CHECK(site.answer_to(get("/slow")).status == 200);
}

TEST_CASE("A server that only observes counts what it would have refused, and tries") {
  served_site site;
  site.routes.get("/slow", takes(100ms));
  ask_often(site);
  const auto start = site.time.now();
  CHECK(site.answer_to(with_time_left("/slow", 50)).status == 504);
  CHECK(site.time.now() - start >= 50ms);
  CHECK(hopeless_requests(site, "observed") == 1);
  CHECK(hopeless_requests(site, "refused") == 0);
}

TEST_CASE("Where nobody knows what is usual, or it was long ago, or the route makes do, nothing is refused") {
  served_site site;
  site.settings.admission.deadlines = hopeless::refuse;
  auto& route = site.routes.get("/slow", takes(100ms));
  SECTION("few requests so far") { ask_often(site, "/slow", 10); }
  SECTION("a slow spell that is over") {
    ask_often(site);
    site.time.run_for(15s);
  }
  SECTION("the route makes do with what there is") {
    route.adapts_to_deadline = true;
    ask_often(site);
  }
  const auto start = site.time.now();
  CHECK(site.answer_to(with_time_left("/slow", 50)).status == 504);
  CHECK(site.time.now() - start >= 50ms);
  CHECK(hopeless_requests(site, "refused") == 0);
}

// ---- too much at once

/// A resource that one request at a time has for 20 ms, as a database connection is.
struct counter_desk {
  bool busy = false;
  wait_queue queue;
};
task<http::response> serve_at_desk(counter_desk* desk) {
  while (desk->busy) {
    auto turn = desk->queue.wait();
    if (co_await std::move(turn) == wait_status::cancelled) co_return http::response{http::status::gateway_timeout};
  }
  desk->busy = true;
  auto work = sleep_for(20ms);
  const auto how = co_await std::move(work);
  desk->busy = false;
  desk->queue.notify_one();
  co_return how == wait_status::cancelled ? http::response{http::status::gateway_timeout} : plain("served");
}

task<int> status_of(net::memory_network* network, duration after, std::string request) {
  co_await sleep_for(after);
  auto connected = co_await network->connect({asio::ip::make_address("192.0.2.80"), 80}, deadline::never());
  if (!connected) co_return 0;
  auto sent = write_bytes(**connected, std::move(request));
  co_await std::move(sent);
  std::string head(4096, '\0');
  auto reading = (*connected)->read_some(asio::buffer(head));
  const auto got = co_await std::move(reading);
  co_return got ? std::stoi(head.substr(9, 3)) : 0;
}

/// The statuses of so many requests, one each `every`.
std::vector<int> offer(served_site& site, std::size_t requests, duration every, const std::string& request) {
  std::vector<task<int>> all;
  for (std::size_t i = 0; i < requests; ++i) {
    all.push_back(status_of(&site.network(), every * static_cast<std::int64_t>(i), request));
  }
  return site.time.run(when_all(std::move(all)));
}

TEST_CASE("Under three times what a server can do, it goes on serving those whom it lets in") {
  const bool limits = GENERATE(true, false);
  served_site site;
  site.settings.admission.limits_concurrency = limits;
  site.settings.admission.concurrency.first = 20;
  counter_desk desk;
  site.routes.get("/desk", [&desk](request_context&) { return serve_at_desk(&desk); });
  site.start();
  // 50 a second is what it can do.
  const auto statuses = offer(site, 1500, 20ms / 3, with_time_left("/desk", 500));
  const auto good = std::count(statuses.begin(), statuses.end(), 200);
  const auto shed = std::count(statuses.begin(), statuses.end(), 503);
  const auto late = std::count(statuses.begin(), statuses.end(), 504);
  CAPTURE(good, shed, late);
  CHECK(good + shed + late == 1500);
  if (limits) {
    CHECK(good > 400);
    CHECK(late < 100);
    CHECK(site.series("cohort_server_shed_total{endpoint=\"/desk\"}") == static_cast<double>(shed));
  } else {
    CHECK(shed == 0);
    CHECK(late > 900);
  }
}

TEST_CASE("Who is turned away is told when to come again, and health is never turned away") {
  served_site site;
  site.settings.admission.concurrency = {.least = 1, .first = 1, .most = 1};
  site.routes.get("/slow", takes(100ms));
  site.routes.get("/health", waits(1ms)).is_probe = true;
  auto busy = site.connect();
  busy.send(get("/slow"));
  site.time.run_for(1ms);
  const auto refused = site.answer_to(get("/slow"));
  CHECK(refused.status == 503);
  CHECK(refused.header("Retry-After") == "1");
  CHECK(refused.header("x-envoy-overloaded") == "true");
  CHECK(refused.header("x-cohort-refused") == "overload");
  CHECK(site.answer_to(get("/health")).status == 200);
  CHECK(busy.receive()->status == 200);
  CHECK(site.answer_to(get("/slow")).status == 200);
  CHECK(site.series("cohort_server_concurrency_limit{endpoint=\"/slow\"}") == 1);
}

task<http::response> wait_elsewhere(request_context* context, duration span) {
  const http::server_timing::waiting elsewhere{&context->timing()};
  auto waiting = sleep_for(span);
  co_await std::move(waiting);
  co_return plain("from elsewhere");
}

TEST_CASE("Time spent waiting for another server is not taken for too much to do here") {
  const bool elsewhere = GENERATE(true, false);
  served_site site;
  site.settings.admission.concurrency.first = 100;
  duration delay = 1ms;
  site.routes.get("/slow", [&delay, elsewhere](request_context& context) {
    return elsewhere ? wait_elsewhere(&context, delay) : answer_after(delay, "from here");
  });
  site.start();
  offer(site, 200, 5ms, get("/slow"));
  delay = 200ms;
  offer(site, 1000, 5ms, get("/slow"));
  const auto limit = site.series("cohort_server_concurrency_limit{endpoint=\"/slow\"}").value();
  if (elsewhere) CHECK(limit >= 100);
  if (!elsewhere) CHECK(limit < 50);
}

TEST_CASE("An answer that was waited for says where the time went and what was left") {
  served_site site;
  site.routes.get("/slow", takes(100ms));
  site.routes.get("/", says("hello"));
  const auto told = site.answer_to(with_time_left("/slow", 300)).header("Server-Timing").value_or("");
  CHECK(told == "total;dur=100.0, left;dur=200.0");
  CHECK(site.answer_to(with_time_left("/slow", 50)).header("Server-Timing").value_or("").ends_with("left;dur=0.0"));
  CHECK_FALSE(site.answer_to(get("/")).header("Server-Timing").has_value());
}

TEST_CASE("A header that tells of many calls is bounded") {
  http::server_timing timing;
  for (int i = 0; i < 100; ++i) timing.add("upstream", 1ms, "ok");
  const auto text = timing.value(1s, {}, {});
  CHECK(text.size() < 16 * 32 + 32);
  CHECK(text.ends_with("total;dur=1000.0"));
}

}  // namespace
}  // namespace cohort
