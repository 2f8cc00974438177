// SPDX-License-Identifier: BSL-1.0
// Lower bound of the cost of a request: an epoll loop that reads and sends constant bytes. The server parses no
// requests and has neither deadlines nor a current Date, so its cost is a lower bound for real servers. `./dev bench`
// shows the other servers as multiples of its cost.

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

#include "tests/support/net/loopback_sockets.hpp"

using namespace cohort::test;

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

/// `raw_epoll [PORT]`: serves on loopback and prints the port; with 0 the system chooses a port.
int main(int argc, char** argv) {
  std::uint16_t port = 0;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), port);
  const int listener = listen_on(port);
  std::printf("%u\n", unsigned{port_of(listener)});
  std::fflush(stdout);
  const int poller = ::epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) exit_with_errno("epoll_create1");
  watch(poller, listener);
  run_epoll(poller, [&](int descriptor) {
    if (descriptor == listener) {
      while (accept_next(poller, listener) >= 0) {
      }
    } else {
      serve(descriptor);
    }
  });
}
