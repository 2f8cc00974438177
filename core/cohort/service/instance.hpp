// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <boost/url/url.hpp>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/client/client.hpp>
#include <cohort/http/server/server.hpp>
#include <cohort/service/service.hpp>
#include <cohort/service/settings.hpp>
#include <cohort/service/tls/https_redirect.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {

class telemetry_export;

/// `http://ADDRESS:PORT` of a listening socket, or `https://`. A wildcard address is replaced by the loopback address.
/// An IPv6 address with a zone, such as `fe80::1%eth0`, is percent-encoded without brackets.
boost::urls::url endpoint_url(const net::endpoint& local_endpoint, bool uses_tls = false);

/// Adds the options of a definition and of its extensions, which must outlive `options`.
void add_service_options(config::options& options, const definition& service);

/// The objects and settings that an instance requires in addition to its definition. `network` and the sink of `log`
/// must outlive the instance; the other members are used in `build` only.
struct dependencies {
  net::network& network;
  const common_settings& settings;
  const telemetry::logger& log;
  /// The URLs of the other services of the process, by name.
  std::map<std::string, boost::urls::url> sibling_urls;
  connection_capacity capacity{http::server_limits{}.max_connections, http::server_limits{}.reserved_connections};
  /// TLS settings for requests to upstreams.
  net::tls_client_settings upstream_tls{};
  /// The limit of invalid API keys, shared by the services of a process. If null, the instance has its own limit.
  std::shared_ptr<failed_key_throttle> key_throttle = nullptr;
  /// The export of spans and log lines, which must outlive the instance. If null, nothing is exported.
  telemetry_export* exporter = nullptr;
};

/// One service on loops and a network that a program or a simulation owns. The functions `build`, `start`,
/// `begin_drain` and `stop` are called in this order.
class instance {
 public:
  /// Precondition: the definition's options have been parsed. `listener` belongs to the first loop. `tls` is null for
  /// plain HTTP.
  instance(definition service, std::vector<loop*> loops, std::unique_ptr<net::acceptor> listener,
           std::shared_ptr<net::tls_server_context> tls = nullptr);
  ~instance();
  instance(const instance&) = delete;
  instance& operator=(const instance&) = delete;

  const std::string& name() const noexcept { return definition_.name; }
  boost::urls::url url() const;
  /// The service's metrics, without process-wide metrics.
  telemetry::registry& metrics() noexcept { return metrics_; }
  const telemetry::registry& metrics() const noexcept { return metrics_; }

  /// Builds the router and the server, before the loops run. `dependencies.network` must outlive this object.
  void build(const dependencies& dependencies);
  /// Replaces the API keys that callers may use; the first key is sent to other services. Sessions of removed keys end.
  /// Returns false if these keys are already in use. Safe from any thread.
  bool replace_api_keys(const config::api_key_list& keys) { return api_keys_.replace(keys); }
  /// Replaces the TLS settings for requests to upstreams. Safe from any thread.
  void replace_upstream_tls(const net::tls_client_settings& settings);
  /// Redirects plain HTTP requests that `listener`, of the first loop, accepts. Called after `build`.
  void add_https_redirect(std::unique_ptr<net::acceptor> listener);
  /// Starts serving, and runs the start hooks. Calls `on_started` once all start hooks have ended, with null or with
  /// the exception of the hook that failed. Called on the first loop.
  void start(std::function<void(std::exception_ptr)> on_started = [](const std::exception_ptr&) {});
  /// After this call, `/readyz` returns 503, and each response closes its connection. Called on the first loop.
  void begin_drain();
  /// Closes the listener, and waits until the requests in flight and the periodic jobs have ended, or `drain_timeout`
  /// expires. Then cancels the remaining tasks and runs the stop hooks. Called on the first loop.
  task<> stop(duration drain_timeout);
  service_lifecycle& lifecycle() noexcept { return *lifecycle_; }
  /// The state of the upstreams on the calling loop, by name. Called after `build`, on one of the loops.
  std::vector<http::upstream_status> upstreams();
  /// Calls `observe` with the record of each request that ends, on the loop of the request. Called after `build`,
  /// before `start`. Must not throw.
  void observe_requests(const std::function<void(const telemetry::request_record&)>& observe);

 private:
  void make_clients(const dependencies& dependencies);
  /// Adds the routes and filters that every service has, in addition to the routes of its `app`.
  void add_common_routes(const common_settings& settings);
  void warn_about_missing_keys() const;
  void make_server(const dependencies& dependencies);
  http::server_settings make_server_settings(const dependencies& dependencies) const;
  void begin_extension_drain();
  /// Runs a task on the first loop until the service stops.
  std::function<void(task<>)> background_spawner();
  void register_in_discovery(const common_settings& settings);
  task<> run_start_hooks(std::function<void(std::exception_ptr)> on_started);
  static task<> close_idle_connections(client_set& clients);

  definition definition_;
  std::vector<loop*> loops_;
  telemetry::registry metrics_;
  std::unique_ptr<net::acceptor> listener_;
  net::endpoint local_endpoint_;
  /// Empty if the service listens on a port.
  std::string unix_path_;
  std::shared_ptr<net::tls_server_context> tls_;
  std::atomic<bool> is_draining_{false};
  /// Whether start hooks are still running.
  std::atomic<bool> is_starting_{false};
  config::api_key_set api_keys_;
  std::optional<telemetry::logger> log_;
  /// The argument of `definition::app`. Declared before the objects that own handlers and tasks, which may refer to it.
  std::optional<service_context> context_;
  /// Null until `build`. Declared before the clients, which use the network of discovery.
  std::unique_ptr<discovery::service_discovery> discovery_;
  std::optional<client_set> clients_;
  std::optional<background_tasks> background_;
  std::optional<service_lifecycle> lifecycle_;
  std::optional<api_key_authenticator> authenticator_;
  http::router routes_;
  /// Destroyed after the server and before the routes, whose handlers may refer to an extension.
  std::vector<std::shared_ptr<extension>> extensions_;
  std::optional<http::server_metrics> server_metrics_;
  std::optional<http::server> server_;
  std::optional<https_redirect> redirect_;
};

}  // namespace cohort::service
