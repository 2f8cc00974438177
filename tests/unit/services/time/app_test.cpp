#include "services/time/app.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>

#include "tests/unit/core/service/service_stage.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// Puts the process in another zone while it lives.
class in_zone {
 public:
  explicit in_zone(const char* name) {
    if (const auto* before = ::getenv("TZ")) before_ = before;
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~in_zone() {
    before_ ? ::setenv("TZ", before_->c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
  }
  in_zone(const in_zone&) = delete;
  in_zone& operator=(const in_zone&) = delete;

 private:
  std::optional<std::string> before_;
};

TEST_CASE("The time is told as the contract has it") {
  const in_zone utc{"UTC0"};
  service_stage stage;
  stage.serve(time_service::app());
  stage.time.step_wall_clock(1h + 123ms);  // so that no other test's second is known
  const auto answer = stage.answer_to(get("/api/time"));
  CHECK(answer.status == 200);
  CHECK(answer.header("Content-Type") == "application/json");
  CHECK(json_at(answer.body, "/service") == "\"time-service\"");
  CHECK(json_at(answer.body, "/timestamp") == "\"2026-06-01 13:00:00\"");
  CHECK(json_at(answer.body, "/iso8601") == "\"2026-06-01T13:00:00+00:00\"");
  CHECK(json_at(answer.body, "/unix_ms") == "1780318800123");
  CHECK(json_at(answer.body, "/timezone") == "\"UTC\"");
}

TEST_CASE("The time is the zone's own, its offset beside it") {
  // What is known of a second holds for its zone, so each row has a second of its own.
  const auto [zone, step, timestamp, iso8601, name] =
      GENERATE(table<const char*, duration, std::string, std::string, std::string>({
          {"IST-2IDT,M3.4.4/26,M10.5.0", 2h, "\"2026-06-01 17:00:00\"", "\"2026-06-01T17:00:00+03:00\"", "\"IDT\""},
          {"XST3:30", 2h + 1s, "\"2026-06-01 10:30:01\"", "\"2026-06-01T10:30:01-03:30\"", "\"XST\""},
      }));
  const in_zone there{zone};
  service_stage stage;
  stage.serve(time_service::app());
  stage.time.step_wall_clock(step);
  const auto answer = stage.answer_to(get("/api/time"));
  CHECK(json_at(answer.body, "/timestamp") == timestamp);
  CHECK(json_at(answer.body, "/iso8601") == iso8601);
  CHECK(json_at(answer.body, "/timezone") == name);
}

TEST_CASE("The time follows the calendar, forwards and backwards, to the millisecond") {
  const in_zone utc{"UTC0"};
  service_stage stage;
  stage.serve(time_service::app());
  stage.time.step_wall_clock(3h);
  const auto ask = [&](const char* what) { return *json_at(stage.answer_to(get("/api/time")).body, what); };
  CHECK(ask("/timestamp") == "\"2026-06-01 15:00:00\"");
  const auto at = std::stoll(ask("/unix_ms"));
  stage.time.step_wall_clock(999ms);
  CHECK(std::stoll(ask("/unix_ms")) - at == 999);
  CHECK(ask("/timestamp") == "\"2026-06-01 15:00:00\"");
  stage.time.step_wall_clock(1ms);
  CHECK(ask("/timestamp") == "\"2026-06-01 15:00:01\"");
  stage.time.step_wall_clock(-24h);
  CHECK(ask("/timestamp") == "\"2026-05-31 15:00:01\"");
  stage.time.step_wall_clock(std::chrono::days{275});
  CHECK(ask("/timestamp") == "\"2027-03-02 15:00:01\"");
}

TEST_CASE("The service is who it says") {
  const auto made = time_service::definition();
  CHECK(made.name == "time-service");
  CHECK(made.metric_prefix == "time_service");
  CHECK(made.port == 5001);
}

}  // namespace
}  // namespace cohort
