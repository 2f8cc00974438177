// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulation/alerts/monitored_fleet.hpp"
#include "simulation/alerts/rule_files.hpp"

namespace cohort::simulation::alerts {

/// The value of a series at each scrape; empty at a scrape without a value.
using sample_list = std::vector<std::optional<double>>;
/// Series by name and labels, as in PromQL.
using series_table = std::map<std::string, sample_list>;

/// Scrapes the services of a fleet like Prometheus: `GET /metrics` over the simulated network, at each interval of the
/// virtual clock, with a timeout. Keeps the series that rules read.
class scraper {
 public:
  /// The arguments must outlive the scraper.
  scraper(monitored_fleet& target, const rule_files& rules, duration interval = std::chrono::seconds{15});

  /// Starts the periodic scrapes.
  void start();
  /// The series of all scrapes so far.
  const series_table& series() const noexcept { return series_; }
  std::size_t scrape_count() const noexcept { return scrape_count_; }

 private:
  static task<> run(scraper& self);
  static task<> scrape(scraper& self, sim::node& target, std::size_t index);
  /// A line of the last exposition of a target. The next exposition has mostly the same lines, with other values.
  struct cached_line {
    /// Name and labels in the exposition.
    std::string series;
    /// The samples of the series; null if the series is not kept.
    sample_list* samples = nullptr;
    /// The offset that is subtracted from the values.
    double offset = 0;
  };

  sample_list& samples_of(std::string_view name, std::string_view labels);
  static void add(sample_list& samples, std::size_t index, double value);
  void add_text(const std::string& target_labels, std::size_t index, std::string_view text);
  cached_line find_line(const std::string& target_labels, std::string_view series);

  monitored_fleet& fleet_;
  const rule_files& rules_;
  duration interval_;
  /// The Unix time at the start of the run, in seconds.
  double start_;
  std::size_t scrape_count_ = 0;
  series_table series_;
  /// Keyed by the labels of the target.
  std::map<std::string, std::vector<cached_line>> cached_lines_;
};

}  // namespace cohort::simulation::alerts
