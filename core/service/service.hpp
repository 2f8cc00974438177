#pragma once

#include <boost/url/url.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/options.hpp"
#include "core/http/client.hpp"
#include "core/http/router.hpp"
#include "core/http/server.hpp"
#include "core/http/upstream.hpp"
#include "core/service/access.hpp"
#include "core/service/background.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"

namespace cohort::service {

/// What a service's `app` is given to build its router with. All of it outlives the router.
struct kit {
  http::client& client;
  telemetry::registry& metrics;
  telemetry::logger log;
  background& work;
  /// The key that callers need, and that this service sends when it calls another; empty if none.
  const std::string& api_key;
  /// Where the services of this same process listen, by name.
  std::map<std::string, boost::urls::url> siblings;

  /// A server that is called again and again; must outlive its calls, as what the router's handlers share does.
  http::upstream upstream(std::string name, http::upstream_settings how = {}) const {
    return {client, metrics, log, std::move(name), how};
  }
};

/// A service: who it is and how it is built. Its own settings live in whatever `add_options` and `app` share.
struct definition {
  /// Also its host name in compose and its job in Prometheus.
  std::string name;
  /// Of its metrics: `time_service`.
  std::string metric_prefix;
  std::string about;
  std::uint16_t port;
  std::string content_security_policy =
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  /// About requests that have less time left than their route usually takes, unless `DEADLINE_ADMISSION` says.
  http::admission_settings::hopeless deadlines = http::admission_settings::hopeless::observe;
  std::function<void(config::options&)> add_options = [](config::options&) {};
  /// Called once, after the settings are known. `guard` may be given further proofs here.
  std::function<http::router(kit&, key_guard& guard)> app;
};

/// A program of one service: flags and environment, routes for health and metrics, signals, drain. The exit status.
int run(int argc, const char* const* argv, definition only);

/// A program of several services in one process, on the same loops. `--port` is the first one's; the others have their
/// own ports shifted alike (0: the system chooses all).
int run_together(int argc, const char* const* argv, std::string program, std::string about,
                 std::vector<definition> all);

}  // namespace cohort::service
