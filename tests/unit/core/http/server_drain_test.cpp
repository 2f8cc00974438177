#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "core/http/server.hpp"
#include "tests/unit/core/http/served_site.hpp"

// How a server ends, and how many connections it takes while it does not.
namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("A server that drains closes what is idle, and leaves nothing behind") {
  served_site site;
  site.routes.get("/", says("hello"));
  auto used = site.connect();
  used.send(get("/"));
  CHECK(used.receive()->status == 200);
  auto fresh = site.connect();
  site.drain(10s);
  CHECK(used.at_end());
  CHECK(fresh.at_end());
  CHECK(site.why_not_connected() == asio::error::connection_refused);
  CHECK(site.series("cohort_server_connections") == 0);
  CHECK(site.time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A request in flight is answered by a server that drains, and its connection is then closed") {
  served_site site;
  site.routes.get("/slow", waits(3s));
  auto client = site.connect();
  client.send(get("/slow"));
  site.time.run_for(1s);
  site.begin_drain(10s);
  const auto answer = client.receive();
  CHECK(answer->body == "waited");
  CHECK(answer->header("Connection") == "close");
  CHECK_FALSE(site.drained());
  CHECK(client.at_end());
  client.stream().close();
  site.time.run_for(10ms);
  CHECK(site.drained());
  CHECK(site.time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A request that has arrived in part is still served by a server that drains") {
  served_site site;
  site.routes.get("/", says("hello"));
  auto client = site.connect();
  client.send("GET / HTTP/1.1\r\n");
  site.begin_drain(10s);
  site.time.run_for(1s);
  client.send("Host: test\r\n\r\n");
  const auto answer = client.receive();
  CHECK(answer->body == "hello");
  CHECK(answer->header("Connection") == "close");
}

TEST_CASE("A handler that is stuck is cancelled at the drain's limit, and the drain then ends") {
  served_site site;
  journal notes;
  site.routes.get("/stuck", waits_and_notes(1h, notes));
  site.settings.limits.request_time = 2h;
  auto client = site.connect();
  client.send(get("/stuck"));
  const auto start = site.time.now();
  site.drain(5s);
  CHECK(notes == journal{"cancelled"});
  CHECK(site.time.now() - start >= 5s);
  CHECK(site.time.now() - start < 6s);
  CHECK(client.read_to_end().empty());
  CHECK(site.series("cohort_server_connections") == 0);
  CHECK(site.series("cohort_server_requests_in_flight") == 0);
  CHECK(site.time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A body that never comes does not hold a drain up beyond its limit") {
  served_site site;
  site.routes.post("/echo", echo);
  auto client = site.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n");
  const auto start = site.time.now();
  site.drain(2s);
  CHECK(site.time.now() - start < 3s);
  CHECK(site.series("cohort_server_connections") == 0);
}

TEST_CASE("Connections that come while a drain begins are served; the listener closes once it is quiet") {
  served_site site;
  site.routes.get("/", says("hello"));
  site.start();
  site.begin_drain(10s);
  auto late = site.connect();
  late.send(get("/"));
  CHECK(late.receive()->body == "hello");
  site.time.run_for(100ms);
  CHECK(site.why_not_connected() == asio::error::connection_refused);
}

TEST_CASE("At the limit of connections the next one waits until another leaves") {
  served_site site;
  site.settings.limits.connections = 2;
  site.routes.get("/", says("hello"));
  auto first = site.connect();
  auto second = site.connect();
  auto third = site.connect();
  third.send(get("/"));
  site.time.run_for(1s);
  CHECK(site.series("cohort_server_connections") == 2);
  CHECK_FALSE(third.stream().readable());

  first.stream().close();
  site.time.run_for(100ms);
  CHECK(third.receive()->body == "hello");
  CHECK(site.series("cohort_server_connections") == 2);
}

TEST_CASE("A server at its limit of connections drains all the same") {
  served_site site;
  site.settings.limits.connections = 1;
  site.routes.get("/", says("hello"));
  auto client = site.connect();
  site.time.run_for(1s);
  const auto start = site.time.now();
  site.drain(10s);
  CHECK(site.time.now() - start < 1s);
  CHECK(client.at_end());
}

}  // namespace
}  // namespace cohort
