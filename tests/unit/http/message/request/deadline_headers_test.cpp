// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/deadline_headers.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

TEST_CASE("deadline headers: x-envoy-expected-rq-timeout-ms is valid from 1 ms to a day", "[http][message]") {
  const auto [text, timeout] = GENERATE(table<std::string_view, std::optional<duration>>({
      {"1", 1ms},
      {"3000", 3s},
      {"007", 7ms},
      {"86400000", 24h},
      {"86400001", std::nullopt},
      {"0", std::nullopt},
      {"-1", std::nullopt},
      {"-0", std::nullopt},
      {"+5", std::nullopt},
      {"", std::nullopt},
      {" 5", std::nullopt},
      {"5 ", std::nullopt},
      {"5ms", std::nullopt},
      {"5.0", std::nullopt},
      {"0x10", std::nullopt},
      {"1e3", std::nullopt},
      {"soon", std::nullopt},
      {"9223372036854775807", std::nullopt},
      {"9223372036854775808", std::nullopt},
      {"99999999999999999999999999", std::nullopt},
      {"-9223372036854775809", std::nullopt},
  }));
  CAPTURE(text);
  CHECK(http::parse_envoy_timeout(text) == timeout);
}

TEST_CASE("deadline headers: grpc-timeout has 1 to 8 digits and a unit, and is valid up to a day", "[http][message]") {
  const auto [text, timeout] = GENERATE(table<std::string_view, std::optional<duration>>({
      {"24H", 24h},
      {"25H", std::nullopt},
      {"1440M", 24h},
      {"1441M", std::nullopt},
      {"3S", 3s},
      {"200m", 200ms},
      {"200u", 200us},
      {"99999999n", 99'999'999ns},
      {"99999999H", std::nullopt},
      {"100000000n", std::nullopt},
      {"0S", std::nullopt},
      {"-1S", std::nullopt},
      {"S", std::nullopt},
      {"5", std::nullopt},
      {"5s", std::nullopt},
      {"5 S", std::nullopt},
      {"1.5S", std::nullopt},
      {"", std::nullopt},
  }));
  CAPTURE(text);
  CHECK(http::parse_grpc_timeout(text) == timeout);
}

TEST_CASE("deadline headers: the remaining time is sent in whole milliseconds, at least 1", "[http][message]") {
  const time_point now{1h};
  const auto [remaining_time, text] = GENERATE(table<duration, std::string>({
      {3s, "3000"},
      {2ms - 1ns, "1"},
      {1ms, "1"},
      {1ns, "1"},
      {0ns, "1"},
      {-5s, "1"},
  }));
  CHECK(http::format_envoy_timeout(deadline{now + remaining_time}, now) == text);
}

TEST_CASE("deadline headers: a formatted timeout parses to the same duration", "[http][message]") {
  const time_point now{1h};
  const auto remaining_time = GENERATE(duration{1ms}, duration{5s}, duration{24h});
  CHECK(http::parse_envoy_timeout(http::format_envoy_timeout(deadline{now + remaining_time}, now)) == remaining_time);
}

}  // namespace
}  // namespace cohort
