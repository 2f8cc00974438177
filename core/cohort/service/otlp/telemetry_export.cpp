// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/otlp/telemetry_export.hpp>

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include <cohort/runtime/concurrency/run_on.hpp>
#include <cohort/runtime/version.hpp>

namespace cohort::service {
namespace {

task<> close_idle_connections(http::client& client) {
  client.close_idle();
  co_return;
}

void add_sample(prometheus::MetricFamily& family, telemetry::otlp_signal signal, std::string_view reason,
                double value) {
  auto& added = family.metric.emplace_back();
  added.label.push_back({"signal", std::string{to_string(signal)}});
  if (!reason.empty()) added.label.push_back({"reason", std::string{reason}});
  if (family.type == prometheus::MetricType::Gauge) {
    added.gauge.value = value;
  } else {
    added.counter.value = value;
  }
}

prometheus::MetricFamily make_family(std::string name, std::string help, prometheus::MetricType type) {
  prometheus::MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  return family;
}

}  // namespace

export_pipeline::export_pipeline(std::vector<loop*> loops, std::vector<telemetry::export_queue*> queues,
                                 http::client& transport, telemetry::otlp_signal signal, const otlp_target& target,
                                 telemetry::resource_attributes resource, const telemetry::logger& log)
    : loops_(std::move(loops)), queues_(std::move(queues)), signal_(signal), resource_(std::move(resource)) {
  for (auto* queue : queues_) {
    workers_.push_back(std::make_unique<export_worker>(transport, *queue, signal, target, resource_, statistics_, log));
  }
}

void export_pipeline::start() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    asio::post(loops_[i]->get_executor(), [worker = workers_[i].get()] { worker->start(); });
  }
}

task<> export_pipeline::stop(deadline stop_deadline) {
  for (std::size_t i = 0; i < workers_.size(); ++i) co_await run_on(*loops_[i], workers_[i]->stop(stop_deadline));
}

std::size_t export_pipeline::queued() const noexcept {
  std::size_t sum = 0;
  for (const auto* queue : queues_) sum += queue->size();
  return sum;
}

std::uint64_t export_pipeline::queue_drop_count() const noexcept {
  std::uint64_t sum = 0;
  for (const auto* queue : queues_) sum += queue->dropped_count();
  return sum;
}

void add_export_metrics(telemetry::registry& metrics, std::vector<const export_pipeline*> pipelines) {
  using enum prometheus::MetricType;
  metrics.add_collector([pipelines = std::move(pipelines)](std::vector<prometheus::MetricFamily>& families) {
    auto exported_family =
        make_family("cohort_telemetry_exported_total", "Spans and log records accepted by the collector.", Counter);
    auto dropped =
        make_family("cohort_telemetry_dropped_total", "Spans and log records that were not exported.", Counter);
    auto retries = make_family("cohort_telemetry_export_retries_total",
                               "Export requests that were retried after a failure.", Counter);
    auto requests =
        make_family("cohort_telemetry_export_requests_total", "Export requests sent, including retries.", Counter);
    auto queued =
        make_family("cohort_telemetry_queue_items", "Spans and log records that wait for their export.", Gauge);
    const auto load = [](const std::atomic<std::uint64_t>& value) {
      return static_cast<double>(value.load(std::memory_order_relaxed));
    };
    for (const auto* each : pipelines) {
      const auto& statistics = each->statistics();
      const auto count_of = [&](drop_reason reason) {
        return load(statistics.dropped[static_cast<std::size_t>(reason)]);
      };
      add_sample(exported_family, each->signal(), {}, load(statistics.exported));
      add_sample(dropped, each->signal(), "queue_full", static_cast<double>(each->queue_drop_count()));
      add_sample(dropped, each->signal(), "rejected", count_of(drop_reason::rejected));
      add_sample(dropped, each->signal(), "unavailable", count_of(drop_reason::unavailable));
      add_sample(dropped, each->signal(), "shutdown", count_of(drop_reason::shutdown));
      add_sample(retries, each->signal(), {}, load(statistics.retries));
      add_sample(requests, each->signal(), {}, load(statistics.requests));
      add_sample(queued, each->signal(), {}, static_cast<double>(each->queued()));
    }
    for (auto* family : {&exported_family, &dropped, &retries, &requests, &queued})
      families.push_back(std::move(*family));
  });
}

