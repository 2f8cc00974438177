// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/session.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <boost/algorithm/hex.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <map>
#include <mutex>
#include <stdexcept>

#include <cohort/http/message/cookie.hpp>
#include <cohort/service/authentication/api_key_authenticator.hpp>

namespace cohort::dashboard {
namespace {

std::string hex(const unsigned char* bytes, std::size_t count) {
  std::string text;
  boost::algorithm::hex_lower(bytes, bytes + count, std::back_inserter(text));
  return text;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &length);
  return hex(digest.data(), length);
}

template <std::size_t Count>
std::array<unsigned char, Count> random_bytes() {
  std::array<unsigned char, Count> bytes;
  if (RAND_bytes(bytes.data(), bytes.size()) != 1)
    throw std::runtime_error("session cookies: the system's random number generator failed");
  return bytes;
}

std::string random_secret() {
  const auto bytes = random_bytes<32>();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string random_id() {
  const auto bytes = random_bytes<16>();
  return hex(bytes.data(), bytes.size());
}

/// The next field of a cookie, which ends with a colon or the end of `text`.
std::string_view take_field(std::string_view& text) {
  const auto end = text.find(':');
  const auto field = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return field;
}

std::optional<std::chrono::seconds> parse_seconds(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::chrono::seconds{value};
}

std::chrono::seconds since_epoch(wall_time now) {
  return std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
}

http::set_cookie session_cookie(std::string value, std::chrono::seconds max_age, bool secure) {
  return {.name = std::string{session_cookies::cookie_name},
          .value = std::move(value),
          .max_age = max_age,
          .same_site = http::same_site::strict,
          .secure = secure};
}

}  // namespace

/// The IDs of ended sessions. Only a client with a valid session can add an ID.
class session_cookies::revocation_list {
 public:
  /// `end` is the expiry time of the session.
  void add(const std::string& id, std::chrono::seconds end, std::chrono::seconds now) {
    const std::lock_guard lock{mutex_};
    std::erase_if(ends_, [now](const auto& entry) { return entry.second <= now; });
    if (ends_.size() >= max_size) {
      ends_.erase(std::min_element(ends_.begin(), ends_.end(),
                                   [](const auto& a, const auto& b) { return a.second < b.second; }));
    }
    ends_.emplace(id, end);
  }
  bool contains(std::string_view id) const {
    const std::lock_guard lock{mutex_};
    return ends_.contains(id);
  }

 private:
  static constexpr std::size_t max_size = 10'000;

  mutable std::mutex mutex_;
  std::map<std::string, std::chrono::seconds, std::less<>> ends_;
};

session_cookies::session_cookies(std::string secret, const config::api_key_set& keys)
    : secret_(secret.empty() ? random_secret() : std::move(secret)),
      keys_(keys),
      revocations_(std::make_unique<revocation_list>()) {}

session_cookies::session_cookies(session_cookies&&) noexcept = default;
session_cookies::~session_cookies() = default;

std::string session_cookies::sign(const config::api_key& key, std::string_view text) const {
  return hmac_sha256(hmac_sha256(secret_, key.key), text);
}

const config::api_key* session_cookies::find_key(std::string_view name) const {
  for (const auto& key : keys_.get())
    if (key.name == name) return &key;
  return nullptr;
}

std::string session_cookies::make_cookie(const config::api_key& key, const session& content, wall_time now,
                                         bool secure) const {
  const auto expires = std::min(since_epoch(now) + cookie_lifetime, content.started + max_lifetime);
  const auto text = content.key_name + ":" + content.id + ":" + std::to_string(content.started.count()) + ":" +
                    std::to_string(expires.count());
  return *session_cookie(text + "." + sign(key, text), expires - since_epoch(now), secure).field_value();
}

std::string session_cookies::issue(const config::api_key& key, wall_time now, bool secure) const {
  session content;
  content.id = random_id();
  content.key_name = key.name;
  content.started = since_epoch(now);
  return make_cookie(key, content, now, secure);
}

std::string session_cookies::renew(const session& current, wall_time now, bool secure) const {
  const auto* key = find_key(current.key_name);
  return key ? make_cookie(*key, current, now, secure) : removal();
}

std::string session_cookies::removal() { return *session_cookie({}, {}, false).field_value(); }

std::optional<session> session_cookies::find(const http::request_context& context, wall_time now) const {
  return parse(http::cookie_value(context.head(), session_cookies::cookie_name).value_or(std::string_view{}), now);
}

std::optional<session> session_cookies::parse(std::string_view cookie, wall_time now) const {
  const auto dot = cookie.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto text = cookie.substr(0, dot);
  auto fields = text;
  const auto* key = find_key(take_field(fields));
  if (!key || !service::constant_time_equal(cookie.substr(dot + 1), sign(*key, text))) return std::nullopt;
  session found;
  found.key_name = key->name;
  found.id = take_field(fields);
  const auto started = parse_seconds(take_field(fields));
  const auto expires = parse_seconds(fields);
  // Compares seconds, because an expiry in nanoseconds could overflow.
  if (!started || !expires || since_epoch(now) >= *expires || revocations_->contains(found.id)) return std::nullopt;
  found.started = *started;
  found.expires = *expires;
  found.cookie = cookie;
  return found;
}

void session_cookies::revoke(const session& current, wall_time now) {
  revocations_->add(current.id, current.started + max_lifetime, since_epoch(now));
}

}  // namespace cohort::dashboard
