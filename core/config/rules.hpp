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

/// How a setting's text becomes a value, and what to tell people who wrote something else.
template <class T>
struct rule {
  std::function<std::optional<T>(std::string_view)> parse;
  /// Completes the sentence "PORT is "abc", but must be …".
  std::string accepts;
};

rule<std::string> text();
/// A name that can stand in an HTTP header and in a JSON text: visible ASCII, not empty.
rule<std::string> visible_text(std::string what);
rule<std::int64_t> integer(std::int64_t least, std::int64_t most);
/// 0 to 65535; at 0 the system chooses.
rule<std::uint16_t> port();
/// An IPv4 or IPv6 address to listen on.
rule<std::string> address();
/// `http://host[:port]` or `https://…`, without user, query or fragment; a path is kept.
rule<boost::urls::url> http_url();
rule<std::string> one_of(std::initializer_list<std::string_view> words);
/// Whole seconds.
rule<std::chrono::seconds> seconds(std::int64_t least, std::int64_t most);

/// A zone of the tz database as this machine has it (`Asia/Jerusalem`), or a POSIX rule (`IST-2IDT`), as TZ has them.
rule<std::string> time_zone();

/// So many events in so long.
struct rate {
  std::uint32_t count;
  std::chrono::seconds per;
};
/// `100/min`, `5/s`, `1000/hour`.
rule<rate> events_per_time();

}  // namespace cohort::config
