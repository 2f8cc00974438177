// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_settings.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cohort/json/decode.hpp>

namespace cohort::faults {
namespace {

using namespace std::chrono_literals;

TEST_CASE("fault_settings: absent fields of the JSON object have their default values", "[faults][settings]") {
  const auto all_fields =
      json::decode<fault_settings>(R"({"latency_ms":60000,"error_percent":100,"hang_percent":7,"memory_mb":4096,)"
                                   R"("cpu_percent":95,"seconds":3600})");
  REQUIRE(all_fields.has_value());
  CHECK(all_fields->latency_ms == 60'000);
  CHECK(all_fields->error_percent == 100);
  CHECK(all_fields->hang_percent == 7);
  CHECK(all_fields->memory_mb == 4096);
  CHECK(all_fields->cpu_percent == 95);
  CHECK(all_fields->seconds == 3600);
  CHECK(all_fields->has_faults());

  const auto settings_with_one_field = json::decode<fault_settings>(R"({"cpu_percent":1})");
  REQUIRE(settings_with_one_field.has_value());
  CHECK(settings_with_one_field->has_faults());
  CHECK(settings_with_one_field->latency_ms == 0);
  CHECK(settings_with_one_field->seconds == 600);
  CHECK_FALSE(json::decode<fault_settings>(R"({"seconds":1,"latency_ms":0})")->has_faults());
  CHECK_FALSE(json::decode<fault_settings>("{}")->has_faults());
}

TEST_CASE("fault_settings: each invalid field has a reason with the accepted values", "[faults][settings]") {
  const auto parsed = json::decode<fault_settings>(
      R"({"latency_ms":60001,"error_percent":101,"hang_percent":-1,"memory_mb":4097,"cpu_percent":96,"seconds":0,)"
      R"("delay":2})");
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().text() ==
        "latency_ms must be an integer from 0 to 60000; error_percent must be an integer from 0 to 100; "
        "hang_percent must be an integer from 0 to 100; memory_mb must be an integer from 0 to 4096; "
        "cpu_percent must be an integer from 0 to 95; seconds must be an integer from 1 to 3600; "
        "delay is unknown; known: latency_ms, error_percent, hang_percent, memory_mb, cpu_percent, seconds");
  for (const std::string_view body :
       {R"({"seconds":3601})", R"({"error_percent":"50"})", R"({"error_percent":2.5})", R"({"error_percent":null})",
        R"({"latency_ms":18446744073709551615})", "[1]", "", "{"}) {
    CAPTURE(body);
    CHECK_FALSE(json::decode<fault_settings>(body).has_value());
  }
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
