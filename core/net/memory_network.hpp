#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>

#include "core/net/memory_pipe.hpp"
#include "core/net/network.hpp"
#include "core/runtime/wait_queue.hpp"

namespace cohort::net {

/// A listener within one loop: what `arrive` brings, `accept` gives, in order.
class memory_acceptor final : public acceptor {
 public:
  /// `on_close` is called once, when no more connections shall come; not while it is destroyed after `forget_owner`.
  memory_acceptor(endpoint local, std::function<void()> on_close) : local_(local), on_close_(std::move(on_close)) {}
  ~memory_acceptor() override { close(); }

  task<result<stream_ptr>> accept(loop&) override;
  endpoint local_endpoint() const override { return local_; }
  void close() noexcept override;

  void arrive(stream_ptr peer);
  /// Whoever made it is gone.
  void forget_owner() noexcept { on_close_ = nullptr; }

 private:
  endpoint local_;
  std::function<void()> on_close_;
  bool closed_ = false;
  std::deque<stream_ptr> waiting_;
  wait_queue arrivals_;
};

/// A network of names and listeners within one loop, for tests and simulations: nothing of it is a socket.
class memory_network final : public network {
 public:
  explicit memory_network(memory_pipe_settings how = {}) : how_(how) {}
  ~memory_network() override;

  /// Names what `resolve` finds. An address given as text needs no name.
  void add_name(const std::string& host, std::vector<asio::ip::address> addresses) {
    names_[host] = std::move(addresses);
  }
  /// Connections to it neither succeed nor fail until the caller's deadline.
  void black_hole(const endpoint& peer) { black_holes_[peer] = true; }

  /// Nothing else may listen there.
  std::unique_ptr<acceptor> listen(const endpoint& local);

  task<result<std::vector<endpoint>>> resolve(std::string host, std::uint16_t port, deadline until) override;
  task<result<stream_ptr>> connect(endpoint peer, deadline until) override;

 private:
  memory_pipe_settings how_;
  std::map<std::string, std::vector<asio::ip::address>> names_;
  std::map<endpoint, bool> black_holes_;
  std::map<endpoint, memory_acceptor*> listeners_;
};

}  // namespace cohort::net
