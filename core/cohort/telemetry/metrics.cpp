// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/metrics.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string_view>

#include <cohort/runtime/loop.hpp>
#include <cohort/telemetry/exposition.hpp>

namespace cohort::telemetry {

namespace detail {

std::size_t current_shard(std::size_t shard_count) noexcept {
  const auto* current = loop::current_or_null();
  const auto shard = current ? current->index() + 1 : 0;
  return shard < shard_count ? shard : 0;
}

void add(std::atomic<double>& value, double amount, bool is_shared) noexcept {
  auto expected = value.load(std::memory_order_relaxed);
  if (!is_shared) {
    value.store(expected + amount, std::memory_order_relaxed);
    return;
  }
  while (!value.compare_exchange_weak(expected, expected + amount, std::memory_order_relaxed)) {
  }
}

}  // namespace detail

histogram::histogram(std::size_t shard_count, std::vector<double> bounds)
    : bounds_(std::move(bounds)),
      shards_(shard_count),
      exemplar_expiry_(std::make_unique<std::atomic<time_point::rep>[]>(bounds_.size() + 1)),
      exemplars_(bounds_.size() + 1) {
  for (auto& shard : shards_) shard.buckets = std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1);
}

void histogram::observe(double value) noexcept { count(value); }

void histogram::observe(double value, const trace_context& trace, time_point now) noexcept {
  const auto bucket = count(value);
  if (!trace.is_sampled || now.time_since_epoch().count() < exemplar_expiry_[bucket].load(std::memory_order_relaxed))
    return;
  if (const auto* current = loop::current_or_null()) {
    store_exemplar(bucket, {trace.id, value, current->wall_now()}, now);
  }
}

/// Returns the index of the value's bucket.
std::size_t histogram::count(double value) noexcept {
  const auto shard_index = detail::current_shard(shards_.size());
  const bool is_shared = shard_index == 0;
  auto& local_shard = shards_[shard_index];
  const auto bucket =
      static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin());
  auto& bucket_count = local_shard.buckets[bucket];
  if (is_shared) {
    bucket_count.fetch_add(1, std::memory_order_relaxed);
  } else {
    bucket_count.store(bucket_count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  detail::add(local_shard.sum, value, is_shared);
  return bucket;
}

void histogram::store_exemplar(std::size_t bucket, const exemplar& exemplar, time_point now) noexcept {
  // If a scrape or another loop holds the lock, this exemplar is skipped; the next observation can become the exemplar.
  const std::unique_lock lock{exemplars_mutex_, std::try_to_lock};
  if (!lock) return;
  exemplars_[bucket] = exemplar;
  exemplar_expiry_[bucket].store((now + min_exemplar_age).time_since_epoch().count(), std::memory_order_relaxed);
}

bucket_exemplars histogram::exemplars() const {
  const std::lock_guard lock{exemplars_mutex_};
  return exemplars_;
}

prometheus::ClientMetric::Histogram histogram::snapshot() const {
  prometheus::ClientMetric::Histogram merged;
  merged.bucket.reserve(bounds_.size() + 1);
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    for (const auto& shard : shards_) cumulative += shard.buckets[i].load(std::memory_order_relaxed);
    prometheus::ClientMetric::Bucket bucket;
    bucket.cumulative_count = cumulative;
    bucket.upper_bound = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
    merged.bucket.push_back(bucket);
  }
  for (const auto& shard : shards_) merged.sample_sum += shard.sum.load(std::memory_order_relaxed);
  merged.sample_count = cumulative;
  return merged;
}

const std::vector<double>& duration_bounds() {
  static const std::vector<double> bounds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                          0.05,    0.1,    0.25,    0.5,    1,     2.5,    5,     10};
  return bounds;
}

namespace {

/// Checks the syntax of a name in Prometheus. One invalid name invalidates all metrics of the scrape.
bool is_metric_name(std::string_view name, bool permits_colon) noexcept {
  const auto is_letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (permits_colon && c == ':');
  };
  const auto is_permitted = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, is_permitted);
}

void check_names(const std::string& name, const label_set& labels) {
  if (!is_metric_name(name, true)) {
    throw std::invalid_argument{"the name of the metric \"" + name + "\" must consist of letters, digits, '_' and ':'"};
  }
  for (const auto& [label, value] : labels) {
    if (is_metric_name(label, false)) continue;
    throw std::invalid_argument{"the name of the label \"" + label + "\" of the metric " + name +
                                " must consist of letters, digits and '_'"};
  }
}

