// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <cohort/http/client/client_request.hpp>
#include <cohort/runtime/task.hpp>

namespace cohort::http {

/// An HTTP proxy.
struct proxy_server {
  /// The address of the proxy. If it is `secure`, the connection to the proxy is encrypted, too.
  origin address;
  /// The value of `Proxy-Authorization` (RFC 9110 section 11.7.2); empty for a proxy without authentication.
  std::string authorization;
};

/// Parses `[http://|https://][user[:password]@]host[:port][/]`; the default port is 80, with `https` 443. User and
/// password are percent-decoded and sent with the scheme Basic (RFC 7617). Returns an empty result if the text is
/// invalid.
std::optional<proxy_server> parse_proxy(std::string_view text);

/// The hosts that are called without a proxy.
class proxy_exceptions {
 public:
  /// Parses a list, separated by commas or spaces. The elements are as follows; an invalid element matches nothing:
  /// - `example.com` or `.example.com`: the host and its subdomains,
  /// - `192.0.2.1`, `2001:db8::1`, `192.0.2.0/24`: URLs whose host is such an address,
  /// - a name or an address with `:port` (IPv6 in brackets): this port only,
  /// - `*`: all hosts.
  static proxy_exceptions parse(std::string_view list);

  bool contains(const origin& target) const;

 private:
  struct entry {
    std::string domain;
    std::optional<asio::ip::network_v4> network_v4;
    std::optional<asio::ip::network_v6> network_v6;
    /// The only port that matches; zero for any port.
    std::uint16_t port = 0;
  };
  static entry parse_entry(std::string_view text);

  std::vector<entry> entries_;
  bool matches_all_hosts_ = false;
};

/// The proxies of a client. The default has no proxies.
struct proxy_settings {
  /// The proxy for http URLs; the request is sent to it in absolute-form (RFC 9112 section 3.2.2).
  std::optional<proxy_server> http_proxy;
  /// The proxy for https URLs, which opens a tunnel (CONNECT, RFC 9110 section 9.3.6).
  std::optional<proxy_server> https_proxy;
  proxy_exceptions exceptions;
  /// Returns whether to call an origin directly, in addition to `exceptions`; may be empty. Called on any loop.
  std::function<bool(const origin& target)> is_direct{};

  /// The proxy for an origin; null if it is called directly. Local hosts are always called directly: `localhost`,
  /// loopback addresses, names without a dot, and Unix domain sockets.
  const proxy_server* proxy_for(const origin& target) const;
};

/// Reads the variables `http_proxy`, `https_proxy`, `all_proxy` (for both) and `no_proxy`; the lower-case name takes
/// precedence over the upper-case one, and an empty value counts as unset. `HTTP_PROXY` is ignored if `REQUEST_METHOD`
/// is set: in a CGI program it is a header field of the request (https://httpoxy.org). The error is a line with the
/// variable, its value without user and password, and the accepted values. `variable` returns the value of an
/// environment variable, or an empty string.
result<proxy_settings, std::string> proxies_from_environment(
    const std::function<std::string(const char* name)>& variable);

}  // namespace cohort::http
