// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <cohort/config/options.hpp>
#include <cohort/service/authentication/api_key_authenticator.hpp>
#include <cohort/service/lifecycle/service_lifecycle.hpp>

namespace cohort::http {
class client;
class server;
}  // namespace cohort::http

namespace cohort::service {

/// The dependencies of the debug routes. The references must outlive the router.
struct debug_dependencies {
  std::string service;
  const std::vector<loop*>& loops;
  std::vector<http::client*> clients;
  /// Returns the server that the router belongs to. Called while the server runs.
  std::function<http::server&()> server;
  service_lifecycle& lifecycle;
  /// The logger; its level applies to all services of the program.
  telemetry::logger log;
  const api_key_authenticator& authenticator;
  /// The settings of the program.
  std::vector<config::setting_report> settings;
  /// Whether the service listens on a loopback address.
  bool is_loopback = false;
};

/// Adds `/debug`, a page, and `/debug/requests`, `/debug/tasks`, `/debug/upstreams`, `/debug/loops`, `/debug/config`
/// and `/debug/log-level`, as JSON. The routes require an API key if the service has one. Without an API key, the
/// routes exist only on a loopback address, for requests that were not forwarded by a proxy and have a loopback host
/// (against DNS rebinding). Requests with `Origin` are rejected. The routes have no metrics and no admission control,
/// so they also respond under overload. Adds nothing to a service that already has routes below `/debug`.
void add_debug_routes(http::router& routes, debug_dependencies dependencies);

}  // namespace cohort::service
