// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <cohort/runtime/loop.hpp>
#include <cohort/sim/connection.hpp>

namespace cohort::sim {

/// An HTTP request that a server has read completely, and its response.
struct exchange {
  std::uint64_t connection_id;
  const host* client;
  const host* server;
  std::string method;
  /// The path without the query.
  std::string path;
  /// The request's `X-Request-Id`; empty if it has none.
  std::string request_id;
  /// The value of the request's `x-envoy-expected-rq-timeout-ms`.
  std::optional<duration> remaining_time;
  /// The time at which the server had read the complete request.
  time_point received_at;
  /// The time at which the server wrote the first byte of the final response.
  std::optional<time_point> response_started_at;
  /// The time at which the server wrote the last byte of the final response.
  std::optional<time_point> response_completed_at;
  /// The status code of the response; 0 if there is none yet.
  unsigned status = 0;
  /// Whether the request arrived before the response to the previous request (pipelining).
  bool is_pipelined = false;
  /// Whether the server closed the connection before the first byte of the response.
  bool is_closed_without_response = false;
  /// Whether the client closed the connection before the response was complete.
  bool has_client_closed = false;
  /// The time at which the client closed the connection.
  std::optional<time_point> client_closed_at;
};

/// Counts of a set of exchanges, by result.
struct exchange_counts {
  std::uint64_t requests = 0;
  /// Number of complete responses.
  std::uint64_t responses = 0;
  std::uint64_t closed_without_response = 0;
};

/// Receives the exchanges while they happen, on the loop of the server.
class exchange_observer {
 public:
  virtual ~exchange_observer() = default;
  /// The server has read the complete request; its handler has not started.
  virtual void on_request_read(const exchange& request) = 0;
  /// The server writes the head of the final response. `status` is known.
  virtual void on_response_started(const exchange& response) = 0;
};

/// Records the HTTP/1.1 requests that servers have read and the responses that they have written. The recorder uses
/// only the bytes on the connections. A request counts once its server has read it completely.
class exchange_recorder final : public connection_observer {
 public:
  explicit exchange_recorder(loop& event_loop);
  ~exchange_recorder() override;

  /// `observer` must outlive the connections. Null removes it.
  void set_observer(exchange_observer* observer) noexcept { observer_ = observer; }

  /// All exchanges, in the order in which the servers read the requests.
  const std::deque<exchange>& exchanges() const noexcept { return exchanges_; }
  /// Counts the exchanges for which `matches` returns true.
  exchange_counts count(const std::function<bool(const exchange&)>& matches) const;
  /// Counts the exchanges with this server and path.
  exchange_counts count(const host& server, std::string_view path) const;

  /// One message for each protocol violation by a server: a response without a request, or an invalid response.
  const std::vector<std::string>& violations() const noexcept { return violations_; }

 private:
  class connection_parser;

  void on_opened(const connection& connection) override;
  void on_sent(const connection& connection, net::pipe_side sender, std::string_view bytes) override;
  void on_read(const connection& connection, net::pipe_side reader, std::string_view bytes) override;
  void on_closed(const connection& connection, net::pipe_side side) override;

  /// The current time of the running loop.
  time_point now() const noexcept;

  loop& loop_;
  exchange_observer* observer_ = nullptr;
  std::deque<exchange> exchanges_;
  /// Indexed by connection ID.
  std::unordered_map<std::uint64_t, std::unique_ptr<connection_parser>> parsers_;
  std::vector<std::string> violations_;
};

}  // namespace cohort::sim
