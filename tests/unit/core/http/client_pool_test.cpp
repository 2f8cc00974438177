#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "core/http/client.hpp"
#include "tests/unit/core/http/client_site.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

http::client_limits idle_limits(duration idle_time, std::size_t most = 64) {
  http::client_limits limits;
  limits.idle_time = idle_time;
  limits.idle_connections_per_origin = most;
  return limits;
}

/// Makes a call and answers it, so that the connection is in the pool.
server_end& warmed_up(called_site& site) {
  site.answer_for(get_url("http://site.test/"), ok("first"));
  return site.newest();
}

TEST_CASE("Calls one after the other share a connection") {
  called_site site;
  for (int i = 0; i < 5; ++i) CHECK(site.answer_for(get_url("http://site.test/"), ok("hello")).body == "hello");
  CHECK(site.connections() == 1);
}

TEST_CASE("A second connection is made only while the first is busy, and then both are kept") {
  called_site site;
  auto first = site.get();
  auto second = site.get();
  CHECK(site.connections() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    site.connection(i).take_request();
    site.connection(i).send(ok("hello"));
  }
  CHECK(first.answer().body == "hello");
  CHECK(second.answer().body == "hello");
  auto third = site.get();
  auto fourth = site.get();
  CHECK(site.connections() == 2);
  auto fifth = site.get();
  CHECK(site.connections() == 3);
}

TEST_CASE("Another port, or another name, is another origin") {
  called_site site;
  site.network.add_name("other.test", {called_site::address("192.0.2.80")});
  site.listen("192.0.2.80", 8080);
  warmed_up(site);
  for (const auto* url : {"http://site.test:8080/", "http://other.test/"}) {
    const auto before = site.connections();
    site.answer_for(get_url(url), ok("hello"));
    CHECK(site.connections() == before + 1);
  }
  // The same as without a port.
  const auto call = site.get("http://site.test:80/");
  CHECK(site.connection(0).take_request().header("Host") == "site.test:80");
}

TEST_CASE("An idle connection is closed when its time is over, and no timer is left") {
  called_site site{{}, idle_limits(30s)};
  auto& server = warmed_up(site);
  site.time.run_for(29s);
  CHECK_FALSE(server.client_has_closed());
  site.time.run_for(1s + tick);
  CHECK(server.client_has_closed());
  CHECK(site.time.main_loop().timers().armed_count() == 0);
  site.answer_for(get_url("http://site.test/"), ok("again"));
  CHECK(site.connections() == 2);
}

TEST_CASE("Each idle connection has its own time, counted from its last use") {
  called_site site{{}, idle_limits(30s)};
  auto first = site.get();
  auto second = site.get();
  site.connection(0).take_request();
  site.connection(0).send(ok("hello"));
  first.outcome();
  site.time.run_for(5s);
  site.connection(1).take_request();
  site.connection(1).send(ok("hello"));
  second.outcome();
  site.time.run_for(25s);
  CHECK(site.connection(0).client_has_closed());
  CHECK_FALSE(site.connection(1).client_has_closed());
  site.time.run_for(6s);
  CHECK(site.connection(1).client_has_closed());
}

TEST_CASE("No more than so many idle connections are kept for an origin") {
  const auto most = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{2});
  called_site site{{}, idle_limits(30s, most)};
  const auto first = site.get();
  const auto second = site.get();
  const auto third = site.get();
  for (std::size_t i = 0; i < 3; ++i) {
    site.connection(i).take_request();
    site.connection(i).send(ok("hello"));
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < 3; ++i) kept += site.connection(i).client_has_closed() ? 0 : 1;
  CHECK(kept == most);
}

TEST_CASE("Closing the idle connections leaves the busy one alone") {
  called_site site;
  auto busy = site.get();
  auto idle = site.get();
  site.connection(1).take_request();
  site.connection(1).send(ok("hello"));
  idle.outcome();
  site.time.run(close_idle(site.client));
  CHECK(site.connection(1).client_has_closed());
  site.connection(0).take_request();
  site.connection(0).send(ok("still here"));
  CHECK(busy.answer().body == "still here");
}

TEST_CASE("An idle connection that the server has ended, or spoken on unasked, is not used") {
  called_site site;
  auto& server = warmed_up(site);
  SECTION("closed") { server.close(); }
  SECTION("reset") { server.reset(); }
  SECTION("a late answer to nobody") { server.send(ok("poison")); }
  auto post = with_verb(http::method::post);  // which would not be retried
  CHECK(site.answer_for(std::move(post), ok("fresh")).body == "fresh");
  CHECK(site.connections() == 2);
}

