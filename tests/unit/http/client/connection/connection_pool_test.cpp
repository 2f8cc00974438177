// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/client/upstream/upstream_settings.hpp>
#include "tests/unit/http/client/client_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

http::client_settings idle_settings(duration idle_timeout, std::size_t max_idle = 64) {
  http::client_settings settings;
  settings.idle_timeout = idle_timeout;
  settings.max_idle_per_origin = max_idle;
  return settings;
}

/// Makes a call and responds to it, so that the connection is idle in the pool.
server_connection& make_idle_connection(client_fixture& fixture) {
  fixture.receive_response(get_request("http://site.test/"), ok_response("first"));
  return fixture.newest_connection();
}

TEST_CASE("connection pool: sequential calls share a connection", "[http][client]") {
  client_fixture fixture;
  for (int i = 0; i < 5; ++i)
    CHECK(fixture.receive_response(get_request("http://site.test/"), ok_response("hello")).body == "hello");
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("connection pool: each concurrent call opens a connection, and all connections are kept", "[http][client]") {
  client_fixture fixture;
  auto first = fixture.get();
  auto second = fixture.get();
  CHECK(fixture.connection_count() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    fixture.connection(i).read_request();
    fixture.connection(i).send(ok_response("hello"));
  }
  CHECK(first.response().body == "hello");
  CHECK(second.response().body == "hello");
  auto third = fixture.get();
  auto fourth = fixture.get();
  CHECK(fixture.connection_count() == 2);
  auto fifth = fixture.get();
  CHECK(fixture.connection_count() == 3);
}

TEST_CASE("connection pool: origins that differ in port or name do not share connections", "[http][client]") {
  client_fixture fixture;
  fixture.network.add_name("other.test", {client_fixture::address("192.0.2.80")});
  fixture.listen("192.0.2.80", 8080);
  make_idle_connection(fixture);
  for (const auto* url : {"http://site.test:8080/", "http://other.test/"}) {
    const auto connection_count_before = fixture.connection_count();
    fixture.receive_response(get_request(url), ok_response("hello"));
    CHECK(fixture.connection_count() == connection_count_before + 1);
  }
  // Port 80 is the default port, so the origin is the same.
  const auto call = fixture.get("http://site.test:80/");
  CHECK(fixture.connection(0).read_request().header("Host") == "site.test:80");
}

TEST_CASE("connection pool: an idle connection is closed after the idle timeout and leaves no timer",
          "[http][client]") {
  client_fixture fixture{{}, idle_settings(30s)};
  auto& server = make_idle_connection(fixture);
  fixture.time.run_for(29s);
  CHECK_FALSE(server.client_has_closed());
  fixture.time.run_for(1s + tick);
  CHECK(server.client_has_closed());
  CHECK(fixture.time.event_loop().timers().armed_count() == 0);
  fixture.receive_response(get_request("http://site.test/"), ok_response("again"));
  CHECK(fixture.connection_count() == 2);
}

TEST_CASE("connection pool: the idle timeout of a connection starts at its last use", "[http][client]") {
  client_fixture fixture{{}, idle_settings(30s)};
  auto first = fixture.get();
  auto second = fixture.get();
  fixture.connection(0).read_request();
  fixture.connection(0).send(ok_response("hello"));
  first.result();
  fixture.time.run_for(5s);
  fixture.connection(1).read_request();
  fixture.connection(1).send(ok_response("hello"));
  second.result();
  fixture.time.run_for(25s);
  CHECK(fixture.connection(0).client_has_closed());
  CHECK_FALSE(fixture.connection(1).client_has_closed());
  fixture.time.run_for(6s);
  CHECK(fixture.connection(1).client_has_closed());
}

TEST_CASE("connection pool: idle connections beyond the maximum per origin are closed", "[http][client]") {
  const auto max_idle = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{2});
  client_fixture fixture{{}, idle_settings(30s, max_idle)};
  const auto first = fixture.get();
  const auto second = fixture.get();
  const auto third = fixture.get();
  for (std::size_t i = 0; i < 3; ++i) {
    fixture.connection(i).read_request();
    fixture.connection(i).send(ok_response("hello"));
  }
  std::size_t idle_count = 0;
  for (std::size_t i = 0; i < 3; ++i) idle_count += fixture.connection(i).client_has_closed() ? 0 : 1;
  CHECK(idle_count == max_idle);
}

