// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <memory>
#include <optional>

#include <cohort/net/memory/memory_pipe.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/sim/host.hpp>

namespace cohort::sim {

class connection;
class network;

/// Receives the events of all connections of a network. Side 0 is the client, side 1 the server.
class connection_observer {
 public:
  virtual ~connection_observer() = default;
  virtual void on_opened(const connection& connection) = 0;
  /// `sender` has written `bytes`, which are not delivered yet.
  virtual void on_sent(const connection& connection, net::pipe_side sender, std::string_view bytes) = 0;
  virtual void on_read(const connection& connection, net::pipe_side reader, std::string_view bytes) = 0;
  virtual void on_closed(const connection& connection, net::pipe_side side) = 0;
};

/// A connection of the simulated network. Scripts inject faults with `reset`, `reset_after` and `make_half_open`.
class connection final : public net::memory_link, public std::enable_shared_from_this<connection> {
 public:
  connection(network& owner, const host& client, const host& server, std::uint16_t port, std::uint64_t id);

  /// The number of the connection attempt, from 1, in the order of all attempts of the network, including failed
  /// attempts.
  std::uint64_t id() const noexcept { return id_; }
  const host& client() const noexcept { return *hosts_[0]; }
  const host& server() const noexcept { return *hosts_[1]; }
  /// The port of the server.
  std::uint16_t port() const noexcept { return port_; }
  /// Whether at least one end is open.
  bool is_open() const noexcept { return pipe_ && !(closed_[0] && closed_[1]); }

  /// Resets both ends immediately. Bytes in flight are lost.
  void reset();
  /// Resets both ends after `bytes` more bytes of `sender` have been delivered.
  void reset_after(const host& sender, std::uint64_t bytes);
  /// Stops delivery in both directions permanently. Neither end is notified; writes wait once the buffer is full.
  void make_half_open();

 private:
  friend class network;

  net::stream_ptr make_stream(net::pipe_side side);
  void open(std::size_t max_read_size, std::size_t capacity);
  void kill(net::pipe_side side);
  void power_off(net::pipe_side side);
  /// Holds or releases the bytes in flight, according to the state of the hosts and their link. Held bytes are released
  /// after a random delay, at most the time for which they were held, because TCP retransmits with exponential backoff.
  void update();
  void release();
  void detach_network() noexcept;

  time_point arrival_time(net::pipe_side sender, std::size_t bytes) override;
  void on_sent(net::pipe_side sender, std::string_view bytes) override;
  void on_read(net::pipe_side reader, std::string_view bytes) override;
  void on_closed(net::pipe_side side, bool reset) override;

  network* network_;
  loop& loop_;
  std::array<const host*, 2> hosts_;
  link& link_;
  std::uint16_t port_;
  std::uint64_t id_;
  /// Base latency as a fraction, 0 to 1, of the link's latency range.
  double latency_fraction_;
  std::optional<net::memory_pipe> pipe_;
  std::array<bool, 2> closed_{};
  bool is_half_open_ = false;
  std::optional<time_point> held_since_;
  bound_timer<&connection::release> release_timer_;
};

}  // namespace cohort::sim
