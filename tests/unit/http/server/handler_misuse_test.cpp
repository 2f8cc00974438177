// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/http/server/input/typed_handler.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/http/websocket/websocket_fixture.hpp"

// Errors in handlers and middleware: each error ends its own request, with a message that describes the error, and has
// no other effect.
namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::ContainsSubstring;
using http::response;

struct empty_input {};
BOOST_DESCRIBE_STRUCT(empty_input, (), ())

/// A server whose log can be read after the server has ended.
struct misuse_fixture {
  misuse_fixture() {
    server->log_to(log.sink());
    server->routes.get("/ok", [](request_context&) { return text_response("ok"); });
  }
  /// Returns the responses to a request and to a second request on the same connection.
  std::pair<std::optional<received_response>, std::optional<received_response>> responses(std::string_view request) {
    auto client = server->connect();
    client.send(request);
    auto first = client.receive();
    if (!first) return {};
    client.send(get("/ok"));
    return {first, client.receive()};
  }
  /// Returns all bytes of the response to a request, until the connection is closed.
  std::string bytes_of_response(std::string_view request) {
    auto client = server->connect();
    client.send(request);
    return client.read_to_end();
  }
  /// Ends the server, and returns the number of log lines that contain `text`.
  std::size_t logged(std::string_view text) {
    server.reset();
    return log.close_and_count(text);
  }

  captured_log log;
  std::unique_ptr<server_fixture> server = std::make_unique<server_fixture>();
};

TEST_CASE("server: a handler or a middleware that returns an empty task causes a 500", "[http][server][case-6.9]") {
  misuse_fixture fixture;
  auto& routes = fixture.server->routes;
  routes.get("/handler", [](request_context&) -> task<response> { return {}; });
  routes.post("/body", [](request_context&, http::body_reader&) -> task<response> { return {}; });
  routes.get("/awaited", [](request_context&) -> task<response> { co_return co_await task<response>{}; });
  routes.get("/typed", http::typed<empty_input>([](empty_input) -> task<response> { return {}; }));
  routes.get("/typed-json", http::typed<empty_input>([](empty_input) -> task<empty_input> { return {}; }));
  routes.get("/middleware", [](request_context&) { return text_response("unused"); })
      .use([](request_context&, http::next) -> task<response> { return {}; });
  routes.get("/inner", [](request_context&) { return text_response("unused"); })
      .use([](request_context& context, http::next next) -> task<response> { co_return co_await next(context); })
      .use([](request_context&, http::next) -> task<response> { return {}; });
  for (const auto& request : {get("/handler"), post("/body", "text"), get("/awaited"), get("/typed"),
                              get("/typed-json"), get("/middleware"), get("/inner")}) {
    CAPTURE(request);
    const auto [first, next] = fixture.responses(request);
    REQUIRE(first);
    CHECK(first->status == 500);
    REQUIRE(next);
    CHECK(next->body == "ok");
  }
  CHECK(fixture.logged("empty task: it was created without a coroutine") == 7);
}

TEST_CASE("server: a producer that returns an empty task truncates the body", "[http][server][case-6.9]") {
  misuse_fixture fixture;
  fixture.server->routes.get(
      "/", [](request_context&) { return response{}.stream([](body_writer&) -> task<> { return {}; }, "text/plain"); });
  CHECK_FALSE(fixture.bytes_of_response(get("/")).ends_with("0\r\n\r\n"));
  CHECK(fixture.logged("empty task") == 1);
}

TEST_CASE("websocket server: a handler that returns an empty task closes the connection with 1011",
          "[http][websocket][case-6.9]") {
  server_fixture server;
  server.routes.websocket("/socket", [](request_context&, websocket&) -> task<> { return {}; });
  frame_client client{server, handshake("/socket")};
  CHECK(client.receive()->payload == close_payload(1011));
}

