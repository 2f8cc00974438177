// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::http {

/// The state of a connection that was shed, a label of `cohort_server_connections_shed_total`.
enum class idle_state {
  /// The connection waited for a request.
  idle,
  /// The client had not sent a complete header section.
  slow_header,
  /// The TLS handshake or the PROXY protocol header was incomplete.
  handshake,
  /// The last response had been sent, and the client had not closed the connection.
  closing,
};
constexpr std::size_t idle_state_count = 4;

/// A shard's record of a connection, from when it is accepted until it is closed.
class open_connection {
 public:
  struct idleness {
    time_point since;
    idle_state state;
  };

  /// The time since which the connection has been idle; empty if it must not be shed, for example because a request is
  /// in flight. A header section, TLS handshake or PROXY protocol header in progress counts as idle after
  /// `grace_period`. The returned time never decreases.
  virtual std::optional<idleness> idle(time_point now, duration grace_period) const noexcept = 0;
  /// Schedules the close of the idle connection, which no longer counts as open. A request that arrives before the
  /// close is still served, and the connection counts as open again.
  virtual void shed() noexcept = 0;
  /// Schedules the close of the connection if it is idle; otherwise, the connection is closed after the current
  /// response.
  virtual void drain() noexcept = 0;

 protected:
  ~open_connection() = default;

 private:
  friend class connection_registry;
  /// The position in the registry. The key is the time of the last check that found the connection active. This time is
  /// at most one tick later than the start of the idle period.
  std::multimap<time_point, open_connection*>::iterator position_;
  /// Whether the position is in `connection_registry::closing_connections_`.
  bool is_closing_ = false;
};

/// The open connections of one loop, ordered by idle time. Connections do not report activity, so requests have no
/// overhead. The registry queries them only when it searches for the connection that has been idle the longest, and
/// then updates its order.
class connection_registry {
 public:
  void insert(open_connection& new_connection, time_point now);
  void erase(open_connection& connection) noexcept;
  std::vector<open_connection*> all() const;
  /// Called after the last response of the connection has been sent, when it only waits for its client to close it.
  void begin_closing(open_connection& connection, time_point now) noexcept;

  /// Sheds the connection that has been idle the longest; a header section or handshake in progress counts as idle
  /// after one second, or immediately if `is_urgent`. Returns the state of the connection; empty if no connection is
  /// idle. The amortized time is logarithmic in the number of connections. If no connection was idle, the next search
  /// takes place after 10 ms.
  std::optional<idle_state> shed_oldest(time_point now, bool is_urgent);
  /// Sheds the closing connection whose last response was sent first. Returns false if no connection is closing.
  bool shed_oldest_closing();

 private:
  using ordered_connections = std::multimap<time_point, open_connection*>;

  /// Equal keys are in the order of their insertion.
  ordered_connections order_;
  /// The closing connections that have not been shed, by the time of their last response.
  ordered_connections closing_connections_;
  time_point next_search_{};
  time_point next_urgent_search_{};
};

}  // namespace cohort::http
