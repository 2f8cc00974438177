// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options/option_parsers.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;

template <class T>
struct example {
  std::string text;
  T expected;
};

template <class T>
example<T> generate_example(std::vector<example<T>> examples) {
  return GENERATE_COPY(from_range(examples));
}

std::string generate_text(std::vector<std::string> texts) { return GENERATE_COPY(from_range(texts)); }

TEST_CASE("option parsers: a port out of range is rejected, not wrapped around", "[loadgen][options]") {
  const auto url = GENERATE("http://h:0/", "http://h:65536/", "http://h:65537/", "http://h:99999/", "http://h:131072/");
  CAPTURE(url);
  CHECK_FALSE(url_parser().parse(url));
  CHECK(url_parser().parse("http://h:65535/"));
}

TEST_CASE("option parsers: a duration is a number of seconds, or a number with a unit", "[loadgen][options]") {
  const auto example = generate_example<duration>({{"90", 90s},
                                                   {"0.1", 100ms},
                                                   {"1.5", 1500ms},
                                                   {".5", 500ms},
                                                   {"30s", 30s},
                                                   {"250ms", 250ms},
                                                   {"500us", 500us},
                                                   {"5m", 5min},
                                                   {"1.5h", 90min},
                                                   {"168h", 168h},
                                                   {"0.000000001", 1ns}});
  CAPTURE(example.text);
  CHECK(duration_parser(0s, 168h, "").parse(example.text) == example.expected);
}

TEST_CASE("option parsers: an invalid duration is rejected", "[loadgen][options]") {
  const auto text = generate_text({"",
                                   " ",
                                   "s",
                                   "-1",
                                   "+1",
                                   "1 s",
                                   " 1",
                                   "1 ",
                                   "1d",
                                   "1S",
                                   "1sec",
                                   "1,5",
                                   "1.2.3",
                                   ".",
                                   "1e3",
                                   "0x10",
                                   "inf",
                                   "nan",
                                   "1ns",
                                   "5m30s",
                                   "99999999999999999999",
                                   std::string(400, '9'),
                                   std::string("5\0", 2)});
  CAPTURE(text);
  CHECK_FALSE(duration_parser(0s, duration::max(), "").parse(text));
}

TEST_CASE("option parsers: a duration has limits, which the error message contains", "[loadgen][options]") {
  const auto parser = duration_parser(100ms, 1h, "from 0.1 seconds to 1h");
  CHECK(parser.parse("100ms") == 100ms);
  CHECK_FALSE(parser.parse("99999us"));
  CHECK(parser.parse("60m") == 1h);
  CHECK_FALSE(parser.parse("3600.000001"));
  CHECK(parser.accepted_values.ends_with("from 0.1 seconds to 1h"));
}

