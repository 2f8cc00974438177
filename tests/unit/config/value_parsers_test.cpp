// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/value_parsers.hpp>

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

TEST_CASE("value parsers: text accepts any string", "[config][value_parser]") {
  CHECK(text().parse("") == "");
  CHECK(text().parse("a b\n") == "a b\n");
}

TEST_CASE("value parsers: visible_ascii rejects an empty string, spaces, control characters and non-ASCII bytes",
          "[config][value_parser]") {
  const auto parser = visible_ascii("a name");
  CHECK(parser.accepted_values == "a name of visible ASCII characters, without spaces");
  CHECK(parser.parse("weather-service_1.0!~") == "weather-service_1.0!~");
  const auto invalid_value =
      GENERATE(""sv, " "sv, "a b"sv, "a\tb"sv, "a\r\nb"sv, "a\0b"sv, "a\x7f"sv, "D\u00fcsseldorf"sv);
  CHECK_FALSE(parser.parse(invalid_value));
}

TEST_CASE("value parsers: integer accepts only decimal digits within the bounds", "[config][value_parser]") {
  const auto parser = integer(-5, 100);
  CHECK(parser.accepted_values == "an integer from -5 to 100");
  CHECK(parser.parse("-5") == -5);
  CHECK(parser.parse("0") == 0);
  CHECK(parser.parse("100") == 100);
  const auto invalid_value = GENERATE("", " ", "-6", "101", "1.0", "1e2", "+1", " 1", "1 ", "0x10", "abc", "1a", "--1",
                                      "99999999999999999999999");
  CAPTURE(invalid_value);
  CHECK_FALSE(parser.parse(invalid_value));
}

TEST_CASE("value parsers: integer supports the full 64-bit range", "[config][value_parser]") {
  using limits = std::numeric_limits<std::int64_t>;
  const auto parser = integer(limits::min(), limits::max());
  CHECK(parser.parse("9223372036854775807") == limits::max());
  CHECK(parser.parse("-9223372036854775808") == limits::min());
  CHECK_FALSE(parser.parse("9223372036854775808"));
}

TEST_CASE("value parsers: port accepts 0 to 65535", "[config][value_parser]") {
  CHECK(port().parse("0") == 0);
  CHECK(port().parse("5001") == 5001);
  CHECK(port().parse("65535") == 65535);
  const auto invalid_value = GENERATE("", "65536", "-1", "http", "80 ", "8080:80", "1e3");
  CAPTURE(invalid_value);
  CHECK_FALSE(port().parse(invalid_value));
  CHECK_FALSE(remote_port().parse(invalid_value));
}

TEST_CASE("value parsers: remote_port does not accept 0", "[config][value_parser]") {
  CHECK(remote_port().parse("1") == 1);
  CHECK(remote_port().parse("65535") == 65535);
  CHECK_FALSE(remote_port().parse("0"));
}

TEST_CASE("value parsers: ip_address accepts IPv4 and IPv6 addresses without a port", "[config][value_parser]") {
  const auto valid_value = GENERATE("127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1", "::ffff:127.0.0.1", "fe80::1%eth0");
  CHECK(ip_address().parse(valid_value) == valid_value);
  const auto invalid_value = GENERATE("", "localhost", "127.0.0.1:80", "[::1]", "256.0.0.1", "127.0.0", "1.2.3.4.5",
                                      "*", "fe80::1%", "127.0.0.1%eth0");
  CAPTURE(invalid_value);
  CHECK_FALSE(ip_address().parse(invalid_value));
}

TEST_CASE("value parsers: http_url accepts http and https and keeps host, port and path", "[config][value_parser]") {
  struct row {
    std::string_view text;
    std::string_view host;
    std::uint16_t port;
    std::string_view path;
  };
  const auto test_case =
      GENERATE(row{"http://127.0.0.1:5001", "127.0.0.1", 5001, ""}, row{"https://wttr.in", "wttr.in", 0, ""},
               row{"http://weather-service:5003/base/", "weather-service", 5003, "/base/"},
               row{"http://[::1]:80/", "[::1]", 80, "/"}, row{"HTTPS://Example.org", "Example.org", 0, ""});
  CAPTURE(test_case.text);
  const auto url = http_url().parse(test_case.text);
  REQUIRE(url);
  CHECK(std::string_view{url->host()} == test_case.host);
  CHECK(url->port_number() == test_case.port);
  CHECK(std::string_view{url->path()} == test_case.path);
}

TEST_CASE("value parsers: http_url rejects other schemes, user information, queries, fragments and invalid ports",
          "[config][value_parser]") {
  const auto invalid =
      GENERATE("", "wttr.in", "//wttr.in", "ftp://wttr.in", "http://", "http:///path", "http:wttr.in",
               "http://user@host", "http://user:secret@host", "http://host?q=1", "http://host#part", "http://host:0",
               "http://host:65536", "http://host:", "http://host:abc", "http://:80", "http://a b", " http://host",
               "http://host ", "unix:", "http://host:5001x", "http://127.0.0.1x");
  CAPTURE(invalid);
  CHECK_FALSE(http_url().parse(invalid));
}

