// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cohort/telemetry/log.hpp>

namespace cohort {
class loop;
}
namespace cohort::config {
class options;
}
namespace cohort::http {
class router;
}
namespace cohort::telemetry {
class registry;
}

namespace cohort::service {

struct common_settings;

/// The parts of a service that an extension may use; valid until the service has stopped.
struct extension_context {
  /// Contains the routes of `definition::app`.
  http::router& routes;
  const std::vector<loop*>& loops;
  telemetry::registry& metrics;
  telemetry::logger log;
};

/// An optional feature of a service, such as fault injection. A program adds extensions to `definition::extensions`;
/// each service has its own object. The functions are called in the order of their declaration, on the main thread up
/// to `install`.
class extension {
 public:
  virtual ~extension() = default;

  /// Adds command-line flags and environment variables.
  virtual void add_options(config::options&) {}
  /// Returns an error message if the extension's settings conflict with the service's settings. The program prints the
  /// message and exits with status 2.
  virtual std::optional<std::string> find_conflict(const common_settings&) const { return std::nullopt; }
  /// Adds routes and filters, or wraps handlers.
  virtual void install(const extension_context& context) = 0;
  /// Must release the requests that the extension delays. Called on the first loop, when the service starts to drain
  /// and again when it stops.
  virtual void begin_drain() {}
};

}  // namespace cohort::service
