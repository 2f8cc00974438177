// SPDX-License-Identifier: BSL-1.0
#include "loadgen/scrape/metrics_endpoint.hpp"

#include <limits>

#include <cohort/net/system/tcp.hpp>
#include <cohort/telemetry/process_metrics.hpp>

namespace cohort::loadgen {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using telemetry::label_set;

constexpr duration drain_timeout = std::chrono::milliseconds{500};

ClientMetric make_metric(const label_set& labels) {
  ClientMetric metric;
  for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  return metric;
}

MetricFamily make_family(std::string name, std::string help, MetricType type) {
  return {std::move(name), std::move(help), type, {}};
}

void add_counter(MetricFamily& family, const label_set& labels, std::uint64_t value) {
  auto metric = make_metric(labels);
  metric.counter.value = static_cast<double>(value);
  family.metric.push_back(std::move(metric));
}

void add_histogram(MetricFamily& family, const label_set& labels, const histogram& values) {
  auto metric = make_metric(labels);
  metric.histogram.sample_count = values.count();
  metric.histogram.sample_sum = values.mean() * static_cast<double>(values.count()) / 1e6;
  for (const auto bound : telemetry::duration_bounds()) {
    metric.histogram.bucket.push_back({values.count_at_or_below(static_cast<std::uint64_t>(bound * 1e6)), bound});
  }
  metric.histogram.bucket.push_back({values.count(), std::numeric_limits<double>::infinity()});
  family.metric.push_back(std::move(metric));
}

MetricFamily make_outcome_family(const run_report& report) {
  auto family = make_family("loadgen_outcomes_total", "Completed requests, by outcome.", MetricType::Counter);
  for (std::size_t target = 0; target < report.targets.size(); ++target) {
    for (std::size_t i = 0; i < outcome_count; ++i) {
      const auto key = std::string{outcome_key(static_cast<request_outcome>(i))};
      add_counter(family, {{"target", report.targets[target].name}, {"outcome", key}},
                  report.target_stats[target].outcomes[i]);
    }
  }
  return family;
}

void add_interval_gauges(std::vector<MetricFamily>& families, const interval_report& interval) {
  const auto add_gauge = [&](const char* name, const char* help, double value) {
    families.push_back(telemetry::single_value_family(name, help, MetricType::Gauge, value));
  };
  add_gauge("loadgen_in_flight_requests", "Requests in flight at the end of the last interval.",
            static_cast<double>(interval.in_flight));
  add_gauge("loadgen_waiting_requests", "Requests waiting for a connection at the end of the last interval.",
            static_cast<double>(interval.waiting));
  add_gauge("loadgen_busiest_worker_cpu_ratio",
            "CPU utilization of the busiest worker in the last interval, from 0 to 1.", interval.busiest_worker_cpu);
}

}  // namespace

std::vector<MetricFamily> metric_families(const run_report& report) {
  auto planned =
      make_family("loadgen_requests_planned_total", "Requests whose intended start has passed.", MetricType::Counter);
  auto sent = make_family("loadgen_requests_sent_total", "Requests written to a connection.", MetricType::Counter);
  auto opened = make_family("loadgen_connections_opened_total", "Connections opened.", MetricType::Counter);
  auto response = make_family("loadgen_response_duration_seconds",
                              "Time from the intended start of a request to the end of its response, in seconds.",
                              MetricType::Histogram);
  auto service = make_family("loadgen_service_duration_seconds",
                             "Time from the end of sending a request to the end of its response, in seconds.",
                             MetricType::Histogram);
  auto lag =
      make_family("loadgen_dispatch_lag_seconds",
                  "Delay of the generator after the intended start of a request, in seconds.", MetricType::Histogram);
  for (std::size_t i = 0; i < report.targets.size(); ++i) {
    const label_set labels{{"target", report.targets[i].name}};
    const auto& stats = report.target_stats[i];
    add_counter(planned, labels, stats.planned);
    add_counter(sent, labels, stats.sent);
    add_counter(opened, labels, stats.connections_opened);
    add_histogram(response, labels, stats.response_time.observed());
    add_histogram(service, labels, stats.service_time);
  }
  add_histogram(lag, {}, report.totals.dispatch_lag);
  std::vector<MetricFamily> families{
      std::move(planned),  std::move(sent),    std::move(opened), make_outcome_family(report),
      std::move(response), std::move(service), std::move(lag)};
  add_interval_gauges(families, report.intervals.empty() ? interval_report{} : report.intervals.back());
  return families;
}

metrics_endpoint::metrics_endpoint(loop& event_loop, std::unique_ptr<net::acceptor> listener) {
  metrics_.add_collector([this](auto& families) {
    if (!report_) return;
    for (auto& family : metric_families(*report_)) families.push_back(std::move(family));
  });
  telemetry::add_process_metrics(metrics_);
  routes_.get("/metrics", [this](http::request_context&) {
    return http::response{}.body(metrics_.prometheus_text(), "text/plain; version=0.0.4; charset=utf-8");
  });
  server_metrics_.emplace(own_metrics_, "unused", routes_);
  telemetry::logger log{discarded_log_, "loadgen", telemetry::log_level::off, telemetry::log_format::text};
  server_.emplace(std::vector<loop*>{&event_loop}, std::move(listener), routes_, *server_metrics_, std::move(log),
                  http::server_settings{});
}

metrics_endpoint::~metrics_endpoint() = default;

result<std::unique_ptr<metrics_endpoint>, std::string> metrics_endpoint::listen(loop& event_loop,
                                                                                const std::string& host,
                                                                                std::uint16_t port) {
  using listen_result = result<std::unique_ptr<metrics_endpoint>, std::string>;
  auto listener = net::listen_tcp(event_loop, {asio::ip::make_address(host), port});
  if (!listener) {
    return listen_result(boost::system::in_place_error, "cannot listen on " + host + " port " + std::to_string(port) +
                                                            ": " + listener.error().message());
  }
  return listen_result(boost::system::in_place_value,
                       std::unique_ptr<metrics_endpoint>{new metrics_endpoint{event_loop, std::move(*listener)}});
}

task<> metrics_endpoint::stop() {
  report_ = nullptr;
  return server_->drain(drain_timeout);
}

}  // namespace cohort::loadgen
