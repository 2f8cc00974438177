// SPDX-License-Identifier: BSL-1.0
// Lower bound of the cost of a request: an epoll loop that reads and sends constant bytes. It parses nothing and has
// neither deadlines nor a current Date, so no real server is as cheap; `./dev bench` shows the others as multiples of
// it.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

// The response is exactly as long as that of time-service.
constexpr std::string_view response =
    "HTTP/1.1 200 OK\r\n"
    "Date: Sun, 22 Nov 2026 13:05:09 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 139\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: strict-origin-when-cross-origin\r\n"
    "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"
    "\r\n"
    R"({"service":"time-service","timestamp":"2026-11-22 13:05:09","iso8601":"2026-11-22T13:05:09+00:00",)"
    R"("unix_ms":1795352709000,"timezone":"UTC"})";

[[noreturn]] void exit_with_errno(const char* operation) {
  std::perror(operation);
  std::exit(1);
}

int listen_on(std::uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) exit_with_errno("socket");
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  local.sin_port = htons(port);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) exit_with_errno("bind");
  if (::listen(listener, SOMAXCONN) != 0) exit_with_errno("listen");
  socklen_t length = sizeof local;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&local), &length);
  std::printf("%u\n", static_cast<unsigned>(ntohs(local.sin_port)));
  std::fflush(stdout);
  return listener;
}

void watch(int poller, int descriptor) {
  epoll_event interest{};
  interest.events = EPOLLIN;
  interest.data.fd = descriptor;
  if (::epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &interest) != 0) exit_with_errno("epoll_ctl");
}

void accept_all(int poller, int listener) {
  for (;;) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    const int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(poller, client);
  }
}

/// Assumes that one read is one complete request, as on loopback from a client that does not pipeline.
void serve(int client) {
  std::array<char, 4096> request;
  const auto received = ::recv(client, request.data(), request.size(), 0);
  if (received > 0 &&
      ::send(client, response.data(), response.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(response.size())) {
    return;
  }
  ::close(client);
}

}  // namespace

/// `raw_epoll [PORT]`: serves on loopback and prints the port; with 0 the system chooses one.
int main(int argc, char** argv) {
  std::uint16_t port = 0;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), port);
  const int listener = listen_on(port);
  const int poller = ::epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) exit_with_errno("epoll_create1");
  watch(poller, listener);
  std::array<epoll_event, 128> ready;
  for (;;) {
    const int count = ::epoll_wait(poller, ready.data(), static_cast<int>(ready.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int descriptor = ready[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == listener) {
        accept_all(poller, listener);
      } else {
        serve(descriptor);
      }
    }
  }
}
