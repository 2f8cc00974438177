// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>

#include <cohort/net/memory/memory_pipe.hpp>
#include <cohort/net/network.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::net {

/// Acceptor of in-memory connections: `accept` returns the streams that were passed to `enqueue`, in order.
class memory_acceptor final : public acceptor {
 public:
  /// `on_close` is called once, when the acceptor is closed or destroyed, unless `clear_close_callback` was called.
  memory_acceptor(endpoint local, std::function<void()> on_close) : local_(local), on_close_(std::move(on_close)) {}
  ~memory_acceptor() override { close(); }

  task<result<stream_ptr>> accept(loop&) override;
  endpoint local_endpoint() const override { return local_; }
  void close() noexcept override;

  void enqueue(stream_ptr connection);
  void clear_close_callback() noexcept { on_close_ = nullptr; }

 private:
  endpoint local_;
  std::function<void()> on_close_;
  bool is_closed_ = false;
  std::deque<stream_ptr> backlog_;
  wait_queue waiters_;
};

/// In-memory network without sockets, for tests and simulations.
class memory_network final : public network {
 public:
  explicit memory_network(memory_pipe_settings settings = {}) : settings_(settings) {}
  ~memory_network() override;

  /// Adds a host name. IP addresses resolve to themselves.
  void add_name(const std::string& host, std::vector<asio::ip::address> addresses) {
    names_[host] = std::move(addresses);
  }
  /// Connection attempts to `peer` stay pending until their deadline.
  void add_black_hole(const endpoint& peer) { black_holes_.insert(peer); }

  /// Sets the peer address that the server reports for later connections.
  void set_client_address(std::string address) { client_address_ = std::move(address); }

  /// Listens on `local`. Precondition: no other acceptor listens on `local`.
  std::unique_ptr<acceptor> listen(const endpoint& local);
  /// Listens on the Unix domain socket `path`.
  std::unique_ptr<acceptor> listen_unix(const std::string& path);

  task<result<std::vector<endpoint>>> resolve(std::string host, std::uint16_t port, deadline resolve_deadline) override;
  task<result<stream_ptr>> connect(endpoint peer, deadline connect_deadline) override;
  task<result<stream_ptr>> connect_unix(std::string path, deadline connect_deadline) override;

 private:
  memory_pipe_settings settings_;
  std::string client_address_ = "192.0.2.1";
  std::map<std::string, std::vector<asio::ip::address>> names_;
  std::set<endpoint> black_holes_;
  std::map<endpoint, memory_acceptor*> acceptors_;
  std::map<std::string, memory_acceptor*> unix_acceptors_;
};

}  // namespace cohort::net
