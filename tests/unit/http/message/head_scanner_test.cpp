// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <string>

#include <cohort/http/message/request/request_parser.hpp>

namespace cohort::http {
namespace {

using state = head_scanner::state;

/// Feeds `bytes` to the scanner in segments of `segment_size` bytes. Returns the last state of the scanner and the
/// number of bytes that the scanner received.
std::pair<state, std::size_t> scan_in_segments(head_scanner& scanner, const std::string& bytes,
                                               std::size_t segment_size) {
  for (std::size_t received_size = 0; received_size < bytes.size();) {
    received_size = std::min(received_size + segment_size, bytes.size());
    const auto current = scanner.scan(std::string_view{bytes}.substr(0, received_size));
    if (current != state::incomplete) return {current, received_size};
  }
  return {state::incomplete, bytes.size()};
}

TEST_CASE("head scanner: the end of a header section is found for every segmentation", "[http][message]") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n";
  const auto next_bytes = GENERATE(as<std::string>{}, "", "GET / HTTP/1.1\r\n\r\n", "\r\n\r\n", "body");
  const auto segment_size = GENERATE(range(std::size_t{1}, std::size_t{60}));
  head_scanner scanner;
  const auto [end_state, received] = scan_in_segments(scanner, head + next_bytes, segment_size);
  CHECK(end_state == state::complete);
  CHECK(scanner.length() == head.size());
  CHECK(received < head.size() + segment_size);
}

TEST_CASE("head scanner: a header section without its empty line is incomplete", "[http][message]") {
  const auto bytes = GENERATE(as<std::string>{}, "G", "GET / HTTP/1.1\r", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\n\r",
                              "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\n\rX\r\n");
  const auto segment_size = GENERATE(std::size_t{1}, std::size_t{100});
  head_scanner scanner;
  CHECK(scan_in_segments(scanner, bytes, segment_size).first == state::incomplete);
}

TEST_CASE("head scanner: the start line is complete at its line feed", "[http][message]") {
  head_scanner scanner;
  CHECK(scanner.scan("GET / HTTP/1.1\r") == state::incomplete);
  CHECK_FALSE(scanner.has_start_line());
  CHECK(scanner.scan("GET / HTTP/1.1\r\n") == state::incomplete);
  CHECK(scanner.has_start_line());
  scanner.reset();
  CHECK_FALSE(scanner.has_start_line());
}

TEST_CASE("head scanner: a bare line feed is found immediately for every segmentation", "[http][message]") {
  const auto bytes = GENERATE(as<std::string>{}, "\n", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: a\n",
                              "GET / HTTP/1.1\r\nHost: a\r\n\n", "GET / HTTP/1.1\r\n\nHost: a\r\n\r\n");
  const auto segment_size = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{100});
  head_scanner scanner;
  CHECK(scan_in_segments(scanner, bytes, segment_size).first == state::bare_line_feed);
}

}  // namespace
}  // namespace cohort::http
