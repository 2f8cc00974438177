// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/rule_series.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <vector>

namespace cohort::simulation::alerts {
namespace {

/// A series in PromQL notation, whose labels can be read and removed.
class series_key {
 public:
  explicit series_key(std::string text) : text_(std::move(text)) {}

  const std::string& text() const noexcept { return text_; }
  std::string_view name() const noexcept { return std::string_view{text_}.substr(0, text_.find('{')); }
  std::string_view label(std::string_view label) const {
    const auto [begin, value, end] = find(label);
    return std::string_view{text_}.substr(value, end - value);
  }
  /// `value` replaces the label's value; an empty value removes the label.
  void set(std::string_view label, std::string_view value) {
    const auto [begin, old_value, end] = find(label);
    if (begin == end) return;
    if (value.empty()) {
      text_.erase(begin, end + 1 - begin);
    } else {
      text_.replace(old_value, end - old_value, value);
    }
  }

 private:
  struct position {
    /// The position of the comma before the label. A series starts with the labels of its target.
    std::size_t begin;
    std::size_t value;
    /// The position of the quotation mark after the value. All positions are equal if the label does not exist.
    std::size_t end;
  };
  position find(std::string_view label) const {
    const auto begin = text_.find("," + std::string{label} + "=\"");
    if (begin == std::string::npos) return {text_.size(), text_.size(), text_.size()};
    const auto value = begin + label.size() + 3;
    return {begin, value, text_.find('"', value)};
  }

  std::string text_;
};

bool is_http_metric(std::string_view name) {
  return name.ends_with("_service_http_requests_total") ||
         name.find("_service_http_request_duration_seconds_") != std::string_view::npos;
}

bool is_zero(const sample_list& samples) {
  return std::all_of(samples.begin(), samples.end(), [](const auto& value) { return value.value_or(0) == 0; });
}

/// Whether rules exclude the series by its endpoint.
bool is_excluded(std::string_view endpoint) { return endpoint == "/api/alerts" || endpoint == "/api/faults"; }

void add_samples(sample_list& sum, const sample_list& samples) {
  sum.resize(std::max(sum.size(), samples.size()));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i]) sum[i] = sum[i].value_or(0) + *samples[i];
  }
}

series_table sum_endpoints(const series_table& series, const rule_files& rules) {
  const bool has_quantiles = rules.contains({"histogram_quantile", "http_request_duration_seconds"});
  series_table added;
  for (const auto& [text, samples] : series) {
    series_key key{text};
    if (!is_http_metric(key.name())) {
      added[text] = samples;
      continue;
    }
    const auto bound = key.label("le");
    const bool is_bound_selected = bound.empty() || rules.contains({"\"" + std::string{bound} + "\""});
    if (is_excluded(key.label("endpoint")) || (!is_bound_selected && !has_quantiles)) continue;
    key.set("endpoint", {});
    key.set("method", {});
    add_samples(added[key.text()], samples);
  }
  return added;
}

/// The series without the labels over which the rules sum. The rules do not distinguish statuses of the same class.
std::string summed_group(const std::string& text) {
  series_key key{text};
  key.set("endpoint", {});
  const std::string status{key.label("status")};
  if (!status.empty()) key.set("status", status.starts_with('5') ? "5xx" : "other");
  return key.text();
}

/// Whether `samples` has a value in each scrape in which `other` has one.
bool covers(const sample_list& samples, const sample_list& other) {
  for (std::size_t i = 0; i < other.size(); ++i) {
    if (other[i] && (i >= samples.size() || !samples[i])) return false;
  }
  return true;
}

void omit_zeros(series_table& series) {
  std::map<std::string, std::vector<const sample_list*>> kept;
  for (const auto& [text, samples] : series) {
    if (!is_zero(samples)) kept[summed_group(text)].push_back(&samples);
  }
  std::erase_if(series, [&](const auto& entry) {
    const auto group = summed_group(entry.first);
    if (group == entry.first || !is_zero(entry.second)) return false;
    auto& others = kept[group];
    const bool is_covered =
        std::any_of(others.begin(), others.end(), [&](const auto* other) { return covers(*other, entry.second); });
    if (!is_covered) others.push_back(&entry.second);
    return is_covered;
  });
}

double parse_bound(std::string_view text) {
  return text == "+Inf" ? std::numeric_limits<double>::infinity() : std::strtod(std::string{text}.c_str(), nullptr);
}

void omit_equal_buckets(series_table& series) {
  std::map<std::string, std::map<double, series_table::iterator>> histograms;
  for (auto entry = series.begin(); entry != series.end(); ++entry) {
    series_key key{entry->first};
    if (key.name() != "cohort_loop_lag_seconds_bucket") continue;
    const auto bound = parse_bound(key.label("le"));
    key.set("le", {});
    histograms[key.text()].emplace(bound, entry);
  }
  for (const auto& [name, buckets] : histograms) {
    std::vector<series_table::iterator> sorted;
    for (const auto& [bound, entry] : buckets) sorted.push_back(entry);
    std::vector<series_table::iterator> omitted_entries;
    // The last two bounds are kept, because a quantile above the last finite bound is equal to that bound.
    for (std::size_t i = 1; i + 2 < sorted.size(); ++i) {
      const bool is_inner = sorted[i - 1]->second == sorted[i]->second && sorted[i]->second == sorted[i + 1]->second;
      if (is_inner) omitted_entries.push_back(sorted[i]);
    }
    for (const auto entry : omitted_entries) series.erase(entry);
  }
}

}  // namespace

series_table reduce_series(const series_table& series, const rule_files& rules) {
  auto reduced_series = sum_endpoints(series, rules);
  omit_zeros(reduced_series);
  omit_equal_buckets(reduced_series);
  return reduced_series;
}

}  // namespace cohort::simulation::alerts
