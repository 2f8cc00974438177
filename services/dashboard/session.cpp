// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/session.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <stdexcept>

#include <cohort/service/api_key_authenticator.hpp>

namespace cohort::dashboard {
namespace {

constexpr std::string_view cookie_name = "cohort_session";

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &length);
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4U];
    hex += "0123456789abcdef"[digest[i] & 0xFU];
  }
  return hex;
}

std::string random_secret() {
  std::array<unsigned char, 32> bytes;
  if (RAND_bytes(bytes.data(), bytes.size()) != 1)
    throw std::runtime_error("session cookies: the system's random number generator failed");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The value of the first session cookie in any `Cookie` field (RFC 6265 section 5.4); empty if there is none.
std::string_view cookie_value(const http::request_head& head) {
  for (const auto& field : head.fields) {
    if (field.id != http::field::cookie) continue;
    for (auto rest = field.value; !rest.empty();) {
      const auto end = rest.find(';');
      auto pair = rest.substr(0, end);
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
      while (pair.starts_with(' ')) pair.remove_prefix(1);
      if (pair.starts_with(cookie_name) && pair.substr(cookie_name.size()).starts_with('=')) {
        return pair.substr(cookie_name.size() + 1);
      }
    }
  }
  return {};
}

}  // namespace

session_cookies::session_cookies(std::string secret, const config::replaceable_secret& api_key)
    : secret_(secret.empty() ? random_secret() : std::move(secret)), api_key_(api_key) {}

std::string session_cookies::sign(std::string_view text) const {
  return hmac_sha256(hmac_sha256(secret_, api_key_.get()), text);
}

std::string session_cookies::issue(wall_time now, bool secure) const {
  const auto expires = std::chrono::floor<std::chrono::seconds>(now + lifetime).time_since_epoch().count();
  const auto text = std::to_string(expires);
  return std::string{cookie_name} + "=" + text + "." + sign(text) +
         "; Path=/; Max-Age=" + std::to_string(lifetime.count()) + "; HttpOnly; SameSite=Strict" +
         (secure ? "; Secure" : "");
}

std::string session_cookies::removal() {
  return std::string{cookie_name} + "=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict";
}

bool session_cookies::is_valid(const http::request_context& context, wall_time now) const {
  const auto value = cookie_value(context.head());
  const auto dot = value.find('.');
  if (dot == std::string_view::npos) return false;
  const auto text = value.substr(0, dot);
  if (!service::constant_time_equal(value.substr(dot + 1), sign(text))) return false;
  std::int64_t expires = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), expires);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  return now.time_since_epoch() < std::chrono::seconds{expires};
}

}  // namespace cohort::dashboard
