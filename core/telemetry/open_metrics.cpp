#include "core/telemetry/open_metrics.hpp"

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
/// OpenMetrics' base units, as far as there is something measured in them here.
constexpr std::array<std::string_view, 2> units{"seconds", "bytes"};

template <class... Format>
void append_digits(std::string& to, Format... how) {
  std::array<char, 32> text;
  to.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), how...).ptr);
}

bool append_if_not_finite(std::string& to, double value) {
  if (std::isfinite(value)) return false;
  to += std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  return true;
}

void append_value(std::string& to, double value) {
  if (append_if_not_finite(to, value)) return;
  constexpr double exact_integers = 1e15;
  if (std::trunc(value) == value && std::abs(value) < exact_integers) {
    append_digits(to, static_cast<std::int64_t>(value));
  } else {
    append_digits(to, value);
  }
}

/// A bucket's bound is a label, hence a text, and Prometheus before 3.0 takes it as it stands: `1` and `1.0` would be
/// two series. OpenMetrics asks for Go's notation with `.0` where neither point nor exponent is ("Canonical Numbers"),
/// Prometheus 3 rewrites all bounds to that, and format 0.0.4 takes any number. So it is written in both formats.
void append_bound(std::string& to, double bound) {
  if (append_if_not_finite(to, bound)) return;
  const auto start = to.size();
  append_digits(to, bound, std::chars_format::general);
  if (to.find_first_of(".e", start) == std::string::npos) to += ".0";
}

void append_escaped(std::string& to, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      to += "\\n";
      continue;
    }
    if (c == '\\' || (quotes && c == '"')) to += '\\';
    to += c;
  }
}

void append_label(std::string& to, std::string_view name, std::string_view value) {
  to.append(name).append("=\"");
  append_escaped(to, value, true);
  to += '"';
}

/// Its label set is 40 characters long; 128 are allowed.
void append_exemplar(std::string& to, const exemplar& found) {
  const auto trace = found.trace.hex();
  to += " # {";
  append_label(to, "trace_id", {trace.data(), trace.size()});
  to += "} ";
  append_value(to, found.value);
  to += ' ';
  append_digits(to, std::chrono::duration<double>(found.at.time_since_epoch()).count(), std::chars_format::fixed, 3);
}

class page {
 public:
  page(const std::vector<prometheus::MetricFamily>& families, exposition format) : open_(format != exposition::text) {
    for (const auto& each : families) names_.insert(each.name);
  }

  void append(const prometheus::MetricFamily& family, const std::vector<bucket_exemplars>* exemplars) {
    append_head(family);
    for (std::size_t i = 0; i < family.metric.size(); ++i) {
      const auto& metric = family.metric[i];
      if (family.type == MetricType::Histogram) {
        append_histogram(family.name, metric, exemplars && i < exemplars->size() ? &(*exemplars)[i] : nullptr);
      } else {
        append_sample(family.name, "", metric, value_of(family.type, metric));
      }
    }
  }

  std::string take() && {
    if (open_) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  static double value_of(MetricType type, const prometheus::ClientMetric& metric) {
    switch (type) {
      case MetricType::Counter: return metric.counter.value;
      case MetricType::Gauge: return metric.gauge.value;
      default: return metric.untyped.value;
    }
  }

  std::string_view without_total(std::string_view name) const {
    if (!name.ends_with(counter_suffix)) return name;
    const auto shorter = name.substr(0, name.size() - counter_suffix.size());
    return names_.contains(shorter) ? name : shorter;
  }

  void append_head(const prometheus::MetricFamily& family) {
    const bool counts = family.type == MetricType::Counter;
    const auto name = open_ && counts ? without_total(family.name) : std::string_view{family.name};
    std::string_view type = open_ ? "unknown" : "untyped";
    if (counts && (!open_ || name != family.name)) type = "counter";
    if (family.type == MetricType::Gauge) type = "gauge";
    if (family.type == MetricType::Histogram) type = "histogram";
    if (!family.help.empty()) {
      text_.append("# HELP ").append(name).append(" ");
      append_escaped(text_, family.help, open_);
      text_ += '\n';
    }
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
    if (open_) append_unit(name);
  }

  void append_unit(std::string_view name) {
    for (const auto unit : units) {
      if (name.ends_with(unit) && name.substr(0, name.size() - unit.size()).ends_with('_'))
        text_.append("# UNIT ").append(name).append(" ").append(unit).append("\n");
    }
  }

  void append_histogram(std::string_view name, const prometheus::ClientMetric& metric, const bucket_exemplars* with) {
    const auto& seen = metric.histogram;
    append_sample(name, "_count", metric, static_cast<double>(seen.sample_count));
    append_sample(name, "_sum", metric, seen.sample_sum);
    for (std::size_t i = 0; i < seen.bucket.size(); ++i) {
      const auto& bucket = seen.bucket[i];
      append_series(name, "_bucket", metric, &bucket.upper_bound);
      append_value(text_, static_cast<double>(bucket.cumulative_count));
      if (with && i < with->size() && (*with)[i]) append_exemplar(text_, *(*with)[i]);
      text_ += '\n';
    }
  }

  void append_sample(std::string_view name, std::string_view suffix, const prometheus::ClientMetric& metric,
                     double value) {
    append_series(name, suffix, metric, nullptr);
    append_value(text_, value);
    text_ += '\n';
  }

  /// Name and labels, and the space before the value.
  void append_series(std::string_view name, std::string_view suffix, const prometheus::ClientMetric& metric,
                     const double* bound) {
    text_.append(name).append(suffix);
    char before = '{';
    for (const auto& label : metric.label) {
      text_ += std::exchange(before, ',');
      append_label(text_, label.name, label.value);
    }
    if (bound) {
      text_.append(1, std::exchange(before, ',')).append("le=\"");
      append_bound(text_, *bound);
      text_ += '"';
    }
    text_ += before == ',' ? "} " : " ";
  }

  bool open_;
  std::set<std::string, std::less<>> names_;
  std::string text_;
};

}  // namespace

std::string exposed(const std::vector<prometheus::MetricFamily>& families, exposition format,
                    const exemplar_table& exemplars) {
  page made{families, format};
  for (const auto& each : families) {
    const auto found = exemplars.find(each.name);
    made.append(each, found == exemplars.end() ? nullptr : &found->second);
  }
  return std::move(made).take();
}

}  // namespace cohort::telemetry
