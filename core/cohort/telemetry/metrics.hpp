// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <prometheus/metric_family.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cohort/runtime/time/clock.hpp>
#include <cohort/telemetry/trace_context.hpp>

namespace cohort::telemetry {

/// Label names and values, in the order in which they are serialized.
using label_set = std::vector<std::pair<std::string, std::string>>;

namespace detail {
/// One shard of a value, on a separate cache line. Only the shard's thread writes the value; any thread can read it.
struct alignas(64) shard_value {
  std::atomic<double> value{0};
};
/// Returns the index of the calling thread's shard: that of its loop, or 0 for a thread without a loop.
std::size_t current_shard(std::size_t shard_count) noexcept;
/// Adds `amount` to `value`. Uses a read-modify-write instruction only if `is_shared`.
void add(std::atomic<double>& value, double amount, bool is_shared) noexcept;
}  // namespace detail

/// Sum with one shard per loop, so that two loops never write to the same cache line. Thread-safe.
class sharded_value {
 public:
  explicit sharded_value(std::size_t shard_count)
      : shard_count_(shard_count), shards_(std::make_unique<detail::shard_value[]>(shard_count)) {}

  void add(double amount) noexcept {
    const auto shard = detail::current_shard(shard_count_);
    detail::add(shards_[shard].value, amount, shard == 0);
  }
  double value() const noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < shard_count_; ++i) sum += shards_[i].value.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  std::size_t shard_count_;
  std::unique_ptr<detail::shard_value[]> shards_;
};

/// A value that only increases.
class counter : private sharded_value {
 public:
  using sharded_value::sharded_value;
  using sharded_value::value;
  /// `amount` must not be negative.
  void increment(double amount = 1) noexcept { add(amount); }
};

/// A value that can increase and decrease.
class gauge : public sharded_value {
 public:
  using sharded_value::sharded_value;
};

/// An observation in a bucket, with its trace.
struct exemplar {
  trace_id trace;
  double value = 0;
  wall_time timestamp{};
};
/// The exemplars of a histogram, at most one per bucket. The last bucket has an infinite bound.
using bucket_exemplars = std::vector<std::optional<exemplar>>;
/// Exemplars by family name. A family has one entry per metric, in the order of the metrics.
using exemplar_table = std::map<std::string, std::vector<bucket_exemplars>, std::less<>>;

/// Histogram with cumulative buckets, in the base unit of the observed quantity (seconds for durations). Thread-safe.
class histogram {
 public:
  /// `bounds` are the upper bounds of the buckets, in ascending order, without the infinite bound.
  histogram(std::size_t shard_count, std::vector<double> bounds);
  void observe(double value) noexcept;
  /// Observes a value that belongs to a trace. If the trace is sampled, the observation can become the exemplar of its
  /// bucket. `now` is the time of the calling loop; a thread without a loop stores no exemplar.
  void observe(double value, const trace_context& trace, time_point now) noexcept;
  prometheus::ClientMetric::Histogram snapshot() const;
  bucket_exemplars exemplars() const;

  /// The minimum age at which another exemplar can replace an exemplar. Scrapes are infrequent, so most observations
  /// cost only a comparison.
  static constexpr std::chrono::seconds min_exemplar_age{1};

 private:
  std::size_t count(double value) noexcept;
  void store_exemplar(std::size_t bucket, const exemplar& exemplar, time_point now) noexcept;

  struct alignas(64) shard {
    std::unique_ptr<std::atomic<std::uint64_t>[]> buckets;
    std::atomic<double> sum{0};
  };
  std::vector<double> bounds_;
  std::vector<shard> shards_;
  /// The time from which the exemplar of each bucket can be replaced. All loops read these times, but rarely write
  /// them.
  std::unique_ptr<std::atomic<time_point::rep>[]> exemplar_expiry_;
  mutable std::mutex exemplars_mutex_;
  bucket_exemplars exemplars_;
};

/// Histogram bounds for request durations in seconds: 50 µs to 10 s, including the default bounds of the Prometheus
/// client libraries (0.005 to 10).
const std::vector<double>& duration_bounds();

/// The metrics of a program. Thread-safe. `make_…` takes a lock, so keep the returned reference, which is valid until
/// the registry is destroyed. Using the reference takes no lock.
class registry {
 public:
  /// `loops` is the number of loops, which write without contention. All other threads share one shard.
  explicit registry(std::size_t loops);
  ~registry();
  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;

  /// Returns the metric with this name and these labels; the same arguments return the same metric. A name has one
  /// type; its help text is that of the first call. Throws `std::invalid_argument` for an invalid name of the metric or
  /// of a label (Prometheus data model), and `std::logic_error` for a name that has another type.
  counter& make_counter(const std::string& name, const std::string& help, const label_set& labels = {});
  gauge& make_gauge(const std::string& name, const std::string& help, const label_set& labels = {});
  histogram& make_histogram(const std::string& name, const std::string& help, const label_set& labels = {},
                            const std::vector<double>& bounds = duration_bounds());
  /// Adds a function that appends families at each scrape. The function is called on the scraping thread, under the
  /// registry's lock.
  void add_collector(std::function<void(std::vector<prometheus::MetricFamily>&)> collector);

  /// Returns the current values of all metrics, and stores their exemplars in `exemplars` unless it is null.
  std::vector<prometheus::MetricFamily> collect(exemplar_table* exemplars = nullptr) const;
  /// Serializes all metrics in the Prometheus text format 0.0.4.
  std::string prometheus_text() const;
  /// Serializes all metrics in OpenMetrics 1.0, with exemplars.
  std::string open_metrics_text() const;

 private:
  template <class Metric>
  struct family {
    std::string help;
    std::map<label_set, std::unique_ptr<Metric>> metrics;
  };
  template <class Metric, class Make>
  static Metric& find_or_make(std::map<std::string, family<Metric>>& families, const std::string& name,
                              const std::string& help, const label_set& labels, Make make);

  std::size_t shard_count_;
  mutable std::mutex mutex_;
  std::map<std::string, family<counter>> counters_;
  std::map<std::string, family<gauge>> gauges_;
  std::map<std::string, family<histogram>> histograms_;
  std::vector<std::function<void(std::vector<prometheus::MetricFamily>&)>> collectors_;
};

/// Returns a family with one counter or gauge without labels. For collectors.
prometheus::MetricFamily single_value_family(std::string name, std::string help, prometheus::MetricType type,
                                             double value);

}  // namespace cohort::telemetry
