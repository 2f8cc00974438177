// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/security_headers.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort::http {
namespace {

TEST_CASE("security headers: each header is one complete line", "[http][middleware]") {
  const auto lines = security_header_lines("default-src 'none'");
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
}  // namespace cohort::http
