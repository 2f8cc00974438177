// SPDX-License-Identifier: BSL-1.0
#include "tests/e2e/websocket_peers/raw_broadcast.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/websocket/frame.hpp>
#include <cohort/http/websocket/handshake.hpp>
#include "tests/support/net/loopback_sockets.hpp"

using namespace cohort::test;

namespace {

class raw_broadcast {
 public:
  raw_broadcast() {
    cohort::http::frame_header header;
    header.opcode = cohort::http::websocket_opcode::text;
    header.payload_length = 100;
    cohort::http::append_frame_header(frame_, header);
    frame_.append(100, 'm');
    watch(poller_, listener_);
    std::printf("listening url=http://127.0.0.1:%u\n", unsigned{port_of(listener_)});
    std::fflush(stdout);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 128> ready;
    for (;;) {
      const int count = ::epoll_wait(poller_, ready.data(), static_cast<int>(ready.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int descriptor = ready[static_cast<std::size_t>(i)].data.fd;
        if (descriptor == listener_) {
          accept_next(poller_, listener_);
        } else {
          receive(descriptor);
        }
      }
    }
  }

 private:
  /// Assumes that one read is one complete handshake or frame, as from `websocket-peer idle` on loopback.
  void receive(int client) {
    std::array<char, 4096> bytes;
    const auto size = ::recv(client, bytes.data(), bytes.size(), 0);
    if (size <= 0) {
      std::erase(subscribers_, client);
      ::close(client);
      return;
    }
    const std::string_view received{bytes.data(), static_cast<std::size_t>(size)};
    if (received.starts_with("GET ")) {
      respond_to_handshake(client, received);
    } else {
      for (const int subscriber : subscribers_) send(subscriber, frame_);
    }
  }

  void respond_to_handshake(int client, std::string_view request) {
    constexpr std::string_view field = "Sec-WebSocket-Key: ";
    const auto key = request.substr(request.find(field) + field.size(), 24);
    send(client,
         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
             cohort::http::websocket_accept_value(key) + "\r\n\r\n");
    subscribers_.push_back(client);
  }

  static void send(int client, std::string_view bytes) {
    if (::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
      exit_with_errno("send");
    }
  }

  int listener_ = listen_on(0);
  int poller_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::string frame_;
  std::vector<int> subscribers_;
};

}  // namespace

void serve_raw_broadcast() { raw_broadcast{}.run(); }
