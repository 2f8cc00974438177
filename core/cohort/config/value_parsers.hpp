// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::config {

/// Parser for the text of a setting, with a description of the accepted values.
template <class T>
struct value_parser {
  /// Parses a string. Returns an empty optional if the string is invalid.
  std::function<std::optional<T>(std::string_view)> parse;
  /// Completes the error message `PORT is "abc", but must be …`.
  std::string accepted_values;
};

/// Any string, including an empty string.
value_parser<std::string> text();
/// One or more visible ASCII characters, safe in an HTTP header field and in JSON. `description` names the text:
/// "a secret".
value_parser<std::string> visible_ascii(std::string description);
/// A decimal integer from `min` to `max`.
value_parser<std::int64_t> integer(std::int64_t min, std::int64_t max);
/// A TCP port from 0 to 65535. With port 0, the system chooses a free port.
value_parser<std::uint16_t> port();
/// A TCP port to connect to, from 1 to 65535.
value_parser<std::uint16_t> remote_port();
/// An IPv4 or IPv6 address, the latter with an optional zone (`fe80::1%eth0`).
value_parser<std::string> ip_address();
/// An http or https URL, or a Unix domain socket; see `parse_http_url`.
value_parser<boost::urls::url> http_url();
/// A synonym of a word that `one_of` accepts.
struct word_alias {
  std::string_view alias;
  std::string_view word;
};
/// One of `words` or an alias of a word; the comparison ignores case. The value is the word from `words`, which must be
/// in lower case.
value_parser<std::string> one_of(std::initializer_list<std::string_view> words,
                                 std::initializer_list<word_alias> aliases = {});
/// An integer number of seconds from `min` to `max`.
value_parser<std::chrono::seconds> seconds(std::int64_t min, std::int64_t max);

/// A value of the TZ variable: the name of a time zone in the system's tz database (`Asia/Jerusalem`), or a POSIX TZ
/// string
/// (`IST-2IDT`).
value_parser<std::string> time_zone();

/// Maximum number of events per period.
struct rate {
  std::uint32_t count;
  std::chrono::seconds period;
};
/// `<count>/<unit>`, such as `100/min`, `5/s` or `1000/hour`. The case of the unit is ignored.
value_parser<rate> event_rate();

/// Like `event_rate`, but also accepts `off`, whose value has the count 0.
value_parser<rate> event_rate_or_off();

}  // namespace cohort::config
