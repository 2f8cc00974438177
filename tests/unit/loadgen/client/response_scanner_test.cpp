// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/response_scanner.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include <cohort/http/client/protocol/response_parser.hpp>
#include "tests/support/byte_changes.hpp"

namespace cohort::loadgen {
namespace {

const std::string common_response =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\nDate: Sun, 29 Nov 2026 14:00:00 GMT\r\n"
    "Connection: keep-alive\r\nX-Request-ID: 0123\r\n\r\nbody";

/// Returns the result of Beast's parser, in the same form. The result is empty if the response is invalid or
/// incomplete.
std::optional<scanned_response> parse_response(std::string_view bytes) {
  http::response_parser parser{{.max_header_bytes = 65536, .max_body_bytes = SIZE_MAX}, false};
  std::size_t size = 0;
  std::optional<http::client_error> failure;
  // The parser scans a response that it receives in one part.
  parser.parse(bytes.substr(0, 1), failure);
  while (size < bytes.size() && !parser.done() && !failure) {
    const auto parsed = parser.parse(bytes.substr(size), failure);
    if (parsed == 0) break;
    size += parsed;
  }
  if (failure || !parser.done()) return std::nullopt;
  return scanned_response{parser.response().status_code(), size, parser.keep_alive()};
}

TEST_CASE("response scanner: a complete response with a Content-Length is recognized", "[loadgen][client]") {
  const auto size = common_response.size();
  CHECK(scan_response(common_response) == scanned_response{200, size, true});
  CHECK(scan_response(common_response + "HTTP/1.1 200") == scanned_response{200, size, true});
  const std::string closing = "HTTP/1.1 503 Service Unavailable\r\ncontent-length:0\r\nCONNECTION: Close\r\n\r\n";
  CHECK(scan_response(closing) == scanned_response{503, closing.size(), false});
  const std::string padded = "HTTP/1.1 404 \r\nContent-Length: 0 \r\n\r\n";
  CHECK(scan_response(padded) == scanned_response{404, padded.size(), true});
}

TEST_CASE("response scanner: responses with an unusual status, framing or syntax are not recognized",
          "[loadgen][client]") {
  const auto response = GENERATE(
      as<std::string>{}, "", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n1", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n1",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive, x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n folded\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 0\n\n");
  CAPTURE(response);
  CHECK_FALSE(scan_response(response));
}

TEST_CASE("response scanner: the result for a recognized response equals the result of the parser",
          "[loadgen][client]") {
  const auto header_size = common_response.size() - 4;
  std::size_t recognized_count = 0;
  const auto compare = [&](const std::string& bytes) {
    const auto scan_result = scan_response(bytes);
    if (!scan_result) return true;
    ++recognized_count;
    return scan_result == parse_response(bytes);
  };
  test::check_byte_changes(common_response, header_size, compare);
  for (std::size_t position = 0; position < header_size; ++position) {
    CHECK_FALSE(scan_response(std::string_view{common_response}.substr(0, position)));
  }
  CHECK(recognized_count > 10'000);
}

}  // namespace
}  // namespace cohort::loadgen
