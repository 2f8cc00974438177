// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>

#include <cohort/http/server/bounds/client_connections.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

// Tests of the limits for connections per client address, requests per connection and pipelined requests.
namespace cohort {
namespace {

using namespace cohort::test;

const std::string client_rejections = R"(cohort_server_connections_rejected_total{reason="client_limit"})";

struct client_limited_server : server_fixture {
  client_limited_server() {
    settings.limits.max_connections_per_client = 2;
    routes.get("/", text_handler("hello"));
  }
  bool is_served(peer& client) {
    client.send(get("/"));
    return client.receive().has_value();
  }
};

TEST_CASE("server: the connections of one client address are limited", "[http][server][bounds][case-1.13]") {
  client_limited_server server;
  auto first = server.connect_from("198.51.100.7");
  auto second = server.connect_from("198.51.100.7");
  auto third = server.connect_from("198.51.100.7");
  auto other = server.connect_from("198.51.100.8");
  CHECK(third.is_closed_cleanly());
  CHECK(server.is_served(first));
  CHECK(server.is_served(second));
  CHECK(server.is_served(other));
  CHECK(server.metric_value(client_rejections) == 1);

  first.stream().close();
  server.time.run_for(10ms);
  auto fourth = server.connect_from("198.51.100.7");
  CHECK(server.is_served(fourth));
}

TEST_CASE("server: the addresses of an IPv6 /64 prefix share the limit of a client", "[http][server][bounds]") {
  client_limited_server server;
  auto first = server.connect_from("2001:db8:0:1::1");
  auto second = server.connect_from("2001:db8:0:1:ffff::2");
  auto third = server.connect_from("2001:db8:0:1::3");
  auto other = server.connect_from("2001:db8:0:2::1");
  CHECK(third.is_closed_cleanly());
  CHECK(server.is_served(second));
  CHECK(server.is_served(other));
}

TEST_CASE("server: loopback addresses and trusted proxies have no limit per client", "[http][server][bounds]") {
  const std::string address = GENERATE("127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1", "10.1.2.3");
  CAPTURE(address);
  client_limited_server server;
  server.settings.trusted_proxies = *net::network_list::parse("10.0.0.0/8");
  std::vector<peer> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(server.connect_from(address));
  for (auto& client : clients) CHECK(server.is_served(client));
}

TEST_CASE("server: a limit per client of zero means no limit", "[http][server][bounds]") {
  client_limited_server server;
  server.settings.limits.max_connections_per_client = 0;
  std::vector<peer> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(server.connect_from("198.51.100.7"));
  for (auto& client : clients) CHECK(server.is_served(client));
}

TEST_CASE("client connections: a client without connections is removed", "[http][server][bounds]") {
  http::client_connections clients{1};
  {
    const auto permit = clients.acquire("198.51.100.7");
    CHECK(permit);
    CHECK_FALSE(clients.acquire("198.51.100.7"));
    const auto other = clients.acquire("198.51.100.8");
    CHECK(clients.client_count() == 2);
  }
  CHECK(clients.client_count() == 0);
  CHECK(clients.acquire("198.51.100.7"));
}

TEST_CASE("server: a connection closes gracefully after the maximum number of requests", "[http][server][bounds]") {
  client_limited_server server;
  server.settings.limits.max_requests_per_connection = 3;
  auto client = server.connect();
  client.send(get("/") + get("/") + get("/") + get("/"));
  CHECK_FALSE(client.receive()->header("Connection").has_value());
  CHECK_FALSE(client.receive()->header("Connection").has_value());
  CHECK(client.receive()->header("Connection") == "close");
  CHECK_FALSE(client.receive());
  CHECK(server.request_count("/", "GET", 200) == 3);
  CHECK(server.metric_value("cohort_server_max_requests_closes_total") == 1);
}

TEST_CASE("server: a maximum number of requests of zero means no limit", "[http][server][bounds]") {
  client_limited_server server;
  server.settings.limits.max_requests_per_connection = 0;
  auto client = server.connect();
  for (int i = 0; i < 5; ++i) CHECK(server.is_served(client));
}

task<> write_to_both_streams(net::stream& first, std::string first_bytes, net::stream& second,
                             std::string second_bytes) {
  co_await write_bytes(first, std::move(first_bytes));
  co_await write_bytes(second, std::move(second_bytes));
}

TEST_CASE("server: a client with many pipelined requests does not delay other clients", "[http][server][bounds]") {
  const auto [depth, position, pauses] =
      GENERATE(table<std::size_t, std::ptrdiff_t, double>({{2, 2, 4}, {5, 5, 1}, {100, 10, 0}}));
  client_limited_server server;
  server.settings.limits.max_pipelined_requests = depth;
  log_lines order;
  server.routes.get("/record/{client}", [&order](request_context& context) {
    order.emplace_back(context.parameter("client"));
    return text_response("recorded");
  });
  auto pipelining_client = server.connect();
  auto other = server.connect();
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += get("/record/a");
  server.time.run(write_to_both_streams(pipelining_client.stream(), requests, other.stream(), get("/record/b")));
  for (int i = 0; i < 10; ++i) CHECK(pipelining_client.receive()->body == "recorded");
  CHECK(other.receive()->body == "recorded");
  CHECK(order.size() == 11);
  CHECK(std::find(order.begin(), order.end(), "b") - order.begin() == position);
  CHECK(server.metric_value("cohort_server_pipeline_pauses_total") == pauses);
}

}  // namespace
}  // namespace cohort
