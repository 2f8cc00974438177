#pragma once

#include <deque>
#include <map>
#include <string>

#include "core/net/network.hpp"
#include "core/runtime/wait_queue.hpp"

namespace cohort::net {

/// Two ends of a connection within one loop. What one writes the other reads after `latency`; at most `capacity` bytes
/// are on the way, then writes wait, as with a full socket buffer.
struct memory_pipe_settings {
  duration latency{0};
  std::size_t capacity = 64 * 1024;
  /// The most that one read gives; 1 shows every way in which a message can be cut.
  std::size_t largest_read = 64 * 1024;
};

std::pair<stream_ptr, stream_ptr> make_memory_pipe(memory_pipe_settings how = {},
                                                   std::string first_address = "192.0.2.1",
                                                   std::string second_address = "192.0.2.2");

/// Makes what was written so far arrive, then a reset: what a peer sees of a process that was killed.
void reset_memory_stream(stream& end);

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
  class memory_acceptor;

  memory_pipe_settings how_;
  std::map<std::string, std::vector<asio::ip::address>> names_;
  std::map<endpoint, bool> black_holes_;
  std::map<endpoint, memory_acceptor*> listeners_;
};

}  // namespace cohort::net
