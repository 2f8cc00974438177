// SPDX-License-Identifier: BSL-1.0
#include <cohort/json/description/text_format.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/runtime/time/date_format.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

TEST_CASE("RFC 3339: timestamps are converted to UTC", "[json][timestamp]") {
  const auto [text, utc] = GENERATE(table<std::string, std::string>({
      {"2026-06-01T12:00:00Z", "2026-06-01T12:00:00Z"},
      {"2026-06-01t12:00:59z", "2026-06-01T12:00:59Z"},
      {"2026-06-01T12:00:00.123456789Z", "2026-06-01T12:00:00Z"},
      {"2026-06-01T12:00:00.999999999999Z", "2026-06-01T12:00:00Z"},
      {"2026-06-01T01:30:00+02:00", "2026-05-31T23:30:00Z"},
      {"2026-06-01T23:59:00-00:30", "2026-06-02T00:29:00Z"},
      {"2026-06-01T23:59:00+23:59", "2026-06-01T00:00:00Z"},
      {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
      {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
      {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z"},
      {"1678-01-01T00:00:00Z", "1678-01-01T00:00:00Z"},
      {"2261-12-31T23:59:59Z", "2261-12-31T23:59:59Z"},
  }));
  CAPTURE(text);
  const auto read = json::parse_timestamp(text);
  REQUIRE(read.has_value());
  CHECK(format_rfc3339(*read) == utc);
}

TEST_CASE("RFC 3339: fractions of a second are kept", "[json][timestamp]") {
  const auto whole_second = json::parse_timestamp("2026-06-01T12:00:00Z");
  CHECK(*json::parse_timestamp("2026-06-01T12:00:00.25Z") - *whole_second == 250ms);
  CHECK(*json::parse_timestamp("2026-06-01T12:00:00.000000001Z") - *whole_second == 1ns);
}

TEST_CASE("RFC 3339: a formatted fraction has no trailing groups of three zeros", "[json][timestamp]") {
  for (const std::string_view text : {"2026-11-28T12:00:00Z", "2026-11-28T12:00:00.250Z", "1969-12-31T23:59:59.000001Z",
                                      "2000-02-29T00:00:00.123456789Z"}) {
    const auto parsed = json::parse_timestamp(text);
    REQUIRE(parsed.has_value());
    CHECK(json::format_timestamp(*parsed) == text);
  }
}

TEST_CASE("RFC 3339: malformed timestamps are rejected", "[json][timestamp]") {
  const std::string text =
      GENERATE("", "now", "2026-06-01", "2026-06-01T12:00:00", "2026-06-01 12:00:00Z", "2026-06-01T12:00Z",
               "2026-06-01T12:00:00Zulu", "2026-06-01T12:00:00.Z", "2026-06-01T12:00:00+0200", "2026-06-01T12:00:00+02",
               "2026-06-01T12:00:00+24:00", "2026-06-01T12:00:00-99:00", "2026-06-01T12:00:00+00:60",
               "26-06-01T12:00:00Z", "2026-6-1T12:00:00Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
               "2026-06-00T00:00:00Z", "2026-06-01T24:00:00Z", "2026-06-01T12:60:00Z", "2026-06-01T12:00:61Z",
               "0001-01-01T00:00:00Z", "1677-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "-026-06-01T12:00:00Z",
               "2026-06-01T12:00:00\xE2\x84\xA4", "20.12Z", "2026-06-01T12:00x00.5Z", "2026-06-01.123456789");
  CAPTURE(text);
  CHECK_FALSE(json::parse_timestamp(text).has_value());
}

}  // namespace
}  // namespace cohort
