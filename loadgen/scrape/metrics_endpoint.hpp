// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/server/server.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>
#include "loadgen/results/report.hpp"

namespace cohort::loadgen {

/// Serves the metrics `loadgen_*` of the current run at `/metrics`, for Prometheus. Must be used only on the control
/// loop.
class metrics_endpoint {
 public:
  /// Opens the listening socket. Errors: one sentence with the address.
  static result<std::unique_ptr<metrics_endpoint>, std::string> listen(loop& event_loop, const std::string& host,
                                                                       std::uint16_t port);
  ~metrics_endpoint();

  void start() { server_->start(); }
  /// Sets the report to serve; null for none. The report must remain valid until the next call or `stop`.
  void set_report(const run_report* report) noexcept { report_ = report; }
  task<> stop();
  std::uint16_t port() const { return server_->local_endpoint().port(); }

 private:
  metrics_endpoint(loop& event_loop, std::unique_ptr<net::acceptor> listener);

  telemetry::registry metrics_{1};
  /// Metrics of the HTTP server of the endpoint; they are not exported.
  telemetry::registry own_metrics_{1};
  telemetry::log_sink discarded_log_;
  http::router routes_;
  std::optional<http::server_metrics> server_metrics_;
  std::optional<http::server> server_;
  const run_report* report_ = nullptr;
};

/// The metric families of a report.
std::vector<prometheus::MetricFamily> metric_families(const run_report& report);

}  // namespace cohort::loadgen
