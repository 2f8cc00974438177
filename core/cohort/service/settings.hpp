// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <cohort/config/options.hpp>
#include <cohort/discovery/discovery_url.hpp>
#include <cohort/http/client/connection/proxy.hpp>
#include <cohort/http/message/server_limits.hpp>
#include <cohort/runtime/blocking/blocking_pool.hpp>
#include <cohort/service/connection_options.hpp>
#include <cohort/service/otlp/otlp_settings.hpp>
#include <cohort/service/tls/tls_options.hpp>
#include <cohort/service/unix_socket_options.hpp>

namespace cohort::service {

/// Settings of every service program.
struct common_settings {
  /// IP address to listen on.
  std::string host = "127.0.0.1";
  /// Port to listen on; the system chooses one if 0.
  std::uint16_t port = 0;
  /// The Unix domain socket to listen on, instead of `host` and `port`.
  unix_socket_options unix_socket;
  std::int64_t threads = 1;
  /// Maximum threads for blocking work of each service, started on demand.
  std::int64_t blocking_threads = static_cast<std::int64_t>(blocking_pool_settings{}.threads);
  /// Time in milliseconds for which an event loop may be blocked before a stall is logged; if 0, stalls are not logged.
  std::int64_t loop_stall_ms = 100;
  /// The API keys that `/api/*` accepts; no authentication if empty. The first key is sent to other services.
  config::api_key_list api_keys;
  /// The file of the API keys; empty if the keys are not from a file.
  std::string api_key_file;
  /// Limit of requests with invalid keys for each client address, with the count 0 for no limit.
  config::rate auth_failure_limit{10, std::chrono::minutes{1}};
  /// Maximum request rate of each client address.
  std::optional<config::rate> rate_limit;
  /// `ignore`, `observe` or `refuse`; `definition::deadline_admission` if empty.
  std::string deadline_admission;
  /// The concurrency limit: `adaptive` or `off`.
  std::string concurrency_limit = "adaptive";
  /// IANA name; the system's time zone if empty.
  std::string time_zone;
  std::string log_level = "info";
  /// The log format: `json` or `text`.
  std::string log_format = "text";
  /// Idle timeout: the maximum time from a response to the next request of its connection, after which the connection
  /// is closed.
  std::chrono::seconds idle_timeout =
      std::chrono::duration_cast<std::chrono::seconds>(http::server_limits{}.idle_timeout);
  /// Time from SIGTERM to the start of the drain. During this time `/readyz` returns 503 and requests are still served,
  /// so that load balancers can stop sending requests first.
  std::chrono::seconds drain_delay{0};
  /// Maximum time for requests in flight to complete at shutdown, from the start of the drain.
  std::chrono::seconds drain_timeout{10};
  /// The discovery system in which the services register themselves; none by default.
  std::optional<discovery::registry_target> registry;
  /// The address that the services register; port 0 means the port on which each service listens. Default: `host`; if
  /// that is a wildcard address, the local address of connections to the discovery system.
  std::optional<net::endpoint> advertise_address;
  tls_options tls{};
  connection_options connections{};
  /// Proxies for requests to upstreams, from `http_proxy`, `https_proxy` and `no_proxy` in the environment.
  http::proxy_settings proxies;
  /// All settings of the program with their sources, without secrets, for `/debug/config`.
  std::vector<config::setting_report> effective_settings;
  /// Export of spans and log lines, from the environment (`OTEL_*`).
  otlp_settings otlp;
  /// Whether to query a running service's health instead of serving.
  bool healthcheck = false;
};

/// Adds the flags and environment variables of `settings`, which must outlive `options`.
void add_common_options(config::options& options, common_settings& settings, std::string port_help);

}  // namespace cohort::service
