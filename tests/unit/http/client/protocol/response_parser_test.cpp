// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/response_parser.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/support/byte_changes.hpp"

namespace cohort {
namespace {

using namespace std::string_literals;
using http::client_error;
using http::response_parser;

constexpr response_parser::limits large_limits{8 * 1024, 64 * 1024};

struct parse_result {
  std::optional<client_error> error;
  http::client_response response;
  std::string unparsed_bytes;
  bool is_complete = false;
  bool keep_alive = false;
};

/// Parses a response like a connection: unconsumed bytes are parsed again together with the next bytes.
parse_result parse(const std::vector<std::string_view>& segments, bool is_head_request = false,
                   bool closes_connection = false, response_parser::limits limits = large_limits) {
  response_parser parser{limits, is_head_request};
  parse_result result;
  for (const auto segment : segments) {
    result.unparsed_bytes += segment;
    while (!result.unparsed_bytes.empty() && !parser.done() && !result.error) {
      const auto consumed = parser.parse(result.unparsed_bytes, result.error);
      result.unparsed_bytes.erase(0, consumed);
      if (consumed == 0) break;
    }
  }
  if (closes_connection && !result.error && !parser.done()) result.error = parser.end();
  result.is_complete = parser.done();
  if (parser.is_header_done()) result.keep_alive = parser.keep_alive();
  result.response = parser.response();
  return result;
}

struct sample {
  std::string_view bytes;
  std::string_view body;
  bool is_close_delimited = false;
  bool is_head_request = false;
};

const std::vector<sample> samples{
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello", "hello"},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 0\r\n\r\n", ""},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n0;x=y\r\nX-T: 1\r\n\r\n", ""},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n000\r\n\r\n", "hello"},
    {"HTTP/1.1 200 OK\r\nX-A:   b  \r\n\r\nhello", "hello", true},
    {"HTTP/1.0 200 OK\r\nx-a: b\r\n\r\nhello", "hello", true},
    {"HTTP/1.1 200 \r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi", "hi"},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\n", "", false, true},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n", "", false, true},
};

void check(const parse_result& result, const sample& expected) {
  CHECK_FALSE(result.error.has_value());
  CHECK((result.is_complete || expected.is_close_delimited));
  CHECK(result.response.status_code() == 200);
  CHECK(result.response.find("X-A") == "b");
  CHECK(result.response.body == expected.body);
  CHECK(result.unparsed_bytes.empty());
}

TEST_CASE("response parser: a response split at any byte has the same result as an unsplit response",
          "[http][client]") {
  for (const auto& sample : samples) {
    CAPTURE(sample.bytes);
    for (std::size_t split_position = 0; split_position <= sample.bytes.size(); ++split_position) {
      CAPTURE(split_position);
      check(parse({sample.bytes.substr(0, split_position), sample.bytes.substr(split_position)}, sample.is_head_request,
                  sample.is_close_delimited),
            sample);
    }
  }
}

TEST_CASE("response parser: a response is parsed byte by byte", "[http][client]") {
  for (const auto& sample : samples) {
    CAPTURE(sample.bytes);
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < sample.bytes.size(); ++i) bytes.push_back(sample.bytes.substr(i, 1));
    check(parse(bytes, sample.is_head_request, sample.is_close_delimited), sample);
  }
}

TEST_CASE("response parser: errors and the end of a response do not depend on whether the response is stored",
          "[http][client]") {
  const response_parser::limits limits_without_body_storage{8 * 1024, 5, false, false};
  for (const auto& sample : samples) {
    CAPTURE(sample.bytes);
    const auto result =
        parse({sample.bytes}, sample.is_head_request, sample.is_close_delimited, limits_without_body_storage);
    CHECK_FALSE(result.error.has_value());
    CHECK(result.response.status_code() == 200);
    CHECK(result.response.fields.empty());
    CHECK(result.response.body.empty());
    CHECK(result.unparsed_bytes.empty());
  }
  const auto too_large = parse({"HTTP/1.1 200 OK\r\n\r\n", "hel", "lo!"}, false, true, limits_without_body_storage);
  CHECK(too_large.error == client_error::body_too_large);
  const auto ambiguous_result =
      parse({"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"}, false, false, limits_without_body_storage);
  CHECK(ambiguous_result.error == client_error::response_malformed);
}

TEST_CASE("response parser: a response that ends before it is complete is reported as truncated", "[http][client]") {
  for (const auto& sample : samples) {
    if (sample.is_close_delimited) continue;
    CAPTURE(sample.bytes);
    const auto head = sample.bytes.find("\r\n\r\n") + 4;
    for (std::size_t split_position = 0; split_position < sample.bytes.size(); ++split_position) {
      CAPTURE(split_position);
      const auto result = parse({sample.bytes.substr(0, split_position)}, sample.is_head_request, true);
      CHECK(result.error == (split_position == 0     ? client_error::no_response
                             : split_position < head ? client_error::response_truncated
                                                     : client_error::body_truncated));
    }
  }
}

TEST_CASE("response parser: bytes after the response are not consumed", "[http][client]") {
  for (const auto& sample : samples) {
    if (sample.is_close_delimited) continue;
    CAPTURE(sample.bytes);
    const auto result = parse({std::string{sample.bytes} + "HTTP/1.1"}, sample.is_head_request);
    CHECK(result.is_complete);
    CHECK(result.unparsed_bytes == "HTTP/1.1");
  }
}

