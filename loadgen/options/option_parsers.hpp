// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <string>
#include <utility>

#include <cohort/config/value_parsers.hpp>
#include <cohort/http/message/field.hpp>
#include "loadgen/options/url_parser.hpp"
#include "loadgen/schedule/load_modes.hpp"

// The parsers of the values of flags and of scenario files.
namespace cohort::loadgen {

/// A decimal number with the unit `us`, `ms`, `s`, `m` or `h`, or without a unit for seconds. `range` describes the
/// limits in error messages.
config::value_parser<duration> duration_parser(duration min, duration max, std::string range);

/// A rate in requests per second, or `max` for a closed loop.
struct rate_option {
  request_rate rate;
  bool is_closed_loop = false;
};
config::value_parser<rate_option> rate_parser();

/// The rate of a stage; zero is a pause.
config::value_parser<request_rate> stage_rate_parser();
config::value_parser<duration> stage_length_parser();
/// `30s:200` or `30s:200:step`.
config::value_parser<load_stage> stage_parser();

config::value_parser<boost::urls::url> url_parser();
config::value_parser<target_url> target_parser();
config::value_parser<std::string> target_name_parser();

/// `Name: value`. Content-Length and Transfer-Encoding are rejected, and so is a Host that is not `host[:port]`.
config::value_parser<std::pair<std::string, std::string>> header_parser();
config::value_parser<http::method> method_parser();

config::value_parser<std::string> mode_parser();
config::value_parser<std::string> arrivals_parser();
config::value_parser<std::int64_t> seed_parser();
config::value_parser<std::int64_t> connections_parser();
config::value_parser<std::int64_t> threads_parser();
config::value_parser<std::int64_t> weight_parser();
config::value_parser<duration> length_parser();
config::value_parser<duration> timeout_parser();
config::value_parser<duration> deadline_parser();
config::value_parser<duration> patience_parser();
config::value_parser<std::int64_t> retries_parser();
config::value_parser<duration> retry_backoff_parser();

}  // namespace cohort::loadgen
