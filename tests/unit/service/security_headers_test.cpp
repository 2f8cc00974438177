// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/security_headers.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort::service {
namespace {

TEST_CASE("security_headers: each header is one complete line", "[service][security_headers]") {
  const auto lines = security_headers("default-src 'none'");
  for (const auto* line : {"X-Content-Type-Options: nosniff\r\n", "X-Frame-Options: DENY\r\n",
                           "Referrer-Policy: strict-origin-when-cross-origin\r\n",
                           "Content-Security-Policy: default-src 'none'\r\n", "Permissions-Policy: "}) {
    CAPTURE(line);
    const auto position = lines.find(line);
    REQUIRE(position != std::string::npos);
    CHECK(lines.find(line, position + 1) == std::string::npos);
  }
  CHECK(lines.ends_with("\r\n"));
  CHECK(lines.find("\r\n\r\n") == std::string::npos);
}

}  // namespace
}  // namespace cohort::service