TEST_CASE("websocket server: a handler can move its socket, and the connection is closed when the handler returns",
          "[http][websocket][case-6.10]") {
  server_fixture server;
  std::optional<websocket> kept;
  server.routes.websocket("/socket", [&kept](request_context&, websocket& socket) {
    return [](std::optional<websocket>& kept, websocket& socket) -> task<> {
      kept.emplace(std::move(socket));
      co_return;
    }(kept, socket);
  });
  frame_client client{server, handshake("/socket")};
  const auto close_frame = client.receive();
  CHECK(close_frame->opcode == websocket_opcode::close);
  CHECK(close_frame->payload == close_payload(1000));
  client.send(masked({websocket_opcode::close, close_payload(1000)}));
  server.time.run_for(1s);
  REQUIRE(kept);
  CHECK_FALSE(kept->is_open());
  CHECK_FALSE(kept->try_send(http::prepared_message{"late"}));
}

TEST_CASE("server: a status that is not final or does not have three digits causes a 500",
          "[http][server][case-6.11]") {
  const auto code = GENERATE(0U, 1U, 99U, 100U, 101U, 102U, 103U, 199U, 1000U, 65'736U, 4'294'967'295U);
  const bool is_streamed = GENERATE(false, true);
  CAPTURE(code, is_streamed);
  misuse_fixture fixture;
  fixture.server->routes.get("/", [&](request_context&) {
    response result{static_cast<http::status>(code)};
    if (!is_streamed) return result.body("body", "text/plain");
    return result.stream([](body_writer& output) -> task<> { co_await output.write("body"); }, "text/plain");
  });
  const auto [first, next] = fixture.responses(get("/", "Connection: Upgrade\r\nUpgrade: other\r\n"));
  REQUIRE(first);
  CHECK(first->status == 500);
  CHECK(first->body == R"({"error":"Internal Server Error","message":"An internal error occurred"})");
  REQUIRE(next);
  CHECK(next->body == "ok");
  CHECK(fixture.server->request_count("/", "GET", 500) == 1);
  CHECK(fixture.logged("handler returned an invalid response") == 1);
}

TEST_CASE("server: an upgrade that the client did not request causes a 500", "[http][server][case-6.11]") {
  misuse_fixture fixture;
  fixture.server->routes.get("/", [](request_context&) {
    return response{}.upgrade("echo", [](http::upgraded_connection&) -> task<> { co_return; });
  });
  for (const auto* lines : {"", "Connection: Upgrade\r\nUpgrade: websocket\r\n"}) {
    const auto [first, next] = fixture.responses(get("/", lines));
    REQUIRE(first);
    CHECK(first->status == 500);
    CHECK_FALSE(first->header("Upgrade"));
    CHECK(next->body == "ok");
  }
  CHECK(fixture.server->response_to(get("/", "Connection: Upgrade\r\nUpgrade: other, ECHO\r\n")).status == 101);
  CHECK(fixture.logged("status 101 needs an upgrade handler") == 2);
}

TEST_CASE("server: a 205 response has no content", "[http][server][case-6.11]") {
  misuse_fixture fixture;
  fixture.server->routes.get(
      "/text", [](request_context&) { return response{http::status::reset_content}.body("body", "text/plain"); });
  fixture.server->routes.get("/stream", [](request_context&) {
    return response{http::status::reset_content}.stream(
        [](body_writer& output) -> task<> { co_await output.write("body"); }, "text/plain");
  });
  for (const auto* path : {"/text", "/stream"}) {
    const auto [first, next] = fixture.responses(get(path));
    REQUIRE(first);
    CHECK(first->status == 205);
    CHECK(first->header("Content-Length") == "0");
    CHECK_FALSE(first->header("Transfer-Encoding"));
    CHECK(next->body == "ok");
  }
}