TEST_CASE("connection pool: the limit of idle connections is at least the number of addresses", "[http][client]") {
  client_fixture fixture{{}, idle_settings(30s, 1)};
  fixture.network.add_name("site.test", {fixture.address("192.0.2.80"), fixture.address("192.0.2.81")});
  fixture.listen("192.0.2.81", 80);
  // Of two addresses, the address with fewer requests in flight is chosen.
  const auto first = fixture.get();
  const auto second = fixture.get();
  const auto third = fixture.get();
  REQUIRE(fixture.connection_count() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    fixture.connection(i).read_request();
    fixture.connection(i).send(ok_response("hello"));
  }
  // The least recently used connection is closed.
  CHECK(fixture.connection(0).client_has_closed());
  CHECK_FALSE(fixture.connection(1).client_has_closed());
  CHECK_FALSE(fixture.connection(2).client_has_closed());
}

TEST_CASE("connection pool: the default limit of idle connections fits the default bulkhead", "[http][client]") {
  client_fixture fixture;
  const auto calls = http::upstream_settings{}.max_in_flight;
  for (int round = 0; round < 2; ++round) {
    std::deque<started_call> started_calls;
    const auto request = get_request("http://site.test/");
    for (std::size_t i = 0; i < calls; ++i)
      started_calls.emplace_back(fixture.time,
                                 http::fetch(fixture.client, request, deadline::after(fixture.time.now(), 10s)));
    REQUIRE(fixture.connection_count() == calls);
    for (std::size_t i = 0; i < calls; ++i) {
      fixture.connection(i).read_request();
      fixture.connection(i).send(ok_response("hello"));
    }
    for (auto& call : started_calls) CHECK(call.response().body == "hello");
  }
}

TEST_CASE("connection pool: closing idle connections does not affect a connection in use", "[http][client]") {
  client_fixture fixture;
  auto busy_call = fixture.get();
  auto idle_call = fixture.get();
  fixture.connection(1).read_request();
  fixture.connection(1).send(ok_response("hello"));
  idle_call.result();
  fixture.time.run(close_idle(fixture.client));
  CHECK(fixture.connection(1).client_has_closed());
  fixture.connection(0).read_request();
  fixture.connection(0).send(ok_response("still open"));
  CHECK(busy_call.response().body == "still open");
}

TEST_CASE("connection pool: a timeout on a reused connection closes the idle connections to its address",
          "[http][client]") {
  client_fixture fixture;
  auto first = fixture.get();
  auto second = fixture.get();
  for (std::size_t i = 0; i < 2; ++i) {
    fixture.connection(i).read_request();
    fixture.connection(i).send(ok_response("hello"));
  }
  first.result();
  second.result();
  // The network drops both connections without a reset. Only the first call waits for its timeout.
  CHECK(fixture.get("http://site.test/", 1s).error() == client_error::response_timeout);
  CHECK(fixture.connection_count() == 2);
  CHECK(fixture.receive_response(get_request("http://site.test/"), ok_response("new")).body == "new");
  CHECK(fixture.connection_count() == 3);
  fixture.connection(1).read_request();  // the connection that received no response
  CHECK(fixture.connection(0).client_has_closed());
  CHECK(fixture.connection(1).client_has_closed());
}

TEST_CASE("connection pool: a timeout on a new connection keeps the idle connections", "[http][client]") {
  client_fixture fixture;
  auto slow_call = fixture.get("http://site.test/", 1s);
  auto idle_call = fixture.get();
  fixture.connection(1).read_request();
  fixture.connection(1).send(ok_response("hello"));
  idle_call.result();
  CHECK(slow_call.error() == client_error::response_timeout);
  CHECK_FALSE(fixture.connection(1).client_has_closed());
}

TEST_CASE("connection pool: an idle connection that was closed, or received bytes without a request, is not reused",
          "[http][client]") {
  client_fixture fixture;
  auto& server = make_idle_connection(fixture);
  SECTION("closed") { server.close(); }
  SECTION("reset") { server.reset(); }
  SECTION("the server sends a response without a request") { server.send(ok_response("poison")); }
  auto post = make_request(http::method::post);  // a request that is not idempotent is never resent
  CHECK(fixture.receive_response(std::move(post), ok_response("fresh")).body == "fresh");
  CHECK(fixture.connection_count() == 2);
}

