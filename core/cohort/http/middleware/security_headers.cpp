// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/security_headers.hpp>

#include <array>
#include <utility>

namespace cohort::http {
namespace {

using header = std::pair<std::string_view, std::string_view>;

std::array<header, 5> headers(std::string_view content_security_policy) {
  return {{{"X-Content-Type-Options", "nosniff"},
           {"X-Frame-Options", "DENY"},
           {"Referrer-Policy", "strict-origin-when-cross-origin"},
           {"Content-Security-Policy", content_security_policy},
           {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"}}};
}

}  // namespace

std::string security_header_lines(std::string_view content_security_policy) {
  std::string lines;
  for (const auto& [name, value] : headers(content_security_policy)) {
    lines.append(name).append(": ").append(value).append("\r\n");
  }
  return lines;
}

middleware security_headers(std::string content_security_policy) {
  return [policy = std::move(content_security_policy)](request_context& context, next next_handler) -> task<response> {
    auto result = co_await next_handler(context);
    for (const auto& [name, value] : headers(policy)) {
      if (!result.find(name)) result.set(name, value);
    }
    co_return result;
  };
}

}  // namespace cohort::http
