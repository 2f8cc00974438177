// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cohort/config/options.hpp>
#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/clock.hpp>
#include <cohort/telemetry/otlp/export_queue.hpp>
#include <cohort/telemetry/otlp/otlp_encoding.hpp>
#include <cohort/telemetry/tracing/sampler.hpp>

namespace cohort::service {

/// The target of the export of one signal: its endpoint, format and limits.
struct otlp_target {
  /// The URL to which requests are sent, with its path.
  boost::urls::url url;
  std::vector<std::pair<std::string, std::string>> headers;
  telemetry::otlp_encoding encoding = telemetry::otlp_encoding::protobuf;
  bool gzip = false;
  /// Timeout of one request.
  duration request_timeout = std::chrono::seconds{10};
  /// Maximum time for a batch, including all retries, after which the batch is dropped.
  duration export_timeout = std::chrono::seconds{30};
  /// Maximum time that an item waits for its batch to become full.
  duration schedule_delay = std::chrono::seconds{5};
  telemetry::export_queue_limits limits{};
};

/// The settings of the export of spans and log records by OTLP/HTTP.
struct otlp_settings {
  /// The targets of the signals; a signal without a target is not exported.
  std::optional<otlp_target> traces;
  std::optional<otlp_target> logs;
  telemetry::sampler sampler;
  /// The service name in exported telemetry; the names of the services if empty.
  std::string service_name;
  /// The attributes in `OTEL_RESOURCE_ATTRIBUTES`.
  telemetry::resource_attributes resource;
  /// The environment variables that are set, for `/debug/config`.
  std::vector<config::setting_report> effective_settings;
};

/// Reads the standard variables of OpenTelemetry (docs/tracing.md lists them). `variable` returns the value of an
/// environment variable, empty if it is not set. The error is one line with the variable, its value (unless it is
/// secret) and the accepted values.
result<otlp_settings, std::string> otlp_settings_from_environment(
    const std::function<std::string(const std::string& name)>& variable);

/// The variables whose values are secrets: the headers.
std::vector<std::string> otlp_secret_variables();

}  // namespace cohort::service
