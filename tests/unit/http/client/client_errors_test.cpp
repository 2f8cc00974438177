// SPDX-License-Identifier: BSL-1.0
#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>

#include "tests/unit/http/client/client_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

net::memory_pipe_settings small_pipe() {
  net::memory_pipe_settings settings;
  settings.capacity = 16;
  return settings;
}

/// A network on which no connection is made.
class failing_network final : public net::network {
 public:
  enum class failure { unknown_host, resolver_timeout, unreachable, no_descriptors, no_free_port };
  explicit failing_network(failure failure) : failure_(failure) {}

  task<result<std::vector<net::endpoint>>> resolve(std::string, std::uint16_t port,
                                                   deadline resolve_deadline) override {
    if (failure_ == failure::unknown_host) co_return error_code{asio::error::host_not_found};
    if (failure_ == failure::resolver_timeout) {
      const auto status = co_await sleep_until(resolve_deadline);
      co_return error_code{status == wait_status::cancelled ? asio::error::operation_aborted : asio::error::timed_out};
    }
    const net::endpoint address{asio::ip::make_address("192.0.2.80"), port};
    co_return std::vector<net::endpoint>{address};
  }
  task<result<net::stream_ptr>> connect(net::endpoint, deadline) override {
    if (failure_ == failure::no_free_port) co_return make_error_code(boost::system::errc::address_not_available);
    co_return error_code{failure_ == failure::unreachable ? asio::error::network_unreachable
                                                          : asio::error::no_descriptors};
  }

 private:
  failure failure_;
};

TEST_CASE("client: a call whose deadline has passed sends no request", "[http][client]") {
  client_fixture fixture;
  const auto timeout = GENERATE(duration{0}, duration{-1s});
  auto call = fixture.get("http://site.test/", timeout);
  CHECK(call.error() == client_error::deadline_exceeded);
  CHECK(fixture.connection_count() == 0);
}

TEST_CASE("client: each failure to establish a connection has a specific error", "[http][client]") {
  using enum failing_network::failure;
  const auto [failure, error] = GENERATE(table<failing_network::failure, client_error>({
      {unknown_host, client_error::resolve_failed},
      {resolver_timeout, client_error::resolve_timeout},
      {unreachable, client_error::connect_failed},
      {no_descriptors, client_error::no_file_descriptor},
      {no_free_port, client_error::no_local_port},
  }));
  failing_network network{failure};
  client_fixture fixture{&network};
  const auto start = fixture.time.now();
  auto call = fixture.get("http://site.test/", 2s);
  CHECK(call.error() == error);
  CHECK(fixture.time.now() - start <= 3s);
}

TEST_CASE("client: all addresses of a name are tried", "[http][client]") {
  client_fixture fixture;
  using addresses = std::vector<asio::ip::address>;
  const auto accepting_address = client_fixture::address("192.0.2.80");
  const auto refusing_address = client_fixture::address("192.0.2.81");
  const auto black_hole = client_fixture::address("192.0.2.82");
  fixture.network.add_black_hole({black_hole, 80});
  const auto start = fixture.time.now();

  SECTION("an address that refuses the connection causes no delay") {
    fixture.network.add_name("many.test", addresses{refusing_address, refusing_address, accepting_address});
    CHECK(fixture.receive_response(get_request("http://many.test/"), ok_response("hello")).body == "hello");
    CHECK(fixture.time.now() - start < 10ms);
  }
  SECTION("an address that does not respond delays two calls by the connect timeout, and is then ejected") {
    fixture.network.add_name("many.test", addresses{black_hole, accepting_address});
    std::vector<duration> connect_times;
    for (int i = 0; i < 20; ++i) {
      const auto call_time = fixture.time.now();
      const auto connection_count_before = fixture.connection_count();
      auto call = fixture.get("http://many.test/", 4s);
      while (fixture.connection_count() == connection_count_before) fixture.time.run_for(10ms);
      connect_times.push_back(fixture.time.now() - call_time);
      fixture.newest_connection().read_request();
      fixture.newest_connection().send(ok_response("hello", "Connection: close\r\n"));
      CHECK(call.response().body == "hello");
    }
    std::sort(connect_times.begin(), connect_times.end());
    CHECK(connect_times[17] < 20ms);
    CHECK(connect_times[18] >= 1s);
    CHECK(connect_times[19] < 1100ms);
  }
  SECTION("a call with a short timeout divides the timeout among the addresses") {
    fixture.network.add_name("many.test", addresses{refusing_address, black_hole, accepting_address});
    for (int i = 0; i < 5; ++i) {
      const auto connection_count_before = fixture.connection_count();
      const auto call = fixture.get("http://many.test/", 800ms);
      fixture.time.run_for(450ms);
      CHECK(fixture.connection_count() == connection_count_before + 1);
    }
  }
  SECTION("no address accepts a connection") {
    const auto [resolved, error] = GENERATE_COPY(table<addresses, client_error>({
        {{refusing_address, refusing_address}, client_error::connect_refused},
        {{black_hole, black_hole}, client_error::connect_timeout},
        {{refusing_address, black_hole}, client_error::connect_timeout},
        {{black_hole, refusing_address}, client_error::connect_timeout},
    }));
    fixture.network.add_name("many.test", resolved);
    auto call = fixture.get("http://many.test/", 4s);
    CHECK(call.error() == error);
    CHECK(fixture.time.now() - start <= 5s);
  }
}