TEST_CASE("response parser: keep-alive depends on version, Connection and framing", "[http][client]") {
  const auto [bytes, keep_alive] = GENERATE(table<std::string_view, bool>({
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false},
      {"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true},
      {"HTTP/1.1 204 No Content\r\n\r\n", true},
      {"HTTP/1.1 200 OK\r\n\r\n", false},
  }));
  CAPTURE(bytes);
  CHECK(parse({bytes}).keep_alive == keep_alive);
}

TEST_CASE("response parser: the body limit applies in every framing, with the body split at any position",
          "[http][client]") {
  const auto [head, tail] = GENERATE(table<std::string, std::string>({
      {"Content-Length: 10\r\n\r\n", ""},
      {"Transfer-Encoding: chunked\r\n\r\na\r\n", "\r\n0\r\n\r\n"},
      {"\r\n", ""},
  }));
  const auto bytes = "HTTP/1.1 200 OK\r\n" + head + "0123456789" + tail;
  CAPTURE(bytes);
  for (std::size_t split_position = 0; split_position <= bytes.size(); ++split_position) {
    const auto view = std::string_view{bytes};
    const std::vector<std::string_view> segments{view.substr(0, split_position), view.substr(split_position)};
    CHECK(parse(segments, false, false, {1024, 9}).error == client_error::body_too_large);
    const auto result_within_limit = parse(segments, false, false, {1024, 10});
    CHECK_FALSE(result_within_limit.error.has_value());
    CHECK(result_within_limit.response.body == "0123456789");
  }
}

TEST_CASE("response parser: the header limit applies, with the header split at any position", "[http][client]") {
  const std::string bytes = "HTTP/1.1 200 OK\r\nX-A: " + std::string(100, 'x') + "\r\nContent-Length: 0\r\n\r\n";
  for (std::size_t split_position = 0; split_position <= bytes.size(); ++split_position) {
    CAPTURE(split_position);
    const auto view = std::string_view{bytes};
    const std::vector<std::string_view> segments{view.substr(0, split_position), view.substr(split_position)};
    CHECK(parse(segments, false, false, {100, 10}).error == client_error::response_header_too_large);
    CHECK_FALSE(parse(segments, false, false, {bytes.size() + 1, 10}).error.has_value());
  }
}

TEST_CASE("response parser: fields are stored in order with their case, and trailers are discarded", "[http][client]") {
  const auto result = parse(
      {"HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie: b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n"});
  REQUIRE(result.response.fields.size() == 3);
  CHECK(result.response.fields[0] == http::response_fields::value_type{"Set-Cookie", "a"});
  CHECK(result.response.fields[1] == http::response_fields::value_type{"set-cookie", "b"});
  CHECK(result.response.find("SET-COOKIE") == "a");
  CHECK_FALSE(result.response.find("X-T").has_value());
}

/// The scanner (`scan_response_head`) parses a response that arrives in one segment; Beast parses a response that
/// arrives in two.
TEST_CASE("response parser: a mutated common response has the same result with Beast and with the scanner",
          "[http][client]") {
  const std::string common =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\nX-A:\t b \r\n"
      "Connection: keep-alive\r\nX-Request-ID: 0123\r\n\r\nbody";
  const auto compare = [](const std::string& bytes) {
    const auto view = std::string_view{bytes};
    const auto unsplit_result = parse({view}, false, true);
    const auto split_result = parse({view.substr(0, 1), view.substr(1)}, false, true);
    if (unsplit_result.error || split_result.error) return unsplit_result.error == split_result.error;
    return unsplit_result.is_complete == split_result.is_complete &&
           unsplit_result.keep_alive == split_result.keep_alive &&
           unsplit_result.unparsed_bytes == split_result.unparsed_bytes &&
           unsplit_result.response.status == split_result.response.status &&
           unsplit_result.response.fields == split_result.response.fields &&
           unsplit_result.response.body == split_result.response.body;
  };
  REQUIRE(compare(common));
  test::check_byte_changes(common, common.size() - 4, compare);
}

TEST_CASE("response parser: a trailer field affects neither the framing nor the connection", "[http][client]") {
  const auto* const trailer =
      GENERATE("Content-Length: 3", "content-length: x", "Transfer-Encoding: gzip", "Connection: close",
               "Connection: @", "Proxy-Connection: close", "Upgrade: h2c", "X-T: 1\r\nContent-Length: 5\r\nX-U: 2",
               "X-T: 1\r\n folded\r\nContent-Length: 5");
  CAPTURE(trailer);
  const auto head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"s;
  const auto end = "0;last \r\n"s + trailer + "\r\n\r\n";
  const auto result = parse({head + end});
  CHECK_FALSE(result.error.has_value());
  CHECK(result.is_complete);
  CHECK(result.response.body == "hello");
  CHECK(result.keep_alive);
  CHECK(result.response.fields.size() == 1);
}

TEST_CASE("response parser: malformed trailers are rejected", "[http][client]") {
  const auto* const trailer = GENERATE(": 3", "X T: 1", "X-T", "X-T: \x01", "X-T: 1\nX-U: 2");
  CAPTURE(trailer);
  const auto result = parse({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"s + trailer + "\r\n\r\n"});
  CHECK(result.error == client_error::body_malformed);
}

}  // namespace
}  // namespace cohort