TEST_CASE("value parsers: one_of accepts only the listed words", "[config][value_parser]") {
  const auto parser = one_of({"debug", "info", "warn"});
  CHECK(parser.accepted_values == "one of debug, info, warn");
  CHECK(parser.parse("info") == "info");
  const auto invalid_value = GENERATE("", "inf", "info ", "debug, info", "warning");
  CHECK_FALSE(parser.parse(invalid_value));
}

TEST_CASE("value parsers: one_of accepts the listed words and their aliases, and ignores case",
          "[config][value_parser][case-5.2]") {
  const auto parser = one_of({"info", "warn"}, {{"warning", "warn"}});
  CHECK(parser.accepted_values == "one of info, warn");
  for (const auto* word : {"info", "INFO", "Info", "iNfO"}) CHECK(parser.parse(word) == "info");
  for (const auto* word : {"warn", "WARN", "warning", "Warning", "WARNING"}) CHECK(parser.parse(word) == "warn");
  // Letters of another alphabet are not accepted: U+0130 and U+0131 are i in Turkish.
  const auto invalid_value = GENERATE("\u0130nfo", "\u0131nfo", "\uff29nfo", "INFO\n");
  CHECK_FALSE(parser.parse(invalid_value));
}

TEST_CASE("value parsers: the unit of a rate is case-insensitive", "[config][value_parser][case-5.2]") {
  CHECK(event_rate().parse("100/MIN")->period == 60s);
  CHECK(event_rate().parse("5/S")->period == 1s);
  CHECK(event_rate().parse("1000/Hour")->period == 3600s);
}

TEST_CASE("value parsers: seconds accepts whole seconds within the bounds", "[config][value_parser]") {
  const auto parser = seconds(1, 3600);
  CHECK(parser.accepted_values == "whole seconds from 1 to 3600");
  CHECK(parser.parse("90") == 90s);
  const auto invalid_value = GENERATE("", "0", "3601", "1.5", "10s", "-1");
  CHECK_FALSE(parser.parse(invalid_value));
}

TEST_CASE("value parsers: event_rate accepts a count and a time unit", "[config][value_parser]") {
  struct row {
    std::string_view text;
    std::uint32_t count;
    std::chrono::seconds period;
  };
  const auto test_case = GENERATE(row{"100/min", 100, 60s}, row{"5/s", 5, 1s}, row{"1000/hour", 1000, 3600s},
                                  row{"1/sec", 1, 1s}, row{"2/second", 2, 1s}, row{"3/m", 3, 60s},
                                  row{"4/minute", 4, 60s}, row{"6/h", 6, 3600s}, row{"4294967295/s", 4294967295U, 1s});
  CAPTURE(test_case.text);
  const auto parsed = event_rate().parse(test_case.text);
  REQUIRE(parsed);
  CHECK(parsed->count == test_case.count);
  CHECK(parsed->period == test_case.period);
}

TEST_CASE("value parsers: event_rate rejects malformed rates and a count of zero", "[config][value_parser]") {
  const auto invalid_value = GENERATE("", "100", "/min", "100/", "0/s", "-1/s", "1.5/s", "100 /min", "100/ min",
                                      "100/day", "100/MINS", "100/min/min", "4294967296/s");
  CAPTURE(invalid_value);
  CHECK_FALSE(event_rate().parse(invalid_value));
}

TEST_CASE("value parsers: time_zone rejects names that the C library would treat as UTC",
          "[config][value_parser][case-5.2]") {
  const auto valid =
      GENERATE(as<std::string>{}, "EST5EDT,M3.2.0,M11.1.0", "EST5EDT", ":UTC", "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
               "IST-2:30IDT-3:30:15,J60/2:00,300", "UTC+24", "XYZ-0");
  CHECK(time_zone().parse(valid) == valid);
  const auto invalid_value = GENERATE(as<std::string>{}, "zone.tab", "tzdata.zi", "/etc/passwd", "UTC+25", "UTC+999",
                                      "EST5EDT,garbage", "EST5EDT,M3.2.0", "EST5x", "EST5:60", "EST5EDT,M3.2.7,M11.1.0",
                                      "EST5 ", "EST5\n", "E5", "5EST", std::string{"EST5\0", 5});
  CHECK_FALSE(time_zone().parse(invalid_value));
  CHECK(time_zone().parse(std::string_view{"EST5x"}.substr(0, 4)) == "EST5");
}

TEST_CASE("value parsers: time_zone accepts names and POSIX formats of at most 255 characters",
          "[config][value_parser]") {
  const auto valid_value = GENERATE(as<std::string>{}, "UTC", "IST-2IDT", "<+03>-3", "IST-2" + std::string(250, 'a'));
  CHECK(time_zone().parse(valid_value) == valid_value);
  // The maximum size of a variable that Linux passes to a program is 128 KiB.
  const auto invalid_value = GENERATE(as<std::string>{}, "", "../UTC", "Moon/Tycho", "IST-2" + std::string(251, 'a'),
                                      "IST-2" + std::string(120'000, 'a'), std::string(120'000, 'A'));
  CHECK_FALSE(time_zone().parse(invalid_value));
}

}  // namespace
}  // namespace cohort::config
