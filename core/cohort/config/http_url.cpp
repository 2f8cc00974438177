// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/http_url.hpp>

#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <charconv>

namespace cohort::config {
namespace {

/// `sockaddr_un::sun_path` without the terminating zero (unix(7)).
constexpr std::size_t max_socket_path_size = 107;

/// Returns the URL for the text after `unix:`; `nullopt` if it is invalid. The text is the path of a socket, optionally
/// with a colon and the path of the URL.
std::optional<std::string> unix_socket_url(std::string_view text) {
  const auto colon = text.find(':');
  const auto socket = text.substr(0, colon);
  const auto path = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  const bool is_valid = socket.size() > 1 && socket.starts_with('/') && !socket.ends_with('/') &&
                        socket.size() <= max_socket_path_size && (path.empty() || path.starts_with('/'));
  if (!is_valid) return std::nullopt;
  return "http://" + boost::urls::encode(socket, boost::urls::unreserved_chars) + std::string{path};
}

}  // namespace

std::optional<boost::urls::url> parse_http_url(std::string_view text) {
  for (const std::string_view prefix : {"unix:", "http://unix:/"}) {
    if (!text.starts_with(prefix)) continue;
    const auto url = unix_socket_url(text.substr(text.find("unix:") + std::string_view{"unix:"}.size()));
    return url ? parse_http_url(*url) : std::nullopt;
  }
  const auto url = boost::urls::parse_absolute_uri(text);
  if (!url) return std::nullopt;
  const bool is_secure = url->scheme_id() == boost::urls::scheme::https;
  const bool is_http = is_secure || url->scheme_id() == boost::urls::scheme::http;
  if (!is_http || url->host().empty() || url->has_userinfo() || url->has_query()) return std::nullopt;
  // Boost.URL accepts a path without a slash after the authority: `http://127.0.0.1:5001x`.
  if (!url->encoded_path().empty() && !url->encoded_path().starts_with('/')) return std::nullopt;
  if (url->host().starts_with('/') && (is_secure || url->has_port())) return std::nullopt;
  if (url->has_port() && !parse_port(url->port())) return std::nullopt;
  return boost::urls::url{*url};
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace cohort::config
