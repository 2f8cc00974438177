// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body/body_decoder.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::http {
namespace {

using namespace std::string_literals;

/// A chunked body that is decoded in segments.
struct decoded_body {
  explicit decoded_body(const std::string& bytes, std::size_t segment_size = 1 << 20, server_limits decoder_limits = {})
      : limits(decoder_limits) {
    decoder.start_chunked();
    for (std::size_t i = 0; i < bytes.size() && !rejected && !decoder.is_complete(); i += segment_size) {
      const auto part = std::string_view{bytes}.substr(i, segment_size);
      consumed += decoder.decode(part, rejected);
    }
  }

  server_limits limits;
  std::string body;
  body_decoder decoder{limits, body};
  std::optional<status> rejected;
  std::size_t consumed = 0;
};

TEST_CASE("body decoder: a request with neither Content-Length nor Transfer-Encoding has no body", "[http][message]") {
  const server_limits limits;
  std::string body;
  body_decoder decoder{limits, body};
  CHECK(decoder.is_complete());
  decoder.start_fixed_length(0);
  CHECK(decoder.is_complete());
}

TEST_CASE("body decoder: a body of a fixed length ends after that length", "[http][message]") {
  const server_limits limits;
  std::string body;
  body_decoder decoder{limits, body};
  decoder.start_fixed_length(5);
  std::optional<status> rejected;
  CHECK(decoder.decode("he", rejected) == 2);
  CHECK_FALSE(decoder.is_complete());
  CHECK(decoder.decode("lloGET", rejected) == 3);
  CHECK(decoder.is_complete());
  CHECK(body == "hello");
}

TEST_CASE("body decoder: chunks are joined, extensions and trailers discarded, and later bytes not consumed",
          "[http][message]") {
  const auto bytes =
      "5\r\nhello\r\n"
      "0001;name=value;quoted=\"a;b\\\"c\xC3\xA4\" ; flag\t;\tx = y\r\n \r\n"
      "a;x\r\n0123456789\r\n"
      "00\r\nX-Trailer: a\r\nHost:\t\r\n\r\n"s;
  const auto segment_size = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{1000});
  const decoded_body body{bytes + "GET / HTTP/1.1\r\n", segment_size};
  CHECK_FALSE(body.rejected);
  CHECK(body.decoder.is_complete());
  CHECK(body.body == "hello 0123456789");
  CHECK(body.consumed == bytes.size());
}

TEST_CASE("body decoder: a malformed chunked body is rejected at its first invalid byte", "[http][message][case-1.4]") {
  // The last byte of each body is its first invalid byte.
  const auto bytes = GENERATE(as<std::string>{}, "Z", "\r", "\n", "-", "+", " ", ";", "0x", "1g", "1 \r", "1\n", "1\rx",
                              "1;\r", "1;=", "1;a=\r", "1;a=;", "1;a b", "1;a =\r", "1;a \r", "1;a=b c", "1;a=b \r",
                              "1;a=\"\r", "1;a=\"\n", "1;a=\"\x01", "1;a=\"\\\r", "1;a=\"b\"c", "0;a=\"\r", "1\r\nab",
                              "1\r\na\n", "1\r\na\rb", "11111111111111111", "0\r\n\n", "0\r\n:", "0\r\n ", "0\r\na\r",
                              "0\r\na ", "0\r\na: \x01", "0\r\na: b\rc", "0\r\na: b\r\n ", "0\r\n\rx");
  CAPTURE(bytes);
  const decoded_body body{bytes, GENERATE(std::size_t{1}, std::size_t{1000})};
  CHECK(body.rejected == status::bad_request);
  CHECK(body.consumed == bytes.size() - 1);
}

TEST_CASE("body decoder: a chunk above the body limit is rejected with 413 before its data", "[http][message]") {
  const server_limits limits{.max_body_bytes = 16};
  CHECK_FALSE(decoded_body("10\r\n", 1000, limits).rejected);
  CHECK(decoded_body("11\r\n", 1000, limits).rejected == status::payload_too_large);
  CHECK(decoded_body("8\r\n01234567\r\n9\r\n", 1000, limits).rejected == status::payload_too_large);
  CHECK(decoded_body("ffffffffffffffff\r\n", 1000, limits).rejected == status::payload_too_large);
}

TEST_CASE("body decoder: the framing overhead of a chunked body is bounded", "[http][message][case-1.7]") {
  const server_limits limits;
  const auto segment_size = std::size_t{4096};
  const auto repeated_chunk = [](const std::string& chunk, int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += chunk;
    return bytes + "0\r\n\r\n";
  };
  SECTION("10 KB of extensions in each of 30,000 chunks") {
    const decoded_body body{repeated_chunk("1;a=" + std::string(10'000, 'b') + "\r\nx\r\n", 30), segment_size};
    CHECK(body.rejected == status::payload_too_large);
    CHECK(body.consumed < 3 * limits.max_header_bytes);
  }
  SECTION("one endless extension") {
    const decoded_body body{"1;a=" + std::string(100'000, 'b'), segment_size};
    CHECK(body.rejected == status::payload_too_large);
    CHECK(body.consumed <= limits.max_header_bytes);
  }
  SECTION("leading zeros") {
    CHECK(decoded_body(std::string(100'000, '0'), segment_size).rejected == status::payload_too_large);
    CHECK(decoded_body(repeated_chunk(std::string(1000, '0') + "1\r\nx\r\n", 100), segment_size).rejected ==
          status::payload_too_large);
  }
  SECTION("quoted extensions") {
    CHECK(decoded_body(repeated_chunk("1;a=\"" + std::string(1000, ' ') + "\"\r\nx\r\n", 100), segment_size).rejected ==
          status::payload_too_large);
  }
  SECTION("trailers") {
    std::string trailers;
    for (int i = 0; i < 5000; ++i) trailers += "X: y\r\n";
    CHECK(decoded_body("0\r\n" + trailers + "\r\n", segment_size).rejected == status::request_header_fields_too_large);
  }
  SECTION("chunks of one byte without extensions are accepted") {
    const decoded_body body{repeated_chunk("1\r\nx\r\n", 30'000), segment_size};
    CHECK_FALSE(body.rejected);
    CHECK(body.body.size() == 30'000);
  }
  SECTION("short extensions are accepted") {
    CHECK_FALSE(decoded_body(repeated_chunk("1;a=b\r\nx\r\n", 30'000), segment_size).rejected);
  }
}

}  // namespace
}  // namespace cohort::http
