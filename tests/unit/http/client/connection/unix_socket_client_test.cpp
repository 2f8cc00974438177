// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/config/http_url.hpp>
#include "tests/unit/http/server/proxy/proxy_fixture.hpp"

// Tests of clients and of the reverse proxy with upstreams on Unix domain sockets.
namespace cohort {
namespace {

using namespace cohort::test;

http::client_request unix_socket_request(std::string_view url) {
  http::client_request request;
  request.url = config::parse_http_url(url).value();
  return request;
}

/// A client, and a server that listens on the Unix domain socket `/run/app.sock`.
struct unix_socket_fixture {
  explicit unix_socket_fixture(http::client_settings settings = {}) : clients({}, std::move(settings)) {
    acceptor = clients.network.listen_unix("/run/app.sock");
    accept_task.emplace(clients.time, accept_connections(*acceptor, clients.time, connections));
  }
  ~unix_socket_fixture() {
    acceptor->close();
    clients.run_ready();
  }
  server_connection& connection() {
    clients.run_ready();
    return connections.at(connections.size() - 1);
  }
  client_fixture clients;
  std::unique_ptr<net::acceptor> acceptor;
  std::deque<server_connection> connections;
  std::optional<spawned_task<>> accept_task;
};

TEST_CASE("client: a request is sent to a Unix domain socket, whose connection is kept", "[http][client][unix]") {
  unix_socket_fixture fixture;
  for (const auto* path : {"/one", "/two"}) {
    auto call = fixture.clients.start(unix_socket_request("unix:/run/app.sock:" + std::string{path}));
    const auto request = fixture.connection().read_request();
    CHECK(request.start_line == "GET " + std::string{path} + " HTTP/1.1");
    CHECK(request.header("Host") == "localhost");
    fixture.connection().send(ok_response("ok"));
    CHECK(call.response().body == "ok");
  }
  CHECK(fixture.connections.size() == 1);
}

TEST_CASE("client: a proxy is not used for a Unix domain socket", "[http][client][unix]") {
  http::client_settings settings;
  settings.proxies.http_proxy = http::parse_proxy("http://proxy.test:3128");
  unix_socket_fixture fixture{settings};
  auto call = fixture.clients.start(unix_socket_request("unix:/run/app.sock"));
  CHECK(fixture.connection().read_request().start_line == "GET / HTTP/1.1");
  fixture.connection().send(ok_response("ok"));
  CHECK(call.response().body == "ok");
}

TEST_CASE("client: a call to a nonexistent Unix domain socket fails with a connection error", "[http][client][unix]") {
  unix_socket_fixture fixture;
  CHECK(fixture.clients.start(unix_socket_request("unix:/run/none.sock")).error() == client_error::connect_failed);
}

TEST_CASE("client: a redirect of a Unix domain socket to another path is followed", "[http][client][unix]") {
  unix_socket_fixture fixture;
  auto request = unix_socket_request("unix:/run/app.sock");
  request.max_redirects = 1;
  auto call = fixture.clients.start(std::move(request));
  fixture.connection().read_request();
  fixture.connection().send("HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n");
  CHECK(fixture.connection().read_request().start_line == "GET /next HTTP/1.1");
  fixture.connection().send(ok_response("ok"));
  CHECK(call.response().body == "ok");
}

TEST_CASE("proxy: requests are forwarded to a Unix domain socket", "[http][proxy][unix]") {
  proxy_fixture fixture{{.strip_prefix = "/api"}, "http://unix:/run/app.sock:/base"};
  std::deque<server_connection> connections;
  auto acceptor = fixture.server.network().listen_unix("/run/app.sock");
  const spawned_task<> accept_task{fixture.server.time,
                                   accept_connections(*acceptor, fixture.server.time, connections)};
  auto client = fixture.server.connect();
  client.send(get("/api/a?b"));
  fixture.run_ready();
  const auto request = connections.at(0).read_request();
  CHECK(request.start_line == "GET /base/a?b HTTP/1.1");
  CHECK(request.header("Host") == "localhost");
  connections.at(0).send("HTTP/1.1 201 Created\r\nLocation: http://localhost/base/new\r\nContent-Length: 0\r\n\r\n");
  const auto response = client.receive();
  CHECK(response->status == 201);
  CHECK(response->header("Location") == "/api/new");
  acceptor->close();
  fixture.run_ready();
}

}  // namespace
}  // namespace cohort
