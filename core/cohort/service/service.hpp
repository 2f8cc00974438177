// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <cohort/config/options.hpp>
#include <cohort/config/secret.hpp>
#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/http/server/bounds/admission_control.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/service/authentication/api_key_authenticator.hpp>
#include <cohort/service/client_set.hpp>
#include <cohort/service/extension.hpp>
#include <cohort/service/lifecycle/background_tasks.hpp>
#include <cohort/service/lifecycle/service_lifecycle.hpp>

namespace cohort::discovery {
class service_discovery;
}

namespace cohort::service {

/// The objects that `definition::app` uses to build its router. The `service_context` and the objects that it refers to
/// outlive the router and all work of the service. A handler or a task may therefore capture a reference to the
/// context.
struct service_context {
  /// The client with default limits that `make_upstream` uses.
  http::client& client;
  telemetry::registry& metrics;
  telemetry::logger log;
  background_tasks& background;
  /// The API key that this service sends to the other services, the first of `api_keys`; none if empty.
  const config::replaceable_secret& api_key;
  /// The services of the same process, by name.
  std::map<std::string, boost::urls::url> sibling_urls;
  /// The API keys that this service accepts; no authentication if empty.
  const config::api_key_set& api_keys;
  service_lifecycle& lifecycle;
  /// Threads for functions that block: `co_await context.blocking.run(request, function)`.
  blocking_pool& blocking;
  net::network& service_network;
  client_set& clients;
  /// Service discovery; never null in `definition::app`.
  discovery::service_discovery* service_discovery = nullptr;

  /// The service's event loops. Handlers run on all loops.
  const std::vector<loop*>& loops() const noexcept { return lifecycle.loops(); }
  /// The network of the service's clients; in a simulation, the simulated network.
  net::network& network() const noexcept { return service_network; }

  /// Runs `work` on the first loop before the service is ready. Until all start hooks have ended, `/readyz` and all
  /// routes except the probes respond with 503. If `work` throws, the program prints the reason and exits with status
  /// 1, or with the status of a `start_error`.
  void on_start(task<> work) const { lifecycle.on_start(std::move(work)); }
  /// Runs `work` on the first loop when the service stops, after its requests, jobs and background tasks have ended.
  /// See `service_lifecycle::on_stop`.
  void on_stop(task<> work) const { lifecycle.on_stop(std::move(work)); }
  /// Reloads a setting on the first loop, on SIGHUP and when one of `files` changes. `reload` keeps the old value if
  /// the new value is invalid; the result is logged and counted in `cohort_setting_reloads_total{setting,result}`.
  void on_reload(std::string setting, config::reloader::action reload, std::vector<std::string> files) const {
    lifecycle.add_reload(std::move(setting), std::move(reload), std::move(files));
  }
  /// Runs `work` periodically. See `job_scheduler::every`.
  void every(std::string name, duration interval, job_scheduler::job work, job_options options = {}) const {
    lifecycle.jobs().every(std::move(name), interval, std::move(work), options);
  }
  /// Runs `work` at the times of a cron expression. See `job_scheduler::cron`.
  void cron(std::string name, std::string_view expression, job_scheduler::job work, job_options options = {}) const {
    lifecycle.jobs().cron(std::move(name), expression, std::move(work), options);
  }

  /// Returns the URL for requests to the upstream service that `setting` names. An http or https URL is returned
  /// unchanged. For the URL of a discovery system (`discovery::service_url`), starts a watch, and returns an http or
  /// https URL whose host resolves to the known endpoints. Throws `std::invalid_argument` if another discovery URL has
  /// the same service name.
  boost::urls::url upstream_url(const boost::urls::url& setting) const;

  /// Creates a resilient client for one upstream service. `name` is the label of the upstream in metrics. The client
  /// must outlive the router, for example in a `std::shared_ptr` that the handlers share.
  http::upstream make_upstream(std::string name, http::upstream_settings settings = {}) const;
  /// Like the overload above, but with separate connections that have the limits of `client_settings`, such as a longer
  /// body, fewer idle connections, or a different connect timeout. The proxies and the TLS settings of the program
  /// apply. Precondition: called from `definition::app`.
  http::upstream make_upstream(std::string name, http::upstream_settings settings,
                               http::client_settings client_settings) const;
};

/// A service: its identity and the functions that build it.
struct definition {
  /// The name of the service, such as `time-service`, which its log lines contain.
  std::string name;
  /// Prefix of the service's HTTP metrics, such as `time_service`. Default: the name, with `_` for characters other
  /// than letters and digits.
  std::string metric_prefix;
  /// First line of `--help`.
  std::string description;
  /// The version of the service, such as `1.0.0`: reported by `--version`, `cohort_build_info`, the startup log,
  /// `/openapi.json` and traces. Default: none; Cohort's own version is `cohort::version()`.
  std::string version;
  /// Default port. If 0, the system chooses a port. In a simulated fleet, the port is 80.
  std::uint16_t port = 0;
  /// Value of the `Content-Security-Policy` header. A response that sets this field itself replaces it.
  std::string content_security_policy =
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  /// Whether `/api/*` and operations with `require_api_key` require a client certificate if the program has trusted CA
  /// certificates of clients (`--tls-client-ca`). False for a service that browsers use.
  bool requires_client_certificate = true;
  /// Whether `/api/*` requires an API key if the program has one. False for a service that authenticates requests
  /// itself, such as a gateway.
  bool authenticates_api = true;
  /// Whether the program requires an API key: without an API key, the program prints the reason and exits with status
  /// 2.
  bool requires_api_key = false;
  /// Whether the service has `/openapi.json` and `/docs`, which describe its API and require no credential.
  bool describes_api = true;
  /// The name of the cookie that `api_key_authenticator::set_alternative` accepts, for the description of the API.
  std::string session_cookie{};
  /// Action for requests whose remaining time is shorter than their route's median latency. `DEADLINE_ADMISSION`
  /// overrides it.
  http::admission_settings::infeasible_action deadline_admission = http::admission_settings::infeasible_action::observe;
  /// Adds flags and environment variables of the service. The variables of these options must outlive the definition,
  /// for example in a `std::shared_ptr` that `add_options` and `app` capture.
  std::function<void(config::options&)> add_options = [](config::options&) {};
  /// Builds the router. Called once, on the main thread, after the options have been parsed. If the function throws,
  /// the program prints the reason and exits: with the status of a `start_error`, with 2 after any other
  /// `std::logic_error`, such as an invalid route, otherwise with 1.
  std::function<http::router(service_context&, api_key_authenticator&)> app;
  /// Optional features, installed in this order after `app`.
  std::vector<std::shared_ptr<extension>> extensions;
};

/// Runs a program of one service: command line and environment, health and metrics routes, signals, graceful shutdown.
/// Returns the exit status: 0; 1 after a failed health check; 2 for an invalid setting, with one line on standard
/// error.
int run(int argc, const char* const* argv, definition service);

/// Runs several services in one process, on the same event loops. `--port` sets the first service's port and shifts the
/// others' default ports by the same amount; with 0, the system chooses all ports. `--version` prints the first
/// service's version, or that there is none. Returns the same exit status as `run`.
int run_all(int argc, const char* const* argv, std::string program, std::string description,
            std::vector<definition> services);

}  // namespace cohort::service
