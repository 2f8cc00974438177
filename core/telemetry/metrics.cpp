#include "core/telemetry/metrics.hpp"

#include <algorithm>
#include <limits>

#include "core/runtime/loop.hpp"
#include "core/telemetry/open_metrics.hpp"

namespace cohort::telemetry {

namespace detail {

std::size_t this_shard(std::size_t shards) noexcept {
  const auto* here = loop::current_or_null();
  const auto mine = here ? here->index() + 1 : 0;
  return mine < shards ? mine : 0;
}

void add_to(std::atomic<double>& value, double amount, bool shared) noexcept {
  const auto before = value.load(std::memory_order_relaxed);
  if (!shared) {
    value.store(before + amount, std::memory_order_relaxed);
    return;
  }
  auto expected = before;
  while (!value.compare_exchange_weak(expected, expected + amount, std::memory_order_relaxed)) {
  }
}

}  // namespace detail

histogram::histogram(std::size_t shards, std::vector<double> bounds)
    : bounds_(std::move(bounds)),
      shards_(shards),
      exemplar_until_(std::make_unique<std::atomic<time_point::rep>[]>(bounds_.size() + 1)),
      exemplars_(bounds_.size() + 1) {
  for (auto& each : shards_) each.buckets = std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1);
}

void histogram::observe(double amount) noexcept { count_in_bucket(amount); }

void histogram::observe(double amount, const trace_context& of, time_point now) noexcept {
  const auto bucket = count_in_bucket(amount);
  if (!of.sampled || now.time_since_epoch().count() < exemplar_until_[bucket].load(std::memory_order_relaxed)) return;
  if (const auto* here = loop::current_or_null()) keep_exemplar(bucket, {of.id, amount, here->wall_now()}, now);
}

std::size_t histogram::count_in_bucket(double amount) noexcept {
  const auto mine = detail::this_shard(shards_.size());
  auto& here = shards_[mine];
  const auto bucket =
      static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), amount) - bounds_.begin());
  auto& count = here.buckets[bucket];
  if (mine == 0) {
    count.fetch_add(1, std::memory_order_relaxed);
  } else {
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  detail::add_to(here.sum, amount, mine == 0);
  return bucket;
}

void histogram::keep_exemplar(std::size_t bucket, const exemplar& found, time_point now) noexcept {
  // A loop does not wait for a scrape, or for another loop: the next observation will do as well.
  const std::unique_lock lock{exemplars_mutex_, std::try_to_lock};
  if (!lock) return;
  exemplars_[bucket] = found;
  exemplar_until_[bucket].store((now + exemplar_stays).time_since_epoch().count(), std::memory_order_relaxed);
}

bucket_exemplars histogram::exemplars() const {
  const std::lock_guard lock{exemplars_mutex_};
  return exemplars_;
}

prometheus::ClientMetric::Histogram histogram::snapshot() const {
  prometheus::ClientMetric::Histogram merged;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    for (const auto& each : shards_) cumulative += each.buckets[i].load(std::memory_order_relaxed);
    prometheus::ClientMetric::Bucket bucket;
    bucket.cumulative_count = cumulative;
    bucket.upper_bound = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
    merged.bucket.push_back(bucket);
  }
  for (const auto& each : shards_) merged.sample_sum += each.sum.load(std::memory_order_relaxed);
  merged.sample_count = cumulative;
  return merged;
}

const std::vector<double>& duration_bounds() {
  static const std::vector<double> bounds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                          0.05,    0.1,    0.25,    0.5,    1,     2.5,    5,     10};
  return bounds;
}

template <class Metric, class Make>
Metric& registry::find_or_make(std::map<std::string, family<Metric>>& families, const std::string& name,
                               const std::string& help, const labels& with, Make make) {
  auto& found = families[name];
  if (found.help.empty()) found.help = help;
  auto& member = found.members[with];
  if (!member) member = make();
  return *member;
}

counter& registry::make_counter(const std::string& name, const std::string& help, const labels& with) {
  const std::lock_guard lock{mutex_};
  return find_or_make(counters_, name, help, with, [this] { return std::make_unique<counter>(shards_); });
}

gauge& registry::make_gauge(const std::string& name, const std::string& help, const labels& with) {
  const std::lock_guard lock{mutex_};
  return find_or_make(gauges_, name, help, with, [this] { return std::make_unique<gauge>(shards_); });
}

histogram& registry::make_histogram(const std::string& name, const std::string& help, const labels& with,
                                    const std::vector<double>& bounds) {
  const std::lock_guard lock{mutex_};
  return find_or_make(histograms_, name, help, with, [&] { return std::make_unique<histogram>(shards_, bounds); });
}

void registry::add_collector(std::function<void(std::vector<prometheus::MetricFamily>&)> collect) {
  const std::lock_guard lock{mutex_};
  collectors_.push_back(std::move(collect));
}

namespace {

template <class Families, class Fill>
void append_families(std::vector<prometheus::MetricFamily>& to, const Families& families, prometheus::MetricType type,
                     Fill fill) {
  for (const auto& [name, family] : families) {
    prometheus::MetricFamily printed;
    printed.name = name;
    printed.help = family.help;
    printed.type = type;
    for (const auto& [with, member] : family.members) {
      prometheus::ClientMetric metric;
      for (const auto& [label, value] : with) metric.label.push_back({label, value});
      fill(metric, *member);
      printed.metric.push_back(std::move(metric));
    }
    to.push_back(std::move(printed));
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> registry::collect(exemplar_table* exemplars) const {
  const std::lock_guard lock{mutex_};
  // Before the counts, so that what an exemplar shows has been counted.
  if (exemplars) {
    for (const auto& [name, of_name] : histograms_) {
      auto& found = (*exemplars)[name];
      for (const auto& [with, member] : of_name.members) found.push_back(member->exemplars());
    }
  }
  std::vector<prometheus::MetricFamily> all;
  append_families(all, counters_, prometheus::MetricType::Counter,
                  [](auto& metric, const counter& member) { metric.counter.value = member.value(); });
  append_families(all, gauges_, prometheus::MetricType::Gauge,
                  [](auto& metric, const gauge& member) { metric.gauge.value = member.value(); });
  append_families(all, histograms_, prometheus::MetricType::Histogram,
                  [](auto& metric, const histogram& member) { metric.histogram = member.snapshot(); });
  for (const auto& collect : collectors_) collect(all);
  return all;
}

std::string registry::text() const { return exposed(collect(), exposition::text); }

std::string registry::open_metrics() const {
  exemplar_table exemplars;
  const auto families = collect(&exemplars);
  return exposed(families, exposition::open_metrics, exemplars);
}

prometheus::MetricFamily single_value(std::string name, std::string help, prometheus::MetricType type, double value) {
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
