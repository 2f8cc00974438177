#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/net/memory_network.hpp"
#include "core/runtime/random.hpp"
#include "core/sim/connection.hpp"
#include "core/sim/host.hpp"
#include "core/sim/trace.hpp"

namespace cohort::sim {

/// Hosts with names and addresses on one loop, links between them, and all that can go wrong there. What one host's
/// programs see of it is its own `net::network`. Chance comes from the loop's; everything that happens is traced.
///
/// A fault lasts until it is taken back. Faults may be switched at any time, by a script or by a seed.
class network {
 public:
  /// On the loop, all of it. Both must outlive the connections.
  network(loop& home, trace& events);
  ~network();
  network(const network&) = delete;
  network& operator=(const network&) = delete;

  /// `name` is its own; it resolves to the host.
  host& add_host(std::string name);
  host* find(std::string_view name) noexcept;
  /// What the programs on that host reach others by, until it is killed; another one after it is revived.
  net::network& reach(const host& from);
  std::unique_ptr<net::acceptor> listen(const host& at, std::uint16_t port);

  /// Told of all connections from now on; must outlive this.
  void observe(connection_observer& observer) { observers_.push_back(&observer); }
  /// Called as a connection is made, before a byte goes over it: the place to break it from.
  void on_connection(std::function<void(connection&)> call) { on_connection_ = std::move(call); }
  /// Those that are open between the two, either way round.
  std::vector<std::shared_ptr<connection>> connections(const host& a, const host& b) const;
  std::size_t open_connections() const noexcept;

  /// Conditions of all links that have none of their own.
  void set_usual_conditions(const link_conditions& how) { usual_ = how; }
  /// Both ways, also for connections that are open.
  void set_conditions(const host& a, const host& b, const link_conditions& how);

  /// Refused connects, as at a port where nobody listens.
  void refuse_connections(host& to, bool on = true);
  /// Connects that hear nothing. They come through soon after it ends.
  void swallow_connections(host& to, bool on = true);
  /// Nothing gets from one to the other; nothing is lost if it heals in time.
  void partition(const host& a, const host& b);
  void heal(const host& a, const host& b);
  /// Its process is gone: peers get resets, connects are refused.
  void kill(host& which);
  /// The machine is off: peers hear nothing, connects are swallowed.
  void vanish(host& which);
  /// It can listen and connect again; connections of its former life get resets once their peers use them.
  void revive(host& which);

  /// The addresses that a name resolves to, in this order; none: the name is not known.
  void set_addresses(const std::string& name, std::vector<asio::ip::address> addresses);
  void add_address(const std::string& name, const asio::ip::address& address);
  void remove_address(const std::string& name, const asio::ip::address& address);
  /// How long a look-up of this name takes: nothing if not set.
  void slow_name(const std::string& name, duration least, duration most);
  /// The resolver says that it cannot tell.
  void fail_name(const std::string& name, bool on = true);

 private:
  friend class connection;
  class view;
  struct name_record {
    std::vector<asio::ip::address> addresses;
    duration least_delay{};
    duration most_delay{};
    bool fails = false;
  };
  struct listener {
    const host* at;
    net::memory_acceptor* acceptor;
  };

  link& link_between(const host& a, const host& b);
  host* host_at(const asio::ip::address& address) noexcept;
  bool is_reachable(const host& from, const host& to);
  void open(const std::shared_ptr<connection>& made);
  void end_life_of(host& which);
  void update(const host& a, const host& b);
  void record(event_kind what, std::string_view from, std::string_view to, std::uint64_t number,
              std::string_view content);
  void record_fault(std::string_view from, std::string_view to, std::string_view what);

  loop& home_;
  trace& trace_;
  random_source chance_;
  link_conditions usual_;
  std::deque<host> hosts_;
  std::map<std::pair<std::size_t, std::size_t>, link> links_;
  std::map<std::string, name_record, std::less<>> names_;
  std::map<net::endpoint, listener> listeners_;
  /// Of all hosts and lives: a program of a former life may still hold on to its own.
  std::deque<std::unique_ptr<view>> views_;
  std::vector<view*> current_views_;
  std::vector<std::shared_ptr<connection>> connections_;
  std::uint64_t connections_made_ = 0;
  std::vector<connection_observer*> observers_;
  std::function<void(connection&)> on_connection_;
  /// For those that try to connect to where nothing gets through.
  wait_queue changed_;
};

}  // namespace cohort::sim
