// SPDX-License-Identifier: BSL-1.0
// Fuzzes the bytes that a client receives: compares response_parser with loadgen's response_reader.
#include <algorithm>
#include <optional>
#include <string>

#include <cohort/http/client/protocol/exchange.hpp>
#include <cohort/http/client/protocol/response_parser.hpp>
#include "loadgen/client/response_reader.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::response_parser_target {
namespace {

constexpr http::response_parser::limits limits{.max_header_bytes = 512, .max_body_bytes = 512};
constexpr unsigned switching_protocols = 101;

struct outcome {
  bool has_failed = false;
  /// The header section is too large. The limit bounds the memory, so whether it is exceeded depends on the number of
  /// bytes per read.
  bool is_too_large = false;
  bool is_done = false;
  bool is_persistent = false;
  /// Whether the response is delimited by the close of the connection.
  bool ends_with_connection = false;
  std::size_t interim_count = 0;
  std::size_t remaining_size = 0;
  http::client_response response;
};

/// Parses a response in slices, as the client does (exchange.cpp).
outcome parse(const std::vector<std::string_view>& slices, bool is_head_request) {
  outcome result;
  std::optional<http::response_parser> parser{std::in_place, limits, is_head_request};
  std::string buffer;
  for (const auto slice : slices) {
    buffer += slice;
    std::optional<http::client_error> failure;
    while (!buffer.empty() && !parser->done() && !failure) {
      const auto consumed = parser->parse(buffer, failure);
      require(consumed <= buffer.size(), "a parser consumes at most its input");
      buffer.erase(0, consumed);
      const auto code = parser->response().status_code();
      if (parser->done() && code < 200 && code != switching_protocols) {
        ++result.interim_count;
        parser.emplace(limits, is_head_request);
      } else if (consumed == 0) {
        break;
      }
    }
    require(parser->response().body.size() <= limits.max_body_bytes, "a body's length is limited");
    result.is_too_large = failure == http::client_error::response_header_too_large ||
                          (!failure && !parser->done() && buffer.size() >= limits.max_header_bytes);
    result.has_failed = failure || result.is_too_large;
    if (result.has_failed) return result;
  }
  result.is_done = parser->done();
  result.remaining_size = buffer.size();
  if (result.is_done) {
    result.is_persistent = parser->keep_alive() && parser->response().status_code() != switching_protocols;
  }
  if (!result.is_done) {
    const auto failure = parser->end();
    result.ends_with_connection = buffer.empty() && !failure;
  }
  result.response = std::move(parser->response());
  return result;
}

void check_response(const http::client_response& response) {
  require(response.status_code() >= 100 && response.status_code() <= 999, "a status has three digits");
  for (const auto& [name, value] : response.fields) {
    require(http::is_token(name), "a field's name is a token");
    // The reverse proxy forwards the value without another check.
    require(http::is_field_value(value), "a field's value has no control characters");
  }
}

/// loadgen accepts more header bytes and a longer body. Without an expected body, loadgen stores no data. In this case,
/// loadgen scans a response in the common form that is received in one read, instead of parsing it.
void check_loadgen(std::string_view input, const outcome& expected, bool is_head_request, std::string expected_body,
                   std::size_t buffer_size) {
  loadgen::target target;
  target.request.method = is_head_request ? http::method::head : http::method::get;
  target.expected_body = std::move(expected_body);
  loadgen::response_reader reader{target};
  loadgen::receive_buffer buffer{buffer_size};
  bool is_valid = true;
  while (!input.empty() && is_valid && !reader.is_done()) {
    const auto free = buffer.prepare();
    const auto count = std::min(free.size(), input.size());
    std::copy_n(input.data(), count, static_cast<char*>(free.data()));
    buffer.commit(count);
    input.remove_prefix(count);
    is_valid = reader.parse(buffer);
  }
  if (expected.has_failed || expected.interim_count > 100) return;
  require((is_valid && reader.is_done()) == expected.is_done, "loadgen finds the same end of a response");
  if (!expected.is_done) {
    require(!buffer.empty() || reader.ends_with_connection() == expected.ends_with_connection,
            "loadgen finds the same end of the input");
    return;
  }
  require(reader.status() == expected.response.status_code(), "loadgen parses the same status");
  require(reader.keep_alive() == expected.is_persistent, "loadgen reuses the same connections");
  reader.outcome();
  buffer.reset();
  require(buffer.empty(), "a buffer that was reset is empty");
}

void run(std::string_view input) {
  const bool is_head_request = hash(input) % 8 == 0;
  const auto unsliced_result = parse({input}, is_head_request);
  const auto sliced_result = parse(random_slices(input, hash(input)), is_head_request);
  if (unsliced_result.is_too_large || sliced_result.is_too_large) return;
  // Some invalid bytes are an error only when the header is complete or the connection is closed, depending on the
  // slices.
  require(unsliced_result.is_done == sliced_result.is_done &&
              unsliced_result.ends_with_connection == sliced_result.ends_with_connection,
          "completeness does not depend on the segmentation of the bytes");
  for (const std::size_t buffer_size : {64, 2048}) {
    check_loadgen(input, unsliced_result, is_head_request, "a", buffer_size);
    check_loadgen(input, unsliced_result, is_head_request, "", buffer_size);
  }
  if (!unsliced_result.is_done && !unsliced_result.ends_with_connection) return;
  require(unsliced_result.is_persistent == sliced_result.is_persistent &&
              unsliced_result.interim_count == sliced_result.interim_count &&
              unsliced_result.remaining_size == sliced_result.remaining_size,
          "the end of a response does not depend on the segmentation of the bytes");
  require(unsliced_result.response.status == sliced_result.response.status &&
              unsliced_result.response.fields == sliced_result.response.fields &&
              unsliced_result.response.body == sliced_result.response.body,
          "a response does not depend on the segmentation of the bytes");
  check_response(unsliced_result.response);
  auto response = unsliced_result.response;
  constexpr std::size_t max_decoded_bytes = 2048;
  if (!http::decode_content(response, max_decoded_bytes)) {
    require(response.body.size() <= std::max(max_decoded_bytes, unsliced_result.response.body.size()),
            "a decoded body is limited");
  }
}

const registration fuzz_registration{{"response_parser", run}};

}  // namespace
}  // namespace cohort::fuzz::response_parser_target
