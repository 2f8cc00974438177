// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/session.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <stdexcept>

#include <cohort/http/message/cookie.hpp>
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

http::set_cookie session_cookie(std::string value, std::chrono::seconds max_age, bool secure) {
  return {.name = std::string{cookie_name},
          .value = std::move(value),
          .max_age = max_age,
          .same_site = http::same_site::strict,
          .secure = secure};
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
  return *session_cookie(text + "." + sign(text), lifetime, secure).field_value();
}

std::string session_cookies::removal() { return *session_cookie({}, {}, false).field_value(); }

bool session_cookies::is_valid(const http::request_context& context, wall_time now) const {
  const auto value = http::cookie_value(context.head(), cookie_name).value_or(std::string_view{});
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
