// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/client/connection/connector.hpp>
#include <cohort/runtime/completion_handler.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include "loadgen/client/request_tracker.hpp"

namespace cohort::loadgen {

class response_reader;

/// Selects the next request of a connection.
class connection_scheduler {
 public:
  /// Returns the next request for a connection to `target` that has become idle. If the result is empty, the connection
  /// sends the oldest waiting request, or stays idle.
  virtual std::optional<scheduled_request> on_connection_free(std::size_t target, request_outcome last_outcome) = 0;

 protected:
  ~connection_scheduler() = default;
};

/// The state that the clients of one worker share.
struct client_context {
  loop& event_loop;
  const load_settings& settings;
  request_tracker& tracker;
  http::connector& connector;
  task_group& connections;
  connection_scheduler* scheduler = nullptr;
  bool is_stopping = false;
};

/// One worker's client of one target: its connections, and the requests that wait for a connection. Requests are served
/// first in, first out; connections are used last in, first out, so that excess connections stay idle. Must be used on
/// one loop.
class target_client {
 public:
  /// `context` and the target must outlive the client.
  target_client(client_context& context, std::size_t target_index, std::size_t max_connections);
  ~target_client();
  target_client(const target_client&) = delete;
  target_client& operator=(const target_client&) = delete;

  std::size_t max_connections() const noexcept { return max_connections_; }
  /// Sends a request as soon as a connection is idle or can be opened.
  void submit(const scheduled_request& request);
  /// Ends the waiting attempts whose deadline has passed; a request without a further attempt is `unsent`.
  void expire_waiting_requests();
  /// Ends all waiting requests as `unsent`, and closes idle connections.
  void close();

  std::size_t waiting_count() const noexcept { return waiting_requests_.size(); }

 private:
  class connection;
  using next_request = std::optional<scheduled_request>;

  static task<> run_connection(target_client& self, scheduled_request first);
  static task<request_result> run_request(connection& connection, active_request& request);
  static std::string_view serialized_request(connection& connection, const scheduled_request& request);
  static task<std::optional<request_result>> open(connection& connection, active_request& request);
  static task<std::optional<request_result>> send(connection& connection, std::string_view rest);
  static std::optional<request_result> receive(connection& connection, active_request& request, response_reader& reader,
                                               const net::io_result& count, bool has_received_bytes);
  next_request dequeue_request();
  /// Whether a caller retries after an attempt with this outcome.
  bool will_retry(const scheduled_request& request, request_outcome outcome) const noexcept;
  /// Submits the next attempt, after the pause of the backoff.
  void retry(const scheduled_request& last_attempt);
  static task<> retry_after(target_client& self, scheduled_request next, duration pause);

  client_context& context_;
  const target& target_;
  http::origin origin_;
  std::size_t target_index_;
  std::size_t max_connections_;
  std::size_t buffer_size_;
  std::string serialized_request_;
  std::size_t open_connection_count_ = 0;
  /// Attempts that wait for a connection, in the order of their start. Callers have the same patience, so the oldest
  /// attempt is abandoned first.
  std::deque<scheduled_request> waiting_requests_;
  std::vector<completion_handler<next_request>> idle_connections_;
};

}  // namespace cohort::loadgen
