#include "core/http/remaining_time.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

TEST_CASE("Remaining time is believed only where it is a positive number of milliseconds within a day") {
  const auto [text, span] = GENERATE(table<std::string_view, std::optional<duration>>({
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
  CHECK(http::parse_remaining_time(text) == span);
}

TEST_CASE("gRPC's timeout is believed where it is one to eight digits and a unit, positive and within a day") {
  const auto [text, span] = GENERATE(table<std::string_view, std::optional<duration>>({
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
  CHECK(http::parse_grpc_timeout(text) == span);
}

TEST_CASE("Remaining time is told in whole milliseconds, rounded down, but never as none") {
  const time_point now{1h};
  const auto [left, text] = GENERATE(table<duration, std::string>({
      {3s, "3000"},
      {2ms - 1ns, "1"},
      {1ms, "1"},
      {1ns, "1"},
      {0ns, "1"},
      {-5s, "1"},
  }));
  CHECK(http::format_remaining_time(deadline{now + left}, now) == text);
}

TEST_CASE("What one side tells the other believes") {
  const time_point now{1h};
  const auto left = GENERATE(duration{1ms}, duration{5s}, duration{24h});
  CHECK(http::parse_remaining_time(http::format_remaining_time(deadline{now + left}, now)) == left);
}

}  // namespace
}  // namespace cohort
