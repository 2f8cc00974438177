// SPDX-License-Identifier: BSL-1.0
#include "tests/support/http/http_exchange.hpp"
#include "tests/support/http/scripted_upstream.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string>

using namespace cohort::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using std::chrono::steady_clock;

namespace {

constexpr std::string_view get_request = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

// Reads a response with these bytes.
response read_bytes(const std::string& bytes, bool is_head_request = false) {
  scripted_upstream upstream;
  upstream.set_default_behavior(raw_bytes{bytes});
  raw_connection connection{upstream.port()};
  connection.send(get_request);
  return connection.read_response(default_timeout, is_head_request);
}

}  // namespace

TEST_CASE("http client: reading a body stops at its content length, before the next response", "[support][threads]") {
  scripted_upstream upstream;
  upstream.set_default_behavior(
      raw_bytes{"HTTP/1.1 200 OK\r\ncontent-LENGTH: 3\r\nX-A:  b c \r\n\r\noneHTTP/1.1 404 \r\n"
                "Content-Length: 0\r\n\r\n"});
  raw_connection connection{upstream.port()};
  CHECK(connection.send(get_request) == get_request.size());
  const auto first = connection.read_response();
  CHECK(first.status == 200);
  CHECK(first.reason == "OK");
  CHECK(first.body == "one");
  CHECK(first.header("x-a") == "b c");
  CHECK(first.header("absent").empty());
  CHECK(first.raw_head == "HTTP/1.1 200 OK\r\ncontent-LENGTH: 3\r\nX-A:  b c \r\n\r\n");
  CHECK_FALSE(connection.wait_for_close(1ms));
  CHECK(connection.read_response().status == 404);
  CHECK(connection.wait_for_close());
}