TEST_CASE("option parsers: a rate is in requests per second, with up to six decimals", "[loadgen][options]") {
  const auto example = generate_example<std::int64_t>({{"5", 5'000'000},
                                                       {"0.001", 1'000},
                                                       {"0.1", 100'000},
                                                       {"33.333333", 33'333'333},
                                                       {"2.5", 2'500'000},
                                                       {"1000000", 1'000'000'000'000}});
  CAPTURE(example.text);
  const auto parsed = rate_parser().parse(example.text);
  REQUIRE(parsed);
  CHECK(parsed->rate.millionths == example.expected);
  CHECK_FALSE(parsed->is_closed_loop);
}

TEST_CASE("option parsers: the rate `max` selects a closed loop", "[loadgen][options]") {
  const auto parsed = rate_parser().parse("max");
  REQUIRE(parsed);
  CHECK(parsed->is_closed_loop);
  CHECK(parsed->rate == request_rate{});
}

TEST_CASE("option parsers: an invalid rate is rejected", "[loadgen][options]") {
  const auto text = generate_text({"", "0", "0.0009", "1000000.1", "-5", "+5", "5/s", "5 ", "5s", "5k", "1e3", "Max",
                                   "MAX", "nan", "inf", "1.2.3", std::string(400, '9')});
  CAPTURE(text);
  CHECK_FALSE(rate_parser().parse(text));
}

TEST_CASE("option parsers: a stage is a linear ramp or a step", "[loadgen][options]") {
  struct expected_stage {
    duration length;
    std::int64_t millionths;
    bool is_step;
  };
  const auto example = generate_example<expected_stage>({{"30s:200", {30s, 200'000'000, false}},
                                                         {"30s:200:step", {30s, 200'000'000, true}},
                                                         {"30:200", {30s, 200'000'000, false}},
                                                         {"10ms:0.5", {10ms, 500'000, false}},
                                                         {"5m:0", {5min, 0, false}},
                                                         {"5m:0:step", {5min, 0, true}},
                                                         {"168h:1000000", {168h, 1'000'000'000'000, false}}});
  CAPTURE(example.text);
  const auto parsed = stage_parser().parse(example.text);
  REQUIRE(parsed);
  CHECK(parsed->length == example.expected.length);
  CHECK(parsed->rate.millionths == example.expected.millionths);
  CHECK(parsed->is_step == example.expected.is_step);
}

TEST_CASE("option parsers: an invalid stage is rejected", "[loadgen][options]") {
  const auto text = generate_text({"",
                                   ":",
                                   "30s",
                                   "30s:",
                                   ":200",
                                   ":step",
                                   "30s:step",
                                   "30s::step",
                                   "30s:200:steps",
                                   "30s:200:line",
                                   "30s:200:step:step",
                                   "30s:max",
                                   "30s:-1",
                                   "-30s:1",
                                   "30s:1000001",
                                   "9ms:1",
                                   "169h:1",
                                   "30s;200",
                                   "30s:200 ",
                                   "0:5"});
  CAPTURE(text);
  CHECK_FALSE(stage_parser().parse(text));
}

TEST_CASE("option parsers: an http or https URL keeps its path and query", "[loadgen][options]") {
  const auto text = generate_text({"http://h", "http://h/", "https://h:8443/a/b?x=1&y=2@3",
                                   "http://127.0.0.1:5001/api/time", "http://[::1]:5001/a", "https://[2001:db8::1]/",
                                   "http://h:65535/", "HTTP://H/", "http://h/a?b=http://c/", "http://h/%20a"});
  CAPTURE(text);
  const auto parsed = url_parser().parse(text);
  REQUIRE(parsed);
  CHECK(std::string{parsed->buffer()} == text);
}

TEST_CASE("option parsers: an invalid URL is rejected", "[loadgen][options]") {
  const auto text = generate_text({"",
                                   "h",
                                   "h/a",
                                   "/a",
                                   "//h/a",
                                   "http:",
                                   "http://",
                                   "http:///a",
                                   "http:h",
                                   "ftp://h/",
                                   "file:///etc/passwd",
                                   "ws://h/",
                                   "http://user@h/",
                                   "http://user:secret@h/",
                                   "http://h/#x",
                                   "http://h:0/",
                                   "http://h:65536/",
                                   "http://h:99999999999/",
                                   "http://h:x/",
                                   "http://h:-1/",
                                   "http://[::1/",
                                   "http://[]/",
                                   " http://h/",
                                   "http://h/\r\nX: y",
                                   std::string("http://h/\0", 10),
                                   "h\xc3\xa4://h/"});
  CAPTURE(text);
  CHECK_FALSE(url_parser().parse(text));
}

TEST_CASE("option parsers: a target is a URL with an optional name and an optional weight", "[loadgen][options]") {
  struct expected_target {
    std::string name;
    std::string url;
    unsigned weight;
  };
  const auto example = generate_example<expected_target>({
      {"http://h/a", {"h/a", "http://h/a", 1}},
      {"http://h", {"h", "http://h", 1}},
      {"http://h:5001/a/b?c=d", {"h:5001/a/b", "http://h:5001/a/b?c=d", 1}},
      {"time=http://h/a", {"time", "http://h/a", 1}},
      {"http://h/a@3", {"h/a", "http://h/a", 3}},
      {"time=http://h/a@1000", {"time", "http://h/a", 1000}},
      {"http://h/a?x=1&y=2@3", {"h/a", "http://h/a?x=1&y=2", 3}},
      {"q=http://h/a?x=1", {"q", "http://h/a?x=1", 1}},
      {"http://h/?u=http://g/=1", {"h/", "http://h/?u=http://g/=1", 1}},
      {"http://h/@user@1", {"h/@user", "http://h/@user", 1}},
      {"mail=http://h/?to=a@b.test@7", {"mail", "http://h/?to=a@b.test", 7}},
      {"http://[::1]:80/x@2", {"[::1]:80/x", "http://[::1]:80/x", 2}},
      {"a:b/c=http://h/", {"a:b/c", "http://h/", 1}},
      {"http://h/it's,\"", {"h/its%22", "http://h/it's,%22", 1}},
      {"http://h/it's,fine", {"h/itsfine", "http://h/it's,fine", 1}},
  });
  CAPTURE(example.text);
  const auto parsed = target_parser().parse(example.text);
  REQUIRE(parsed);
  CHECK(parsed->name == example.expected.name);
  CHECK(std::string{parsed->url.buffer()} == example.expected.url);
  CHECK(parsed->weight == example.expected.weight);
}

TEST_CASE("option parsers: the default name of a target is at most 64 characters long", "[loadgen][options]") {
  const auto parsed = target_parser().parse("http://h/" + std::string(200, 'x'));
  REQUIRE(parsed);
  CHECK(parsed->name == "h/" + std::string(62, 'x'));
  CHECK(target_name_parser().parse(parsed->name));
}

TEST_CASE("option parsers: an invalid target is rejected", "[loadgen][options]") {
  const auto text = generate_text({"",
                                   "=",
                                   "@",
                                   "time",
                                   "time=",
                                   "=http://h/",
                                   "a b=http://h/",
                                   "a,b=http://h/",
                                   "a\"=http://h/",
                                   "a\n=http://h/",
                                   "\xc3\xa4=http://h/",
                                   "http://h/@0",
                                   "http://h/@1001",
                                   "http://h/@99999999999",
                                   "http://user@h/",
                                   "http://user:pw@h/@2",
                                   "a=b=http://h/@",
                                   std::string(65, 'a') + "=http://h/",
                                   "ftp://h/@1",
                                   "name=//h/"});
  CAPTURE(text);
  CHECK_FALSE(target_parser().parse(text));
}

TEST_CASE("option parsers: whitespace around a header field is removed", "[loadgen][options]") {
  using field = std::pair<std::string, std::string>;
  const auto example = generate_example<field>({{"Accept: text/html", {"Accept", "text/html"}},
                                                {"Accept:text/html", {"Accept", "text/html"}},
                                                {"X-Time: \t 12:30 ", {"X-Time", "12:30"}},
                                                {"X-Empty:", {"X-Empty", ""}},
                                                {"Cookie: a=b; c=\"d\"", {"Cookie", "a=b; c=\"d\""}},
                                                {"X-Hosts: h", {"X-Hosts", "h"}},
                                                {"host: shop.example:8080", {"host", "shop.example:8080"}}});
  CAPTURE(example.text);
  CHECK(header_parser().parse(example.text) == example.expected);
}

TEST_CASE("option parsers: a header field with a line break, an invalid name or a framing field is rejected",
          "[loadgen][options]") {
  const auto text = generate_text({"",
                                   ":",
                                   ": x",
                                   "Accept",
                                   "Accept text",
                                   "A: b\r\nEvil: c",
                                   "A: b\nEvil: c",
                                   "A: b\rc",
                                   "A\r\nEvil: c",
                                   "A B: c",
                                   "A : b",
                                   " A: b",
                                   "A\t: b",
                                   std::string("A: b\0c", 6),
                                   "Host:",
                                   "host: a b",
                                   "HOST:http://h",
                                   "Content-Length: 5",
                                   "content-length: 5",
                                   "Transfer-Encoding: chunked",
                                   "transfer-ENCODING: x"});
  CAPTURE(text);
  CHECK_FALSE(header_parser().parse(text));
}

TEST_CASE("option parsers: all supported methods are accepted", "[loadgen][options]") {
  const auto text = generate_text({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"});
  const auto parsed = method_parser().parse(text);
  REQUIRE(parsed);
  CHECK(std::string_view{boost::beast::http::to_string(*parsed)} == text);
}

TEST_CASE("option parsers: unsupported methods, and methods in lower or mixed case, are rejected",
          "[loadgen][options]") {
  const auto text =
      generate_text({"", "get", "Get", "TRACE", "CONNECT", "BREW", "GET ", "<unknown>", "GET / HTTP/1.1\r\n"});
  CAPTURE(text);
  CHECK_FALSE(method_parser().parse(text));
}

TEST_CASE("option parsers: a target name is visible ASCII without quotes, backslashes and commas",
          "[loadgen][options]") {
  CHECK(target_name_parser().parse("a"));
  CHECK(target_name_parser().parse(std::string(64, 'a')));
  CHECK(target_name_parser().parse("GET:/api/time?x={y}"));
  const auto text = generate_text(
      {"", std::string(65, 'a'), "a b", "a,b", "a\"b", "a'b", "a\\b", "a\nb", "a\x1b[1m", "a\x7f", "\xc3\xa4"});
  CAPTURE(text);
  CHECK_FALSE(target_name_parser().parse(text));
}

}  // namespace
}  // namespace cohort
