// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/exposition.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>

namespace cohort::telemetry {
namespace {

using prometheus::MetricType;

constexpr std::string_view counter_suffix = "_total";
/// The base units of OpenMetrics that the metrics use.
constexpr std::array<std::string_view, 2> units{"seconds", "bytes"};

template <class... Format>
void append_digits(std::string& text, Format... arguments) {
  std::array<char, 32> digits;
  auto* const end = digits.data() + digits.size();
  text.append(digits.data(), std::to_chars(digits.data(), end, arguments...).ptr);
}

bool append_if_not_finite(std::string& text, double value) {
  if (std::isfinite(value)) return false;
  text += std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  return true;
}

void append_value(std::string& text, double value) {
  if (append_if_not_finite(text, value)) return;
  constexpr double max_integer = 1e15;
  if (std::trunc(value) == value && std::abs(value) < max_integer) {
    append_digits(text, static_cast<std::int64_t>(value));
  } else {
    append_digits(text, value);
  }
}

/// Both formats use the notation of OpenMetrics ("Canonical Numbers"): that of Go, with `.0` appended if there is
/// neither a decimal point nor an exponent. Prometheus before 3.0 compares bounds as text, so `1` and `1.0` would be
/// two series. Prometheus 3 converts bounds to this notation, which the text format permits.
void append_bound(std::string& text, double bound) {
  if (append_if_not_finite(text, bound)) return;
  const auto start = text.size();
  append_digits(text, bound, std::chars_format::general);
  if (text.find_first_of(".e", start) == std::string::npos) text += ".0";
}

void append_escaped(std::string& text, std::string_view value, bool escapes_quotes) {
  const auto is_special = [escapes_quotes](char c) { return c == '\n' || c == '\\' || (escapes_quotes && c == '"'); };
  for (;;) {
    const auto next = std::find_if(value.begin(), value.end(), is_special);
    text.append(value.begin(), next);
    if (next == value.end()) return;
    text.append(1, '\\').append(1, *next == '\n' ? 'n' : *next);
    value.remove_prefix(static_cast<std::size_t>(next - value.begin()) + 1);
  }
}

void append_label(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append("=\"");
  append_escaped(text, value, true);
  text += '"';
}

/// The label set has 40 characters; OpenMetrics permits 128.
void append_exemplar(std::string& text, const exemplar& exemplar) {
  const auto trace = exemplar.trace.hex();
  const auto seconds = to_seconds(exemplar.timestamp.time_since_epoch());
  text += " # {";
  append_label(text, "trace_id", {trace.data(), trace.size()});
  text += "} ";
  append_value(text, exemplar.value);
  text += ' ';
  append_digits(text, seconds, std::chars_format::fixed, 3);
}

class metric_serializer {
 public:
  metric_serializer(const std::vector<prometheus::MetricFamily>& families, exposition_format format)
      : is_open_metrics_(format == exposition_format::open_metrics) {
    for (const auto& family : families) family_names_.insert(family.name);
  }

  void append(const prometheus::MetricFamily& family, const std::vector<bucket_exemplars>* exemplars) {
    append_metadata(family);
    for (std::size_t i = 0; i < family.metric.size(); ++i) {
      const auto& metric = family.metric[i];
      render_labels(metric);
      if (family.type == MetricType::Histogram) {
        append_histogram(family.name, metric.histogram,
                         exemplars && i < exemplars->size() ? &(*exemplars)[i] : nullptr);
      } else {
        append_sample(family.name, "", read_value(family.type, metric));
      }
    }
  }

