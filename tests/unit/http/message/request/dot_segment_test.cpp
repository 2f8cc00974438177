// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/dot_segment.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::http {
namespace {

TEST_CASE(
    "dot segments: a dot segment is detected in every encoding and after every separator that servers may interpret",
    "[http][message][security]") {
  const auto* const path =
      GENERATE("/.", "/..", "/./", "/../", "/a/..", "/a/../b", "/a/./b", "//..", "/%2e", "/%2E%2e", "/.%2e/a",
               "/%2e./a", "/a%2f..", "/a%2F..%2fb", "/a%2f.", "/..%2fa", "/.%5Ca", "/..\\a", "/a\\..", "/a%5c%2e%2E",
               "/..;", "/..;a=b/c", "/a/.;/b", "/..%3Ba", "..", ".");
  CAPTURE(path);
  CHECK(has_dot_segment(path));
}

TEST_CASE("dot segments: longer segments with dots, and doubly encoded dots, are not dot segments",
          "[http][message][security]") {
  const auto* const path = GENERATE("", "/", "*", "/a", "/a.b", "/.a", "/a.", "/..a", "/a..", "/...", "/%2e%2e%2e",
                                    "/.well-known/a", "/a;..", "/a;b/..c", "/.%20", "/%252e%252e", "/%252e%252e%252fa",
                                    "/%252e./a", "/..%252fa", "/%2", "/..%2", "/.%", "/%c0%ae", "//a//b/");
  CAPTURE(path);
  CHECK_FALSE(has_dot_segment(path));
}

}  // namespace
}  // namespace cohort::http
