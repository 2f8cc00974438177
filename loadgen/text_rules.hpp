#pragma once

#include <boost/url/url.hpp>
#include <string>
#include <utility>

#include "core/config/rules.hpp"
#include "core/http/message.hpp"
#include "loadgen/modes.hpp"

// How the texts that people write for a load generator become values.
namespace cohort::loadgen {

/// `90` (seconds), `500us`, `250ms`, `30s`, `5m`, `1.5h`.
config::rule<duration> span(duration least, duration most, std::string range);

/// Requests per second; or nothing but `max`, for a closed loop.
struct wanted_rate {
  request_rate rate;
  bool as_fast_as_possible = false;
};
config::rule<wanted_rate> rate();

/// Of a stage: zero is a pause.
config::rule<request_rate> stage_rate();
config::rule<duration> stage_length();
/// `30s:200` or `30s:200:step`.
config::rule<stage_of_plan> stage_text();

/// http or https, with a host; a path and a query may follow.
config::rule<boost::urls::url> called_url();

/// `url`, `name=url`, `url@weight`, `name=url@weight`. Without a name it is the URL's host and path.
struct named_url {
  std::string name;
  boost::urls::url url;
  unsigned weight = 1;
};
config::rule<named_url> named_target();

/// What a target is called that was given no name: its URL's host and path.
std::string name_for(const boost::urls::url& url);

/// `Name: value`.
config::rule<std::pair<std::string, std::string>> header_line();
config::rule<http::method> request_method();
/// Visible ASCII without quotes, up to 64 bytes: it stands in tables, labels and files.
config::rule<std::string> target_name();

}  // namespace cohort::loadgen
