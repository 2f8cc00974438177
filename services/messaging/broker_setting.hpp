// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <cohort/config/options.hpp>
#include <cohort/messaging/broker_url.hpp>
#include <cohort/service/service.hpp>

namespace cohort {

/// The setting `MESSAGING_URL`: the broker of a service. The URL is a secret, because it contains a password.
struct broker_setting {
  /// No broker if empty.
  std::string url;

  /// `flag` distinguishes the services of one process, which share the variable.
  void add_to(config::options& options, std::string flag, std::string help);

  /// The broker; empty without a broker. If the URL is invalid, the program prints one line at startup and exits with
  /// status 2.
  std::optional<messaging::broker_endpoint> resolve(const service::service_context& context) const;
};

/// The topic of new weather reports, which the weather service publishes. A message contains the body of `GET
/// /api/weather` for a new report.
inline constexpr const char* weather_reports_topic = "weather.reports";
/// The header field of a message that is `true` if the report is for the default location.
inline constexpr const char* default_location_header = "preset-location";

}  // namespace cohort