TEST_CASE("client: a request that the server does not read times out at the deadline", "[http][client]") {
  client_fixture fixture{small_pipe()};
  auto call = fixture.get("http://site.test/", 2s);
  fixture.time.run_for(2s - 1ms);
  CHECK_FALSE(call.ended());
  fixture.time.run_for(1ms + tick);
  REQUIRE(call.ended());
  CHECK(call.error() == client_error::send_timeout);
}

TEST_CASE("client: a connection that is closed while the request is sent is a send failure", "[http][client]") {
  client_fixture fixture{small_pipe()};
  auto call = fixture.get();
  if (GENERATE(true, false)) {
    fixture.newest_connection().close();
  } else {
    fixture.newest_connection().reset();
  }
  CHECK(call.error() == client_error::send_failed);
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("client: an early response to a request that was not read is returned, and its connection is closed",
          "[http][client]") {
  auto pipe = small_pipe();
  pipe.capacity = 100;
  client_fixture fixture{pipe};
  auto request = make_request(http::method::post);
  request.body = std::string(10'000, 'x');
  auto call = fixture.start(std::move(request));
  fixture.newest_connection().send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
  fixture.newest_connection().close();
  CHECK(call.response().status_code() == 413);
  auto next = fixture.get();
  CHECK(fixture.connection_count() == 2);
}

TEST_CASE("client: the error of an incomplete response depends on the received part", "[http][client]") {
  client_fixture fixture;
  enum class end { open, closed, reset };
  const auto [bytes, end_of_response, error] = GENERATE(table<std::string, end, client_error>({
      {"", end::open, client_error::response_timeout},
      {"", end::closed, client_error::no_response},
      {"", end::reset, client_error::no_response},
      {"HTTP/1.1 200 OK\r\nX-A", end::open, client_error::response_timeout},
      {"HTTP/1.1 200 OK\r\nX-A", end::closed, client_error::response_truncated},
      {"HTTP/1.1 200 OK\r\nX-A", end::reset, client_error::response_truncated},
      {"HTTP/1.1 103 Early Hints\r\n\r\n", end::open, client_error::response_timeout},
      {"HTTP/1.1 103 Early Hints\r\n\r\n", end::closed, client_error::response_truncated},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", end::open, client_error::body_timeout},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", end::closed, client_error::body_truncated},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", end::reset, client_error::body_truncated},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", end::closed, client_error::body_truncated},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell", end::closed, client_error::body_truncated},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", end::closed,
       client_error::body_truncated},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", end::closed, client_error::body_truncated},
      {"HTTP/1.1 200 OK\r\n\r\nhello", end::open, client_error::body_timeout},
      {"HTTP/1.1 200 OK\r\n\r\nhello", end::reset, client_error::body_truncated},
  }));
  CAPTURE(bytes);
  const auto start = fixture.time.now();
  auto call = fixture.get("http://site.test/", 2s);
  fixture.newest_connection().read_request();
  if (!bytes.empty()) fixture.newest_connection().send(bytes);
  if (end_of_response == end::closed) fixture.newest_connection().close();
  if (end_of_response == end::reset) fixture.newest_connection().reset();
  CHECK(call.error() == error);
  CHECK(fixture.time.now() - start <= 3s);
  CHECK(fixture.newest_connection().client_has_closed());
  CHECK(fixture.time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("client: a slow trickle of bytes does not extend the deadline", "[http][client]") {
  client_fixture fixture;
  const auto [first_bytes, error] = GENERATE(table<std::string, client_error>({
      {"HTTP/1.1 200 OK\r\nX-A: ", client_error::response_timeout},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", client_error::body_timeout},
      {"HTTP/1.1 200 OK\r\n\r\n", client_error::body_timeout},
  }));
  auto call = fixture.get("http://site.test/", 3s);
  const auto start = fixture.time.now();
  fixture.newest_connection().read_request();
  fixture.newest_connection().send(first_bytes);
  while (!call.ended() && fixture.time.now() - start < 60s) {
    fixture.time.run_for(100ms);
    if (!call.ended()) fixture.newest_connection().send("x");
  }
  CHECK(call.error() == error);
  CHECK(fixture.time.now() - start <= 3200ms);
}

TEST_CASE("client: endless interim responses do not extend the deadline", "[http][client]") {
  client_fixture fixture;
  auto call = fixture.get("http://site.test/", 3s);
  const auto start = fixture.time.now();
  fixture.newest_connection().read_request();
  while (!call.ended() && fixture.time.now() - start < 60s) {
    fixture.time.run_for(100ms);
    if (!call.ended()) fixture.newest_connection().send("HTTP/1.1 102 Processing\r\n\r\n");
  }
  CHECK(call.error() == client_error::response_timeout);
  CHECK(fixture.time.now() - start <= 3200ms);
}

TEST_CASE("client: a cancelled call ends immediately, closes its connection and leaves no timer", "[http][client]") {
  client_fixture fixture{GENERATE(small_pipe(), net::memory_pipe_settings{})};
  fixture.network.add_name("black-hole.test", {client_fixture::address("192.0.2.66")});
  fixture.network.add_black_hole({client_fixture::address("192.0.2.66"), 80});
  SECTION("while connecting") {
    auto call = fixture.get("http://black-hole.test/");
    REQUIRE_FALSE(call.ended());
    call.cancel();
    REQUIRE(call.ended());
    CHECK(call.error() == client_error::cancelled);
  }
  SECTION("while sending or waiting for a response") {
    auto call = fixture.get();
    fixture.run_ready();
    REQUIRE_FALSE(call.ended());
    call.cancel();
    REQUIRE(call.ended());
    CHECK(call.error() == client_error::cancelled);
  }
  SECTION("while receiving the header or the body") {
    const auto* const bytes = GENERATE("HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell");
    auto call = fixture.get();
    fixture.newest_connection().read_request();
    fixture.newest_connection().send(bytes);
    fixture.run_ready();
    REQUIRE_FALSE(call.ended());
    call.cancel();
    REQUIRE(call.ended());
    CHECK(call.error() == client_error::cancelled);
    CHECK(fixture.newest_connection().client_has_closed());
  }
  fixture.run_ready();
  CHECK(fixture.time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("client: a call that is cancelled during name resolution ends immediately", "[http][client]") {
  failing_network network{failing_network::failure::resolver_timeout};
  client_fixture fixture{&network};
  auto call = fixture.get();
  REQUIRE_FALSE(call.ended());
  call.cancel();
  REQUIRE(call.ended());
  CHECK(call.error() == client_error::cancelled);
  CHECK(fixture.time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("client: a cancelled call on a reused connection is not retried", "[http][client]") {
  client_fixture fixture;
  fixture.receive_response(get_request("http://site.test/"), ok_response("first"));
  auto call = fixture.get();
  fixture.newest_connection().read_request();
  call.cancel();
  REQUIRE(call.ended());
  CHECK(call.error() == client_error::cancelled);
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("client_error: each error has a unique message and a class; all timeouts have the class timeout",
          "[http][client]") {
  std::set<std::string> messages;
  for (int code = 1; code <= static_cast<int>(client_error::cancelled); ++code) {
    const auto error = static_cast<client_error>(code);
    const auto message = make_error_code(error).message();
    CAPTURE(message);
    CHECK(message != "unknown error");
    CHECK(messages.insert(message).second);
    CHECK(http::error_class(error) != "unknown");
    const bool is_timeout_text =
        message.find("timed out") != std::string::npos || message.find("time remains") != std::string::npos;
    CHECK(http::is_timeout(error) == is_timeout_text);
  }
  CHECK(make_error_code(static_cast<client_error>(0)).message() == "unknown error");
  CHECK(std::string_view{http::client_category().name()} == "cohort.http.client");
}

}  // namespace
}  // namespace cohort
