// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/server/proxy/proxy_fixture.hpp"

// Tests of interim responses (1xx) of the reverse proxy and of handlers.
namespace cohort {
namespace {

using namespace cohort::test;

const std::string early_hints =
    "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nConnection: X-Own\r\nX-Own: 1\r\n\r\n";

task<http::response> respond_with_hints(request_context* context, int status, std::string* sent) {
  http::response hints{static_cast<http::status>(status)};
  hints.set("Link", "</a.css>; rel=preload");
  auto send_task = context->send_interim(hints);
  *sent += co_await std::move(send_task) ? "sent " : "not sent ";
  co_await sleep_for(1s);
  co_return text_response("final");
}

TEST_CASE("proxy: an interim response is forwarded before the final response, without hop-by-hop fields",
          "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  fixture.forwarded(client, get("/api/"));
  fixture.upstream().send(early_hints);
  CHECK(client.read().value() ==
        "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nVia: 1.1 cohort\r\n\r\n");
  fixture.upstream().send(early_hints + ok_response("done"));
  CHECK(client.receive()->status == 103);
  const auto response = client.receive();
  CHECK(response->status == 200);
  CHECK(response->body == "done");
}

TEST_CASE("proxy: interim responses are not forwarded to clients of HTTP/1.0", "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  fixture.forwarded(client, "GET /api/ HTTP/1.0\r\nHost: test\r\n\r\n");
  fixture.upstream().send(early_hints + ok_response("done"));
  CHECK(client.receive()->body == "done");
}

TEST_CASE("proxy: an interim response that arrives while the body is sent is forwarded", "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  client.send("POST /api/ HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabc");
  fixture.upstream().read_bytes();
  fixture.upstream().send("HTTP/1.1 102 Processing\r\n\r\n");
  CHECK(client.receive()->status == 102);
  client.send("def");
  fixture.run_ready();
  CHECK(fixture.upstream().read_bytes() == "def");
  fixture.upstream().send(ok_response("done"));
  CHECK(client.receive()->body == "done");
}

TEST_CASE("proxy: a client that expects 100 Continue receives one 100 response", "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  client.send("POST /api/ HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.receive()->status == 100);
  client.send("abc");
  CHECK(fixture.upstream().read_request().body == "abc");
  fixture.upstream().send(ok_response("done"));
  CHECK(client.receive()->body == "done");
}

TEST_CASE("proxy: the number of forwarded interim responses is limited", "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  fixture.forwarded(client, get("/api/"));
  for (unsigned i = 0; i < http::max_interim_responses + 4; ++i) fixture.upstream().send(early_hints);
  fixture.upstream().send(ok_response("done"));
  unsigned count = 0;
  auto response = client.receive();
  for (; response->status == 103; response = client.receive()) ++count;
  CHECK(count == http::max_interim_responses);
  CHECK(response->body == "done");
}

TEST_CASE("server: a handler sends interim responses", "[http][server]") {
  server_fixture fixture;
  std::string sent;
  int status = 103;
  fixture.routes.get("/hints", [&](request_context& context) { return respond_with_hints(&context, status, &sent); });
  auto client = fixture.connect();
  SECTION("to HTTP/1.1") {
    client.send(get("/hints"));
    CHECK(client.read().value() == "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
    CHECK(client.receive()->body == "final");
    CHECK(sent == "sent ");
  }
  SECTION("not to HTTP/1.0") {
    client.send("GET /hints HTTP/1.0\r\nHost: test\r\n\r\n");
    CHECK(client.receive()->body == "final");
    CHECK(sent == "not sent ");
  }
  SECTION("a status that is not interim is rejected") {
    status = GENERATE(101, 200, 404);
    client.send(get("/hints"));
    CHECK(client.receive()->body == "final");
    CHECK(sent == "not sent ");
  }
}

TEST_CASE("server: an interim response to a client that does not read it never corrupts the final response",
          "[http][server]") {
  net::memory_pipe_settings pipe;
  pipe.capacity = 16;
  server_fixture fixture{pipe};
  std::string sent;
  fixture.routes.get("/hints", [&](request_context& context) { return respond_with_hints(&context, 103, &sent); });
  auto client = fixture.connect();
  client.send(get("/hints"));
  SECTION("the client reads the interim response later") {
    CHECK(client.receive()->status == 103);
    CHECK(client.receive()->body == "final");
    CHECK(sent == "sent ");
  }
  SECTION("the client never reads the interim response") {
    fixture.time.run_for(1min);
    CHECK(std::string_view{"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"}.starts_with(
        client.read_to_end()));
    CHECK(sent == "not sent ");
  }
}

}  // namespace
}  // namespace cohort
