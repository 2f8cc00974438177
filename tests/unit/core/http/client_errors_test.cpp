#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>

#include "core/http/client.hpp"
#include "tests/unit/core/http/client_site.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

net::memory_pipe_settings narrow() {
  net::memory_pipe_settings how;
  how.capacity = 16;
  return how;
}

/// A network that does not get as far as a connection.
class ill_network final : public net::network {
 public:
  enum class illness { name_unknown, resolver_hangs, unreachable, no_descriptors, no_ports };
  explicit ill_network(illness what) : what_(what) {}

  task<result<std::vector<net::endpoint>>> resolve(std::string, std::uint16_t port, deadline until) override {
    if (what_ == illness::name_unknown) co_return error_code{asio::error::host_not_found};
    if (what_ == illness::resolver_hangs) {
      const auto how = co_await sleep_until(until);
      co_return error_code{how == wait_status::cancelled ? asio::error::operation_aborted : asio::error::timed_out};
    }
    const net::endpoint only{asio::ip::make_address("192.0.2.80"), port};
    co_return std::vector<net::endpoint>{only};
  }
  task<result<net::stream_ptr>> connect(net::endpoint, deadline) override {
    if (what_ == illness::no_ports) co_return make_error_code(boost::system::errc::address_not_available);
    co_return error_code{what_ == illness::unreachable ? asio::error::network_unreachable
                                                       : asio::error::no_descriptors};
  }

 private:
  illness what_;
};

TEST_CASE("A call whose time is over is not begun") {
  called_site site;
  const auto left = GENERATE(duration{0}, duration{-1s});
  auto call = site.get("http://site.test/", left);
  CHECK(call.error() == client_error::no_time_left);
  CHECK(site.connections() == 0);
}

TEST_CASE("What goes wrong before there is a connection is told apart") {
  using enum ill_network::illness;
  const auto [what, error] = GENERATE(table<ill_network::illness, client_error>({
      {name_unknown, client_error::resolve_failed},
      {resolver_hangs, client_error::resolve_timeout},
      {unreachable, client_error::connect_failed},
      {no_descriptors, client_error::no_descriptor},
      {no_ports, client_error::no_local_port},
  }));
  ill_network ill{what};
  called_site site{&ill};
  const auto start = site.time.now();
  auto call = site.get("http://site.test/", 2s);
  CHECK(call.error() == error);
  CHECK(site.time.now() - start <= 3s);
}

TEST_CASE("A name with several addresses is tried with all of them") {
  called_site site;
  using all = std::vector<asio::ip::address>;
  const auto good = called_site::address("192.0.2.80");
  const auto refuses = called_site::address("192.0.2.81");
  const auto swallows = called_site::address("192.0.2.82");
  site.network.black_hole({swallows, 80});
  const auto start = site.time.now();

  SECTION("the ones that refuse cost nothing") {
    site.network.add_name("many.test", all{refuses, refuses, good});
    CHECK(site.answer_for(get_url("http://many.test/"), ok("hello")).body == "hello");
    CHECK(site.time.now() - start < 10ms);
  }
  SECTION("a black hole costs a second, twice, and is then left alone") {
    site.network.add_name("many.test", all{swallows, good});
    std::vector<duration> took;
    for (int i = 0; i < 20; ++i) {
      const auto asked = site.time.now();
      const auto before = site.connections();
      auto call = site.get("http://many.test/", 4s);
      while (site.connections() == before) site.time.run_for(10ms);
      took.push_back(site.time.now() - asked);
      site.newest().take_request();
      site.newest().send(ok("hello", "Connection: close\r\n"));
      CHECK(call.answer().body == "hello");
    }
    std::sort(took.begin(), took.end());
    CHECK(took[17] < 20ms);
    CHECK(took[18] >= 1s);
    CHECK(took[19] < 1100ms);
  }
  SECTION("a call in a hurry shares its time among the addresses") {
    site.network.add_name("many.test", all{refuses, swallows, good});
    for (int i = 0; i < 5; ++i) {
      const auto before = site.connections();
      const auto call = site.get("http://many.test/", 800ms);
      site.time.run_for(450ms);
      CHECK(site.connections() == before + 1);
    }
  }
  SECTION("none is left") {
    const auto [addresses, error] = GENERATE_COPY(table<all, client_error>({
        {{refuses, refuses}, client_error::connect_refused},
        {{swallows, swallows}, client_error::connect_timeout},
        {{refuses, swallows}, client_error::connect_timeout},
        {{swallows, refuses}, client_error::connect_timeout},
    }));
    site.network.add_name("many.test", addresses);
    auto call = site.get("http://many.test/", 4s);
    CHECK(call.error() == error);
    CHECK(site.time.now() - start <= 5s);
  }
}