TEST_CASE("server: concurrent writes to one body truncate the body, and never interleave their bytes",
          "[http][server][case-6.12]") {
  misuse_fixture fixture;
  fixture.server->routes.get("/", [](request_context&) {
    return response{}.stream(
        [](body_writer& output) -> task<> {
          auto both_tasks =
              when_all(output.write(std::string(1'000'000, 'a')), output.write(std::string(1'000'000, 'b')));
          co_await std::move(both_tasks);
        },
        "text/plain");
  });
  const auto response_bytes = fixture.bytes_of_response(get("/"));
  const auto body = response_bytes.substr(response_bytes.find("\r\n\r\n") + 4);
  CHECK(body.find('b', body.find("\r\n")) == std::string::npos);
  CHECK_FALSE(response_bytes.ends_with("0\r\n\r\n"));
  CHECK(fixture.logged("another call was running") == 1);
}

TEST_CASE("server: concurrent reads of one body cause a 500", "[http][server][case-6.12]") {
  misuse_fixture fixture;
  fixture.server->routes.post("/", [](request_context& context, http::body_reader& body) -> task<response> {
    auto both_tasks = when_all(body.read(context), body.read(context));
    co_await std::move(both_tasks);
    co_return response{};
  });
  CHECK(fixture.server->response_to("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n").status == 500);
  CHECK(fixture.logged("another read was running") == 1);
}

TEST_CASE("routing: null handlers and null pipeline steps are rejected at registration", "[http][routing][case-6.13]") {
  http::router routes;
  const auto check_rejected_at_registration = [](auto add) {
    CHECK_THROWS_WITH(
        add(), ContainsSubstring("the handler of \"/x\" is null") && ContainsSubstring("handler_misuse_test.cpp:"));
  };
  check_rejected_at_registration([&] { routes.get("/x", std::function<response(request_context&)>{}); });
  check_rejected_at_registration([&] { routes.get("/x", std::function<task<response>(request_context&)>{}); });
  check_rejected_at_registration([&] { routes.post("/x", http::streaming_handler{}); });
  check_rejected_at_registration([&] { routes.any("/x", http::handler{}); });
  check_rejected_at_registration([&] { routes.get("/x", static_cast<response (*)(request_context&)>(nullptr)); });
  check_rejected_at_registration([&] { routes.websocket("/x", {}); });
  CHECK(routes.routes().empty());
  CHECK_THROWS_WITH(routes.use(http::filter{}), ContainsSubstring("not null"));
  CHECK_THROWS_WITH(routes.use(http::middleware{}), ContainsSubstring("not null"));
}

TEST_CASE("routing: a timeout that is not positive, and a moved-from router, are rejected",
          "[http][routing][case-6.13]") {
  http::router routes;
  auto& added = routes.get("/x", [](request_context&) { return response{}; });
  CHECK_THROWS_AS(added.timeout(0s), std::invalid_argument);
  CHECK_THROWS_AS(added.timeout(-1s), std::invalid_argument);
  http::router mounted_router;
  routes.mount("/first", std::move(mounted_router));
  // NOLINTNEXTLINE(bugprone-use-after-move): the subject of the test
  CHECK_THROWS_WITH(routes.mount("/second", std::move(mounted_router)), ContainsSubstring("was moved from"));
}

TEST_CASE("server: a request without a deadline is logged", "[http][server][case-6.13]") {
  misuse_fixture fixture;
  fixture.server->routes.get("/", delayed_handler(1s)).timeout(duration::max());
  CHECK(fixture.server->response_to(get("/")).status == 200);
  CHECK(fixture.logged("\"remaining_ms\":9223372036854.775") == 1);
}

TEST_CASE("response: the protocol of an upgrade cannot inject a header field", "[http][message][case-6.11]") {
  response result;
  result.upgrade("echo\r\nSet-Cookie: a=b", [](http::upgraded_connection&) -> task<> { co_return; });
  CHECK(result.header_lines().empty());
  CHECK(result.rejected_field() == "Upgrade");
}

}  // namespace
}  // namespace cohort
