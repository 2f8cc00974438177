// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <cstddef>

#include <cohort/net/stream.hpp>

namespace cohort::net {

/// The known state of a TCP socket's receive queue: whether a read could succeed without waiting.
struct tcp_receive_state {
  /// Whether the last read received all bytes, and the peer had not closed its sending direction by then.
  bool is_drained = false;
  /// Whether bytes were sent after the last read. If so, an earlier reset by the peer has already been reported.
  bool has_sent_since_read = false;
};

/// Enables `receive` to detect that it has drained a socket (Linux 4.18). Accepted sockets inherit this setting from
/// their acceptor. Has no effect if the system does not support this detection.
void enable_drain_detection(int socket) noexcept;

/// Like recv(2) with `flags`, without waiting. Sets both members of `state`.
std::size_t receive(int socket, asio::mutable_buffer buffer, int flags, tcp_receive_state& state,
                    error_code& error) noexcept;

/// The buffer of an asynchronous read. Asio tries each read before it waits for the socket. With this buffer, Asio does
/// not try to read a drained socket, which saves a system call that fails with EAGAIN.
struct tcp_read_buffer : asio::mutable_buffer {
  tcp_read_buffer(asio::mutable_buffer buffer, tcp_receive_state& receive_state) noexcept
      : asio::mutable_buffer(buffer), state(&receive_state) {}
  /// The memory is prepared for each attempt to read, and released if no bytes have arrived. If the memory is empty,
  /// the read ends at the next event of the socket, with zero bytes and without a system call.
  tcp_read_buffer(read_memory& read_memory, tcp_receive_state& receive_state) noexcept
      : asio::mutable_buffer(&receive_state,
                             1),  // not empty; Asio would complete the read of an empty buffer immediately
        state(&receive_state),
        memory(&read_memory) {}
  /// Reads the bytes that have arrived. Sets `error`, for example to `would_block` if no bytes have arrived.
  std::size_t receive(int socket, int flags, error_code& error) const noexcept;

  tcp_receive_state* state;
  read_memory* memory = nullptr;
};

}  // namespace cohort::net

namespace boost::asio::detail {

/// Asio has no public interface to inform its reactor that a socket is drained. After the result `done_and_exhausted`,
/// the next read waits for the next event of the (edge-triggered) epoll instance.
template <>
inline reactor_op::status reactive_socket_recv_op_base<cohort::net::tcp_read_buffer>::do_perform(reactor_op* base) {
  auto* operation = static_cast<reactive_socket_recv_op_base*>(base);
  auto& state = *operation->buffers_.state;
  operation->bytes_transferred_ = operation->buffers_.receive(operation->socket_, operation->flags_, operation->ec_);
  if (operation->ec_ == error::would_block) return not_done;
  return state.is_drained ? done_and_exhausted : done;
}

}  // namespace boost::asio::detail