/// Throws if `others`, the families of other types, contain the name.
template <class... Families>
void check_type(const std::string& name, const Families&... others) {
  if ((others.contains(name) || ...)) throw std::logic_error{"two metrics of different types have the name " + name};
}

}  // namespace

template <class Metric, class Make>
Metric& registry::find_or_make(std::map<std::string, family<Metric>>& families, const std::string& name,
                               const std::string& help, const label_set& labels, Make make) {
  check_names(name, labels);
  auto& found = families[name];
  if (found.help.empty()) found.help = help;
  auto& metric = found.metrics[labels];
  if (!metric) metric = make();
  return *metric;
}

registry::registry(std::size_t loops) : shard_count_(loops + 1) {}

registry::~registry() = default;

counter& registry::make_counter(const std::string& name, const std::string& help, const label_set& labels) {
  const std::lock_guard lock{mutex_};
  check_type(name, gauges_, histograms_);
  return find_or_make(counters_, name, help, labels, [this] { return std::make_unique<counter>(shard_count_); });
}

gauge& registry::make_gauge(const std::string& name, const std::string& help, const label_set& labels) {
  const std::lock_guard lock{mutex_};
  check_type(name, counters_, histograms_);
  return find_or_make(gauges_, name, help, labels, [this] { return std::make_unique<gauge>(shard_count_); });
}

histogram& registry::make_histogram(const std::string& name, const std::string& help, const label_set& labels,
                                    const std::vector<double>& bounds) {
  const std::lock_guard lock{mutex_};
  check_type(name, counters_, gauges_);
  return find_or_make(histograms_, name, help, labels,
                      [&] { return std::make_unique<histogram>(shard_count_, bounds); });
}

void registry::add_collector(std::function<void(std::vector<prometheus::MetricFamily>&)> collector) {
  const std::lock_guard lock{mutex_};
  collectors_.push_back(std::move(collector));
}

namespace {

template <class Families, class Fill>
void append_families(std::vector<prometheus::MetricFamily>& output, const Families& families,
                     prometheus::MetricType type, Fill fill) {
  for (const auto& [name, family] : families) {
    prometheus::MetricFamily collected_family;
    collected_family.name = name;
    collected_family.help = family.help;
    collected_family.type = type;
    collected_family.metric.reserve(family.metrics.size());
    for (const auto& [labels, metric] : family.metrics) {
      auto& values = collected_family.metric.emplace_back();
      values.label.reserve(labels.size());
      for (const auto& [label, value] : labels) values.label.push_back({label, value});
      fill(values, *metric);
    }
    output.push_back(std::move(collected_family));
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> registry::collect(exemplar_table* exemplars) const {
  const std::lock_guard lock{mutex_};
  // Exemplars are read before the counts, so that every exemplar has been counted.
  if (exemplars) {
    for (const auto& [name, histograms] : histograms_) {
      auto& family_exemplars = (*exemplars)[name];
      for (const auto& [labels, metric] : histograms.metrics) family_exemplars.push_back(metric->exemplars());
    }
  }
  std::vector<prometheus::MetricFamily> all;
  append_families(all, counters_, prometheus::MetricType::Counter,
                  [](auto& values, const counter& metric) { values.counter.value = metric.value(); });
  append_families(all, gauges_, prometheus::MetricType::Gauge,
                  [](auto& values, const gauge& metric) { values.gauge.value = metric.value(); });
  append_families(all, histograms_, prometheus::MetricType::Histogram,
                  [](auto& values, const histogram& metric) { values.histogram = metric.snapshot(); });
  for (const auto& collector : collectors_) collector(all);
  return all;
}

std::string registry::prometheus_text() const {
  return serialize_metrics(collect(), exposition_format::prometheus_text);
}

std::string registry::open_metrics_text() const {
  exemplar_table exemplars;
  const auto families = collect(&exemplars);
  return serialize_metrics(families, exposition_format::open_metrics, exemplars);
}

prometheus::MetricFamily single_value_family(std::string name, std::string help, prometheus::MetricType type,
                                             double value) {
  prometheus::MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
  return family;
}

}  // namespace cohort::telemetry
