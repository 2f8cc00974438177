// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <span>
#include <string>

#include <cohort/faults/fault_script.hpp>
#include <cohort/net/system/tcp.hpp>
#include <cohort/runtime/random.hpp>

namespace cohort::test {

/// The fault of a link, shared by its connections, and its counters.
struct link_state {
  faults::link_fault fault{};
  std::uint64_t accepted = 0;
  /// The number of connections or responses that a fault has changed.
  std::uint64_t injected = 0;
};

/// One connection through the gate: forwards bytes between a client and a server, and injects the link's fault. Used on
/// one loop.
class gate_connection {
 public:
  gate_connection(link_state& link, net::tcp_socket client, random_generator& random);
  gate_connection(const gate_connection&) = delete;
  gate_connection& operator=(const gate_connection&) = delete;

  /// Connects to `target` and forwards until both sides have closed the connection.
  task<> run(net::endpoint target);
  /// Applies a fault that affects open connections: `reset` without a response, and `half_open`.
  void apply(const faults::link_fault& fault);

 private:
  enum class direction { request, response };
  using bytes = std::span<const char>;

  task<> forward(net::tcp_socket& source, net::tcp_socket& sink, direction flow_direction);
  task<> deliver(net::tcp_socket& sink, std::span<char> data, direction flow_direction);
  task<> deliver_in_chunks(net::tcp_socket& sink, bytes data, const faults::link_fault& fault);
  task<> write(net::tcp_socket& sink, bytes data);
  /// Returns the number of bytes of `data` before the fault truncates the response, at most the size of `data`.
  std::size_t bytes_before_fault(bytes data) const;
  void end_response();
  void record(bytes data, direction flow_direction);
  void stop_delivery();
  void close_connections();
  void reset_connections();

  link_state& link_;
  random_generator& random_;
  net::tcp_socket client_;
  net::tcp_socket server_;
  /// Whether delivery has stopped. If so, received bytes are discarded until one side closes the connection.
  bool is_delivery_stopped_ = false;
  /// Delivered bytes of the current response, and the size of its header section (0 until it is complete).
  std::size_t response_bytes_ = 0;
  std::size_t header_bytes_ = 0;
  std::string header_;
};

}  // namespace cohort::test
