#include "core/http/gzip.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/http/gzipped.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

struct unpacked {
  std::optional<std::string> plain;
  bool too_big = true;
};

unpacked unpack(std::string_view bytes, std::size_t most = 1 << 20) {
  unpacked got;
  got.plain = http::gunzip(bytes, most, got.too_big);
  return got;
}

TEST_CASE("What gzip or zlib packed is unpacked") {
  const auto plain =
      GENERATE(std::string{}, std::string{"hello"}, std::string(16 * 1024, 'x'), std::string(100'000, 'y'));
  const auto window = GENERATE(15, 15 + 16);
  const auto got = unpack(packed(plain, window));
  CHECK(got.plain == plain);
  CHECK_FALSE(got.too_big);
}

TEST_CASE("The members of a gzip file belong together") {
  CHECK(unpack(gzipped("hello, ") + gzipped("") + gzipped("world")).plain == "hello, world");
  CHECK(unpack(gzipped("hello") + gzipped("world"), 9).too_big);
}

TEST_CASE("A limit is a limit on what comes out") {
  const auto bytes = gzipped(std::string(1'000'000, 'x'));
  CHECK(unpack(bytes, 1'000'000).plain.has_value());
  const auto got = unpack(bytes, GENERATE(std::size_t{0}, std::size_t{999'999}));
  CHECK_FALSE(got.plain.has_value());
  CHECK(got.too_big);
}

TEST_CASE("What is cut short anywhere is broken, and not too big") {
  const auto bytes = gzipped("hello, hello, hello, and good-bye");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    const auto got = unpack(std::string_view{bytes}.substr(0, length));
    CHECK_FALSE(got.plain.has_value());
    CHECK_FALSE(got.too_big);
  }
}

TEST_CASE("What is spoilt, or followed by something else, is broken") {
  const auto bytes = gzipped("hello, hello, hello, and good-bye");
  auto wrong_sum = bytes;
  wrong_sum[bytes.size() - 8] ^= 1;
  auto wrong_size = bytes;
  wrong_size[bytes.size() - 1] ^= 1;
  const auto spoilt = GENERATE_COPY(wrong_sum, wrong_size, bytes + "and more", std::string{"plain text"});
  CHECK_FALSE(unpack(spoilt).plain.has_value());
  CHECK_FALSE(unpack(spoilt).too_big);
}

}  // namespace
}  // namespace cohort
