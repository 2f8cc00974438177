// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/server/bounds/limited_server.hpp"

// Tests of the connection limit: shedding of idle connections, and the reserve for probes.
namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("server: beyond the connection limit the connection with the longest idle time is closed",
          "[http][server][bounds][case-1.13]") {
  limited_server server{3};
  auto first = server.connect_idle();
  auto second = server.connect_idle();
  auto third = server.connect_idle();
  CHECK(server.status_of(first, "/") == 200);  // `second` now has the longest idle time
  server.time.run_for(10ms);
  auto fourth = server.connect();
  CHECK(server.status_of(fourth, "/") == 200);
  CHECK(second.is_closed_cleanly());
  CHECK(server.status_of(first, "/") == 200);
  CHECK(server.status_of(third, "/") == 200);
  CHECK(server.status_of(fourth, "/") == 200);
  CHECK(server.metric_value(shed_series("idle")) == 1);
  CHECK(server.metric_value("cohort_server_connections") == 3);
  CHECK(server.metric_value("cohort_server_connection_limit") == 3);
}

TEST_CASE("server: connections are shed in the order of their last requests", "[http][server][bounds]") {
  limited_server server{4};
  std::vector<peer> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(server.connect_idle());
  for (const std::size_t active : {2U, 0U, 3U, 1U}) {
    CHECK(server.status_of(clients[active], "/") == 200);
    server.time.run_for(10ms);
  }
  std::vector<peer> later;
  for (const std::size_t oldest : {2U, 0U, 3U, 1U}) {
    later.push_back(server.connect_idle());
    CAPTURE(oldest);
    CHECK(clients[oldest].is_closed_cleanly());
  }
  for (auto& client : later) CHECK(server.status_of(client, "/") == 200);
}

TEST_CASE("server: a connection that has never sent a request is shed like an idle connection",
          "[http][server][bounds]") {
  limited_server server{2};
  auto silent_client = server.connect();
  server.time.run_for(10ms);
  auto idle_client = server.connect_idle();
  auto third = server.connect_idle();
  CHECK(silent_client.is_closed_cleanly());
  CHECK(server.status_of(idle_client, "/") == 200);
  CHECK(server.status_of(third, "/") == 200);
}

TEST_CASE("server: near the limit an incomplete header section is shed after one second, not before",
          "[http][server][bounds]") {
  const auto [age, is_shed] = GENERATE(table<duration, bool>({{500ms, false}, {1500ms, true}}));
  limited_server server{64};  // connections are shed from the 63rd connection on
  std::vector<peer> slow_clients;
  for (int i = 0; i < 62; ++i) {
    slow_clients.push_back(server.connect());
    slow_clients.back().send("GET / HTTP/1.1\r\nX-Slow: ");
  }
  server.time.run_for(age);
  auto next = server.connect();
  CHECK(server.status_of(next, "/") == 200);
  CHECK(server.metric_value(shed_series("slow_header")) == (is_shed ? 1 : 0));
  if (is_shed) CHECK(slow_clients.front().is_closed_cleanly());
  slow_clients.back().send("x\r\nHost: test\r\n\r\n");
  CHECK(slow_clients.back().receive()->status == 200);
}

TEST_CASE("server: at the limit incomplete header sections are shed immediately, oldest first",
          "[http][server][bounds]") {
  limited_server server{2};
  std::vector<peer> slow_clients;
  for (int i = 0; i < 2; ++i) {
    slow_clients.push_back(server.connect());
    slow_clients.back().send("GET / HTTP/1.1\r\nX-Slow: ");
    server.time.run_for(10ms);
  }
  auto next = server.connect();
  CHECK(server.status_of(next, "/") == 200);
  CHECK(slow_clients.front().is_closed_cleanly());
  slow_clients.back().send("x\r\nHost: test\r\n\r\n");
  CHECK(slow_clients.back().receive()->status == 200);
}

