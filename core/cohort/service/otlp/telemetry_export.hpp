// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/client/client.hpp>
#include <cohort/service/otlp/export_worker.hpp>
#include <cohort/service/otlp/otlp_settings.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>
#include <cohort/telemetry/tracing/tracer.hpp>

namespace cohort::service {

/// The export of one signal of one service: a queue and a worker for each loop.
class export_pipeline {
 public:
  /// The elements of `queues` belong to the loops with the same index. All references must outlive the pipeline.
  export_pipeline(std::vector<loop*> loops, std::vector<telemetry::export_queue*> queues, http::client& transport,
                  telemetry::otlp_signal signal, const otlp_target& target, telemetry::resource_attributes resource,
                  const telemetry::logger& log);

  /// Starts the workers. Called before the loops run, or on any of them.
  void start();
  /// Exports the queued items, until `stop_deadline`. Called on one of the loops, after `start`.
  task<> stop(deadline stop_deadline);

  telemetry::otlp_signal signal() const noexcept { return signal_; }
  const export_statistics& statistics() const noexcept { return statistics_; }
  /// The numbers of items in the queues, and of items that the queues dropped.
  std::size_t queued() const noexcept;
  std::uint64_t queue_drop_count() const noexcept;

 private:
  std::vector<loop*> loops_;
  std::vector<telemetry::export_queue*> queues_;
  telemetry::otlp_signal signal_;
  telemetry::resource_attributes resource_;
  export_statistics statistics_;
  std::vector<std::unique_ptr<export_worker>> workers_;
};

/// Adds `cohort_telemetry_*` of these pipelines, which must outlive the registry's last scrape.
void add_export_metrics(telemetry::registry& metrics, std::vector<const export_pipeline*> pipelines);

/// The attributes of a service's resource: from the settings, with the defaults `service.name`, `service.version`,
/// `service.instance.id`, `process.pid` and `telemetry.sdk.*`.
telemetry::resource_attributes make_resource(const otlp_settings& settings, std::string_view service,
                                             std::string_view version, std::string_view instance_id);

/// The export of a program's spans and log lines. One client sends all export requests, which are not traced.
class telemetry_export final : public telemetry::log_exporter {
 public:
  /// `network` and `log` are used for the requests of the export. `settings` must outlive this object.
  telemetry_export(const otlp_settings& settings, net::network& network, std::vector<loop*> loops,
                   http::client_settings client_settings, const telemetry::logger& log);
  ~telemetry_export() override;
  telemetry_export(const telemetry_export&) = delete;
  telemetry_export& operator=(const telemetry_export&) = delete;

  /// Adds a service before the start, with the metrics of its export. Returns the tracer of the service; null if spans
  /// are not exported.
  telemetry::tracer* add_service(const std::string& name, const std::string& version, const std::string& instance_id,
                                 telemetry::registry& metrics);
  /// Starts to export. Called before the loops run, or on any of them.
  void start();
  /// Exports the queued items, until `stop_deadline`. Called on one of the loops.
  task<> stop(deadline stop_deadline);

  bool exports_logs() const noexcept { return settings_.logs.has_value(); }
  /// Queues a log line of an added service, or of another logger of the program. Safe from any thread after the last
  /// `add_service`.
  void export_record(std::string_view service, const telemetry::log_record& record) override;

 private:
  /// The log lines of one service.
  struct service_log {
    std::string service;
    std::unique_ptr<telemetry::export_queue> queue;
  };
  export_pipeline& add_traces(const std::string& name, telemetry::resource_attributes resource);
  export_pipeline& add_logs(const std::string& name, telemetry::resource_attributes resource);

  const otlp_settings& settings_;
  std::vector<loop*> loops_;
  telemetry::logger log_;
  http::client client_;
  std::vector<std::unique_ptr<telemetry::tracer>> tracers_;
  std::vector<service_log> logs_;
  std::vector<std::unique_ptr<export_pipeline>> pipelines_;
};

}  // namespace cohort::service
