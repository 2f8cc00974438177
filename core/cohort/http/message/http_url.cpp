// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/http_url.hpp>

#include <boost/url/parse.hpp>

#include <cohort/config/http_url.hpp>

namespace cohort::http {

bool is_http_url(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  if (!url || url->encoded_host().empty() || url->has_userinfo()) return false;
  if (url->scheme_id() != boost::urls::scheme::http && url->scheme_id() != boost::urls::scheme::https) return false;
  if (!url->port().empty() && !config::parse_port(url->port())) return false;
  // Boost.URL accepts a path without a slash after the authority: `http://127.0.0.1:80x`.
  return url->encoded_path().empty() || url->encoded_path().starts_with('/');
}

}  // namespace cohort::http