TEST_CASE("A request that is not taken is late at the deadline") {
  called_site site{narrow()};
  auto call = site.get("http://site.test/", 2s);
  site.time.run_for(2s - 1ms);
  CHECK_FALSE(call.ended());
  site.time.run_for(1ms + tick);
  REQUIRE(call.ended());
  CHECK(call.error() == client_error::send_timeout);
}

TEST_CASE("A server that goes while the request is sent has not taken it") {
  called_site site{narrow()};
  auto call = site.get();
  if (GENERATE(true, false)) {
    site.newest().close();
  } else {
    site.newest().reset();
  }
  CHECK(call.error() == client_error::send_failed);
  CHECK(site.connections() == 1);
}

TEST_CASE("A server that answers without reading the request, and closes, is heard; the connection is not kept") {
  auto how = narrow();
  how.capacity = 100;
  called_site site{how};
  auto request = with_verb(http::method::post);
  request.body = std::string(10'000, 'x');
  auto call = site.start(std::move(request));
  site.newest().send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
  site.newest().close();
  CHECK(call.answer().code_number == 413);
  auto next = site.get();
  CHECK(site.connections() == 2);
}

TEST_CASE("How an answer fails says how far it had come") {
  called_site site;
  enum class end { stays, closes, resets };
  const auto [bytes, how, error] = GENERATE(table<std::string, end, client_error>({
      {"", end::stays, client_error::answer_timeout},
      {"", end::closes, client_error::no_answer},
      {"", end::resets, client_error::no_answer},
      {"HTTP/1.1 200 OK\r\nX-A", end::stays, client_error::answer_timeout},
      {"HTTP/1.1 200 OK\r\nX-A", end::closes, client_error::answer_cut_short},
      {"HTTP/1.1 200 OK\r\nX-A", end::resets, client_error::answer_cut_short},
      {"HTTP/1.1 103 Early Hints\r\n\r\n", end::stays, client_error::answer_timeout},
      {"HTTP/1.1 103 Early Hints\r\n\r\n", end::closes, client_error::answer_cut_short},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", end::stays, client_error::body_timeout},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", end::closes, client_error::body_cut_short},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", end::resets, client_error::body_cut_short},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", end::closes, client_error::body_cut_short},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell", end::closes, client_error::body_cut_short},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", end::closes,
       client_error::body_cut_short},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", end::closes, client_error::body_cut_short},
      {"HTTP/1.1 200 OK\r\n\r\nhello", end::stays, client_error::body_timeout},
      {"HTTP/1.1 200 OK\r\n\r\nhello", end::resets, client_error::body_cut_short},
  }));
  CAPTURE(bytes);
  const auto start = site.time.now();
  auto call = site.get("http://site.test/", 2s);
  site.newest().take_request();
  if (!bytes.empty()) site.newest().send(bytes);
  if (how == end::closes) site.newest().close();
  if (how == end::resets) site.newest().reset();
  CHECK(call.error() == error);
  CHECK(site.time.now() - start <= 3s);
  CHECK(site.newest().client_has_closed());
  CHECK(site.time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("Bytes that drip do not extend the deadline") {
  called_site site;
  const auto [start_of_answer, error] = GENERATE(table<std::string, client_error>({
      {"HTTP/1.1 200 OK\r\nX-A: ", client_error::answer_timeout},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", client_error::body_timeout},
      {"HTTP/1.1 200 OK\r\n\r\n", client_error::body_timeout},
  }));
  auto call = site.get("http://site.test/", 3s);
  const auto start = site.time.now();
  site.newest().take_request();
  site.newest().send(start_of_answer);
  while (!call.ended() && site.time.now() - start < 60s) {
    site.time.run_for(100ms);
    if (!call.ended()) site.newest().send("x");
  }
  CHECK(call.error() == error);
  CHECK(site.time.now() - start <= 3200ms);
}

TEST_CASE("Interim answers without end do not extend the deadline") {
  called_site site;
  auto call = site.get("http://site.test/", 3s);
  const auto start = site.time.now();
  site.newest().take_request();
  while (!call.ended() && site.time.now() - start < 60s) {
    site.time.run_for(100ms);
    if (!call.ended()) site.newest().send("HTTP/1.1 102 Processing\r\n\r\n");
  }
  CHECK(call.error() == client_error::answer_timeout);
  CHECK(site.time.now() - start <= 3200ms);
}

TEST_CASE("A call that is cancelled while it connects, sends or waits ends at once, and leaves nothing") {
  called_site site{GENERATE(narrow(), net::memory_pipe_settings{})};
  site.network.add_name("hole.test", {called_site::address("192.0.2.66")});
  site.network.black_hole({called_site::address("192.0.2.66"), 80});
  SECTION("connecting") {
    auto call = site.get("http://hole.test/");
    REQUIRE_FALSE(call.ended());
    call.cancel();
    REQUIRE(call.ended());
    CHECK(call.error() == client_error::cancelled);
  }
  SECTION("sending, or waiting for an answer") {
    auto call = site.get();
    site.settle();
    REQUIRE_FALSE(call.ended());
    call.cancel();
    REQUIRE(call.ended());
    CHECK(call.error() == client_error::cancelled);
  }
  SECTION("in the header, in the body") {
    const auto* const bytes = GENERATE("HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell");
    auto call = site.get();
    site.newest().take_request();
    site.newest().send(bytes);
    site.settle();
    REQUIRE_FALSE(call.ended());
    call.cancel();
    REQUIRE(call.ended());
    CHECK(call.error() == client_error::cancelled);
    CHECK(site.newest().client_has_closed());
  }
  site.settle();
  CHECK(site.time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A call that is cancelled while the name is looked up ends at once") {
  ill_network ill{ill_network::illness::resolver_hangs};
  called_site site{&ill};
  auto call = site.get();
  REQUIRE_FALSE(call.ended());
  call.cancel();
  REQUIRE(call.ended());
  CHECK(call.error() == client_error::cancelled);
  CHECK(site.time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A cancelled call on a reused connection is not tried again") {
  called_site site;
  site.answer_for(get_url("http://site.test/"), ok("first"));
  auto call = site.get();
  site.newest().take_request();
  call.cancel();
  REQUIRE(call.ended());
  CHECK(call.error() == client_error::cancelled);
  CHECK(site.connections() == 1);
}

TEST_CASE("Every error has a text of its own, and a class; the late ones are timeouts") {
  std::set<std::string> texts;
  for (int code = 1; code <= static_cast<int>(client_error::cancelled); ++code) {
    const auto error = static_cast<client_error>(code);
    const auto text = make_error_code(error).message();
    CAPTURE(text);
    CHECK(text != "unknown");
    CHECK(texts.insert(text).second);
    CHECK(http::error_class(error) != "unknown");
    const bool says_time = text.find("in time") != std::string::npos || text.find("no time") != std::string::npos;
    CHECK(http::is_timeout(error) == says_time);
  }
  CHECK(make_error_code(static_cast<client_error>(0)).message() == "unknown");
  CHECK(std::string_view{http::client_category().name()} == "cohort.http.client");
}

}  // namespace
}  // namespace cohort