TEST_CASE("server: a connection with a request in flight is never shed", "[http][server][bounds]") {
  limited_server server{1};
  auto busy_client = server.connect();
  busy_client.send(get("/slow"));
  server.time.run_for(2s);
  auto rejected_client = server.connect();
  rejected_client.send(get("/"));
  const auto response = rejected_client.receive();
  REQUIRE(response);
  CHECK(response->status == 503);
  CHECK(response->header("Connection") == "close");
  CHECK(response->header("Retry-After") == "1");
  CHECK(rejected_client.is_closed_cleanly());
  CHECK(busy_client.receive()->body == "delayed");
  CHECK(server.metric_value(shed_series("idle")) == 0);
  CHECK(server.metric_value(reserve_rejections) == 1);
}

TEST_CASE("server: a connection whose response is still being sent is not shed", "[http][server][bounds]") {
  net::memory_pipe_settings pipe;
  pipe.capacity = 1000;
  limited_server server{1, pipe};
  server.routes.get("/large", text_handler(std::string(8000, 'x')));
  auto reader = server.connect();
  reader.send(get("/large"));
  server.time.run_for(2s);
  auto other = server.connect();
  CHECK(server.status_of(other, "/") == 503);
  CHECK(reader.receive()->body.size() == 8000);
}

TEST_CASE("server: a connection whose body is still being received is not shed", "[http][server][bounds]") {
  limited_server server{1};
  server.routes.post("/echo", echo_handler);
  auto sender = server.connect();
  sender.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nab");
  server.time.run_for(2s);
  auto other = server.connect();
  CHECK(server.status_of(other, "/") == 503);
  sender.send("cd");
  CHECK(sender.receive()->body == "abcd");
}

TEST_CASE("server: beyond the connection limit, probes are served, and other connections are closed",
          "[http][server][bounds][case-1.13]") {
  limited_server server{1};
  auto busy_client = server.connect_busy();
  auto probe = server.connect();
  auto second_probe = server.connect();
  auto rejected_client = server.connect();
  CHECK(rejected_client.is_closed_cleanly());
  CHECK(server.metric_value(limit_rejections) == 1);
  CHECK(server.status_of(probe, "/health") == 200);
  CHECK(probe.is_closed_cleanly());
  CHECK(server.status_of(second_probe, "/health") == 200);
  CHECK(busy_client.receive()->status == 200);
}

TEST_CASE("server: a connection of the reserve without a complete request is closed after one second",
          "[http][server][bounds]") {
  const std::string sent = GENERATE("", "GET / HT");
  limited_server server{1};
  auto busy_client = server.connect_busy();
  auto silent_client = server.connect();
  if (!sent.empty()) silent_client.send(sent);
  const auto start = server.time.now();
  silent_client.read_to_end();
  CHECK(server.time.now() - start >= 900ms);
  CHECK(server.time.now() - start < 1200ms);
}

TEST_CASE("server: a connection of the reserve becomes an ordinary connection when other connections have closed",
          "[http][server][bounds]") {
  limited_server server{1};
  auto busy_client = server.connect_busy();
  auto waiting_client = server.connect();
  busy_client.stream().close();
  server.time.run_for(100ms);
  CHECK(server.status_of(waiting_client, "/") == 200);
  CHECK(server.status_of(waiting_client, "/") == 200);
}

TEST_CASE("server: thousands of idle connections do not delay a new connection", "[http][server][bounds][case-1.13]") {
  limited_server server{1000};
  std::vector<peer> idle_clients;
  for (int i = 0; i < 1500; ++i) idle_clients.push_back(server.connect());
  const auto start = server.time.now();
  auto client = server.connect();
  CHECK(server.status_of(client, "/health") == 200);
  CHECK(server.status_of(client, "/") == 200);
  CHECK(server.time.now() - start < 1s);
  CHECK(server.metric_value("cohort_server_connections").value() <= 1000);
  CHECK(server.metric_value(shed_series("idle")).value() >= 501);
  CHECK(server.metric_value(limit_rejections) == 0);
  CHECK(idle_clients.front().is_closed_cleanly());
  CHECK(server.status_of(idle_clients.back(), "/") == 200);
}

}  // namespace
}  // namespace cohort
