// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/cookies/cookie_jar.hpp>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <vector>

#include <cohort/http/message/conditional/http_date.hpp>
#include <cohort/http/message/field.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {
namespace {

/// The longest lifetime of a cookie (RFC 6265bis section 5.5).
constexpr std::int64_t max_age_limit = 400LL * 24 * 3600;

bool is_secure_url(const boost::urls::url& url) { return url.scheme_id() == boost::urls::scheme::https; }

std::string host_of(const boost::urls::url& url) { return to_lower_case(url.host_address()); }

bool is_ip_address(const std::string& host) {
  boost::system::error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

/// Whether the host matches the domain of a cookie (RFC 6265 section 5.1.3).
bool domain_matches(const std::string& host, const std::string& domain) {
  if (host == domain) return true;
  return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.' &&
         !is_ip_address(host);
}

std::string path_of(const boost::urls::url& url) {
  std::string path{url.encoded_path()};
  return path.empty() ? "/" : path;
}

/// Whether the path of a request matches the path of a cookie (RFC 6265 section 5.1.4).
bool path_matches(const std::string& request_path, const std::string& cookie_path) {
  if (!request_path.starts_with(cookie_path)) return false;
  return request_path.size() == cookie_path.size() || cookie_path.ends_with('/') ||
         request_path[cookie_path.size()] == '/';
}

/// The default path of a cookie: the directory of the request's path (RFC 6265 section 5.1.4).
std::string default_path(const boost::urls::url& url) {
  const auto path = path_of(url);
  const auto end = path.rfind('/');
  return end == std::string::npos || end == 0 ? "/" : path.substr(0, end);
}

/// Splits `name=value`; the value is empty without `=`.
std::pair<std::string_view, std::string_view> split(std::string_view text) {
  const auto equals_sign = text.find('=');
  if (equals_sign == std::string_view::npos) return {trimmed(text), {}};
  return {trimmed(text.substr(0, equals_sign)), trimmed(text.substr(equals_sign + 1))};
}

}  // namespace

void cookie_jar::on_request(client_request& request, const call_context&) {
  auto value = field_value(request.url, loop::current().wall_now());
  if (!value.empty()) request.fields.emplace_back("Cookie", std::move(value));
}

void cookie_jar::on_response(const client_request& request, client_result& result) {
  if (!result) return;
  const auto now = loop::current().wall_now();
  for (const auto& [name, value] : result->fields)
    if (iequals(name, "set-cookie")) store(value, request.url, now);
}

void cookie_jar::apply_attribute(cookie& cookie, std::string_view name, std::string_view value, wall_time now,
                                 bool& has_max_age) {
  if (iequals(name, "secure")) {
    cookie.is_secure = true;
  } else if (iequals(name, "path")) {
    if (value.starts_with('/')) cookie.path = value;
  } else if (iequals(name, "domain")) {
    if (value.starts_with('.')) value.remove_prefix(1);
    if (value.empty()) return;
    cookie.domain = to_lower_case(value);
    cookie.is_host_only = false;
  } else if (iequals(name, "max-age")) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (end != value.data() + value.size() || error == std::errc::invalid_argument) return;
    // The number is out of range.
    if (error != std::errc{}) seconds = value.starts_with('-') ? 0 : max_age_limit;
    has_max_age = true;
    cookie.expiry = now + std::chrono::seconds{std::clamp<std::int64_t>(seconds, 0, max_age_limit)};
  } else if (iequals(name, "expires") && !has_max_age) {
    if (const auto date = parse_http_date(value)) {
      // Compares seconds, because a date such as 31 December 9999, for a cookie that never expires, is out of the range
      // of `wall_time`.
      const auto latest_expiry = std::chrono::floor<std::chrono::seconds>(now) + std::chrono::seconds{max_age_limit};
      cookie.expiry = std::clamp(*date, std::chrono::sys_seconds{}, latest_expiry);
    }
  }
}

