#include "loadgen/exposition.hpp"

#include <limits>

#include "core/net/tcp.hpp"
#include "core/telemetry/process_metrics.hpp"

namespace cohort::loadgen {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric labelled(const telemetry::labels& with) {
  ClientMetric made;
  for (const auto& [name, value] : with) made.label.push_back({name, value});
  return made;
}

MetricFamily family(std::string name, std::string help, MetricType type) {
  return {std::move(name), std::move(help), type, {}};
}

void add_counter(MetricFamily& to, const telemetry::labels& with, std::uint64_t value) {
  auto made = labelled(with);
  made.counter.value = static_cast<double>(value);
  to.metric.push_back(std::move(made));
}

void add_histogram(MetricFamily& to, const telemetry::labels& with, const histogram& of) {
  auto made = labelled(with);
  made.histogram.sample_count = of.count();
  made.histogram.sample_sum = of.mean() * static_cast<double>(of.count()) / 1e6;
  for (const auto bound : telemetry::duration_bounds()) {
    made.histogram.bucket.push_back({of.count_up_to(static_cast<std::uint64_t>(bound * 1e6)), bound});
  }
  made.histogram.bucket.push_back({of.count(), std::numeric_limits<double>::infinity()});
  to.metric.push_back(std::move(made));
}

MetricFamily outcome_family(const report& of) {
  auto made = family("loadgen_outcomes_total", "What became of requests.", MetricType::Counter);
  for (std::size_t t = 0; t < of.targets.size(); ++t) {
    for (std::size_t i = 0; i < outcome_count; ++i) {
      const auto key = std::string{key_of(static_cast<outcome>(i))};
      add_counter(made, {{"target", of.targets[t].name}, {"outcome", key}}, of.by_target[t].outcomes[i]);
    }
  }
  return made;
}

}  // namespace

std::vector<MetricFamily> metric_families(const report& of) {
  auto planned =
      family("loadgen_requests_planned_total", "Requests whose time to start had come.", MetricType::Counter);
  auto sent = family("loadgen_requests_sent_total", "Requests given to the kernel in whole.", MetricType::Counter);
  auto opened = family("loadgen_connections_opened_total", "Connections made.", MetricType::Counter);
  auto response = family("loadgen_response_duration_seconds", "From the intended start to the whole answer.",
                         MetricType::Histogram);
  auto service =
      family("loadgen_service_duration_seconds", "From the request sent to the whole answer.", MetricType::Histogram);
  auto lag = family("loadgen_dispatch_lag_seconds", "How late the generator itself was.", MetricType::Histogram);
  for (std::size_t i = 0; i < of.targets.size(); ++i) {
    const telemetry::labels which{{"target", of.targets[i].name}};
    add_counter(planned, which, of.by_target[i].planned);
    add_counter(sent, which, of.by_target[i].sent);
    add_counter(opened, which, of.by_target[i].connections_opened);
    add_histogram(response, which, of.by_target[i].response.known());
    add_histogram(service, which, of.by_target[i].service);
  }
  add_histogram(lag, {}, of.all.dispatch_lag);
  const interval last = of.intervals.empty() ? interval{} : of.intervals.back();
  std::vector<MetricFamily> all{std::move(planned),  std::move(sent),    std::move(opened), outcome_family(of),
                                std::move(response), std::move(service), std::move(lag)};
  const auto add_gauge = [&](const char* name, const char* help, double value) {
    all.push_back(telemetry::single_value(name, help, MetricType::Gauge, value));
  };
  add_gauge("loadgen_in_flight_requests", "Requests under way at the last second's end.",
            static_cast<double>(last.in_flight));
  add_gauge("loadgen_waiting_requests", "Requests that waited for a connection at the last second's end.",
            static_cast<double>(last.waiting));
  add_gauge("loadgen_busiest_worker_cpu_ratio", "The busiest worker's share of a processor in the last second.",
            last.busiest_worker_cpu);
  return all;
}

exposition::exposition(loop& home, std::unique_ptr<net::acceptor> listener) {
  metrics_.add_collector([this](auto& families) {
    if (!shown_) return;
    for (auto& each : metric_families(*shown_)) families.push_back(std::move(each));
  });
  telemetry::add_process_metrics(metrics_);
  routes_.get("/metrics", [this](http::request_context&) {
    return http::response{}.body(metrics_.text(), "text/plain; version=0.0.4; charset=utf-8");
  });
  server_metrics_.emplace(own_metrics_, "unused", routes_);
  telemetry::logger silent{unheard_, "loadgen", telemetry::log_level::off, telemetry::log_format::text};
  server_.emplace(std::vector<loop*>{&home}, std::move(listener), routes_, *server_metrics_, std::move(silent),
                  http::server_settings{});
}

exposition::~exposition() = default;

result<std::unique_ptr<exposition>, std::string> exposition::listen(loop& home, const std::string& host,
                                                                    std::uint16_t port) {
  using answer = result<std::unique_ptr<exposition>, std::string>;
  auto listener = net::listen_tcp(home, {asio::ip::make_address(host), port});
  if (!listener) {
    return answer(boost::system::in_place_error,
                  "cannot listen on " + host + " port " + std::to_string(port) + ": " + listener.error().message());
  }
  return answer(boost::system::in_place_value, std::unique_ptr<exposition>{new exposition{home, std::move(*listener)}});
}

task<> exposition::stop() {
  shown_ = nullptr;
  return server_->drain(std::chrono::milliseconds{500});
}

}  // namespace cohort::loadgen
