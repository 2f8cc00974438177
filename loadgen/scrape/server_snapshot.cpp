// SPDX-License-Identifier: BSL-1.0
#include "loadgen/scrape/server_snapshot.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <cohort/http/message/field.hpp>

namespace cohort::loadgen {
namespace {

/// 2^53: doubles represent all integers up to this number.
constexpr double max_exact_count = 9'007'199'254'740'992;
/// Maximum bound of a bucket; a higher bound counts as infinite.
constexpr double max_bound_seconds = 1e9;

constexpr std::string_view request_counter_suffix = "http_requests_total";
constexpr std::string_view duration_bucket_suffix = "http_request_duration_seconds_bucket";

std::optional<double> parse_number(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

using label_map = std::map<std::string, std::string, std::less<>>;

/// Parses a label value up to and including its closing quote, and removes it from `text`.
std::optional<std::string> parse_label_value(std::string_view& text) {
  std::string value;
  while (!text.empty() && text.front() != '"') {
    const bool is_escaped = text.front() == '\\' && text.size() > 1;
    if (is_escaped) text.remove_prefix(1);
    value += is_escaped && text.front() == 'n' ? '\n' : text.front();
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  text.remove_prefix(1);
  return value;
}

/// Parses `name="value",…}` and removes it from `text`. Returns false if the text is malformed.
bool parse_labels(std::string_view& text, label_map& labels) {
  while (!text.empty() && text.front() != '}') {
    const auto equals = text.find("=\"");
    if (equals == std::string_view::npos) return false;
    std::string name{http::trimmed(text.substr(0, equals))};
    text.remove_prefix(equals + 2);
    auto value = parse_label_value(text);
    if (!value) return false;
    labels[std::move(name)] = std::move(*value);
    text = http::trimmed(text);
    if (!text.empty() && text.front() == ',') text = http::trimmed(text.substr(1));
  }
  if (text.empty()) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<metric_sample> parse_sample(std::string_view line) {
  metric_sample sample;
  const auto name_end = line.find_first_of("{ \t");
  if (line.starts_with('#') || name_end == 0 || name_end == std::string_view::npos) return std::nullopt;
  sample.name = line.substr(0, name_end);
  const bool has_labels = line[name_end] == '{';
  line.remove_prefix(name_end + 1);
  if (has_labels && !parse_labels(line, sample.labels)) return std::nullopt;
  line = http::trimmed(line);
  const auto value = parse_number(line.substr(0, line.find_first_of(" \t\r")));
  // Ignores NaN, infinities and very large values, which would invalidate the sums.
  if (!value || !(std::abs(*value) <= max_exact_count)) return std::nullopt;
  sample.value = *value;
  return sample;
}

bool has_route(const metric_sample& sample, std::string_view path) {
  static constexpr std::array<std::string_view, 4> route_labels{"endpoint", "path", "route", "handler"};
  return std::any_of(route_labels.begin(), route_labels.end(), [&](std::string_view label) {
    const auto found = sample.labels.find(label);
    return found != sample.labels.end() && found->second == path;
  });
}

}  // namespace

std::vector<metric_sample> parse_metrics(std::string_view text) {
  std::vector<metric_sample> samples;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (auto sample = parse_sample(http::trimmed(text.substr(0, end)))) samples.push_back(std::move(*sample));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return samples;
}

server_snapshot make_snapshot(const std::vector<metric_sample>& samples, std::string_view path) {
  const bool has_route_series =
      !path.empty() && std::any_of(samples.begin(), samples.end(), [&](const metric_sample& sample) {
        return sample.name.ends_with(request_counter_suffix) && has_route(sample, path);
      });
  server_snapshot snapshot;
  double requests = 0;
  for (const auto& sample : samples) {
    if (sample.name == "process_cpu_seconds_total") snapshot.cpu_seconds = sample.value;
    if (sample.name == "process_resident_memory_bytes") snapshot.resident_bytes = sample.value;
    if (has_route_series && !has_route(sample, path)) continue;
    if (sample.name.ends_with(request_counter_suffix)) {
      snapshot.has_request_counter = true;
      requests += sample.value;
    }
    const auto bound = sample.labels.find("le");
    if (!sample.name.ends_with(duration_bucket_suffix) || bound == sample.labels.end()) continue;
    const auto upper_bound = parse_number(bound->second);
    if (upper_bound && *upper_bound > 0) snapshot.buckets[*upper_bound] += sample.value;
  }
  snapshot.request_count = static_cast<std::uint64_t>(std::llround(std::clamp(requests, 0.0, max_exact_count)));
  return snapshot;
}

std::optional<std::uint64_t> percentile_between(const server_snapshot& before, const server_snapshot& after,
                                                double percent) {
  if (after.buckets.empty()) return std::nullopt;
  const auto increase = [&](const std::pair<const double, double>& bucket) {
    const auto found = before.buckets.find(bucket.first);
    return bucket.second - (found == before.buckets.end() ? 0 : found->second);
  };
  const auto total = increase(*after.buckets.rbegin());
  if (total <= 0) return std::nullopt;
  const auto rank = percent / 100 * total;
  double lower_bound = 0;
  double lower_count = 0;
  for (const auto& bucket : after.buckets) {
    const auto upper_bound = bucket.first;
    const auto upper_count = increase(bucket);
    if (upper_count >= rank) {
      if (upper_bound > max_bound_seconds) return std::nullopt;
      const auto fraction = upper_count > lower_count ? (rank - lower_count) / (upper_count - lower_count) : 1;
      const auto seconds = lower_bound + (upper_bound - lower_bound) * fraction;
      return static_cast<std::uint64_t>(std::llround(seconds * 1e6));
    }
    lower_bound = upper_bound;
    lower_count = upper_count;
  }
  return std::nullopt;
}

}  // namespace cohort::loadgen
