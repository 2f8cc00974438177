#pragma once

#include <memory>
#include <optional>

#include "core/net/memory_pipe.hpp"
#include "core/runtime/loop.hpp"
#include "core/sim/host.hpp"

namespace cohort::sim {

class connection;
class network;

/// Told of what goes over the network's connections. Side 0 made the connection, side 1 accepted it.
class connection_observer {
 public:
  virtual ~connection_observer() = default;
  virtual void on_opened(const connection& which) = 0;
  virtual void on_sent(const connection& which, net::pipe_side from, std::string_view bytes) = 0;
  virtual void on_read(const connection& which, net::pipe_side by, std::string_view bytes) = 0;
  virtual void on_closed(const connection& which, net::pipe_side by) = 0;
};

/// One connection of the simulated network, and how a script breaks it.
class connection final : public net::memory_line, public std::enable_shared_from_this<connection> {
 public:
  connection(network& owner, const host& from, const host& to, std::uint16_t port, std::uint64_t number);

  /// Counted from 1, in the order of connecting.
  std::uint64_t number() const noexcept { return number_; }
  const host& from() const noexcept { return *hosts_[0]; }
  const host& to() const noexcept { return *hosts_[1]; }
  std::uint16_t port() const noexcept { return port_; }
  bool is_open() const noexcept { return pipe_ && !(closed_[0] && closed_[1]); }

  /// Both ends get a reset, now.
  void reset();
  /// After so many more bytes of that sender have got through.
  void reset_after(const host& sender, std::uint64_t bytes);
  /// Half-open for good: nothing gets through any more, and neither end is told.
  void lose();

 private:
  friend class network;

  net::stream_ptr make_end(net::pipe_side side);
  void open(std::size_t largest_read, std::size_t capacity);
  void kill(net::pipe_side side);
  void vanish(net::pipe_side side);
  /// Holds back what is sent, or lets it go, as the hosts and their link are now. What was held gets through after as
  /// long again, at most: senders try again ever more slowly.
  void update();
  void let_go();
  void forget_network() noexcept;

  time_point arrival(net::pipe_side from, std::size_t bytes) override;
  void on_sent(net::pipe_side from, std::string_view bytes) override;
  void on_read(net::pipe_side by, std::string_view bytes) override;
  void on_closed(net::pipe_side by, bool reset) override;

  network* network_;
  loop& home_;
  std::array<const host*, 2> hosts_;
  link& link_;
  std::uint16_t port_;
  std::uint64_t number_;
  /// Where its latency lies between the link's least and most.
  double place_;
  std::optional<net::memory_pipe> pipe_;
  std::array<bool, 2> closed_{};
  bool lost_ = false;
  std::optional<time_point> held_since_;
  bound_timer<&connection::let_go> letting_go_;
};

}  // namespace cohort::sim
