// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::http {

/// Limits of a `cookie_jar`. The defaults are from RFC 6265 section 6.1.
struct cookie_jar_limits {
  std::size_t max_cookies = 3000;
  std::size_t max_cookies_per_domain = 50;
  /// Maximum bytes of name, value, domain and path of a cookie; larger cookies are ignored.
  std::size_t max_cookie_bytes = 4096;
};

/// Stores the cookies of responses and sends them with later requests (RFC 6265 section 5), as middleware:
/// `upstream.use(std::make_shared<http::cookie_jar>())`. Thread-safe: one jar serves all loops, and several upstreams
/// can share it.
///
/// - A cookie without `Domain` is sent only to the host that set it, a cookie with `Domain` to that domain and its
///   subdomains (section 5.1.3). A `Domain` that does not contain
///   the host, has no dot, or names an IP address is rejected. There is no list of public suffixes: do not share a jar
///   between hosts that do not trust each other.
/// - `Path`, `Secure`, `Max-Age` and `Expires` are applied; an `Expires` that is not an HTTP date (RFC 9110 section
///   5.6.7) is ignored. `Secure` cookies are neither accepted from nor sent to http origins.
/// - At a limit, the oldest cookie is evicted.
/// - Cookies of intermediate redirects are neither stored nor sent.
class cookie_jar final : public call_middleware {
 public:
  explicit cookie_jar(cookie_jar_limits limits = {}) : limits_(limits) {}

  void on_request(client_request& request, const call_context& context) override;
  void on_response(const client_request& request, client_result& result) override;

  /// Stores the cookie of a `Set-Cookie` field, if it is valid.
  void store(std::string_view set_cookie, const boost::urls::url& url, wall_time now);
  /// The value of `Cookie` for a request; empty if there are no cookies. Cookies with longer paths are first (RFC 6265
  /// section 5.4).
  std::string field_value(const boost::urls::url& url, wall_time now);
  std::size_t size() const;

 private:
  struct cookie {
    std::string name;
    std::string value;
    /// The domain in lower case, without a leading dot.
    std::string domain;
    std::string path;
    std::optional<wall_time> expiry;
    bool is_host_only = true;
    bool is_secure = false;
  };

  static std::optional<cookie> parse(std::string_view text, const boost::urls::url& url, wall_time now);
  static void apply_attribute(cookie& cookie, std::string_view name, std::string_view value, wall_time now,
                              bool& has_max_age);
  void evict_cookies(const std::string& domain);

  cookie_jar_limits limits_;
  mutable std::mutex mutex_;
  /// The cookies in the order in which they were first set.
  std::list<cookie> cookies_;
};

}  // namespace cohort::http
