// SPDX-License-Identifier: BSL-1.0
#include "services/time/app.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>

#include "tests/unit/service/service_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// Sets the time zone of the process during its lifetime.
class scoped_time_zone {
 public:
  explicit scoped_time_zone(const char* name) {
    if (const auto* previous = ::getenv("TZ")) previous_ = previous;
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~scoped_time_zone() {
    previous_ ? ::setenv("TZ", previous_->c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
  }
  scoped_time_zone(const scoped_time_zone&) = delete;
  scoped_time_zone& operator=(const scoped_time_zone&) = delete;

 private:
  std::optional<std::string> previous_;
};

TEST_CASE("time: the response has the documented fields", "[services][time]") {
  const scoped_time_zone utc{"UTC0"};
  service_fixture fixture;
  fixture.serve(time_service::app());
  fixture.time.step_wall_clock(1h + 123ms);  // a second that no other test has cached
  const auto response = fixture.response_to(get("/api/time"));
  CHECK(response.status == 200);
  CHECK(response.header("Content-Type") == "application/json");
  CHECK(json_at(response.body, "/service") == "\"time-service\"");
  CHECK(json_at(response.body, "/timestamp") == "\"2026-06-01 13:00:00\"");
  CHECK(json_at(response.body, "/iso8601") == "\"2026-06-01T13:00:00+00:00\"");
  CHECK(json_at(response.body, "/unix_ms") == "1780318800123");
  CHECK(json_at(response.body, "/timezone") == "\"UTC\"");
}

TEST_CASE("time: the timestamp is local and has its UTC offset", "[services][time]") {
  // The text of a second is cached together with its zone, so each row uses a different second.
  const auto [zone, step, timestamp, iso8601, name] =
      GENERATE(table<const char*, duration, std::string, std::string, std::string>({
          {"IST-2IDT,M3.4.4/26,M10.5.0", 2h, "\"2026-06-01 17:00:00\"", "\"2026-06-01T17:00:00+03:00\"", "\"IDT\""},
          {"XST3:30", 2h + 1s, "\"2026-06-01 10:30:01\"", "\"2026-06-01T10:30:01-03:30\"", "\"XST\""},
      }));
  const scoped_time_zone local{zone};
  service_fixture fixture;
  fixture.serve(time_service::app());
  fixture.time.step_wall_clock(step);
  const auto response = fixture.response_to(get("/api/time"));
  CHECK(json_at(response.body, "/timestamp") == timestamp);
  CHECK(json_at(response.body, "/iso8601") == iso8601);
  CHECK(json_at(response.body, "/timezone") == name);
}

TEST_CASE("time: the response follows steps of the wall clock immediately, to the millisecond", "[services][time]") {
  const scoped_time_zone utc{"UTC0"};
  service_fixture fixture;
  fixture.serve(time_service::app());
  fixture.time.step_wall_clock(3h);
  const auto value_at = [&](const char* pointer) {
    return *json_at(fixture.response_to(get("/api/time")).body, pointer);
  };
  CHECK(value_at("/timestamp") == "\"2026-06-01 15:00:00\"");
  const auto initial = std::stoll(value_at("/unix_ms"));
  fixture.time.step_wall_clock(999ms);
  CHECK(std::stoll(value_at("/unix_ms")) - initial == 999);
  CHECK(value_at("/timestamp") == "\"2026-06-01 15:00:00\"");
  fixture.time.step_wall_clock(1ms);
  CHECK(value_at("/timestamp") == "\"2026-06-01 15:00:01\"");
  fixture.time.step_wall_clock(-24h);
  CHECK(value_at("/timestamp") == "\"2026-05-31 15:00:01\"");
  fixture.time.step_wall_clock(std::chrono::days{275});
  CHECK(value_at("/timestamp") == "\"2027-03-02 15:00:01\"");
}

TEST_CASE("time: the definition has the documented name, prefix and port", "[services][time]") {
  const auto definition = time_service::definition();
  CHECK(definition.name == "time-service");
  CHECK(definition.metric_prefix == "time_service");
  CHECK(definition.port == 5001);
}

}  // namespace
}  // namespace cohort
