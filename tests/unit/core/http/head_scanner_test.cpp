#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <string>

#include "core/http/request_parser.hpp"

namespace cohort::http {
namespace {

using state = head_scanner::state;

/// How the scanner ends when the bytes come in pieces of this length, and after how many of them.
std::pair<state, std::size_t> scanned(head_scanner& scanner, const std::string& bytes, std::size_t piece) {
  for (std::size_t got = 0; got < bytes.size();) {
    got = std::min(got + piece, bytes.size());
    const auto now = scanner.scan(std::string_view{bytes}.substr(0, got));
    if (now != state::incomplete) return {now, got};
  }
  return {state::incomplete, bytes.size()};
}

TEST_CASE("A header's end is found at the same byte, however it is cut") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n";
  const auto after = GENERATE(as<std::string>{}, "", "GET / HTTP/1.1\r\n\r\n", "\r\n\r\n", "body");
  const auto piece = GENERATE(range(std::size_t{1}, std::size_t{60}));
  head_scanner scanner;
  const auto ended = scanned(scanner, head + after, piece);
  CHECK(ended.first == state::complete);
  CHECK(scanner.length() == head.size());
  CHECK(ended.second < head.size() + piece);
}

TEST_CASE("A header that has not ended is incomplete, however long") {
  const auto bytes = GENERATE(as<std::string>{}, "G", "GET / HTTP/1.1\r", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\n\r",
                              "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\n\rX\r\n");
  const auto piece = GENERATE(std::size_t{1}, std::size_t{100});
  head_scanner scanner;
  CHECK(scanned(scanner, bytes, piece).first == state::incomplete);
}

TEST_CASE("The start line is whole once its line feed is there") {
  head_scanner scanner;
  CHECK(scanner.scan("GET / HTTP/1.1\r") == state::incomplete);
  CHECK_FALSE(scanner.has_start_line());
  CHECK(scanner.scan("GET / HTTP/1.1\r\n") == state::incomplete);
  CHECK(scanner.has_start_line());
  scanner.reset();
  CHECK_FALSE(scanner.has_start_line());
}

TEST_CASE("A line feed without its carriage return is found at once, however it is cut") {
  const auto bytes = GENERATE(as<std::string>{}, "\n", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: a\n",
                              "GET / HTTP/1.1\r\nHost: a\r\n\n", "GET / HTTP/1.1\r\n\nHost: a\r\n\r\n");
  const auto piece = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{100});
  head_scanner scanner;
  CHECK(scanned(scanner, bytes, piece).first == state::bare_line_feed);
}

}  // namespace
}  // namespace cohort::http