TEST_CASE("A connection is not kept after an answer that says so, or after one with bytes behind it") {
  called_site site;
  const auto* const bytes = GENERATE(
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
      "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  CAPTURE(bytes);
  site.answer_for(get_url("http://site.test/"), bytes);
  CHECK(site.connection(0).client_has_closed());
  site.answer_for(get_url("http://site.test/"), ok("next"));
  CHECK(site.connections() == 2);
}

TEST_CASE("A connection is kept where HTTP/1.0 says keep-alive") {
  called_site site;
  site.answer_for(get_url("http://site.test/"),
                  "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi");
  site.answer_for(get_url("http://site.test/"), ok("next"));
  CHECK(site.connections() == 1);
}

TEST_CASE("A connection on which a call failed is closed, whatever comes on it afterwards") {
  called_site site;
  warmed_up(site);
  SECTION("a malformed answer") {
    CHECK(site.error_for(get_url("http://site.test/"), "nonsense\r\n\r\n") == client_error::answer_malformed);
  }
  SECTION("a late answer") {
    auto call = site.get("http://site.test/", 1s);
    site.newest().take_request();
    CHECK(call.error() == client_error::answer_timeout);
  }
  SECTION("a call that was cancelled") {
    auto call = site.get();
    site.newest().take_request();
    call.cancel();
    CHECK(call.ended());
  }
  CHECK(site.connection(0).client_has_closed());
  CHECK(site.answer_for(get_url("http://site.test/"), ok("fresh")).body == "fresh");
  CHECK(site.connections() == 2);
}

TEST_CASE("A request on a reused connection that dies without a byte is sent once more, if that does no harm") {
  called_site site;
  warmed_up(site);
  const auto verb = GENERATE(http::method::get, http::method::head, http::method::put, http::method::delete_,
                             http::method::options, http::method::post, http::method::patch);
  const bool safe = verb != http::method::post && verb != http::method::patch;
  auto request = with_verb(verb);
  request.body = verb == http::method::put ? "data" : "";
  auto call = site.start(std::move(request));
  site.connection(0).take_request();
  if (GENERATE(true, false)) {
    site.connection(0).close();
  } else {
    site.connection(0).reset();
  }
  if (!safe) {
    CHECK(call.error() == client_error::no_answer);
    CHECK(site.connections() == 1);
    return;
  }
  REQUIRE(site.connections() == 2);
  const auto again = site.connection(1).take_request();
  CHECK(again.body == (verb == http::method::put ? "data" : ""));
  site.connection(1).send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(call.answer().code_number == 200);
}

TEST_CASE("The second try is the last, and has only the time that is left") {
  called_site site;
  warmed_up(site);
  auto call = site.get("http://site.test/", 4s);
  site.connection(0).take_request();
  site.time.run_for(3s);
  site.connection(0).close();
  REQUIRE(site.connections() == 2);
  site.connection(1).take_request();
  SECTION("it fails as the first did") {
    site.connection(1).close();
    CHECK(call.error() == client_error::no_answer);
    CHECK(site.connections() == 2);
  }
  SECTION("it is late") {
    const auto start = site.time.now();
    CHECK(call.error() == client_error::answer_timeout);
    CHECK(site.time.now() - start <= 1s + tick);
  }
}

TEST_CASE("A request on a fresh connection is not sent again") {
  called_site site;
  auto call = site.get();
  site.connection(0).take_request();
  site.connection(0).close();
  CHECK(call.error() == client_error::no_answer);
  CHECK(site.connections() == 1);
}

TEST_CASE("Once a byte of the answer has come, the request is not sent again") {
  called_site site;
  warmed_up(site);
  const auto* const bytes = GENERATE("H", "HTTP/1.1 200 OK\r\nX-A", "HTTP/1.1 100 Continue\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi");
  CAPTURE(bytes);
  auto call = site.get();
  site.connection(0).take_request();
  site.connection(0).send(bytes);
  if (GENERATE(true, false)) {
    site.connection(0).close();
  } else {
    site.connection(0).reset();
  }
  CHECK(call.error().has_value());
  CHECK(site.connections() == 1);
}

}  // namespace
}  // namespace cohort
