// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/http_url.hpp>

#include <boost/url/parse.hpp>
#include <charconv>
#include <cstdint>

namespace cohort::http {

bool is_http_url(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  if (!url || url->encoded_host().empty() || url->has_userinfo()) return false;
  if (url->scheme_id() != boost::urls::scheme::http && url->scheme_id() != boost::urls::scheme::https) return false;
  // `url_view::port_number` wraps around at 65536. An empty port is the default one.
  if (const std::string_view port = url->port(); !port.empty()) {
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size() || number == 0) return false;
  }
  // Boost.URL accepts a path without a slash behind an authority: `http://127.0.0.1:80x`.
  return url->encoded_path().empty() || url->encoded_path().starts_with('/');
}

}  // namespace cohort::http
