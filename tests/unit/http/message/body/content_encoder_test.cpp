// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body/content_encoder.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/message/body/content_decoding.hpp"

namespace cohort::http {
namespace {

using namespace cohort::test;
using operation = content_encoder::operation;

std::string encode_in_chunks(content_encoder& encoder, std::string_view text, std::size_t part) {
  std::string output;
  for (; !text.empty(); text.remove_prefix(std::min(part, text.size())))
    REQUIRE(encoder.encode(text.substr(0, part), operation::process, output));
  REQUIRE(encoder.encode({}, operation::finish, output));
  return output;
}

content_coding supported_coding() {
  const auto coding = GENERATE(content_coding::gzip, content_coding::brotli);
  if (!is_supported(coding)) SKIP("built without brotli");
  return coding;
}

TEST_CASE("content encoder: a decoder restores a body that was encoded in chunks of any size", "[http][message]") {
  const auto coding = supported_coding();
  const auto size = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{70'000}, std::size_t{1'000'000});
  const auto part = GENERATE(std::size_t{1000}, std::size_t{65'536}, std::size_t{2'000'000});
  const auto quality = GENERATE(1, 5, 9);
  const bool has_known_size = GENERATE(true, false);
  CAPTURE(content_coding_name(coding), size, part, quality, has_known_size);
  const auto text = compressible_text(size);
  const auto encoder = make_content_encoder({coding, quality, has_known_size ? size : 0});
  REQUIRE(encoder);
  const auto encoded_text = encode_in_chunks(*encoder, text, part);
  const auto decode_result = decode(content_coding_name(coding), encoded_text);
  CHECK(decode_result.is_complete);
  CHECK(decode_result.text == text);
  if (size > 10'000) CHECK(encoded_text.size() < size / 2);
}

TEST_CASE("content encoder: after a flush, all input can be decoded, but the body is not complete", "[http][message]") {
  const auto coding = supported_coding();
  const auto encoder = make_content_encoder({coding, 4, 0});
  REQUIRE(encoder);
  std::string output;
  std::string sent;
  for (const auto* part : {"one ", "two ", "three"}) {
    sent += part;
    REQUIRE(encoder->encode(part, operation::flush, output));
    const auto decode_result = decode(content_coding_name(coding), output);
    CHECK(decode_result.text == sent);
    CHECK_FALSE(decode_result.is_complete);
  }
  REQUIRE(encoder->encode({}, operation::finish, output));
  CHECK(decode(content_coding_name(coding), output).is_complete);
}

TEST_CASE("content encoder: the memory is bounded, and small for a short body", "[http][message]") {
  const auto coding = supported_coding();
  const auto text = compressible_text(4'000'000);
  const int quality = coding == content_coding::gzip ? 9 : GENERATE(0, 1, 2, 3, 4, 5);
  CAPTURE(content_coding_name(coding), quality);
  const auto encoder = make_content_encoder({coding, quality, 0});
  REQUIRE(encoder);
  std::string output;
  std::size_t peak = 0;
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(65'536, rest.size()))) {
    REQUIRE(encoder->encode(rest.substr(0, 65'536), operation::process, output));
    peak = std::max(peak, encoder->memory_bytes());
  }
  CAPTURE(peak);
  CHECK(peak > 100'000);
  CHECK(peak <= max_content_encoder_bytes);

  const auto small_encoder = make_content_encoder({coding, quality, 1000});
  REQUIRE(small_encoder);
  output.clear();
  REQUIRE(small_encoder->encode(text.substr(0, 1000), operation::flush, output));
  CHECK(small_encoder->memory_bytes() < peak);
}

TEST_CASE("content encoder: a quality out of range is rejected", "[http][message]") {
  for (const int quality : {0, 10, -1}) CHECK_FALSE(make_content_encoder({content_coding::gzip, quality, 0}));
  for (const int quality : {12, -1}) CHECK_FALSE(make_content_encoder({content_coding::brotli, quality, 0}));
}

}  // namespace
}  // namespace cohort::http
