// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/sim/fleet.hpp>
#include "simulation/alerts/gateway_files.hpp"
#include "simulation/alerts/incident.hpp"
#include "simulation/external_systems/simulated_etcd.hpp"
#include "simulation/external_systems/simulated_rabbitmq.hpp"

namespace cohort::simulation::alerts {

/// A simulated fleet for one incident: the four services and the gateway on separate machines, two weather providers, a
/// server behind the gateway, a message broker, a discovery system, and callers.
class monitored_fleet {
 public:
  /// `run` must outlive the fleet.
  explicit monitored_fleet(const incident& run);
  ~monitored_fleet();

  sim::fleet& fleet() noexcept { return fleet_; }
  const incident& run() const noexcept { return run_; }
  random_generator& random() noexcept { return random_; }
  /// All services, in the order in which they were added.
  const std::vector<sim::node*>& nodes() const noexcept { return nodes_; }
  /// The replicas of a service.
  std::vector<sim::node*> replicas(std::string_view service) const;
  /// The URL of this replica, since the name of the service resolves to all replicas.
  static std::string url_of(const sim::node& node);
  /// The start time of the node's current process.
  duration start_time(const sim::node& node) const { return start_times_.at(&node); }
  /// Whether the node is a target of Prometheus: false after it has left DNS.
  bool is_target(const sim::node& node) const { return !deregistered_nodes_.contains(&node); }
  /// The mean delay and the failure probability of a server outside the fleet, which is not scraped.
  struct server_state {
    duration delay = std::chrono::milliseconds{80};
    double failure_ratio = 0;
  };
  server_state providers;
  /// The server behind the route `legacy` of the gateway.
  server_state legacy_server;
  /// The fraction of tokens with an unknown key.
  double unknown_key_ratio = 0;
  /// Factor by which the rate of the callers is multiplied.
  double traffic_factor = 1;

  /// Starts the callers and the injection of the fault.
  void start();
  /// Kills the process. `is_deregistered`: the node is no longer a target of Prometheus.
  void kill(sim::node& node, bool is_deregistered = false);
  simulated_rabbitmq& broker() noexcept { return broker_; }
  /// Stops the broker's machine if `is_machine_lost`, otherwise only its process.
  void stop_broker(bool is_machine_lost);
  /// Starts the broker, or restarts it after `stop_broker`.
  void start_broker();
  /// The server of etcd.
  sim::node& discovery() noexcept { return *discovery_; }
  void restart_process(sim::node& node);
  /// Stops the process gracefully and starts it again.
  task<> deploy(sim::node& node);
  /// Sets the fault injection of all replicas, as `PUT /api/faults` does; an empty string removes the faults.
  task<> set_faults(std::string_view service, std::string json);
  /// Blocks a thread of the node for the time `cost`, like a blocking request handler.
  static void block(sim::node& node, std::size_t thread, duration cost);
  /// Sends a GET request with these header fields from `host`, and waits for the response.
  task<> call(std::string host, std::string url, std::vector<std::pair<std::string, std::string>> fields = {},
              duration timeout = std::chrono::seconds{10});
  /// Waits until the time `since_start` after the start of the run.
  task<> wait_until(duration since_start) const;

 private:
  void add(const std::string& name, sim::node::definition_factory make_definition, std::size_t threads,
           config::environment settings);
  /// Adds a server that responds with these bodies, by path.
  std::function<http::router()> server(const server_state& state,
                                       std::vector<std::pair<std::string, std::string>> bodies);
  void add_external_systems();
  void add_services();
  double current_rate();
  /// Returns the URL and the header fields of the next request of the callers.
  std::pair<std::string, std::vector<std::pair<std::string, std::string>>> next_request();
  std::string next_gateway_path(std::vector<std::pair<std::string, std::string>>& fields);
  static task<> run_callers(monitored_fleet& self);
  static task<> run_pauses(monitored_fleet& self);
  static task<> run_injection(monitored_fleet& self);

  const incident& run_;
  random_generator random_;
  gateway_files files_;
  simulated_rabbitmq broker_;
  simulated_etcd registry_;
  sim::fleet fleet_;
  sim::host& broker_host_;
  sim::node* discovery_ = nullptr;
  std::vector<sim::node*> nodes_;
  std::map<const sim::node*, duration> start_times_;
  std::set<const sim::node*> deregistered_nodes_;
  /// The random factor of the rate in the current minute.
  double minute_factor_ = 1;
  std::int64_t minute_ = -1;
  double phase_;
  std::uint64_t call_count_ = 0;
};

}  // namespace cohort::simulation::alerts
