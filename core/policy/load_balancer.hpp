#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <span>
#include <vector>

#include "core/runtime/clock.hpp"
#include "core/runtime/random.hpp"

namespace cohort::policy {

/// Chooses among the addresses of a name: of two drawn by chance the one with fewer requests in flight. One that fails
/// again and again is left out for a while (passive outlier ejection), but never the last. One that joins others, or
/// comes back, is given its share slowly: when it would be chosen, it is with a chance that grows from a tenth to one
/// over `slow_start`. A state machine: it is told the time.
/// Source: Mitzenmacher, "The power of two choices" (2001); ejection after 5 failures in a row for 30 s times how
/// often, at most 300 s, and slow start are Envoy's. Envoy ejects at most 10 % of a cluster; ours are small, so all but
/// one.
class load_balancer {
 public:
  using endpoint = boost::asio::ip::tcp::endpoint;

  struct settings {
    unsigned failures = 5;
    /// Connections refused or not made, in a row: that address has nobody listening.
    unsigned connect_failures = 2;
    /// Times how often it was ejected; of those, one is forgotten for each `first_ejection` that it was not.
    duration first_ejection = std::chrono::seconds{30};
    duration longest_ejection = std::chrono::seconds{300};
    duration slow_start = std::chrono::seconds{10};
  };
  enum class outcome {
    success,
    failure,  // an answer that blames the server, or none
    connect_failure,
    none,  // tells nothing of the address
  };

  explicit load_balancer(settings how) : how_(how) {}

  /// What the name stands for now. Those that stay keep what is known of them; those in flight to one that left still
  /// end with `end`.
  void update(std::span<const endpoint> addresses, time_point now);
  /// Nothing if there is no address. `avoid` are those that the call has tried: only if there is no other, not even an
  /// ejected one (which may be well again), it is one of them.
  std::optional<endpoint> pick(std::span<const endpoint> avoid, time_point now, random_source& random) const;

  /// A request goes to it, also if it has left meanwhile; `end` exactly once after that.
  void begin(const endpoint& to);
  /// True if that has ejected it. What ends while it is ejected changes nothing: most of it began before.
  bool end(const endpoint& at, outcome what, time_point now) noexcept;

  /// Of what the name stands for now.
  std::size_t addresses() const noexcept;
  std::size_t ejected(time_point now) const noexcept;
  bool knows(const endpoint& at) const noexcept;
  std::size_t in_flight(const endpoint& at) const noexcept;

 private:
  struct member {
    endpoint where;
    bool listed = true;   // else it stays only for what is in flight
    time_point joined{};  // or comes back, if that is not over yet
    std::size_t in_flight = 0;
    unsigned failures = 0;
    unsigned connect_failures = 0;
    unsigned ejections = 0;

    bool pickable(time_point now) const noexcept { return listed && joined <= now; }
  };

  const member* find(const endpoint& where) const noexcept;
  member* find(const endpoint& where) noexcept;
  std::size_t pickable(time_point now) const noexcept;
  double share(const member& of, time_point now) const noexcept;
  bool note(member& of, outcome what, time_point now) noexcept;
  void eject(member& which, time_point now) noexcept;
  template <class Eligible>
  std::optional<endpoint> pick_among(Eligible eligible, time_point now, random_source& random) const;

  settings how_;
  std::vector<member> members_;
};

}  // namespace cohort::policy
