// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <cohort/discovery/discovery_network.hpp>
#include <cohort/discovery/discovery_url.hpp>
#include <cohort/discovery/registration.hpp>
#include <cohort/http/client/client.hpp>

namespace cohort::discovery {

class dns_client;

/// Service discovery of one service: watches its upstream services, and registers the service. Built on the main
/// thread before the loops run; the tasks run on the first loop.
class service_discovery {
 public:
  /// The dependencies of `service_discovery`, which must outlive the object. `tls` and `proxies` are for requests to
  /// discovery systems.
  struct dependencies {
    net::network& network;
    const std::vector<loop*>& loops;
    telemetry::registry& metrics;
    telemetry::logger log;
    net::tls_client_settings tls;
    http::proxy_settings proxies;
  };

  explicit service_discovery(dependencies dependencies);
  ~service_discovery();
  service_discovery(const service_discovery&) = delete;
  service_discovery& operator=(const service_discovery&) = delete;

  /// The network for the client of the service: names of watched services resolve to their endpoints.
  net::network& network() noexcept { return network_; }
  /// Whether requests to the origin are sent to a watched service. Safe from any thread after the last `watch`.
  bool contains(const http::origin& target) const { return network_.find(target.host, target.port) != nullptr; }

  /// Returns the URL for requests to the service that `url` names: `url` itself if it is http or https. Any other URL
  /// must be accepted by `parse_service_target`: the service is watched, and the result is `http://NAME` or
  /// `https://NAME`. Throws `std::invalid_argument` if another service has the same name.
  boost::urls::url watch(const boost::urls::url& url);
  /// Sets the discovery system and the `instance` that `start_registration` registers.
  void configure_registration(const registry_target& registry, const service_instance& instance);

  /// Replaces the TLS settings for requests to discovery systems. Safe from any thread.
  void replace_tls(const net::tls_client_settings& settings) { client_.replace_tls(settings); }

  /// Starts to watch. `spawn` runs a task on the first loop until the service ends. `clients` are notified of changes
  /// immediately, and must outlive the tasks.
  void start(const std::function<void(task<>)>& spawn, std::vector<http::client*> clients);
  /// Starts the registration, if there is one. Precondition: the replica accepts requests.
  void start_registration(const std::function<void(task<>)>& spawn);
  /// Deregisters the replica. Does not wait. Called on the first loop.
  void begin_drain();
  /// Waits for the deregistration.
  task<> wait_until_deregistered(deadline wait_deadline);

 private:
  struct watch_entry;

  std::unique_ptr<endpoint_source> make_source(const service_target& target);
  std::unique_ptr<dns_client> make_dns_client(const service_target& target) const;
  std::unique_ptr<registrar> make_registrar(const registry_target& registry, const service_instance& instance);
  task<> refresh(http::origin target);

  dependencies dependencies_;
  discovery_network network_;
  /// The client for requests to discovery systems.
  http::client client_;
  /// The clients whose origins are refreshed after a change of the endpoints.
  std::vector<http::client*> refreshed_clients_;
  std::vector<std::unique_ptr<watch_entry>> watches_;
  std::optional<registration> registration_;
};

}  // namespace cohort::discovery
