// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/system/tcp_receive.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <cerrno>
#include <cstring>
#include <new>

namespace cohort::net {

void enable_drain_detection(int socket) noexcept {
  const int enabled = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_INQ, &enabled, sizeof enabled);
}

std::size_t receive(int socket, asio::mutable_buffer buffer, int flags, tcp_receive_state& state,
                    error_code& error) noexcept {
  iovec bytes{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  state = {};
  ssize_t size = 0;
  do size = ::recvmsg(socket, &message, flags | MSG_DONTWAIT);
  while (size < 0 && errno == EINTR);
  if (size <= 0) {
    error = size == 0 ? error_code{asio::error::eof} : error_code{errno, boost::system::system_category()};
    return 0;
  }
  error = {};
  // The number of remaining bytes; the end of the stream counts as one.
  const cmsghdr* remaining_bytes = CMSG_FIRSTHDR(&message);
  if (remaining_bytes && remaining_bytes->cmsg_level == IPPROTO_TCP && remaining_bytes->cmsg_type == TCP_CM_INQ) {
    int count = 1;
    std::memcpy(&count, CMSG_DATA(remaining_bytes), sizeof count);
    state.is_drained = count == 0;
  }
  return static_cast<std::size_t>(size);
}

std::size_t tcp_read_buffer::receive(int socket, int flags, error_code& error) const noexcept {
  if (!memory) return net::receive(socket, *this, flags, *state, error);
  try {
    const auto buffer = memory->prepare();
    if (buffer.size() == 0) {
      *state = {};
      error = {};
      return 0;
    }
    const auto size = net::receive(socket, buffer, flags, *state, error);
    if (error == asio::error::would_block) memory->release();
    return size;
  } catch (const std::bad_alloc&) {
    // The reactor cannot handle an exception.
    error = asio::error::no_memory;
    return 0;
  }
}

}  // namespace cohort::net
