// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/security_headers.hpp>

namespace cohort::service {

std::string security_headers(std::string_view content_security_policy) {
  std::string lines;
  lines += "X-Content-Type-Options: nosniff\r\n";
  lines += "X-Frame-Options: DENY\r\n";
  lines += "Referrer-Policy: strict-origin-when-cross-origin\r\n";
  lines.append("Content-Security-Policy: ").append(content_security_policy).append("\r\n");
  lines += "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n";
  return lines;
}

}  // namespace cohort::service
