// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <boost/asio/ip/udp.hpp>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <vector>

#include <cohort/discovery/dns/dns_client.hpp>
#include <cohort/net/system/system_network.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/discovery/dns_bytes.hpp"
#include "tests/unit/net/loopback.hpp"

namespace cohort::test {
namespace {

using discovery::dns_type;

/// A name server on UDP and TCP, at the same port of 127.0.0.1. Responds to each datagram with the given datagrams.
class loopback_name_server {
 public:
  using respond_function = std::function<std::vector<std::string>(const std::string& query)>;

  loopback_name_server(loop& event_loop, respond_function respond)
      : socket_(event_loop.context()), respond_(std::move(respond)) {
    // The system chooses a port that is free for UDP; another process can use it for TCP.
    while (!listener_) {
      socket_ = {event_loop.context(), {asio::ip::address_v4::loopback(), 0}};
      if (auto listener = net::listen_tcp(event_loop, loopback_endpoint(socket_.local_endpoint().port()))) {
        listener_ = std::move(*listener);
      }
    }
    receive();
  }

  net::endpoint endpoint() const { return loopback_endpoint(socket_.local_endpoint().port()); }
  /// Serves one query over TCP with this response.
  task<> serve_tcp(std::function<std::string(const std::string& query)> respond) {
    auto accept_task = listener_->accept(loop::current());
    auto accept_result = co_await std::move(accept_task);
    std::string bytes(512, '\0');
    auto read_task = (*accept_result)->read_some(asio::buffer(bytes));
    const auto size = co_await std::move(read_task);
    auto response = respond(bytes.substr(2, *size - 2));
    response.insert(0, dns_u16(static_cast<unsigned>(response.size())));
    auto write_task = net::write_all(**accept_result, {asio::buffer(response), asio::const_buffer{}});
    co_await std::move(write_task);
  }

 private:
  void receive() {
    socket_.async_receive_from(asio::buffer(buffer_), peer_, [this](error_code error, std::size_t size) {
      if (error) return;
      for (const auto& datagram : respond_(std::string{buffer_.data(), size})) {
        socket_.send_to(asio::buffer(datagram), peer_, 0, error);
      }
      receive();
    });
  }

  asio::ip::udp::socket socket_;
  std::unique_ptr<net::acceptor> listener_;
  respond_function respond_;
  std::array<char, 512> buffer_{};
  asio::ip::udp::endpoint peer_;
};

std::string address_response(const std::string& query, const std::string& address, unsigned flags = 0) {
  return dns_response_bytes(query, flags,
                            {{dns_record_bytes(dns_question_name, dns_type::a, 30, dns_address(address))}, {}, {}});
}

struct udp_fixture {
  explicit udp_fixture(loopback_name_server::respond_function respond)
      : server(time.event_loop(), std::move(respond)) {}

  discovery::dns_client make_client(duration timeout = default_timeout) {
    discovery::resolver_configuration configuration;
    configuration.servers = {server.endpoint()};
    configuration.timeout = timeout;
    configuration.attempts = 1;
    return {network, std::make_unique<discovery::udp_dns_transport>(), configuration};
  }

  real_time_fixture time;
  net::system_network network;
  loopback_name_server server;
};

TEST_CASE("DNS over UDP: datagrams that are not the response to the query are ignored", "[discovery][dns]") {
  udp_fixture test{[](const std::string& query) {
    auto wrong_id = address_response(query, "10.0.0.66");
    wrong_id[0] = static_cast<char>(~wrong_id[0]);
    return std::vector<std::string>{"", "x", query, wrong_id, address_response(query, "10.0.0.1")};
  }};
  auto client = test.make_client();
  const auto found = test.time.run(client.look_up("api.test.", dns_type::a));
  REQUIRE(found.has_value());
  REQUIRE(found->records.size() == 1);
  CHECK(found->records[0].address.to_string() == "10.0.0.1");
  CHECK(found->ttl == 30);
}

TEST_CASE("DNS over UDP: after a truncated response, the query is resent over TCP", "[discovery][dns]") {
  udp_fixture test{
      [](const std::string& query) { return std::vector<std::string>{dns_response_bytes(query, 0x200, {})}; }};
  auto client = test.make_client();
  auto both =
      when_all(client.look_up("api.test.", dns_type::a),
               test.server.serve_tcp([](const std::string& query) { return address_response(query, "10.0.0.2"); }));
  const auto results = test.time.run(std::move(both));
  const auto& found = std::get<0>(results);
  REQUIRE(found.has_value());
  REQUIRE(found->records.size() == 1);
  CHECK(found->records[0].address.to_string() == "10.0.0.2");
}

TEST_CASE("DNS over UDP: a query without a response fails at its timeout", "[discovery][dns]") {
  udp_fixture test{[](const std::string&) { return std::vector<std::string>{}; }};
  auto client = test.make_client(std::chrono::milliseconds{30});
  const auto found = test.time.run(client.look_up("api.test.", dns_type::a));
  REQUIRE(found.has_error());
  CHECK(found.error().find("api.test") != std::string::npos);
}

}  // namespace
}  // namespace cohort::test