telemetry::resource_attributes make_resource(const otlp_settings& settings, std::string_view service,
                                             std::string_view version, std::string_view instance_id) {
  telemetry::resource_attributes resource;
  resource.emplace_back("service.name", settings.service_name.empty() ? std::string{service} : settings.service_name);
  const auto add_default = [&](const char* name, std::string value) {
    const bool is_set =
        std::ranges::any_of(settings.resource, [&](const auto& attribute) { return attribute.first == name; });
    if (!is_set && !value.empty()) resource.emplace_back(name, std::move(value));
  };
  add_default("service.version", std::string{version});
  add_default("service.instance.id", std::string{instance_id});
  add_default("process.pid", std::to_string(::getpid()));
  resource.insert(resource.end(), settings.resource.begin(), settings.resource.end());
  resource.emplace_back("telemetry.sdk.name", "cohort");
  resource.emplace_back("telemetry.sdk.language", "cpp");
  resource.emplace_back("telemetry.sdk.version", std::string{cohort::version()});
  return resource;
}

telemetry_export::telemetry_export(const otlp_settings& settings, net::network& network, std::vector<loop*> loops,
                                   http::client_settings client_settings, const telemetry::logger& log)
    : settings_(settings),
      loops_(std::move(loops)),
      log_(log),
      client_(network, loops_.size(), std::move(client_settings)) {}

telemetry_export::~telemetry_export() = default;

telemetry::tracer* telemetry_export::add_service(const std::string& name, const std::string& version,
                                                 const std::string& instance_id, telemetry::registry& metrics) {
  const auto resource = make_resource(settings_, name, version, instance_id);
  std::vector<const export_pipeline*> new_export_pipelines;
  if (settings_.traces) new_export_pipelines.push_back(&add_traces(name, resource));
  if (settings_.logs) new_export_pipelines.push_back(&add_logs(name, resource));
  add_export_metrics(metrics, std::move(new_export_pipelines));
  return settings_.traces ? tracers_.back().get() : nullptr;
}

export_pipeline& telemetry_export::add_traces(const std::string& name, telemetry::resource_attributes resource) {
  const auto& target = *settings_.traces;
  const auto& added = tracers_.emplace_back(
      std::make_unique<telemetry::tracer>(loops_.size(), settings_.sampler, target.encoding, target.limits));
  std::vector<telemetry::export_queue*> queues;
  for (const auto& queue : added->queues()) queues.push_back(queue.get());
  return *pipelines_.emplace_back(std::make_unique<export_pipeline>(loops_, std::move(queues), client_,
                                                                    telemetry::otlp_signal::traces, target,
                                                                    std::move(resource), log_.with_service(name)));
}

/// Log lines are written on any thread, so they share one queue.
export_pipeline& telemetry_export::add_logs(const std::string& name, telemetry::resource_attributes resource) {
  const auto& target = *settings_.logs;
  const auto& added = logs_.emplace_back(name, std::make_unique<telemetry::export_queue>(target.limits));
  return *pipelines_.emplace_back(std::make_unique<export_pipeline>(
      std::vector<loop*>{loops_.front()}, std::vector<telemetry::export_queue*>{added.queue.get()}, client_,
      telemetry::otlp_signal::logs, target, std::move(resource), log_.with_service(name)));
}

void telemetry_export::export_record(std::string_view service, const telemetry::log_record& record) {
  if (logs_.empty()) return;
  auto found = std::ranges::find(logs_, service, &service_log::service);
  // A line of the program itself, such as a line about a signal, in a program with several services.
  if (found == logs_.end()) found = logs_.begin();
  found->queue->push([&](std::string& items) { append_item(items, settings_.logs->encoding, record); });
}

void telemetry_export::start() {
  for (auto& pipeline : pipelines_) pipeline->start();
}

task<> telemetry_export::stop(deadline stop_deadline) {
  for (auto& pipeline : pipelines_) co_await pipeline->stop(stop_deadline);
  for (auto* each : loops_) co_await run_on(*each, close_idle_connections(client_));
}

}  // namespace cohort::service
