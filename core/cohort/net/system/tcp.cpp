// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/system/tcp.hpp>

#include <cohort/net/system/socket_stream.hpp>

namespace cohort::net {
namespace {

namespace ip = asio::ip;

/// Sets the options of a stream's socket. Accepted sockets inherit them from their acceptor.
template <class Socket>
void set_stream_options(Socket& socket) noexcept {
  error_code ignored_error;  // without TCP_NODELAY the socket works, with higher latency
  socket.set_option(ip::tcp::no_delay{true}, ignored_error);
  enable_drain_detection(socket.native_handle());
}

class tcp_acceptor final : public acceptor {
 public:
  using socket_type = asio::basic_socket_acceptor<ip::tcp, executor>;
  tcp_acceptor(socket_type socket, ip::tcp protocol) : listener_{std::move(socket), protocol} {}

  task<result<stream_ptr>> accept(loop& target) override {
    auto accept_task = accept_socket(listener_, target);
    auto accept_result = co_await std::move(accept_task);
    if (!accept_result) co_return accept_result.error();
    co_return make_tcp_stream(std::move(**accept_result), target);
  }

  endpoint local_endpoint() const override { return listener_.acceptor.local_endpoint(); }
  void close() noexcept override {
    error_code ignored_error;
    listener_.acceptor.close(ignored_error);
  }

 private:
  listener<ip::tcp> listener_;
};

}  // namespace

stream_ptr make_tcp_stream(tcp_socket socket, loop& event_loop) {
  return std::make_unique<socket_stream<ip::tcp>>(std::move(socket), event_loop);
}

result<std::unique_ptr<acceptor>> listen_tcp(loop& event_loop, const endpoint& local) {
  tcp_acceptor::socket_type socket{event_loop.get_executor()};
  error_code error;
  socket.open(local.protocol(), error);
  if (!error) socket.set_option(asio::socket_base::reuse_address{true}, error);
  if (!error) set_stream_options(socket);
  if (!error) socket.bind(local, error);
  if (!error) socket.listen(asio::socket_base::max_listen_connections, error);
  if (error) return error;
  return std::unique_ptr<acceptor>{std::make_unique<tcp_acceptor>(std::move(socket), local.protocol())};
}

task<result<stream_ptr>> connect_tcp(endpoint peer, deadline connect_deadline) {
  auto& event_loop = loop::current();
  // The socket is on the heap, because the timer refers to it while the operation is pending.
  const auto socket = std::make_unique<tcp_socket>(event_loop.get_executor());
  auto connect_task = connect_socket(*socket, peer, connect_deadline);
  if (const auto error = co_await std::move(connect_task)) co_return error;
  set_stream_options(*socket);
  co_return make_tcp_stream(std::move(*socket), event_loop);
}

}  // namespace cohort::net
