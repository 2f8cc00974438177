// SPDX-License-Identifier: BSL-1.0
// Fuzzes the session cookie of the dashboard. Each line is a `Cookie` field. `SESSION` stands for a valid value, and
// `MAC` after a dot stands for the valid signature of the text before the dot. With these placeholders, the inputs pass
// the signature check and reach the parser.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <boost/algorithm/hex.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "services/dashboard/session.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::session_cookie_target {
namespace {

constexpr std::string_view placeholder = "SESSION";
constexpr std::string_view signature_placeholder = ".MAC";
constexpr std::string_view cookie_name = "cohort_session=";
constexpr std::string_view secret = "secret";
constexpr std::string_view api_key = "key";
/// The current time of the test.
constexpr wall_time now{std::chrono::hours{24}};
/// The same. Times of cookies are compared in seconds, since they can be too large for nanoseconds.
constexpr auto now_seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());

const config::api_key_set& api_keys() {
  static const config::api_key_set keys{std::string{api_key}};
  return keys;
}

/// Returns the value of the first session cookie whose value is valid (RFC 6265bis sections 4.1.1 and 5.8.3), in quotes
/// or not.
std::optional<std::string> first_value(const std::vector<std::string>& fields) {
  for (const auto& field : fields) {
    std::size_t begin = 0;
    while (begin <= field.size()) {
      const auto end = std::min(field.find(';', begin), field.size());
      auto pair = field.substr(begin, end - begin);
      pair.erase(0, pair.find_first_not_of(" \t"));
      pair.erase(pair.find_last_not_of(" \t") + 1);
      if (pair.starts_with(cookie_name)) {
        auto value = pair.substr(cookie_name.size());
        if (value.size() > 1 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        const auto is_invalid = [](char c) {
          return c < '!' || c > '~' || std::string_view{"\",;\\"}.find(c) != std::string_view::npos;
        };
        if (std::find_if(value.begin(), value.end(), is_invalid) == value.end()) return value;
      }
      begin = end + 1;
    }
  }
  return std::nullopt;
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &length);
  std::string hexadecimal;
  boost::algorithm::hex_lower(digest.begin(), digest.begin() + length, std::back_inserter(hexadecimal));
  return hexadecimal;
}

std::string signature_of(std::string_view text) {
  static const auto key = hmac(secret, api_key);
  return hmac(key, text);
}

/// Replaces the placeholders with the valid session and with signatures.
std::string expand(std::string_view line, std::string_view valid) {
  std::string field{line};
  for (auto at = field.find(placeholder); at != std::string::npos; at = field.find(placeholder, at + valid.size())) {
    field.replace(at, placeholder.size(), valid);
  }
  const auto dot = field.find(signature_placeholder);
  const auto name = field.rfind(cookie_name, dot);
  if (dot == std::string::npos || name == std::string::npos) return field;
  auto begin = name + cookie_name.size();
  if (field[begin] == '"') ++begin;
  return field.replace(dot + 1, signature_placeholder.size() - 1, signature_of(field.substr(begin, dot - begin)));
}

std::optional<std::int64_t> parse_seconds(const std::string& text) {
  std::int64_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end ? std::optional{value} : std::nullopt;
}

/// Returns the session that a cookie's value describes, by a second implementation.
std::optional<dashboard::session> expected_session(const std::string& value) {
  const auto dot = value.rfind('.');
  if (dot == std::string::npos || value.substr(dot + 1) != signature_of(value.substr(0, dot))) return std::nullopt;
  std::vector<std::string> fields{""};
  for (const char c : value.substr(0, dot)) {
    if (c == ':') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  if (fields.size() != 4 || fields[0] != api_keys().get().front().name) return std::nullopt;
  const auto started = parse_seconds(fields[2]);
  const auto expires = parse_seconds(fields[3]);
  if (!started || !expires || *expires <= now_seconds.count()) return std::nullopt;
  return dashboard::session{fields[1], fields[0], std::chrono::seconds{*started}, std::chrono::seconds{*expires},
                            value};
}

std::string value_of(const std::string& set_cookie) {
  return set_cookie.substr(cookie_name.size(), set_cookie.find(';') - cookie_name.size());
}

/// Checks that the number of revoked sessions is limited, and that the newest session remains revoked. Returns true.
bool check_revocation_limit() {
  dashboard::session_cookies sessions{std::string{secret}, api_keys()};
  dashboard::session revoked_session;
  for (int i = 0; i <= 10'000; ++i) {
    revoked_session.id = std::to_string(i);
    sessions.revoke(revoked_session, wall_time{});
  }
  const auto text = api_keys().get().front().name + ":" + revoked_session.id + ":0:90000";
  revoked_session.cookie = text + "." + signature_of(text);
  require(expected_session(revoked_session.cookie).has_value(), "the cookie is valid");
  require(!sessions.is_active(revoked_session, now), "the newest revoked session is not active");
  return true;
}

/// Renews and revokes a session.
void check_session(const dashboard::session& found) {
  // Only the service signs cookies: the start of a session is in the past.
  if (found.started < std::chrono::seconds{0} || found.started > now_seconds) return;
  static const bool is_limit_checked = check_revocation_limit();
  static_cast<void>(is_limit_checked);
  dashboard::session_cookies sessions{std::string{secret}, api_keys()};
  require(sessions.is_active(found, now), "a session that find returns is active");
  const auto renewed_cookie = value_of(sessions.renew(found, now, true));
  const auto again = expected_session(renewed_cookie);
  const bool is_over = found.started + dashboard::session_cookies::max_lifetime <= now_seconds;
  require(again.has_value() != is_over, "a session can be renewed until its maximum lifetime");
  require(!again || (again->id == found.id && again->started == found.started),
          "a renewed cookie belongs to the same session");
  sessions.revoke(found, now);
  require(!sessions.is_active(found, now), "a revoked session is not active");
  require(!again || !sessions.is_active(*again, now), "the renewed cookie of a revoked session is not active");
  const config::api_key_set other_keys{"another key"};
  const dashboard::session_cookies cookies_without_key{std::string{secret}, other_keys};
  require(!cookies_without_key.is_active(found, now), "the session of a removed key is not active");
  static const dashboard::session_cookies random_secret{"", api_keys()};
  require(!random_secret.is_active(found, now), "a session is valid for its secret only");
  auto session_of_removed_key = found;
  session_of_removed_key.key_name = "removed";
  require(value_of(sessions.renew(session_of_removed_key, now, true)).empty(),
          "the session of a removed key cannot be renewed");
}

void run(std::string_view input) {
  static const dashboard::session_cookies sessions{std::string{secret}, api_keys()};
  static const auto valid = value_of(sessions.issue(api_keys().get().front(), now, false));
  std::vector<std::string> fields;
  for (const auto line : lines(input)) fields.push_back(expand(line, valid));
  http::request_head head;
  for (const auto& field : fields) head.fields.push_back({http::field::cookie, "Cookie", field});
  const http::request_context context{head, "127.0.0.1"};
  const auto found = sessions.find(context, now);
  const auto value = first_value(fields);
  const auto expected = value ? expected_session(*value) : std::nullopt;
  require(found.has_value() == expected.has_value(), "only a signed value that has not expired is a session");
  if (!found) return;
  require(found->id == expected->id && found->started == expected->started && found->expires == expected->expires,
          "a session has the fields of its cookie");
  if (found->expires < std::chrono::hours{1'000'000})
    require(!sessions.find(context, wall_time{found->expires}), "a cookie expires");
  check_session(*found);
}

const registration fuzz_registration{{"session_cookie", run}};

}  // namespace
}  // namespace cohort::fuzz::session_cookie_target