  std::string finish() && {
    if (is_open_metrics_) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  static double read_value(MetricType type, const prometheus::ClientMetric& metric) {
    switch (type) {
      case MetricType::Counter: return metric.counter.value;
      case MetricType::Gauge: return metric.gauge.value;
      default: return metric.untyped.value;
    }
  }

  /// Returns the name without `_total`, unless another family has that name.
  std::string_view counter_family_name(std::string_view name) const {
    if (!name.ends_with(counter_suffix)) return name;
    const auto base = name.substr(0, name.size() - counter_suffix.size());
    return family_names_.contains(base) ? name : base;
  }

  void append_metadata(const prometheus::MetricFamily& family) {
    const bool is_counter = family.type == MetricType::Counter;
    const std::string_view full_name = family.name;
    const auto name = is_open_metrics_ && is_counter ? counter_family_name(full_name) : full_name;
    std::string_view type = is_open_metrics_ ? "unknown" : "untyped";
    if (is_counter && (!is_open_metrics_ || name != full_name)) type = "counter";
    if (family.type == MetricType::Gauge) type = "gauge";
    if (family.type == MetricType::Histogram) type = "histogram";
    if (!family.help.empty()) {
      text_.append("# HELP ").append(name).append(" ");
      append_escaped(text_, family.help, is_open_metrics_);
      text_ += '\n';
    }
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
    if (is_open_metrics_) append_unit(name);
  }

  void append_unit(std::string_view name) {
    for (const auto unit : units) {
      if (name.ends_with(unit) && name.substr(0, name.size() - unit.size()).ends_with('_'))
        text_.append("# UNIT ").append(name).append(" ").append(unit).append("\n");
    }
  }

  /// Renders the labels of the metric once for all of its series: `{name="value",…` without the closing brace.
  void render_labels(const prometheus::ClientMetric& metric) {
    labels_.clear();
    for (const auto& label : metric.label) {
      labels_ += labels_.empty() ? '{' : ',';
      append_label(labels_, label.name, label.value);
    }
  }

  void append_histogram(std::string_view name, const prometheus::ClientMetric::Histogram& histogram,
                        const bucket_exemplars* exemplars) {
    append_sample(name, "_count", static_cast<double>(histogram.sample_count));
    append_sample(name, "_sum", histogram.sample_sum);
    for (std::size_t i = 0; i < histogram.bucket.size(); ++i) {
      const auto& bucket = histogram.bucket[i];
      text_.append(name).append("_bucket").append(labels_).append(labels_.empty() ? "{le=\"" : ",le=\"");
      text_.append(bound_text(i, bucket.upper_bound)).append("\"} ");
      append_value(text_, static_cast<double>(bucket.cumulative_count));
      if (exemplars && i < exemplars->size() && (*exemplars)[i]) append_exemplar(text_, *(*exemplars)[i]);
      text_ += '\n';
    }
  }

  void append_sample(std::string_view name, std::string_view suffix, double value) {
    text_.append(name).append(suffix).append(labels_).append(labels_.empty() ? " " : "} ");
    append_value(text_, value);
    text_ += '\n';
  }

  /// Returns the text of the bound of the bucket at this index. Most histograms have the same bounds as the previous
  /// histogram.
  std::string_view bound_text(std::size_t index, double bound) {
    if (index == bounds_.size()) bounds_.emplace_back();
    auto& cached_bound = bounds_[index];
    if (cached_bound.text.empty() || cached_bound.bound != bound) {
      cached_bound = {bound, {}};
      append_bound(cached_bound.text, bound);
    }
    return cached_bound.text;
  }

  struct rendered_bound {
    double bound = 0;
    std::string text;
  };

  bool is_open_metrics_;
  std::set<std::string, std::less<>> family_names_;
  std::string text_;
  std::string labels_;
  std::vector<rendered_bound> bounds_;
};

}  // namespace

std::string serialize_metrics(const std::vector<prometheus::MetricFamily>& families, exposition_format format,
                              const exemplar_table& exemplars) {
  metric_serializer serializer{families, format};
  for (const auto& family : families) {
    const auto found = exemplars.find(family.name);
    serializer.append(family, found == exemplars.end() ? nullptr : &found->second);
  }
  return std::move(serializer).finish();
}

}  // namespace cohort::telemetry