TEST_CASE("http client: all framings of a body are supported", "[support][threads]") {
  struct framing {
    std::string bytes;
    std::string body;
  };
  const auto [bytes, body] = GENERATE(framing{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                              "3;a=b\r\none\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
                                              "one0123456789"},
                                      framing{"HTTP/1.0 200 OK\r\n\r\nuntil close", "until close"},
                                      framing{"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", ""},
                                      framing{"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ""},
                                      framing{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""});
  CHECK(read_bytes(bytes).body == body);
}

TEST_CASE("http client: interim responses are recorded; a response to HEAD has no body", "[support][threads]") {
  const auto result =
      read_bytes("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true);
  CHECK(result.status == 200);
  CHECK(result.body.empty());
  REQUIRE(result.interim.size() == 1);
  CHECK(result.interim[0].status == 103);
  CHECK(result.interim[0].header("Link") == "</a>");
}

TEST_CASE("http client: malformed and truncated responses throw", "[support][threads]") {
  const auto bytes = GENERATE(as<std::string>{}, "HTTP/1.1 200\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n",
                              "HTTP/1.1 200 OK\r\nName : v\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
                              "HTTP/1.1 200 OK\r\n folded\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
                              "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXY0\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "");
  CAPTURE(bytes);
  CHECK_THROWS_AS(read_bytes(bytes), std::runtime_error);
}

TEST_CASE("http client: server-sent events are read across chunks", "[support][threads]") {
  scripted_upstream upstream;
  const std::string filler(1500, 'x');
  const bool is_chunked = GENERATE(true, false);
  upstream.set_default_behavior(canned_response{.headers = {{"Content-Type", "text/event-stream"}},
                                                .body = ": hello\n\nevent: tick\ndata: 1\ndata:2\r\n\r\n"
                                                        "data: " +
                                                        filler + "\n\nevent: none\n\n",
                                                .chunked = is_chunked});
  raw_connection connection{upstream.port()};
  connection.send(get_request);
  CHECK(connection.read_head().header("Content-Type") == "text/event-stream");
  const auto tick = connection.read_sse_event();
  CHECK(tick.event == "tick");
  CHECK(tick.data == "1\n2");
  const auto message = connection.read_sse_event();
  CHECK(message.event == "message");
  CHECK(message.data == filler);
  CHECK_THROWS_WITH(connection.read_sse_event(), ContainsSubstring("has ended"));
}

TEST_CASE("http client: reset() sends an RST segment", "[support][threads]") {
  const auto listener = listen_loopback(1);
  raw_connection connection{local_port(listener)};
  REQUIRE(wait_for(listener.get(), POLLIN, deadline_after(default_timeout)) == readiness::ready);
  const file_descriptor peer{::accept(listener.get(), nullptr, nullptr)};
  connection.reset();
  REQUIRE(wait_for(peer.get(), POLLIN, deadline_after(default_timeout)) == readiness::ready);
  char byte = 0;
  CHECK(::recv(peer.get(), &byte, 1, 0) == -1);
  CHECK(errno == ECONNRESET);
}

TEST_CASE("http client: a read without data times out", "[support][threads]") {
  scripted_upstream upstream;
  upstream.set_default_behavior(no_response{});
  raw_connection connection{upstream.port()};
  connection.send(get_request);
  CHECK_THROWS_WITH(connection.read_response(1ms), ContainsSubstring("timeout; received so far"));
  CHECK_THROWS_WITH(connection.read_some(1ms), ContainsSubstring("timeout; received so far"));
  CHECK_FALSE(connection.wait_for_close(1ms));
}

TEST_CASE("scripted upstream: requests are recorded; connections are persistent", "[support][threads]") {
  scripted_upstream upstream;
  upstream.set_default_behavior(canned_response{.status = 201, .headers = {{"X-Mood", "good"}}, .body = "done"});
  raw_connection connection{upstream.port()};
  connection.send(
      "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbodyPUT /c HTTP/1.1\r\nHost: h\r\n"
      "Transfer-Encoding: chunked\r\n\r\n2\r\nch\r\n4\r\nunks\r\n0\r\n\r\n");
  for (int i = 0; i < 2; ++i) {
    const auto result = connection.read_response();
    CHECK(result.status == 201);
    CHECK(result.header("X-Mood") == "good");
    CHECK(result.body == "done");
  }
  upstream.wait_for_requests(2);
  const auto requests = upstream.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].method == "POST");
  CHECK(requests[0].target == "/a?b");
  CHECK(requests[0].header("host") == "h");
  CHECK(requests[0].body == "body");
  CHECK(requests[1].method == "PUT");
  CHECK(requests[1].body == "chunks");
  CHECK(upstream.accepted_connection_count() == 1);
}

TEST_CASE("scripted upstream: each step is used once, then the default step", "[support][threads]") {
  scripted_upstream upstream;
  CHECK(get(upstream.port(), "/").status == 500);
  upstream.set_default_behavior(canned_response{.body = "rest"});
  upstream.enqueue(canned_response{.status = 503});
  upstream.enqueue(canned_response{.body = "second", .chunked = true});
  CHECK(upstream.remaining_steps() == 2);
  CHECK(get(upstream.port(), "/").status == 503);
  const auto second = get(upstream.port(), "/");
  CHECK(second.header("Transfer-Encoding") == "chunked");
  CHECK(second.body == "second");
  CHECK(upstream.remaining_steps() == 0);
  CHECK(get(upstream.port(), "/").body == "rest");
  CHECK(request(upstream.port(), "HEAD", "/").header("Content-Length") == "4");
  CHECK(upstream.requests().size() == 5);
}

TEST_CASE("scripted upstream: a response to HEAD has no body", "[support][threads]") {
  scripted_upstream upstream;
  upstream.enqueue(canned_response{.body = "unsent"});
  upstream.enqueue(canned_response{.body = "sent"});
  raw_connection connection{upstream.port()};
  connection.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  connection.send(get_request);
  CHECK(connection.read_response(default_timeout, true).header("Content-Length") == "6");
  CHECK(connection.read_response().body == "sent");
}

TEST_CASE("scripted upstream: a response can close the connection", "[support][threads]") {
  scripted_upstream upstream;
  upstream.enqueue(canned_response{.body = "bye", .closes_connection = true});
  raw_connection connection{upstream.port()};
  connection.send(get_request);
  CHECK(connection.read_response().header("Connection") == "close");
  CHECK(connection.wait_for_close());
}

TEST_CASE("scripted upstream: the connection can be reset before or within a response", "[support][threads]") {
  scripted_upstream upstream;
  upstream.enqueue(reset_before_response{});
  CHECK_THROWS_WITH(get(upstream.port(), "/"), ContainsSubstring("reset by peer"));
  upstream.enqueue(reset_mid_body{.body = "0123456789", .sent = 4});
  raw_connection connection{upstream.port()};
  connection.send(get_request);
  CHECK(connection.read_head().header("Content-Length") == "10");
  CHECK(connection.read_some() == "0123");
  CHECK(connection.wait_for_close());
  CHECK_THROWS_WITH(connection.read_some(), ContainsSubstring("reset by peer"));
}

TEST_CASE("scripted upstream: the connection can be closed before the end of a body", "[support][threads]") {
  scripted_upstream upstream;
  upstream.enqueue(truncated_body{.body = "0123456789"});
  CHECK_THROWS_WITH(get(upstream.port(), "/"), ContainsSubstring("closed 5 bytes before"));
}

TEST_CASE("scripted upstream: a slow body is sent byte by byte", "[support][threads]") {
  scripted_upstream upstream;
  upstream.enqueue(slow_body{.body = "drops", .interval = 20ms});
  const auto start = steady_clock::now();
  CHECK(get(upstream.port(), "/").body == "drops");
  CHECK(steady_clock::now() - start >= 5 * 20ms);
}

TEST_CASE("scripted upstream: a response is not sent before its delay", "[support][threads]") {
  scripted_upstream upstream;
  upstream.enqueue(canned_response{.body = "late", .delay = 50ms});
  const auto start = steady_clock::now();
  CHECK(get(upstream.port(), "/").body == "late");
  CHECK(steady_clock::now() - start >= 50ms);
  CHECK(upstream.disconnect_count() == 0);
}

TEST_CASE("scripted upstream: a client that disconnects before its response is counted", "[support][threads]") {
  scripted_upstream upstream;
  upstream.set_default_behavior(GENERATE(behavior{no_response{}}, behavior{canned_response{.delay = 1h}},
                                         behavior{reset_before_response{.delay = 1h}},
                                         behavior{slow_body{.body = "x", .interval = 1h}}));
  {
    raw_connection closing{upstream.port()};
    raw_connection resetting_connection{upstream.port()};
    closing.send(get_request);
    resetting_connection.send(get_request);
    upstream.wait_for_requests(2);
    CHECK_THROWS_WITH(upstream.wait_for_disconnects(1, 1ms), ContainsSubstring("0 of 1 disconnects within 1 ms"));
    resetting_connection.reset();
    upstream.wait_for_disconnects(1);
  }
  upstream.wait_for_disconnects(2);
  CHECK(upstream.disconnect_count() == 2);
}

TEST_CASE("scripted upstream: a client that half-closes still receives an immediate response", "[support][threads]") {
  scripted_upstream upstream;
  upstream.set_default_behavior(canned_response{.body = "here"});
  raw_connection connection{upstream.port()};
  connection.send(get_request);
  connection.half_close();
  CHECK(connection.read_response().body == "here");
  CHECK(connection.wait_for_close());
  CHECK(upstream.disconnect_count() == 0);
}

TEST_CASE("scripted upstream: the destructor interrupts all waits", "[support][threads]") {
  std::optional<scripted_upstream> upstream{std::in_place};
  upstream->set_default_behavior(canned_response{.delay = 1h});
  raw_connection waiting{upstream->port()};
  raw_connection idle{upstream->port()};
  waiting.send(get_request);
  upstream->wait_for_requests(1);
  const auto start = steady_clock::now();
  upstream.reset();
  CHECK(steady_clock::now() - start < 10s);
  CHECK(waiting.wait_for_close());
  CHECK(idle.wait_for_close());
}

TEST_CASE("scripted upstream: a failed wait reports the count and the last error", "[support][threads]") {
  scripted_upstream upstream;
  raw_connection connection{upstream.port()};
  connection.send("nonsense\r\n\r\n");
  CHECK(connection.read_response().status == 400);
  CHECK_THROWS_WITH(upstream.wait_for_requests(1, 1ms),
                    ContainsSubstring("0 of 1 requests within 1 ms") && ContainsSubstring("malformed request line"));
}
