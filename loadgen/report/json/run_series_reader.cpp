// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/json/run_series_reader.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include <cohort/json/parser.hpp>
#include "loadgen/report/json/report_schema.hpp"

namespace cohort::loadgen {
namespace {

constexpr std::uint64_t no_maximum = std::numeric_limits<std::uint64_t>::max();

/// The compared values of an interval. Reports in memory and in files are both converted to this type, so that both
/// yield the same series.
struct interval_values {
  double length_s = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  std::uint64_t ended = 0;
  std::uint64_t p50_us = 0;
  std::uint64_t p99_us = 0;
};

/// Returns the most frequent length; the largest one if several are equally frequent.
double most_frequent_length(const std::vector<interval_values>& intervals) {
  std::vector<double> lengths;
  for (const auto& interval : intervals) lengths.push_back(interval.length_s);
  std::sort(lengths.begin(), lengths.end());
  double most_frequent = 0;
  std::ptrdiff_t max_count = 0;
  for (auto first = lengths.begin(); first != lengths.end();) {
    const auto last = std::upper_bound(first, lengths.end(), *first);
    if (last - first >= max_count) {
      most_frequent = *first;
      max_count = last - first;
    }
    first = last;
  }
  return most_frequent;
}

run_series make_series(std::vector<std::pair<std::string, std::string>> fingerprint,
                       const std::vector<interval_values>& intervals) {
  run_series series{.fingerprint = std::move(fingerprint)};
  const double full_length_s = most_frequent_length(intervals);
  for (const auto& interval : intervals) {
    if (interval.length_s != full_length_s) continue;
    if (interval.answered != 0) {
      series.p50_us.push_back(static_cast<double>(interval.p50_us));
      series.p99_us.push_back(static_cast<double>(interval.p99_us));
    }
    if (interval.ended != 0) {
      series.failure_ratio.push_back(static_cast<double>(interval.failed) / static_cast<double>(interval.ended));
    }
  }
  return series;
}

/// Reads one report. Keeps the first error; later values are empty.
class report_reader {
 public:
  result<run_series, std::string> read(simdjson::dom::element root) {
    check_generator(root);
    auto fingerprint = read_fingerprint(root);
    const auto intervals = read_intervals(root);
    if (error_) return std::move(*error_);
    return make_series(std::move(fingerprint), intervals);
  }

 private:
  using element = simdjson::dom::element;

  void fail(std::string message) {
    if (!error_) error_ = std::move(message);
  }

  void check_generator(element root) {
    std::string_view name;
    if (root["generator"]["name"].get(name) != simdjson::SUCCESS || name != report_generator_name) {
      return fail("is not a loadgen report: `generator.name` is not \"loadgen\".");
    }
    std::int64_t version = 0;
    if (root["schema_version"].get(version) != simdjson::SUCCESS) {
      return fail("has no valid `schema_version`: it is missing or not an integer.");
    }
    if (version != report_schema_version) {
      fail("has `schema_version` " + std::to_string(version) + "; this version of loadgen reads " +
           std::to_string(report_schema_version) + ".");
    }
  }

  std::vector<std::pair<std::string, std::string>> read_fingerprint(element root) {
    std::vector<std::pair<std::string, std::string>> fingerprint;
    simdjson::dom::object fields;
    if (root["fingerprint"].get(fields) != simdjson::SUCCESS) fail("has no object `fingerprint`.");
    if (error_) return fingerprint;
    for (const auto [name, value] : fields) {
      std::string_view text;
      if (value.get(text) != simdjson::SUCCESS) fail("has a `fingerprint` with a value that is not a string.");
      fingerprint.emplace_back(name, text);
    }
    return fingerprint;
  }

  std::vector<interval_values> read_intervals(element root) {
    std::vector<interval_values> intervals;
    simdjson::dom::array elements;
    if (root["intervals"].get(elements) != simdjson::SUCCESS) fail("has no array `intervals`.");
    if (error_) return intervals;
    for (const element interval : elements) {
      path_ = "intervals[" + std::to_string(intervals.size()) + "].";
      intervals.push_back(read_interval(interval));
      if (error_) break;
    }
    return intervals;
  }

  interval_values read_interval(element interval) {
    interval_values values;
    values.length_s = read_length(interval);
    element totals;
    if (interval["totals"].get(totals) != simdjson::SUCCESS) fail("has no `" + path_ + "totals`.");
    if (error_) return values;
    path_ += "totals.";
    values.ended = read_integer(totals, "ended", no_maximum);
    values.answered = read_integer(totals, "answered", values.ended);
    values.failed = read_integer(totals, "failed", values.ended);
    if (values.answered == 0) return values;
    values.p50_us = read_integer(totals, "p50_us", histogram::highest_trackable_value);
    values.p99_us = read_integer(totals, "p99_us", histogram::highest_trackable_value);
    return values;
  }

  double read_length(element interval) {
    double length = 0;
    if (interval["length_s"].get(length) != simdjson::SUCCESS || !(length > 0)) {
      fail("has no positive number `" + path_ + "length_s`.");
    }
    return length;
  }

  std::uint64_t read_integer(element object, std::string_view name, std::uint64_t maximum) {
    std::uint64_t value = 0;
    const bool is_integer = object[name].get(value) == simdjson::SUCCESS;
    if (!is_integer || value > maximum) {
      const auto range = maximum == no_maximum ? std::string{"of at least 0"} : "from 0 to " + std::to_string(maximum);
      fail("has no valid `" + path_ + std::string{name} + "`: it is missing or not an integer " + range + ".");
    }
    return is_integer ? value : 0;
  }

  std::optional<std::string> error_;
  /// The path of the current object, with a trailing dot.
  std::string path_;
};

}  // namespace

result<run_series, std::string> parse_run_series(std::string_view json) {
  simdjson::dom::element root;
  // The parser copies the text with memcpy, whose source must not be null.
  if (json.empty() || json::thread_local_parser().parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    return "is not JSON.";
  }
  return report_reader{}.read(root);
}

run_series make_run_series(const run_report& report) {
  std::vector<interval_values> intervals;
  for (const auto& interval : report.intervals) {
    intervals.push_back({.length_s = to_seconds(interval.length),
                         .answered = interval.totals.answered,
                         .failed = interval.totals.failed,
                         .ended = interval.totals.ended,
                         .p50_us = interval.totals.p50_us,
                         .p99_us = interval.totals.p99_us});
  }
  return make_series(report.fingerprint, intervals);
}

}  // namespace cohort::loadgen
