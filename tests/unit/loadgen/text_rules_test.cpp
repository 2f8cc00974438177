#include "loadgen/text_rules.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;

template <class T>
struct row {
  std::string text;
  T expected;
};

/// One table row a section, so that a failure names its text.
template <class T>
row<T> each_of(std::vector<row<T>> rows) {
  return GENERATE_COPY(from_range(rows));
}

std::string each_text(std::vector<std::string> texts) { return GENERATE_COPY(from_range(texts)); }

TEST_CASE("A port that is none is refused, not wrapped round to another") {
  const auto url = GENERATE("http://h:0/", "http://h:65536/", "http://h:65537/", "http://h:99999/", "http://h:131072/");
  CAPTURE(url);
  CHECK_FALSE(called_url().parse(url));
  CHECK(called_url().parse("http://h:65535/"));
}

TEST_CASE("A span is a number of seconds, or one with its unit") {
  const auto of = each_of<duration>({{"90", 90s},
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
  CAPTURE(of.text);
  CHECK(span(0s, 168h, "").parse(of.text) == of.expected);
}

TEST_CASE("What is no span is refused") {
  const auto text = each_text({"",
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
  CHECK_FALSE(span(0s, duration::max(), "").parse(text));
}

TEST_CASE("A span has its bounds, and tells them") {
  const auto rule = span(100ms, 1h, "from 0.1 seconds to 1h");
  CHECK(rule.parse("100ms") == 100ms);
  CHECK_FALSE(rule.parse("99999us"));
  CHECK(rule.parse("60m") == 1h);
  CHECK_FALSE(rule.parse("3600.000001"));
  CHECK(rule.accepts.ends_with("from 0.1 seconds to 1h"));
}

TEST_CASE("A rate is requests per second, to the millionth") {
  const auto of = each_of<std::int64_t>({{"5", 5'000'000},
                                         {"0.001", 1'000},
                                         {"0.1", 100'000},
                                         {"33.333333", 33'333'333},
                                         {"2.5", 2'500'000},
                                         {"1000000", 1'000'000'000'000}});
  CAPTURE(of.text);
  const auto parsed = rate().parse(of.text);
  REQUIRE(parsed);
  CHECK(parsed->rate.millionths == of.expected);
  CHECK_FALSE(parsed->as_fast_as_possible);
}

TEST_CASE("The rate max is a closed loop") {
  const auto parsed = rate().parse("max");
  REQUIRE(parsed);
  CHECK(parsed->as_fast_as_possible);
  CHECK(parsed->rate == request_rate{});
}

TEST_CASE("What is no rate is refused") {
  const auto text = each_text({"", "0", "0.0009", "1000000.1", "-5", "+5", "5/s", "5 ", "5s", "5k", "1e3", "Max", "MAX",
                               "nan", "inf", "1.2.3", std::string(400, '9')});
  CAPTURE(text);
  CHECK_FALSE(rate().parse(text));
}

TEST_CASE("A stage is a line to its rate, or a step") {
  struct expected {
    duration length;
    std::int64_t millionths;
    bool is_step;
  };
  const auto of = each_of<expected>({{"30s:200", {30s, 200'000'000, false}},
                                     {"30s:200:step", {30s, 200'000'000, true}},
                                     {"30:200", {30s, 200'000'000, false}},
                                     {"10ms:0.5", {10ms, 500'000, false}},
                                     {"5m:0", {5min, 0, false}},
                                     {"5m:0:step", {5min, 0, true}},
                                     {"168h:1000000", {168h, 1'000'000'000'000, false}}});
  CAPTURE(of.text);
  const auto parsed = stage_text().parse(of.text);
  REQUIRE(parsed);
  CHECK(parsed->length == of.expected.length);
  CHECK(parsed->rate.millionths == of.expected.millionths);
  CHECK(parsed->is_step == of.expected.is_step);
}

TEST_CASE("What is no stage is refused") {
  const auto text = each_text({"",
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
  CHECK_FALSE(stage_text().parse(text));
}

TEST_CASE("A called URL is http or https, with a host, and keeps path and query") {
  const auto text = each_text({"http://h", "http://h/", "https://h:8443/a/b?x=1&y=2@3",
                               "http://127.0.0.1:5001/api/time", "http://[::1]:5001/a", "https://[2001:db8::1]/",
                               "http://h:65535/", "HTTP://H/", "http://h/a?b=http://c/", "http://h/%20a"});
  CAPTURE(text);
  const auto parsed = called_url().parse(text);
  REQUIRE(parsed);
  CHECK(std::string{parsed->buffer()} == text);
}

TEST_CASE("What cannot be called is refused") {
  const auto text = each_text({"",
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
                               "http://h/a b",
                               " http://h/",
                               "http://h/\r\nX: y",
                               std::string("http://h/\0", 10),
                               "http://h/\xc3\xa4",
                               "http://h/%zz"});
  CAPTURE(text);
  CHECK_FALSE(called_url().parse(text));
}

TEST_CASE("A target is a URL, with a name before it and a weight behind it where there are some") {
  struct expected {
    std::string name;
    std::string url;
    unsigned weight;
  };
  const auto of = each_of<expected>({
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
      {"http://h/it's,\"", {"", "", 0}},
      {"http://h/it's,fine", {"h/itsfine", "http://h/it's,fine", 1}},
  });
  CAPTURE(of.text);
  const auto parsed = named_target().parse(of.text);
  REQUIRE(parsed.has_value() == (of.expected.weight != 0));
  if (!parsed) return;
  CHECK(parsed->name == of.expected.name);
  CHECK(std::string{parsed->url.buffer()} == of.expected.url);
  CHECK(parsed->weight == of.expected.weight);
}

TEST_CASE("A target without a name gets one that is no longer than a name may be") {
  const auto parsed = named_target().parse("http://h/" + std::string(200, 'x'));
  REQUIRE(parsed);
  CHECK(parsed->name == "h/" + std::string(62, 'x'));
  CHECK(target_name().parse(parsed->name));
}

TEST_CASE("What is no target is refused") {
  const auto text = each_text({"",
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
                               "http://h/@-1",
                               "http://h/@+1",
                               "http://h/@1.5",
                               "http://h/@x",
                               "http://h/@",
                               "http://h/@99999999999",
                               "http://user@h/",
                               "http://user:pw@h/@2",
                               "a=b=http://h/@",
                               std::string(65, 'a') + "=http://h/",
                               "ftp://h/@1",
                               "name=//h/"});
  CAPTURE(text);
  CHECK_FALSE(named_target().parse(text));
}

TEST_CASE("A header line is a name and a value without the blanks around it") {
  using field = std::pair<std::string, std::string>;
  const auto of = each_of<field>({{"Accept: text/html", {"Accept", "text/html"}},
                                  {"Accept:text/html", {"Accept", "text/html"}},
                                  {"X-Time: \t 12:30 ", {"X-Time", "12:30"}},
                                  {"X-Empty:", {"X-Empty", ""}},
                                  {"Cookie: a=b; c=\"d\"", {"Cookie", "a=b; c=\"d\""}},
                                  {"X-Hosts: h", {"X-Hosts", "h"}}});
  CAPTURE(of.text);
  CHECK(header_line().parse(of.text) == of.expected);
}

TEST_CASE("A header line cannot become two, nor end the message, nor say whom it is for") {
  const auto text = each_text({"",
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
                               "Host: h",
                               "host: h",
                               "HOST:h",
                               "Content-Length: 5",
                               "content-length: 5",
                               "Transfer-Encoding: chunked",
                               "transfer-ENCODING: x"});
  CAPTURE(text);
  CHECK_FALSE(header_line().parse(text));
}

TEST_CASE("A method is one of the standard ones, as it is written on the wire") {
  const auto text = each_text({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"});
  const auto parsed = request_method().parse(text);
  REQUIRE(parsed);
  CHECK(std::string_view{boost::beast::http::to_string(*parsed)} == text);
}

TEST_CASE("Another method is refused") {
  const auto text =
      each_text({"", "get", "Get", "TRACE", "CONNECT", "BREW", "GET ", "<unknown>", "GET / HTTP/1.1\r\n"});
  CAPTURE(text);
  CHECK_FALSE(request_method().parse(text));
}

TEST_CASE("A target's name is visible ASCII that needs no quoting anywhere") {
  CHECK(target_name().parse("a"));
  CHECK(target_name().parse(std::string(64, 'a')));
  CHECK(target_name().parse("GET:/api/time?x={y}"));
  const auto text = each_text(
      {"", std::string(65, 'a'), "a b", "a,b", "a\"b", "a'b", "a\\b", "a\nb", "a\x1b[1m", "a\x7f", "\xc3\xa4"});
  CAPTURE(text);
  CHECK_FALSE(target_name().parse(text));
}

}  // namespace
}  // namespace cohort
