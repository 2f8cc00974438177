// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body/gzip.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/message/body/gzip_compression.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

struct gunzip_result {
  std::optional<std::string> content;
  bool is_too_large = true;
};

gunzip_result decompress(std::string_view bytes, std::size_t max_bytes = 1 << 20) {
  gunzip_result result;
  result.content = http::gunzip(bytes, max_bytes, result.is_too_large);
  return result;
}

TEST_CASE("gunzip: gzip and zlib data is decompressed", "[http][message]") {
  const auto text =
      GENERATE(std::string{}, std::string{"hello"}, std::string(16 * 1024, 'x'), std::string(100'000, 'y'));
  const auto window_bits = GENERATE(15, 15 + 16);
  const auto result = decompress(compress(text, window_bits));
  CHECK(result.content == text);
  CHECK_FALSE(result.is_too_large);
}

TEST_CASE("gunzip: the members of a gzip file are concatenated", "[http][message]") {
  CHECK(decompress(gzip_compress("hello, ") + gzip_compress("") + gzip_compress("world")).content == "hello, world");
  CHECK(decompress(gzip_compress("hello") + gzip_compress("world"), 9).is_too_large);
}

TEST_CASE("gunzip: the limit applies to the decompressed size", "[http][message]") {
  const auto bytes = gzip_compress(std::string(1'000'000, 'x'));
  CHECK(decompress(bytes, 1'000'000).content.has_value());
  const auto result = decompress(bytes, GENERATE(std::size_t{0}, std::size_t{999'999}));
  CHECK_FALSE(result.content.has_value());
  CHECK(result.is_too_large);
}

TEST_CASE("gunzip: data truncated at any byte is malformed, not too large", "[http][message]") {
  const auto bytes = gzip_compress("hello, hello, hello, and good-bye");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    const auto result = decompress(std::string_view{bytes}.substr(0, length));
    CHECK_FALSE(result.content.has_value());
    CHECK_FALSE(result.is_too_large);
  }
}

TEST_CASE("gunzip: a wrong checksum or size, trailing bytes and plain text are malformed", "[http][message]") {
  const auto bytes = gzip_compress("hello, hello, hello, and good-bye");
  auto wrong_checksum = bytes;
  wrong_checksum[bytes.size() - 8] ^= 1;
  auto wrong_size = bytes;
  wrong_size[bytes.size() - 1] ^= 1;
  const auto malformed_data = GENERATE_COPY(wrong_checksum, wrong_size, bytes + "and more", std::string{"plain text"});
  CHECK_FALSE(decompress(malformed_data).content.has_value());
  CHECK_FALSE(decompress(malformed_data).is_too_large);
}

}  // namespace
}  // namespace cohort
