// SPDX-License-Identifier: BSL-1.0
// Counts the allocations, system calls and instructions of a request, which do not depend on the machine's load. A
// change that increases a count fails these tests. After a change that decreases a count, tighten its bounds.
// tests/bench measures times.
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/cost/counted_program.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/support/http/scripted_upstream.hpp"

namespace cohort::test {
namespace {

struct count_range {
  double min;
  double max;
};

struct cost_bounds {
  count_range allocations;
  count_range system_calls;
  count_range instructions;
};

const counted_service time_service{"time-service", "/api/time", {}};
/// One read, one write, and the wait between two requests, which a busy server shares among its connections.
constexpr cost_bounds time_bounds{.allocations = {0, 0.01}, .system_calls = {2.9, 3.1}, .instructions = {8200, 8800}};

/// One read and one write for the request and for each of the three calls, and the waits between them, whose number
/// depends on the order of events. A call that is slow on a busy machine is hedged, which costs a second request.
constexpr cost_bounds aggregate_bounds{
    .allocations = {2.9, 4}, .system_calls = {11, 20}, .instructions = {75'000, 110'000}};

void check_within(const char* name, double count, count_range limits) {
  INFO(name << " per request: " << count << ", expected " << limits.min << " to " << limits.max);
  CHECK(count >= limits.min);
  CHECK(count <= limits.max);
}

void check_allocations(const counted_service& service, const cost_bounds& bounds) {
#ifdef COHORT_SANITIZED
  SKIP("the sanitizer replaces the allocator");
#endif
  check_within("allocations", allocations_per_request(service), bounds.allocations);
}

void check_system_calls(const counted_service& service, const cost_bounds& bounds) {
#ifdef COHORT_SANITIZED
  SKIP("the sanitizer makes additional system calls");
#endif
  const auto strace = find_tool("strace");
  if (!strace) SKIP("strace is not installed");
  check_within("system calls", system_calls_per_request(service, *strace), bounds.system_calls);
}

void check_instructions(const counted_service& service, const cost_bounds& bounds) {
#ifndef COHORT_OPTIMIZED
  SKIP("the program is not optimized");
#endif
#ifdef COHORT_SANITIZED
  SKIP("valgrind cannot run a program with a sanitizer");
#endif
  const auto valgrind = find_tool("valgrind");
  if (!valgrind) SKIP("valgrind is not installed");
  check_within("instructions", instructions_per_request(service, *valgrind), bounds.instructions);
}

TEST_CASE("cost: GET /api/time stays within its bounds for allocations", "[integration][cost][threads]") {
  check_allocations(time_service, time_bounds);
}

TEST_CASE("cost: GET /api/time stays within its bounds for system calls", "[integration][cost][threads]") {
  check_system_calls(time_service, time_bounds);
}

TEST_CASE("cost: GET /api/time stays within its bounds for instructions", "[integration][cost][threads]") {
  check_instructions(time_service, time_bounds);
}

/// The dashboard with three upstream services that respond immediately.
class dashboard_fixture {
 public:
  dashboard_fixture() {
    for (auto* upstream : {&time_, &sysinfo_, &weather_})
      upstream->set_default_behavior(canned_response{
          .headers = {{"Content-Type", "application/json"}},
          .body =
              R"({"service":"a-service","timestamp":"2026-11-22 13:05:09","unix_ms":1795352709000,"timezone":"UTC"})"});
  }

  counted_service service() const {
    return {"dashboard-service",
            "/api/aggregate",
            {{"TIME_SERVICE_URL", time_.url()},
             {"SYSINFO_SERVICE_URL", sysinfo_.url()},
             {"WEATHER_SERVICE_URL", weather_.url()}}};
  }

  std::size_t connections() const {
    return time_.accepted_connection_count() + sysinfo_.accepted_connection_count() +
           weather_.accepted_connection_count();
  }

 private:
  scripted_upstream time_;
  scripted_upstream sysinfo_;
  scripted_upstream weather_;
};

TEST_CASE("cost: GET /api/aggregate with reused connections stays within its bounds for allocations",
          "[integration][cost][threads]") {
  const dashboard_fixture dashboard;
  check_allocations(dashboard.service(), aggregate_bounds);
  // Each service has one more connection if its calls were hedged, because a hedge that loses keeps its connection.
  CHECK(dashboard.connections() <= 20);
}

/// The service reuses the memory of all concurrent requests. With a limit of 256 KiB on this memory, each request makes
/// 74 allocations.
TEST_CASE("cost: 32 concurrent requests for /api/aggregate stay within their bounds for allocations",
          "[integration][cost][threads]") {
  const dashboard_fixture dashboard;
  auto service = dashboard.service();
  service.connection_count = 32;
  service.variables.emplace("CONCURRENCY_LIMIT", "off");
  check_allocations(service, aggregate_bounds);
}

TEST_CASE("cost: GET /api/aggregate stays within its bounds for system calls", "[integration][cost][threads]") {
  const dashboard_fixture dashboard;
  check_system_calls(dashboard.service(), aggregate_bounds);
}

TEST_CASE("cost: GET /api/aggregate stays within its bounds for instructions", "[integration][cost][threads]") {
  const dashboard_fixture dashboard;
  check_instructions(dashboard.service(), aggregate_bounds);
}

}  // namespace
}  // namespace cohort::test