TEST_CASE("connection pool: a connection is closed after a response with Connection: close or with excess bytes",
          "[http][client]") {
  client_fixture fixture;
  const auto* const bytes = GENERATE(
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
      "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  CAPTURE(bytes);
  fixture.receive_response(get_request("http://site.test/"), bytes);
  CHECK(fixture.connection(0).client_has_closed());
  fixture.receive_response(get_request("http://site.test/"), ok_response("next"));
  CHECK(fixture.connection_count() == 2);
}

TEST_CASE("connection pool: a connection is kept after an HTTP/1.0 response with keep-alive", "[http][client]") {
  client_fixture fixture;
  fixture.receive_response(get_request("http://site.test/"),
                           "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi");
  fixture.receive_response(get_request("http://site.test/"), ok_response("next"));
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("connection pool: a connection is closed after a failed call", "[http][client]") {
  client_fixture fixture;
  make_idle_connection(fixture);
  SECTION("a malformed response") {
    CHECK(fixture.receive_error(get_request("http://site.test/"), "nonsense\r\n\r\n") ==
          client_error::response_malformed);
  }
  SECTION("a response after the deadline") {
    auto call = fixture.get("http://site.test/", 1s);
    fixture.newest_connection().read_request();
    CHECK(call.error() == client_error::response_timeout);
  }
  SECTION("a cancelled call") {
    auto call = fixture.get();
    fixture.newest_connection().read_request();
    call.cancel();
    CHECK(call.ended());
  }
  CHECK(fixture.connection(0).client_has_closed());
  CHECK(fixture.receive_response(get_request("http://site.test/"), ok_response("fresh")).body == "fresh");
  CHECK(fixture.connection_count() == 2);
}

TEST_CASE("fetch: an idempotent request on a stale connection is resent once on a new connection", "[http][client]") {
  client_fixture fixture;
  make_idle_connection(fixture);
  const auto method = GENERATE(http::method::get, http::method::head, http::method::put, http::method::delete_,
                               http::method::options, http::method::post, http::method::patch);
  const bool is_resendable = method != http::method::post && method != http::method::patch;
  auto request = make_request(method);
  request.body = method == http::method::put ? "data" : "";
  auto call = fixture.start(std::move(request));
  fixture.connection(0).read_request();
  if (GENERATE(true, false)) {
    fixture.connection(0).close();
  } else {
    fixture.connection(0).reset();
  }
  if (!is_resendable) {
    CHECK(call.error() == client_error::no_response);
    CHECK(fixture.connection_count() == 1);
    return;
  }
  REQUIRE(fixture.connection_count() == 2);
  const auto resent_request = fixture.connection(1).read_request();
  CHECK(resent_request.body == (method == http::method::put ? "data" : ""));
  fixture.connection(1).send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(call.response().status_code() == 200);
}

TEST_CASE("fetch: a request is resent only once, within the remaining time", "[http][client]") {
  client_fixture fixture;
  make_idle_connection(fixture);
  auto call = fixture.get("http://site.test/", 4s);
  fixture.connection(0).read_request();
  fixture.time.run_for(3s);
  fixture.connection(0).close();
  REQUIRE(fixture.connection_count() == 2);
  fixture.connection(1).read_request();
  SECTION("the second attempt fails with the same error") {
    fixture.connection(1).close();
    CHECK(call.error() == client_error::no_response);
    CHECK(fixture.connection_count() == 2);
  }
  SECTION("the second attempt times out") {
    const auto start = fixture.time.now();
    CHECK(call.error() == client_error::response_timeout);
    CHECK(fixture.time.now() - start <= 1s + tick);
  }
}

TEST_CASE("fetch: a request on a new connection is not resent", "[http][client]") {
  client_fixture fixture;
  auto call = fixture.get();
  fixture.connection(0).read_request();
  fixture.connection(0).close();
  CHECK(call.error() == client_error::no_response);
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("fetch: a request is not resent after the first byte of a response", "[http][client]") {
  client_fixture fixture;
  make_idle_connection(fixture);
  const auto* const bytes = GENERATE("H", "HTTP/1.1 200 OK\r\nX-A", "HTTP/1.1 100 Continue\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi");
  CAPTURE(bytes);
  auto call = fixture.get();
  fixture.connection(0).read_request();
  fixture.connection(0).send(bytes);
  if (GENERATE(true, false)) {
    fixture.connection(0).close();
  } else {
    fixture.connection(0).reset();
  }
  CHECK(call.error().has_value());
  CHECK(fixture.connection_count() == 1);
}

}  // namespace
}  // namespace cohort
