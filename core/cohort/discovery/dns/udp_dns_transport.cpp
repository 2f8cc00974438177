// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include <cohort/discovery/dns/dns_message.hpp>
#include <cohort/discovery/dns/dns_transport.hpp>
#include <cohort/net/deadline_timer.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::discovery {
namespace {

using udp_socket = asio::basic_datagram_socket<asio::ip::udp, executor>;
using net::io_result;

void cancel_socket(void* socket) {
  error_code ignored;
  static_cast<udp_socket*>(socket)->cancel(ignored);
}

auto receive(udp_socket& socket, asio::mutable_buffer buffer) {
  return async_operation<io_result>([&socket, buffer](completion_handler<io_result> handler) {
    const auto slot = handler.get_cancellation_slot();
    auto complete = [handler = std::move(handler)](error_code error, std::size_t size) mutable {
      handler(error ? io_result{error} : io_result{size});
    };
    socket.async_receive(buffer, asio::bind_cancellation_slot(slot, std::move(complete)));
  });
}

}  // namespace

task<result<std::string>> udp_dns_transport::exchange(net::endpoint server, std::string query,
                                                      deadline exchange_deadline) {
  auto& event_loop = loop::current();
  // The socket is on the heap, because the timer holds its address while the operation is pending.
  auto socket = std::make_unique<udp_socket>(event_loop.get_executor());
  const asio::ip::udp::endpoint peer{server.address(), server.port()};
  error_code error;
  socket->open(peer.protocol(), error);
  // A connected socket receives only datagrams and ICMP errors from this peer.
  if (!error) socket->connect(peer, error);
  if (!error) socket->send(asio::buffer(query), 0, error);
  if (error) co_return error;
  net::deadline_timer timer{event_loop, socket.get(), &cancel_socket};
  timer.set(exchange_deadline);
  std::array<char, 4096> buffer;
  for (;;) {
    if (exchange_deadline.expired(event_loop.now())) co_return error_code{asio::error::timed_out};
    auto receive_task = receive(*socket, asio::buffer(buffer));
    const auto size = co_await std::move(receive_task);
    if (!size) {
      const bool timed_out = size.error() == asio::error::operation_aborted && timer.expired();
      co_return timed_out ? error_code{asio::error::timed_out} : size.error();
    }
    const std::string_view response{buffer.data(), *size};
    if (is_dns_response_to(query, response)) co_return std::string{response};
  }
}

}  // namespace cohort::discovery
