#include "tests/support/http_exchange.hpp"
#include "tests/support/scripted_upstream.hpp"

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

// The bytes of one response as a client of them sees it.
response read_bytes(const std::string& bytes, bool head_request = false) {
  scripted_upstream upstream;
  upstream.always(garbage{bytes});
  raw_connection connection{upstream.port()};
  connection.send(get_request);
  return connection.read_response(default_timeout, head_request);
}

}  // namespace

TEST_CASE("the client reads a body by its length and leaves the next response alone") {
  scripted_upstream upstream;
  upstream.always(
      garbage{"HTTP/1.1 200 OK\r\ncontent-LENGTH: 3\r\nX-A:  b c \r\n\r\noneHTTP/1.1 404 \r\n"
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
  CHECK_FALSE(connection.at_eof(1ms));
  CHECK(connection.read_response().status == 404);
  CHECK(connection.at_eof());
}

TEST_CASE("the client understands every way in which a body can end") {
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

TEST_CASE("the client skips interim responses, records them, and ignores the length that answers a HEAD") {
  const auto result =
      read_bytes("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true);
  CHECK(result.status == 200);
  CHECK(result.body.empty());
  REQUIRE(result.interim.size() == 1);
  CHECK(result.interim[0].status == 103);
  CHECK(result.interim[0].header("Link") == "</a>");
}

TEST_CASE("the client refuses what is no HTTP, or ends too early") {
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

TEST_CASE("the client reads events one by one, across chunks, and says when the stream has ended") {
  scripted_upstream upstream;
  const std::string filler(1500, 'x');
  const bool chunked = GENERATE(true, false);
  upstream.always(answer{.headers = {{"Content-Type", "text/event-stream"}},
                         .body = ": hello\n\nevent: tick\ndata: 1\ndata:2\r\n\r\n"
                                 "data: " +
                                 filler + "\n\nevent: none\n\n",
                         .chunked = chunked});
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

TEST_CASE("a client's reset is one on the wire, not an orderly end") {
  const auto listener = listen_loopback(1);
  raw_connection connection{local_port(listener)};
  REQUIRE(wait_for(listener.get(), POLLIN, after(default_timeout)) == readiness::ready);
  const file_descriptor peer{::accept(listener.get(), nullptr, nullptr)};
  connection.reset();
  REQUIRE(wait_for(peer.get(), POLLIN, after(default_timeout)) == readiness::ready);
  char byte = 0;
  CHECK(::recv(peer.get(), &byte, 1, 0) == -1);
  CHECK(errno == ECONNRESET);
}

TEST_CASE("the client gives up when nothing comes") {
  scripted_upstream upstream;
  upstream.always(silence{});
  raw_connection connection{upstream.port()};
  connection.send(get_request);
  CHECK_THROWS_WITH(connection.read_response(1ms), ContainsSubstring("nothing came in time"));
  CHECK_THROWS_WITH(connection.read_some(1ms), ContainsSubstring("nothing came in time"));
  CHECK_FALSE(connection.at_eof(1ms));
}

TEST_CASE("an upstream records what it is asked, and answers many requests on one connection") {
  scripted_upstream upstream;
  upstream.always(answer{.status = 201, .headers = {{"X-Mood", "good"}}, .body = "done"});
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
  CHECK(upstream.connections_accepted() == 1);
}

TEST_CASE("steps are used once each, in order, and the rest of the requests get the default") {
  scripted_upstream upstream;
  CHECK(get(upstream.port(), "/").status == 500);
  upstream.always(answer{.body = "rest"});
  upstream.next(answer{.status = 503});
  upstream.next(answer{.body = "second", .chunked = true});
  CHECK(upstream.steps_left() == 2);
  CHECK(get(upstream.port(), "/").status == 503);
  const auto second = get(upstream.port(), "/");
  CHECK(second.header("Transfer-Encoding") == "chunked");
  CHECK(second.body == "second");
  CHECK(upstream.steps_left() == 0);
  CHECK(get(upstream.port(), "/").body == "rest");
  CHECK(request(upstream.port(), "HEAD", "/").header("Content-Length") == "4");
  CHECK(upstream.requests().size() == 5);
}

TEST_CASE("an upstream sends no body in answer to a HEAD") {
  scripted_upstream upstream;
  upstream.next(answer{.body = "unsent"});
  upstream.next(answer{.body = "sent"});
  raw_connection connection{upstream.port()};
  connection.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  connection.send(get_request);
  CHECK(connection.read_response(default_timeout, true).header("Content-Length") == "6");
  CHECK(connection.read_response().body == "sent");
}

TEST_CASE("an answer can end its connection, and says so") {
  scripted_upstream upstream;
  upstream.next(answer{.body = "bye", .close_after = true});
  raw_connection connection{upstream.port()};
  connection.send(get_request);
  CHECK(connection.read_response().header("Connection") == "close");
  CHECK(connection.at_eof());
}

TEST_CASE("an upstream can reset before it answers or in the midst of a body") {
  scripted_upstream upstream;
  upstream.next(reset_before_answer{});
  CHECK_THROWS_WITH(get(upstream.port(), "/"), ContainsSubstring("reset by peer"));
  upstream.next(reset_mid_body{.body = "0123456789", .sent = 4});
  raw_connection connection{upstream.port()};
  connection.send(get_request);
  CHECK(connection.read_head().header("Content-Length") == "10");
  CHECK(connection.read_some() == "0123");
  CHECK(connection.at_eof());
  CHECK_THROWS_WITH(connection.read_some(), ContainsSubstring("reset by peer"));
}

TEST_CASE("an upstream can break off a body in good order") {
  scripted_upstream upstream;
  upstream.next(half_body{.body = "0123456789"});
  CHECK_THROWS_WITH(get(upstream.port(), "/"), ContainsSubstring("closed 5 bytes before"));
}

TEST_CASE("a dripping upstream delivers its body a byte at a time") {
  scripted_upstream upstream;
  upstream.next(drip{.body = "drops", .interval = 20ms});
  const auto start = steady_clock::now();
  CHECK(get(upstream.port(), "/").body == "drops");
  CHECK(steady_clock::now() - start >= 5 * 20ms);
}

TEST_CASE("a delayed answer comes no sooner than its delay") {
  scripted_upstream upstream;
  upstream.next(answer{.body = "late", .delay = 50ms});
  const auto start = steady_clock::now();
  CHECK(get(upstream.port(), "/").body == "late");
  CHECK(steady_clock::now() - start >= 50ms);
  CHECK(upstream.hangups() == 0);
}

TEST_CASE("a client that leaves while it is owed an answer is counted") {
  scripted_upstream upstream;
  upstream.always(GENERATE(behaviour{silence{}}, behaviour{answer{.delay = 1h}},
                           behaviour{reset_before_answer{.delay = 1h}}, behaviour{drip{.body = "x", .interval = 1h}}));
  {
    raw_connection closing{upstream.port()};
    raw_connection resetting{upstream.port()};
    closing.send(get_request);
    resetting.send(get_request);
    upstream.wait_for_requests(2);
    CHECK_THROWS_WITH(upstream.wait_for_hangups(1, 1ms), ContainsSubstring("0 of 1 hang-ups within 1 ms"));
    resetting.reset();
    upstream.wait_for_hangups(1);
  }
  upstream.wait_for_hangups(2);
  CHECK(upstream.hangups() == 2);
}

TEST_CASE("a client that half-closes after its request still gets an answer given at once") {
  scripted_upstream upstream;
  upstream.always(answer{.body = "here"});
  raw_connection connection{upstream.port()};
  connection.send(get_request);
  connection.half_close();
  CHECK(connection.read_response().body == "here");
  CHECK(connection.at_eof());
  CHECK(upstream.hangups() == 0);
}

TEST_CASE("an upstream ends at once, whatever it was waiting for") {
  std::optional<scripted_upstream> upstream{std::in_place};
  upstream->always(answer{.delay = 1h});
  raw_connection waiting{upstream->port()};
  raw_connection idle{upstream->port()};
  waiting.send(get_request);
  upstream->wait_for_requests(1);
  const auto start = steady_clock::now();
  upstream.reset();
  CHECK(steady_clock::now() - start < 10s);
  CHECK(waiting.at_eof());
  CHECK(idle.at_eof());
}

TEST_CASE("a wait for requests that do not come names the count and the last fault") {
  scripted_upstream upstream;
  raw_connection connection{upstream.port()};
  connection.send("nonsense\r\n\r\n");
  CHECK(connection.read_response().status == 400);
  CHECK_THROWS_WITH(upstream.wait_for_requests(1, 1ms),
                    ContainsSubstring("0 of 1 requests within 1 ms") && ContainsSubstring("no request line"));
}
