// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/scraper.hpp"

#include <boost/url/parse.hpp>
#include <charconv>

#include <cohort/http/client/fetch.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::simulation::alerts {
namespace {

using namespace std::chrono_literals;

/// The default `scrape_timeout` of Prometheus.
constexpr duration scrape_timeout = 10s;

/// The host of Prometheus.
constexpr const char* client_host = "prometheus";

/// Lets a target send its exposition in one segment. The scrapes do not accept gzip, because compression takes a
/// quarter of the simulation's CPU time but does not change the series.
sim::link_conditions scrape_conditions() {
  sim::link_conditions conditions;
  conditions.capacity = 1024 * 1024;
  return conditions;
}

/// Parses a value of the exposition, such as `12.5` or `+Inf`.
double parse_value(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

scraper::scraper(monitored_fleet& target, const rule_files& rules, duration interval)
    : fleet_(target),
      rules_(rules),
      interval_(interval),
      start_(to_seconds(target.fleet().event_loop().wall_now().time_since_epoch())) {}

void scraper::start() {
  auto& simulated = fleet_.fleet();
  simulated.client(client_host);
  for (auto* node : fleet_.nodes()) {
    simulated.network().set_conditions(*simulated.network().find(client_host), node->host(), scrape_conditions());
  }
  simulated.spawn(run(*this));
}

task<> scraper::run(scraper& self) {
  for (;; ++self.scrape_count_) {
    auto wait_task = self.fleet_.wait_until(self.interval_ * static_cast<std::int64_t>(self.scrape_count_));
    co_await std::move(wait_task);
    // Prometheus also scrapes itself; this scrape always succeeds in the simulation.
    add(self.samples_of("up", "job=\"prometheus\",instance=\"localhost:9090\""), self.scrape_count_, 1);
    for (auto* node : self.fleet_.nodes()) {
      if (self.fleet_.is_target(*node)) self.fleet_.fleet().spawn(scrape(self, *node, self.scrape_count_));
    }
  }
}

task<> scraper::scrape(scraper& self, sim::node& target, std::size_t index) {
  auto job = target.name();
  // A replica has the name of its service, followed by a number.
  if (const auto last = job.rfind('-'); job.find_first_not_of("0123456789", last + 1) == std::string::npos)
    job.resize(last);
  const auto instance = target.name() + ":" + std::to_string(target.port());
  const auto labels = "job=\"" + job + "\",instance=\"" + instance + "\"";
  const auto start_time = self.fleet_.start_time(target);
  http::client_request request;
  request.url = *boost::urls::parse_uri(monitored_fleet::url_of(target) + "/metrics");
  request.fields.emplace_back("Accept", "text/plain;version=0.0.4");
  request.fields.emplace_back("Accept-Encoding", "identity");
  auto fetch_task = http::fetch(self.fleet_.fleet().client(client_host), std::move(request),
                                deadline::after(loop::current().now(), scrape_timeout));
  const auto response = co_await std::move(fetch_task);
  const bool is_up = response && response->status == http::status::ok;
  add(self.samples_of("up", labels), index, is_up ? 1 : 0);
  if (!is_up) co_return;
  // The only process metric that the simulation can provide.
  add(self.samples_of("process_start_time_seconds", labels), index, to_seconds(start_time));
  self.add_text(labels, index, response->body);
}

sample_list& scraper::samples_of(std::string_view name, std::string_view labels) {
  std::string key;
  key.reserve(name.size() + labels.size() + 2);
  key.append(name).append("{").append(labels).append("}");
  return series_[std::move(key)];
}

void scraper::add(sample_list& samples, std::size_t index, double value) {
  samples.resize(index);
  samples.emplace_back(value);
}

scraper::cached_line scraper::find_line(const std::string& target_labels, std::string_view series) {
  cached_line line{std::string{series}, nullptr, 0};
  const auto name = series.substr(0, series.find('{'));
  // Process metrics would describe the simulation program.
  if (name.starts_with("process_") || !rules_.reads(name)) return line;
  if (name.starts_with("cohort_faults_") && !fleet_.run().has_fault_metrics) return line;
  auto labels = target_labels;
  if (name.size() < series.size()) {
    labels.append(",").append(series.substr(name.size() + 1, series.size() - name.size() - 2));
  }
  line.samples = &samples_of(name, labels);
  // promtool's clock starts at 0.
  if (name.ends_with("_timestamp_seconds")) line.offset = start_;
  return line;
}

void scraper::add_text(const std::string& target_labels, std::size_t index, std::string_view text) {
  auto& cached_lines = cached_lines_[target_labels];
  for (std::size_t number = 0; !text.empty();) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto last_space = line.rfind(' ');
    if (line.starts_with('#') || last_space == std::string_view::npos) continue;
    const auto series = line.substr(0, last_space);
    if (number == cached_lines.size()) cached_lines.emplace_back();
    auto& known = cached_lines[number++];
    if (known.series != series) known = find_line(target_labels, series);
    if (!known.samples) continue;
    add(*known.samples, index, parse_value(line.substr(last_space + 1)) - known.offset);
  }
}

}  // namespace cohort::simulation::alerts
