// SPDX-License-Identifier: BSL-1.0
// Structs whose members are strings, numbers and flags only are written in one pass, unless a string needs an escape.
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <cohort/json/encode.hpp>

namespace cohort {
namespace {

struct reading {
  std::string sensor;
  std::int64_t time = 0;
  double value = 0;
  bool valid = false;
  std::string_view unit;
};
BOOST_DESCRIBE_STRUCT(reading, (), (sensor, time, value, valid, unit))

struct report {
  std::vector<reading> readings;
  reading last;
  std::string note;
};
BOOST_DESCRIBE_STRUCT(report, (), (readings, last, note))

struct empty_struct {};
BOOST_DESCRIBE_STRUCT(empty_struct, (), ())

TEST_CASE("encode: a struct of strings, numbers and flags becomes an object", "[json][encode]") {
  CHECK(json::encode(reading{"a", 17, 0.5, true, "kelvin"}) ==
        R"({"sensor":"a","time":17,"value":0.5,"valid":true,"unit":"kelvin"})");
  CHECK(json::encode(reading{}) == R"({"sensor":"","time":0,"value":0,"valid":false,"unit":""})");
  CHECK(json::encode(reading{"a", 17, -0.0, true, "kelvin"}) ==
        R"({"sensor":"a","time":17,"value":-0.0,"valid":true,"unit":"kelvin"})");
  constexpr auto min_integer = std::numeric_limits<std::int64_t>::min();
  CHECK(json::encode(reading{std::string(1000, 'x'), min_integer, std::numeric_limits<double>::lowest(), false, "m"}) ==
        "{\"sensor\":\"" + std::string(1000, 'x') +
            R"(","time":-9223372036854775808,"value":-1.7976931348623157e+308,"valid":false,"unit":"m"})");
  CHECK(json::encode(empty_struct{}) == "{}");
}

TEST_CASE("encode: strings of a struct are escaped at any position", "[json][encode]") {
  CHECK(json::encode(reading{"\"", 1, 2, true, "m"}) ==
        R"({"sensor":"\"","time":1,"value":2,"valid":true,"unit":"m"})");
  CHECK(json::encode(reading{"a", 1, 2, true, "\u00b0C"}) ==
        "{\"sensor\":\"a\",\"time\":1,\"value\":2,\"valid\":true,\"unit\":\"\u00b0C\"}");
  CHECK(json::encode(reading{"a", 1, 2, true, "\n\xFF"}) ==
        "{\"sensor\":\"a\",\"time\":1,\"value\":2,\"valid\":true,\"unit\":\"\\n\xEF\xBF\xBD\"}");
}

TEST_CASE("encode: a struct after other values is separated by a comma", "[json][encode]") {
  const reading plain_reading{"a", 1, 2, true, "m"};
  const reading escaped_reading{"\\", 1, 2, true, "m"};
  const std::string plain_text = R"({"sensor":"a","time":1,"value":2,"valid":true,"unit":"m"})";
  const std::string escaped_text = R"({"sensor":"\\","time":1,"value":2,"valid":true,"unit":"m"})";
  CHECK(json::encode(std::vector{plain_reading, escaped_reading, plain_reading}) ==
        "[" + plain_text + "," + escaped_text + "," + plain_text + "]");
  CHECK(json::encode(report{{escaped_reading, plain_reading}, plain_reading, "n"}) ==
        "{\"readings\":[" + escaped_text + "," + plain_text + "],\"last\":" + plain_text + ",\"note\":\"n\"}");
}

}  // namespace
}  // namespace cohort
