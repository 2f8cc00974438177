// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <unordered_set>

#include <cohort/sim/connection.hpp>
#include <cohort/sim/exchange_recorder.hpp>

namespace cohort::sim {

/// Charges the CPU costs of HTTP messages (`cpu_costs`) to the processes that send and receive them.
class cpu_accounting final : public connection_observer, public exchange_observer {
 private:
  void on_opened(const connection& connection) override;
  void on_sent(const connection& connection, net::pipe_side sender, std::string_view bytes) override;
  void on_read(const connection&, net::pipe_side, std::string_view) override {}
  void on_closed(const connection& connection, net::pipe_side side) override;
  void on_request_read(const exchange& request) override;
  void on_response_started(const exchange& response) override;

  /// Connections on which the client has started a request and the server has not started the response.
  std::unordered_set<std::uint64_t> requests_sent_;
};

}  // namespace cohort::sim
