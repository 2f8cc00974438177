// SPDX-License-Identifier: BSL-1.0
// Fuzzes the decoding of chunked request bodies: compares body_decoder with a second, simple decoder.
#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include <cohort/http/message/body/body_decoder.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::body_decoder_target {
namespace {

constexpr http::server_limits limits{.max_header_bytes = 128, .max_body_bytes = 256};

struct decode_result {
  std::string body;
  /// Number of bytes up to the end of the body, or up to the first invalid byte.
  std::size_t consumed = 0;
  bool is_finished = false;
  std::optional<http::status> rejection;
  friend bool operator==(const decode_result&, const decode_result&) = default;
};

decode_result decode(const std::vector<std::string_view>& slices) {
  decode_result result;
  http::body_decoder decoder{limits, result.body};
  decoder.start_chunked();
  for (const auto slice : slices) {
    const auto consumed = decoder.decode(slice, result.rejection);
    result.consumed += consumed;
    require(result.body.size() <= limits.max_body_bytes, "a body's length is limited");
    result.is_finished = decoder.is_complete();
    if (result.rejection || result.is_finished) return result;
    require(consumed == slice.size(), "the decoder consumes all of an incomplete body");
  }
  return result;
}

/// Decodes a body that is expected to be valid; the result is empty if the body is invalid.
std::optional<decode_result> decode_independently(std::string_view input) {
  decode_result result;
  auto rest = input;
  for (;;) {
    std::size_t size = 0;
    const auto [digits_end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size, 16);
    const auto line_end = rest.find("\r\n");
    if (error != std::errc{} || line_end == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(line_end + 2);
    if (size == 0) break;
    if (rest.size() < size + 2 || rest.substr(size, 2) != "\r\n") return std::nullopt;
    result.body += rest.substr(0, size);
    rest.remove_prefix(size + 2);
  }
  // Skip the trailers, up to an empty line.
  for (auto line_end = rest.find("\r\n"); line_end != 0; line_end = rest.find("\r\n")) {
    if (line_end == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(line_end + 2);
  }
  result.consumed = input.size() - rest.size() + 2;
  result.is_finished = true;
  return result;
}

void check_fixed_length(std::string_view input) {
  std::string body;
  std::optional<http::status> rejection;
  http::body_decoder decoder{limits, body};
  const auto length = std::min(input.size() / 2, limits.max_body_bytes);
  decoder.start_fixed_length(length);
  require(decoder.decode(input, rejection) == length && !rejection, "the decoder consumes exactly a fixed length");
  require(decoder.is_complete() && body == input.substr(0, length), "a body of fixed length is not changed");
  require(decoder.decode(input, rejection) == 0, "the decoder consumes nothing after a complete body");
}

void run(std::string_view input) {
  const auto unsliced_result = decode({input});
  require(unsliced_result == decode(random_slices(input, hash(input))),
          "a body does not depend on the segmentation of the bytes");
  if (unsliced_result.is_finished) require(decode_independently(input) == unsliced_result, "both decoders agree");
  check_fixed_length(input);
}

const registration fuzz_registration{{"body_decoder", run}};

}  // namespace
}  // namespace cohort::fuzz::body_decoder_target
