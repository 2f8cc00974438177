#include "core/config/rules.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace cohort::config {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

TEST_CASE("Any text is any text") {
  CHECK(text().parse("") == "");
  CHECK(text().parse("a b\n") == "a b\n");
}

TEST_CASE("Visible text is what can stand in a header: no blanks, controls or bytes beyond ASCII, and not empty") {
  const auto rule = visible_text("a name");
  CHECK(rule.accepts == "a name of visible ASCII characters");
  CHECK(rule.parse("weather-service_1.0!~") == "weather-service_1.0!~");
  const auto wrong = GENERATE(""sv, " "sv, "a b"sv, "a\tb"sv, "a\r\nb"sv, "a\0b"sv, "a\x7f"sv, "D\u00fcsseldorf"sv);
  CHECK_FALSE(rule.parse(wrong));
}

TEST_CASE("A whole number is nothing but its digits, within the limits") {
  const auto rule = integer(-5, 100);
  CHECK(rule.accepts == "a whole number from -5 to 100");
  CHECK(rule.parse("-5") == -5);
  CHECK(rule.parse("0") == 0);
  CHECK(rule.parse("100") == 100);
  const auto wrong = GENERATE("", " ", "-6", "101", "1.0", "1e2", "+1", " 1", "1 ", "0x10", "abc", "1a", "--1",
                              "99999999999999999999999");
  CAPTURE(wrong);
  CHECK_FALSE(rule.parse(wrong));
}

TEST_CASE("Whole numbers go as far as 64 bits") {
  using limits = std::numeric_limits<std::int64_t>;
  const auto rule = integer(limits::min(), limits::max());
  CHECK(rule.parse("9223372036854775807") == limits::max());
  CHECK(rule.parse("-9223372036854775808") == limits::min());
  CHECK_FALSE(rule.parse("9223372036854775808"));
}

TEST_CASE("A port is 0 to 65535") {
  CHECK(port().parse("0") == 0);
  CHECK(port().parse("5001") == 5001);
  CHECK(port().parse("65535") == 65535);
  const auto wrong = GENERATE("", "65536", "-1", "http", "80 ", "8080:80", "1e3");
  CAPTURE(wrong);
  CHECK_FALSE(port().parse(wrong));
}

TEST_CASE("An address is an IP address, not a name and not with a port") {
  const auto right = GENERATE("127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1");
  CHECK(address().parse(right) == right);
  const auto wrong = GENERATE("", "localhost", "127.0.0.1:80", "[::1]", "256.0.0.1", "127.0.0", "1.2.3.4.5", "*");
  CAPTURE(wrong);
  CHECK_FALSE(address().parse(wrong));
}

TEST_CASE("A URL is http or https with a host, and keeps its port and path") {
  struct row {
    std::string_view text;
    std::string_view host;
    std::uint16_t port;
    std::string_view path;
  };
  const auto each =
      GENERATE(row{"http://127.0.0.1:5001", "127.0.0.1", 5001, ""}, row{"https://wttr.in", "wttr.in", 0, ""},
               row{"http://weather-service:5003/base/", "weather-service", 5003, "/base/"},
               row{"http://[::1]:80/", "[::1]", 80, "/"}, row{"HTTPS://Example.org", "Example.org", 0, ""});
  CAPTURE(each.text);
  const auto url = http_url().parse(each.text);
  REQUIRE(url);
  CHECK(std::string_view{url->host()} == each.host);
  CHECK(url->port_number() == each.port);
  CHECK(std::string_view{url->path()} == each.path);
}

TEST_CASE("A URL that a service could not call is refused") {
  const auto wrong = GENERATE("", "wttr.in", "//wttr.in", "ftp://wttr.in", "http://", "http:///path", "http:wttr.in",
                              "http://user@host", "http://user:secret@host", "http://host?q=1", "http://host#part",
                              "http://host:0", "http://host:65536", "http://host:", "http://host:abc", "http://:80",
                              "http://a b", " http://host", "http://host ", "unix:/run/socket");
  CAPTURE(wrong);
  CHECK_FALSE(http_url().parse(wrong));
}

TEST_CASE("One of some words is exactly one of them") {
  const auto rule = one_of({"debug", "info", "warn"});
  CHECK(rule.accepts == "one of debug, info, warn");
  CHECK(rule.parse("info") == "info");
  const auto wrong = GENERATE("", "Info", "inf", "info ", "debug, info");
  CHECK_FALSE(rule.parse(wrong));
}

TEST_CASE("Seconds are whole and within the limits") {
  const auto rule = seconds(1, 3600);
  CHECK(rule.accepts == "whole seconds from 1 to 3600");
  CHECK(rule.parse("90") == 90s);
  const auto wrong = GENERATE("", "0", "3601", "1.5", "10s", "-1");
  CHECK_FALSE(rule.parse(wrong));
}

TEST_CASE("A rate is a count and a unit of time") {
  struct row {
    std::string_view text;
    std::uint32_t count;
    std::chrono::seconds per;
  };
  const auto each = GENERATE(row{"100/min", 100, 60s}, row{"5/s", 5, 1s}, row{"1000/hour", 1000, 3600s},
                             row{"1/sec", 1, 1s}, row{"2/second", 2, 1s}, row{"3/m", 3, 60s}, row{"4/minute", 4, 60s},
                             row{"6/h", 6, 3600s}, row{"4294967295/s", 4294967295U, 1s});
  CAPTURE(each.text);
  const auto parsed = events_per_time().parse(each.text);
  REQUIRE(parsed);
  CHECK(parsed->count == each.count);
  CHECK(parsed->per == each.per);
}

TEST_CASE("What is no rate, or one of nothing, is refused") {
  const auto wrong = GENERATE("", "100", "/min", "100/", "0/s", "-1/s", "1.5/s", "100 /min", "100/ min", "100/day",
                              "100/MIN", "100/min/min", "4294967296/s");
  CAPTURE(wrong);
  CHECK_FALSE(events_per_time().parse(wrong));
}

}  // namespace
}  // namespace cohort::config