std::optional<cookie_jar::cookie> cookie_jar::parse(std::string_view text, const boost::urls::url& url, wall_time now) {
  const auto pair = text.substr(0, text.find(';'));
  if (pair.find('=') == std::string_view::npos) return std::nullopt;
  const auto [name, value] = split(pair);
  if (!is_token(name) || !is_field_value(value)) return std::nullopt;
  const auto host = host_of(url);
  cookie cookie{.name = std::string{name},
                .value = std::string{value},
                .domain = host,
                .path = default_path(url),
                .expiry = std::nullopt};
  bool has_max_age = false;
  for (auto remaining = text.substr(pair.size()); !remaining.empty();) {
    remaining.remove_prefix(1);
    const auto attribute = remaining.substr(0, remaining.find(';'));
    remaining.remove_prefix(attribute.size());
    const auto [attribute_name, attribute_value] = split(attribute);
    apply_attribute(cookie, attribute_name, attribute_value, now, has_max_age);
  }
  const bool has_foreign_domain =
      cookie.domain != host && (!domain_matches(host, cookie.domain) || cookie.domain.find('.') == std::string::npos);
  if (has_foreign_domain || (cookie.is_secure && !is_secure_url(url))) return std::nullopt;
  return cookie;
}

void cookie_jar::store(std::string_view set_cookie, const boost::urls::url& url, wall_time now) {
  auto parsed = parse(set_cookie, url, now);
  if (!parsed) return;
  const auto size = parsed->name.size() + parsed->value.size() + parsed->domain.size() + parsed->path.size();
  if (size > limits_.max_cookie_bytes) return;
  const std::scoped_lock lock{mutex_};
  const auto existing_cookie = std::find_if(cookies_.begin(), cookies_.end(), [&](const cookie& other) {
    return other.name == parsed->name && other.domain == parsed->domain && other.path == parsed->path &&
           other.is_host_only == parsed->is_host_only;
  });
  const bool is_removal = parsed->expiry && *parsed->expiry <= now;
  if (existing_cookie != cookies_.end()) {
    if (existing_cookie->is_secure && !is_secure_url(url)) return;
    if (is_removal) {
      cookies_.erase(existing_cookie);
    } else {
      *existing_cookie = std::move(*parsed);
    }
    return;
  }
  if (is_removal) return;
  cookies_.remove_if([&](const cookie& other) { return other.expiry && *other.expiry <= now; });
  evict_cookies(parsed->domain);
  if (limits_.max_cookies > 0 && limits_.max_cookies_per_domain > 0) cookies_.push_back(std::move(*parsed));
}

void cookie_jar::evict_cookies(const std::string& domain) {
  const auto is_same_domain = [&](const cookie& other) { return other.domain == domain; };
  const auto domain_cookie_count =
      static_cast<std::size_t>(std::count_if(cookies_.begin(), cookies_.end(), is_same_domain));
  if (domain_cookie_count > 0 && domain_cookie_count >= limits_.max_cookies_per_domain) {
    cookies_.erase(std::find_if(cookies_.begin(), cookies_.end(), is_same_domain));
  }
  if (!cookies_.empty() && cookies_.size() >= limits_.max_cookies) cookies_.pop_front();
}

std::string cookie_jar::field_value(const boost::urls::url& url, wall_time now) {
  const auto host = host_of(url);
  const auto path = path_of(url);
  const std::scoped_lock lock{mutex_};
  std::vector<const cookie*> matching_cookies;
  for (const auto& cookie : cookies_) {
    const bool matches = (cookie.is_host_only ? host == cookie.domain : domain_matches(host, cookie.domain)) &&
                         path_matches(path, cookie.path) && (!cookie.is_secure || is_secure_url(url)) &&
                         (!cookie.expiry || *cookie.expiry > now);
    if (!matches) continue;
    const auto is_longer = [](const auto& a, const auto* b) { return a.path.size() > b->path.size(); };
    matching_cookies.insert(std::upper_bound(matching_cookies.begin(), matching_cookies.end(), cookie, is_longer),
                            &cookie);
  }
  std::string value;
  for (const auto* cookie : matching_cookies) {
    if (!value.empty()) value.append("; ");
    value.append(cookie->name).append("=").append(cookie->value);
  }
  return value;
}

std::size_t cookie_jar::size() const {
  const std::scoped_lock lock{mutex_};
  return cookies_.size();
}

}  // namespace cohort::http
