#pragma once

#include <prometheus/metric_family.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/runtime/clock.hpp"
#include "core/telemetry/trace_context.hpp"

namespace cohort::telemetry {

/// Names and values, in the order in which they are printed.
using labels = std::vector<std::pair<std::string, std::string>>;

namespace detail {
/// One thread's part of a metric, on a cache line of its own. Only that thread writes; a scrape reads at any time.
struct alignas(64) cell {
  std::atomic<double> value{0};
};
/// The calling thread's part: its loop's, or the one shared by all threads without a loop.
std::size_t this_shard(std::size_t shards) noexcept;
void add_to(std::atomic<double>& value, double amount, bool shared) noexcept;
}  // namespace detail

/// A sum that may be kept in parts, one a loop, so that no two threads write one cache line. The contract of the
/// Prometheus client libraries otherwise: a counter only grows; a gauge may also shrink.
class sharded_value {
 public:
  explicit sharded_value(std::size_t shards) : shards_(shards), cells_(std::make_unique<detail::cell[]>(shards)) {}

  void add(double amount) noexcept {
    const auto mine = detail::this_shard(shards_);
    detail::add_to(cells_[mine].value, amount, mine == 0);
  }
  double value() const noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < shards_; ++i) sum += cells_[i].value.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  std::size_t shards_;
  std::unique_ptr<detail::cell[]> cells_;
};

class counter : private sharded_value {
 public:
  using sharded_value::sharded_value;
  using sharded_value::value;
  void increment(double by = 1) noexcept { add(by); }
};

class gauge : public sharded_value {
 public:
  using sharded_value::sharded_value;
};

/// One observation that stands for its bucket, and the trace under which more is to be found of it.
struct exemplar {
  trace_id trace;
  double value = 0;
  wall_time at{};
};
/// A histogram's, one for each bucket that has one, the infinite one at the end.
using bucket_exemplars = std::vector<std::optional<exemplar>>;
/// Of families by their names: their members', in the members' order.
using exemplar_table = std::map<std::string, std::vector<bucket_exemplars>, std::less<>>;

/// Cumulative buckets with upper bounds, in the unit of what is observed (seconds, as Prometheus has it).
class histogram {
 public:
  histogram(std::size_t shards, std::vector<double> bounds);
  void observe(double amount) noexcept;
  /// The same, of a trace: if that is sampled, it may become the bucket's exemplar. `now` is the calling loop's time;
  /// from a thread without a loop there are no exemplars.
  void observe(double amount, const trace_context& of, time_point now) noexcept;
  prometheus::ClientMetric::Histogram snapshot() const;
  bucket_exemplars exemplars() const;

  /// A bucket's exemplar stays for so long at least: a scrape sees one in many anyway, and most observations then pay
  /// no more than a comparison for it.
  static constexpr std::chrono::seconds exemplar_stays{1};

 private:
  std::size_t count_in_bucket(double amount) noexcept;
  void keep_exemplar(std::size_t bucket, const exemplar& found, time_point now) noexcept;

  struct alignas(64) shard {
    std::unique_ptr<std::atomic<std::uint64_t>[]> buckets;
    std::atomic<double> sum{0};
  };
  std::vector<double> bounds_;
  std::vector<shard> shards_;
  /// Of each bucket: before when its exemplar stays. All loops read it, but it changes too seldom to cost them
  /// anything.
  std::unique_ptr<std::atomic<time_point::rep>[]> exemplar_until_;
  mutable std::mutex exemplars_mutex_;
  bucket_exemplars exemplars_;
};

/// Bounds for a request's duration: 50 µs to 10 s, Prometheus' classic 0.005…10 among them.
const std::vector<double>& duration_bounds();

/// A program's metrics. Made once and then held by reference: looking one up takes a lock, using it does not.
class registry {
 public:
  /// `loops` threads write without contention; all others share one more part.
  explicit registry(std::size_t loops) : shards_(loops + 1) {}
  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;

  /// The same name and labels give the same metric. A name has one help text and one type, those of its first use.
  counter& make_counter(const std::string& name, const std::string& help, const labels& with = {});
  gauge& make_gauge(const std::string& name, const std::string& help, const labels& with = {});
  histogram& make_histogram(const std::string& name, const std::string& help, const labels& with = {},
                            const std::vector<double>& bounds = duration_bounds());
  /// For what is read off only when asked for: called at each scrape, from the scraping thread.
  void add_collector(std::function<void(std::vector<prometheus::MetricFamily>&)> collect);

  /// All that there is now; the exemplars too, if they are asked for.
  std::vector<prometheus::MetricFamily> collect(exemplar_table* exemplars = nullptr) const;
  /// Prometheus' text format 0.0.4.
  std::string text() const;
  /// OpenMetrics 1.0, with exemplars.
  std::string open_metrics() const;

 private:
  template <class Metric>
  struct family {
    std::string help;
    std::map<labels, std::unique_ptr<Metric>> members;
  };
  template <class Metric, class Make>
  static Metric& find_or_make(std::map<std::string, family<Metric>>& families, const std::string& name,
                              const std::string& help, const labels& with, Make make);

  std::size_t shards_;
  mutable std::mutex mutex_;
  std::map<std::string, family<counter>> counters_;
  std::map<std::string, family<gauge>> gauges_;
  std::map<std::string, family<histogram>> histograms_;
  std::vector<std::function<void(std::vector<prometheus::MetricFamily>&)>> collectors_;
};

/// A family with one member and no labels, for collectors.
prometheus::MetricFamily single_value(std::string name, std::string help, prometheus::MetricType type, double value);

}  // namespace cohort::telemetry
