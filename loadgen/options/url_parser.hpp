// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::loadgen {

/// Parses an http or https URL with a host. In the path and the query, characters that RFC 3986 does not allow are
/// percent-encoded (as UTF-8), and existing percent-encodings are kept. Returns an empty value if the URL has a user
/// name, a fragment or a control character, or if its port is not from 1 to 65535.
std::optional<boost::urls::url> parse_http_url(std::string_view text);

/// A target's URL, with its name and weight.
struct target_url {
  std::string name;
  boost::urls::url url;
  unsigned weight = 1;
};

/// Parses `[name=]url[@weight]`. Digits after the last `@` are the weight; other text after `@` is part of the URL.
std::optional<target_url> parse_target_url(std::string_view text);

/// One to 64 visible ASCII characters except quotes, backslash and comma.
bool is_target_name(std::string_view text);
/// The default name of a target: host and path of its URL.
std::string default_target_name(const boost::urls::url& url);

}  // namespace cohort::loadgen
