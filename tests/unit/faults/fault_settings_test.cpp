// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_settings.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort::faults {
namespace {

using namespace std::chrono_literals;

TEST_CASE("fault_settings: absent fields of the JSON object have their default", "[faults][settings]") {
  const auto all_fields =
      parse_fault_settings(R"({"latency_ms":60000,"error_percent":100,"hang_percent":7,"memory_mb":4096,)"
                           R"("cpu_percent":95,"seconds":3600})");
  REQUIRE(all_fields.has_value());
  CHECK(all_fields->latency_ms == 60'000);
  CHECK(all_fields->error_percent == 100);
  CHECK(all_fields->hang_percent == 7);
  CHECK(all_fields->memory_mb == 4096);
  CHECK(all_fields->cpu_percent == 95);
  CHECK(all_fields->seconds == 3600);
  CHECK(all_fields->any());

  const auto one_field = parse_fault_settings(R"({"cpu_percent":1})");
  REQUIRE(one_field.has_value());
  CHECK(one_field->any());
  CHECK(one_field->latency_ms == 0);
  CHECK(one_field->seconds == 600);
  CHECK_FALSE(parse_fault_settings(R"({"seconds":1,"latency_ms":0})")->any());
  CHECK_FALSE(parse_fault_settings("{}")->any());
}

TEST_CASE("fault_settings: the message for an invalid field names it, its value and the accepted values",
          "[faults][settings]") {
  struct invalid {
    std::string body;
    std::string message;
  };
  for (
      const auto& test_case : {
          invalid{R"({"latency_ms":60001})", "latency_ms is 60001, but must be a whole number from 0 to 60000"},
          invalid{R"({"latency_ms":-1})", "latency_ms is -1, but must be a whole number from 0 to 60000"},
          invalid{R"({"error_percent":101})", "error_percent is 101, but must be a whole number from 0 to 100"},
          invalid{R"({"hang_percent":101})", "hang_percent is 101, but must be a whole number from 0 to 100"},
          invalid{R"({"memory_mb":4097})", "memory_mb is 4097, but must be a whole number from 0 to 4096"},
          invalid{R"({"cpu_percent":96})", "cpu_percent is 96, but must be a whole number from 0 to 95"},
          invalid{R"({"seconds":0})", "seconds is 0, but must be a whole number from 1 to 3600"},
          invalid{R"({"seconds":3601})", "seconds is 3601, but must be a whole number from 1 to 3600"},
          invalid{R"({"error_percent":"50"})", "error_percent is \"50\", but must be a whole number from 0 to 100"},
          invalid{R"({"error_percent":2.5})", "error_percent is 2.5, but must be a whole number from 0 to 100"},
          invalid{R"({"error_percent":null})", "error_percent is null, but must be a whole number from 0 to 100"},
          invalid{R"({"latency_ms":18446744073709551615})",
                  "latency_ms is 18446744073709551615, but must be a whole number from 0 to 60000"},
          invalid{
              R"({"latency_ms":1,"delay":2})",
              "unknown field \"delay\"; known fields: latency_ms, error_percent, hang_percent, memory_mb, cpu_percent, "
              "seconds"},
          invalid{"[1]", "the body is JSON, but must be an object"},
          invalid{"", R"(the body is not valid JSON, but must be an object such as {"latency_ms":500,"seconds":60})"},
          invalid{"{", R"(the body is not valid JSON, but must be an object such as {"latency_ms":500,"seconds":60})"},
      }) {
    CAPTURE(test_case.body);
    const auto parsed = parse_fault_settings(test_case.body);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error() == test_case.message);
  }
}

TEST_CASE("fault_settings: a long value is shortened in the message", "[faults][settings]") {
  const auto parsed = parse_fault_settings(R"({"seconds":")" + std::string(1000, 'x') + R"("})");
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error() == "seconds is \"" + std::string(59, 'x') + "…, but must be a whole number from 1 to 3600");
}

TEST_CASE("fault_settings: the remaining time in JSON is rounded up to seconds", "[faults][settings]") {
  const fault_settings settings{
      .latency_ms = 1, .error_percent = 2, .hang_percent = 3, .memory_mb = 4, .cpu_percent = 5};
  CHECK(to_json(settings, 1500ms) == R"({"active":true,"latency_ms":1,"error_percent":2,"hang_percent":3,)"
                                     R"("memory_mb":4,"cpu_percent":5,"remaining_seconds":2})");
  CHECK(to_json({}, duration::max()) == R"({"active":false,"latency_ms":0,"error_percent":0,"hang_percent":0,)"
                                        R"("memory_mb":0,"cpu_percent":0,"remaining_seconds":0})");
}

}  // namespace
}  // namespace cohort::faults
