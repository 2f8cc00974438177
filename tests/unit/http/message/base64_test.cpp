// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/base64.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::http {
namespace {

TEST_CASE("base64: the test vectors of RFC 4648 section 10 are encoded and decoded", "[http][message]") {
  const auto [text, encoded] = GENERATE(table<std::string, std::string>({{"f", "Zg=="},
                                                                         {"fo", "Zm8="},
                                                                         {"foo", "Zm9v"},
                                                                         {"foob", "Zm9vYg=="},
                                                                         {"fooba", "Zm9vYmE="},
                                                                         {"foobar", "Zm9vYmFy"},
                                                                         {"\xff\xfe", "//4="}}));
  CHECK(encode_base64(text) == encoded);
  CHECK(decode_base64(encoded) == text);
  CHECK(encode_base64("").empty());
}

TEST_CASE("base64: invalid input is rejected", "[http][message]") {
  const std::string text = GENERATE("", "Zg", "Zg=", "Zg===", "Z===", "====", "Zm9v=", "=Zm9", "Zm9vZg==Zm9v", "Zm9*");
  INFO(text);
  CHECK_FALSE(decode_base64(text));
}

}  // namespace
}  // namespace cohort::http
