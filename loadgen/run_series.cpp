#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "core/json/reader.hpp"
#include "loadgen/outputs.hpp"
#include "loadgen/report_schema.hpp"

namespace cohort::loadgen {
namespace {

/// What is compared of an interval: the same whether it comes from memory or from a file, so that both give one series.
struct compared_interval {
  double length_s = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  std::uint64_t ended = 0;
  std::uint64_t p50_us = 0;
  std::uint64_t p99_us = 0;
};

/// The length that most have; of equally many, the greater one.
double usual_length(const std::vector<compared_interval>& all) {
  std::vector<double> lengths;
  for (const auto& each : all) lengths.push_back(each.length_s);
  std::sort(lengths.begin(), lengths.end());
  double usual = 0;
  std::ptrdiff_t most = 0;
  for (auto first = lengths.begin(); first != lengths.end();) {
    const auto last = std::upper_bound(first, lengths.end(), *first);
    if (last - first >= most) {
      usual = *first;
      most = last - first;
    }
    first = last;
  }
  return usual;
}

run_series series_from(std::vector<std::pair<std::string, std::string>> fingerprint,
                       const std::vector<compared_interval>& intervals) {
  run_series series{.fingerprint = std::move(fingerprint)};
  const double usual = usual_length(intervals);
  for (const auto& each : intervals) {
    if (each.length_s != usual) continue;
    if (each.answered != 0) {
      series.p50_us.push_back(static_cast<double>(each.p50_us));
      series.p99_us.push_back(static_cast<double>(each.p99_us));
    }
    if (each.ended != 0) {
      series.failed_share.push_back(static_cast<double>(each.failed) / static_cast<double>(each.ended));
    }
  }
  return series;
}

/// Reads one report. The first thing that is wrong is kept, without a subject since only the caller knows the file's
/// name, and what follows it reads as nothing.
class report_reader {
 public:
  result<run_series, std::string> read(simdjson::dom::element root) {
    check_origin(root);
    auto fingerprint = read_fingerprint(root);
    const auto intervals = read_intervals(root);
    if (wrong_) return std::move(*wrong_);
    return series_from(std::move(fingerprint), intervals);
  }

 private:
  using element = simdjson::dom::element;

  void fail(std::string sentence) {
    if (!wrong_) wrong_ = std::move(sentence);
  }

  void check_origin(element root) {
    std::string_view name;
    if (root["generator"]["name"].get(name) != simdjson::SUCCESS || name != report_generator) {
      return fail("is JSON, but no report of loadgen: its `generator.name` is not \"loadgen\".");
    }
    std::int64_t version = 0;
    if (root["schema_version"].get(version) != simdjson::SUCCESS) {
      return fail("has no `schema_version` that is a whole number.");
    }
    if (version != report_schema_version) {
      fail("has `schema_version` " + std::to_string(version) + ", but this loadgen reads only " +
           std::to_string(report_schema_version) + ".");
    }
  }

  std::vector<std::pair<std::string, std::string>> read_fingerprint(element root) {
    std::vector<std::pair<std::string, std::string>> read;
    simdjson::dom::object fields;
    if (root["fingerprint"].get(fields) != simdjson::SUCCESS) fail("has no object `fingerprint`.");
    if (wrong_) return read;
    for (const auto [name, value] : fields) {
      std::string_view text;
      if (value.get(text) != simdjson::SUCCESS) fail("has a `fingerprint` with a value that is no string.");
      read.emplace_back(name, text);
    }
    return read;
  }

  std::vector<compared_interval> read_intervals(element root) {
    std::vector<compared_interval> read;
    simdjson::dom::array intervals;
    if (root["intervals"].get(intervals) != simdjson::SUCCESS) fail("has no array `intervals`.");
    if (wrong_) return read;
    for (const element each : intervals) {
      where_ = "intervals[" + std::to_string(read.size()) + "].";
      read.push_back(read_interval(each));
      if (wrong_) break;
    }
    return read;
  }

  compared_interval read_interval(element from) {
    compared_interval read;
    read.length_s = length(from);
    element totals;
    if (from["totals"].get(totals) != simdjson::SUCCESS) fail("has no `" + where_ + "totals`.");
    if (wrong_) return read;
    where_ += "totals.";
    // Each is at most the one before it: whatever was answered or failed has ended.
    constexpr std::uint64_t any = ~std::uint64_t{0};
    read.ended = whole_number(totals, "ended", any);
    read.answered = whole_number(totals, "answered", read.ended);
    read.failed = whole_number(totals, "failed", read.ended);
    if (read.answered == 0) return read;
    read.p50_us = whole_number(totals, "p50_us", histogram::greatest_trackable);
    read.p99_us = whole_number(totals, "p99_us", histogram::greatest_trackable);
    return read;
  }

  double length(element from) {
    double value = 0;
    if (from["length_s"].get(value) != simdjson::SUCCESS || !(value > 0)) {
      fail("has no `" + where_ + "length_s` that is a number above 0.");
    }
    return value;
  }

  std::uint64_t whole_number(element from, std::string_view name, std::uint64_t most) {
    std::uint64_t value = 0;
    const bool whole = from[name].get(value) == simdjson::SUCCESS;
    if (!whole || value > most) {
      fail("has no `" + where_ + std::string{name} + "` that is a whole number from 0" +
           (most == ~std::uint64_t{0} ? std::string{"."} : " to " + std::to_string(most) + "."));
    }
    return whole ? value : 0;
  }

  std::optional<std::string> wrong_;
  std::string where_;
};

}  // namespace

result<run_series, std::string> read_run_series(std::string_view json) {
  simdjson::dom::element root;
  if (json::thread_parser().parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    return "is not JSON.";
  }
  return report_reader{}.read(root);
}

run_series series_of(const report& of) {
  std::vector<compared_interval> intervals;
  for (const auto& each : of.intervals) {
    intervals.push_back({.length_s = std::chrono::duration<double>(each.length).count(),
                         .answered = each.all.answered,
                         .failed = each.all.failed,
                         .ended = each.all.ended,
                         .p50_us = each.all.p50_us,
                         .p99_us = each.all.p99_us});
  }
  return series_from(of.fingerprint, intervals);
}

}  // namespace cohort::loadgen
