// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <cohort/net/memory/memory_network.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/random.hpp>
#include <cohort/sim/connection.hpp>
#include <cohort/sim/event_log.hpp>
#include <cohort/sim/host.hpp>

namespace cohort::sim {

/// A simulated network: named hosts, the links between them and their faults, on one loop. The programs of a host use
/// the simulated network through a separate `net::network` (`network_for`). Random values come from the loop's
/// generator; every event is added to the event log.
///
/// Hosts with a process (`host::program`) run on the loops of that process.
///
/// A fault lasts until it is removed. Faults may be set and removed at any time. All functions are called on the loop's
/// thread.
class network {
 public:
  /// Both arguments must outlive the network and its connections.
  network(loop& event_loop, event_log& events);
  ~network();
  network(const network&) = delete;
  network& operator=(const network&) = delete;

  /// Adds a host with a new address in 10.0.0.0/16. `name` resolves to the host and must be unused.
  host& add_host(std::string name);
  /// Returns the host of that name, or nullptr.
  host* find(std::string_view name) noexcept;
  /// The network of the programs on `local_host`. When the host is killed or powered off, the operations of the network
  /// fail with `network_down`. After `restart`, this function returns a new network.
  net::network& network_for(const host& local_host);
  /// Precondition: nothing listens on that port of the host.
  std::unique_ptr<net::acceptor> listen(const host& server, std::uint16_t port);

  /// From this call on, `observer` receives the events of all connections. `observer` must outlive the network.
  void add_observer(connection_observer& observer) { observers_.push_back(&observer); }
  /// `handler` is called for each new connection before its first byte, so that the handler can schedule a fault.
  /// Replaces the previous handler; an empty handler removes it.
  void on_connection(std::function<void(connection&)> handler) { on_connection_ = std::move(handler); }
  /// Open connections between two hosts, in either direction.
  std::vector<std::shared_ptr<connection>> connections(const host& a, const host& b) const;
  /// Open connections to the host, in the order in which they were opened.
  std::vector<std::shared_ptr<connection>> connections_to(const host& server) const;
  /// The number of open connections between all hosts.
  std::size_t open_connections() const noexcept;

  /// Sets the conditions of all links that have no specific conditions.
  void set_default_conditions(const link_conditions& conditions) { default_conditions_ = conditions; }
  /// Sets the conditions of one link, in both directions. Latency, jitter and bandwidth also apply to open connections.
  void set_conditions(const host& a, const host& b, const link_conditions& conditions);

  /// The conditions of the link between two hosts: specific conditions, or the default conditions.
  const link_conditions& conditions(const host& a, const host& b) { return conditions_of(link_between(a, b)); }

  /// Refuses new connections to the host, as a port without a listener does.
  void refuse_connections(host& server, bool enabled = true);
  /// Drops connection attempts to the host without a response. Pending attempts succeed at a retransmission after the
  /// fault is removed.
  void black_hole_connections(host& server, bool enabled = true);
  /// Delivers no bytes between the two hosts until `heal`. Bytes sent during the partition are delivered after the
  /// partition.
  void partition(const host& a, const host& b);
  /// Ends a partition.
  void heal(const host& a, const host& b);
  /// Terminates the host's process: its connections are reset and connection attempts to it are refused.
  void kill(host& target);
  /// Cuts the host's power: its connections become half-open and connection attempts to it are dropped.
  void power_off(host& target);
  /// Starts a killed or powered-off host again. The earlier connections of the host are reset when their peers send
  /// data.
  void restart(host& target);

  /// The addresses that a name resolves to, in this order. An empty list makes the name unknown.
  void set_addresses(const std::string& name, std::vector<asio::ip::address> addresses);
  /// Appends an address, unless the name already has this address.
  void add_address(const std::string& name, const asio::ip::address& address);
  void remove_address(const std::string& name, const asio::ip::address& address);
  /// Delay of a lookup of this name, uniformly distributed; zero by default.
  void set_resolve_delay(const std::string& name, duration min_delay, duration max_delay);
  /// Lookups of this name fail with `host_not_found_try_again`.
  void fail_resolution(const std::string& name, bool enabled = true);

 private:
  friend class connection;
  class host_network;
  struct name_record {
    std::vector<asio::ip::address> addresses;
    duration min_delay{};
    duration max_delay{};
    bool lookup_fails = false;
  };
  struct listener {
    const host* server;
    net::memory_acceptor* acceptor;
  };

  link& link_between(const host& a, const host& b);
  host* host_at(const asio::ip::address& address) noexcept;
  bool is_reachable(const host& client, const host& server);
  const link_conditions& conditions_of(const link& target_link) const noexcept;
  /// The delay that losses add to a segment; zero if the segment is not lost.
  duration draw_retransmission(const link_conditions& conditions, duration first_timeout);
  /// The current time of the running loop.
  time_point now() const noexcept;
  void wake(const host& host);
  void notify_reachability_changes();
  void open(const std::shared_ptr<connection>& connection);
  void end_incarnation(host& target);
  void update_connections(const host& a, const host& b);
  void record(event_kind kind, std::string_view source, std::string_view destination, std::uint64_t connection_id,
              std::string_view detail);
  void record_fault(std::string_view source, std::string_view destination, std::string_view description);

  loop& loop_;
  event_log& event_log_;
  random_generator random_;
  link_conditions default_conditions_;
  std::deque<host> hosts_;
  /// The key consists of the indexes of both hosts, with the lower index in the upper 32 bits.
  std::unordered_map<std::uint64_t, link> links_;
  std::map<std::string, name_record, std::less<>> names_;
  std::map<net::endpoint, listener> listeners_;
  /// Includes the networks of previous incarnations, because a terminated program may still refer to its network.
  std::deque<std::unique_ptr<host_network>> host_networks_;
  /// The state of the current incarnations, indexed by host.
  std::vector<host_network*> current_host_networks_;
  std::vector<std::shared_ptr<connection>> connections_;
  /// The size of `connections_` at which the closed connections are removed.
  std::size_t cleanup_threshold_ = 64;
  std::uint64_t last_connection_id_ = 0;
  std::vector<connection_observer*> observers_;
  std::function<void(connection&)> on_connection_;
  /// Notified when a host may have become reachable.
  wait_queue reachability_changes_;
};

}  // namespace cohort::sim
