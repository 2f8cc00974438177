// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/net/network.hpp>
#include <cohort/redis/reply.hpp>
#include <cohort/runtime/time/deadline.hpp>

namespace cohort::redis {

/// A Redis server in memory for tests and simulations, on one loop and any `net::acceptor`, such as one of the
/// simulated network. Supports PING, HELLO, AUTH, SELECT, GET, SET (with PX), DEL, INCR, INCRBY, EXPIRE, PEXPIRE,
/// PUBLISH, SUBSCRIBE, PSUBSCRIBE (patterns that end with `*`), UNSUBSCRIBE and PUNSUBSCRIBE, in RESP3. Keys expire by
/// the loop's clock.
class simulated_server {
 public:
  /// `password` is the password of the user `default`; if it is empty, no authentication is required.
  explicit simulated_server(std::string password = {});
  ~simulated_server();
  simulated_server(const simulated_server&) = delete;
  simulated_server& operator=(const simulated_server&) = delete;

  /// Accepts connections and executes their commands until the task is cancelled, or the acceptor is closed. When the
  /// task ends, the connections are closed, but the data is kept for the next call. Only one call may run at a time.
  /// The server must outlive the task.
  task<> run(std::unique_ptr<net::acceptor> acceptor);

  /// Sets the processing time of each later batch of commands, for example a time longer than the callers' deadlines.
  void set_delay(duration delay) noexcept { delay_ = delay; }
  /// The number of executed commands, excluding the handshake.
  std::size_t command_count() const noexcept { return command_count_; }
  std::size_t connection_count() const noexcept { return sessions_.size(); }

 private:
  struct session;
  struct entry {
    std::string value;
    deadline expiry = deadline::never();
  };
  using arguments = std::vector<std::string>;

  task<> serve(net::stream_ptr stream);
  task<> read(session& peer);
  static task<> write(session& peer);
  void execute(session& peer, const arguments& command);
  /// The reply of a command that concerns the connection; empty for any other command.
  std::optional<std::string> execute_connection_command(session& peer, const std::string& name,
                                                        const arguments& command);
  std::string execute_data_command(const std::string& name, const arguments& command);
  std::string increment(const std::string& key, const std::string& amount);
  std::string publish(const std::string& channel, const std::string& payload);
  std::string log_in(session& peer, const std::string& user, const std::string& password) const;
  entry* find(const std::string& key);

  std::string password_;
  duration delay_{};
  std::size_t command_count_ = 0;
  std::map<std::string, entry> data_;
  std::list<session*> sessions_;
};

}  // namespace cohort::redis
