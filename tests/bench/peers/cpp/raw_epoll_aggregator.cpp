// SPDX-License-Identifier: BSL-1.0
// Lower bound of the cost of `GET /api/aggregate`: an epoll loop that sends three requests in parallel for each request
// and joins the bodies of the responses. The server parses only `Content-Length`, and has neither timeouts nor metrics.

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/support/net/loopback_sockets.hpp"

using namespace cohort::test;

namespace {

struct client {
  int descriptor;
  std::array<std::string, 3> bodies;
  int pending = 0;
};

struct upstream_connection {
  int descriptor;
  std::size_t upstream;
  std::string received;
  client* owner = nullptr;
};

void send_all(int descriptor, std::string_view bytes) {
  if (::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
    exit_with_errno("send");
  }
}

/// Returns the body if `response` is complete.
std::string_view complete_body(std::string_view response) {
  constexpr std::string_view length_field = "\r\nContent-Length: ";
  const auto end = response.find("\r\n\r\n");
  const auto field = response.find(length_field);
  if (end == response.npos || field > end) return {};
  std::size_t length = 0;
  const auto digits = response.substr(field + length_field.size(), 20);
  std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const auto body = response.substr(end + 4);
  return body.size() >= length ? body.substr(0, length) : std::string_view{};
}

class aggregator {
 public:
  aggregator(std::uint16_t port, std::array<std::uint16_t, 3> upstream_ports)
      : upstream_ports_{upstream_ports}, listener_{listen_on(port)} {
    watch(poller_, listener_);
  }

  [[noreturn]] void run() {
    run_epoll(poller_, [this](int descriptor) { handle(descriptor); });
  }

 private:
  void handle(int descriptor) {
    if (descriptor == listener_) {
      accept_all();
    } else if (const auto found = clients_.find(descriptor); found != clients_.end()) {
      start_calls(*found->second);
    } else {
      read_response(*upstreams_.at(descriptor));
    }
  }

  void accept_all() {
    for (int descriptor = 0; (descriptor = accept_next(poller_, listener_)) >= 0;) {
      clients_.emplace(descriptor, std::make_unique<client>(client{descriptor, {}}));
    }
  }

  /// Assumes that one read is one complete request, as on loopback from a client that does not pipeline.
  void start_calls(client& from) {
    if (::recv(from.descriptor, buffer_.data(), buffer_.size(), 0) <= 0) {
      // Calls in flight refer to the client, so the client object is not destroyed.
      ::epoll_ctl(poller_, EPOLL_CTL_DEL, from.descriptor, nullptr);
      return;
    }
    from.pending = 3;
    for (std::size_t upstream = 0; upstream < 3; ++upstream) {
      auto& connection = take_connection(upstream);
      connection.owner = &from;
      connection.received.clear();
      send_all(connection.descriptor, requests[upstream]);
    }
  }

  upstream_connection& take_connection(std::size_t upstream) {
    auto& idle = idle_[upstream];
    if (!idle.empty()) {
      auto* connection = idle.back();
      idle.pop_back();
      return *connection;
    }
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto peer = loopback_address(upstream_ports_[upstream]);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0) exit_with_errno("connect");
    disable_nagle(descriptor);
    watch(poller_, descriptor);
    auto connection = std::make_unique<upstream_connection>(upstream_connection{descriptor, upstream, {}});
    return *upstreams_.emplace(descriptor, std::move(connection)).first->second;
  }

  void read_response(upstream_connection& connection) {
    const auto received = ::recv(connection.descriptor, buffer_.data(), buffer_.size(), 0);
    if (received <= 0) exit_with_errno("recv from an upstream");
    connection.received.append(buffer_.data(), static_cast<std::size_t>(received));
    const auto body = complete_body(connection.received);
    if (body.empty()) return;
    auto& owner = *connection.owner;
    owner.bodies[connection.upstream] = body;
    idle_[connection.upstream].push_back(&connection);
    if (--owner.pending == 0) respond(owner);
  }

  static void respond(const client& to) {
    const auto& [time, sysinfo, weather] = to.bodies;
    const auto body = R"({"dashboard":"aggregator-service","time_service":)" + time + R"(,"sysinfo_service":)" +
                      sysinfo + R"(,"weather_service":)" + weather +
                      R"(,"meta":{"time_service":{"state":"fresh","elapsed_ms":0.7,"deadline_ms":3000},)"
                      R"("sysinfo_service":{"state":"fresh","elapsed_ms":0.7,"deadline_ms":3000},)"
                      R"("weather_service":{"state":"fresh","elapsed_ms":0.7,"deadline_ms":5000}}})";
    send_all(to.descriptor, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                                std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  static constexpr std::array<std::string_view, 3> requests = {
      "GET /api/time HTTP/1.1\r\nHost: localhost\r\nx-envoy-expected-rq-timeout-ms: 2999\r\n\r\n",
      "GET /api/sysinfo HTTP/1.1\r\nHost: localhost\r\nx-envoy-expected-rq-timeout-ms: 2999\r\n\r\n",
      "GET /api/weather HTTP/1.1\r\nHost: localhost\r\nx-envoy-expected-rq-timeout-ms: 4999\r\n\r\n"};

  std::array<std::uint16_t, 3> upstream_ports_;
  int poller_ = ::epoll_create1(EPOLL_CLOEXEC);
  int listener_;
  std::array<char, 65536> buffer_;
  std::unordered_map<int, std::unique_ptr<client>> clients_;
  std::unordered_map<int, std::unique_ptr<upstream_connection>> upstreams_;
  std::array<std::vector<upstream_connection*>, 3> idle_;
};

std::uint16_t parse_port(const char* text) {
  std::uint16_t port = 0;
  std::from_chars(text, text + std::strlen(text), port);
  return port;
}

}  // namespace

/// `raw_epoll_aggregator PORT TIME_PORT SYSINFO_PORT WEATHER_PORT`, all on loopback.
int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: raw_epoll_aggregator PORT TIME_PORT SYSINFO_PORT WEATHER_PORT\n", stderr);
    return 2;
  }
  aggregator{parse_port(argv[1]), {parse_port(argv[2]), parse_port(argv[3]), parse_port(argv[4])}}.run();
}
