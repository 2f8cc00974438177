// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/gateway_files.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <fstream>
#include <stdexcept>

#include <cohort/http/message/base64.hpp>

namespace cohort::simulation::alerts {
namespace {

constexpr std::string_view secret = "the-secret-of-the-simulated-issuer";

/// The routes: time services with token authentication, a server without metrics, and the dashboard.
constexpr std::string_view routes_json = R"({
  "upstreams": {
    "time": { "url": "http://time-service:5001", "policy": "attempts=3" },
    "legacy": { "url": "http://legacy.test", "policy": "attempts=2" },
    "dashboard": { "url": "http://dashboard-service:5000", "policy": "attempts=2" }
  },
  "jwt": {
    "partners": {
      "keys": [{ "id": "2026-05", "algorithm": "HS256", "file": "partners.key" }],
      "issuer": "https://login.test",
      "audience": "partners"
    }
  },
  "routes": [
    {
      "name": "partners",
      "match": { "path": { "prefix": "/partners" } },
      "strip_prefix": "/partners",
      "auth": { "jwt": "partners", "claim_headers": {} },
      "timeout_ms": 3000,
      "backends": [{ "upstream": "time" }]
    },
    {
      "name": "legacy",
      "match": { "path": { "prefix": "/legacy" } },
      "timeout_ms": 3000,
      "backends": [{ "upstream": "legacy" }]
    },
    {
      "name": "dashboard",
      "match": { "path": { "prefix": "/" } },
      "timeout_ms": 8000,
      "backends": [{ "upstream": "dashboard" }]
    }
  ]
}
)";

std::string base64url(std::string_view bytes) {
  auto text = http::encode_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

void write(const std::string& file, std::string_view content) {
  std::ofstream out{file, std::ios::binary};
  out << content;
  if (!out.flush()) throw std::runtime_error("cannot write " + file);
}

}  // namespace

gateway_files::gateway_files() {
  write(routes_file(), routes_json);
  write(directory_.path() + "/partners.key", secret);
}

std::string gateway_files::token(wall_time now, std::string_view key_id) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  const auto input = base64url(R"({"alg":"HS256","kid":")" + std::string{key_id} + R"("})") + "." +
                     base64url(R"({"iss":"https://login.test","aud":"partners","sub":"partner","exp":)" +
                               std::to_string(seconds + 300) + "}");
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(input.data()), input.size(), mac.data(), &size);
  return input + "." + base64url({reinterpret_cast<const char*>(mac.data()), size});
}

}  // namespace cohort::simulation::alerts
