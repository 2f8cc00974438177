// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/server/proxy/proxy_fixture.hpp"

// Tests of upgraded connections through the reverse proxy.
namespace cohort {
namespace {

using namespace cohort::test;

const std::string upgrade_lines =
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
const std::string switching_protocols_response =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n"
    "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

std::string tunnel_metric(const std::string& name, const std::string& label = {}) {
  return "cohort_proxy_" + name + "{upstream=\"up\"" + (label.empty() ? "" : "," + label) + "}";
}

/// A client and an upstream with a tunnel between them.
struct open_tunnel {
  explicit open_tunnel(http::proxy_options options = api_prefix_options(), std::string_view received = {})
      : fixture(std::move(options)), client(fixture.server.connect()) {
    request = fixture.forwarded(client, get("/api/socket", upgrade_lines));
    fixture.upstream().send(switching_protocols_response + std::string{received});
    head = client.read().value();
  }
  double metric(const std::string& name, const std::string& label = {}) {
    fixture.run_ready();
    return fixture.metric_value(tunnel_metric(name, label)).value();
  }
  proxy_fixture fixture;
  peer client;
  received_request request;
  std::string head;
};

TEST_CASE("proxy: an upgrade to WebSocket is forwarded with the fields of its handshake", "[http][proxy][websocket]") {
  open_tunnel tunnel;
  CHECK(tunnel.request.header("Upgrade") == "websocket");
  CHECK(tunnel.request.header("Connection") == "Upgrade");
  CHECK(tunnel.request.header("Sec-WebSocket-Key") == "dGhlIHNhbXBsZSBub25jZQ==");
  CHECK(tunnel.request.header("Sec-WebSocket-Protocol") == "chat");
  CHECK(tunnel.request.header("Sec-WebSocket-Extensions") == "permessage-deflate");
  CHECK(tunnel.head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  CHECK(has_text(tunnel.head, "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"));
  CHECK(has_text(tunnel.head, "Sec-WebSocket-Accept: x\r\n"));
  CHECK(has_text(tunnel.head, "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"));
}

TEST_CASE("proxy: a tunnel forwards bytes in both directions, beyond the deadline of its request",
          "[http][proxy][websocket]") {
  open_tunnel tunnel;
  tunnel.client.send("from the client");
  tunnel.fixture.run_ready();
  CHECK(tunnel.fixture.upstream().read_bytes() == "from the client");
  tunnel.fixture.upstream().send("from the upstream");
  CHECK(tunnel.client.read().value() == "from the upstream");
  tunnel.fixture.server.time.run_for(1min);
  tunnel.fixture.upstream().send("late");
  CHECK(tunnel.client.read().value() == "late");
  CHECK(tunnel.metric("tunnels") == 1);
  CHECK(tunnel.metric("tunnel_bytes_total", "direction=\"to_client\"") == 21);
  CHECK(tunnel.metric("tunnel_bytes_total", "direction=\"to_upstream\"") == 15);
}

TEST_CASE("proxy: bytes that follow the handshake immediately are not lost", "[http][proxy][websocket]") {
  SECTION("bytes from the upstream") {
    open_tunnel tunnel{api_prefix_options(), "first frame"};
    auto bytes = tunnel.head.substr(tunnel.head.find("\r\n\r\n") + 4);
    if (bytes.empty()) bytes = tunnel.client.read().value();
    CHECK(bytes == "first frame");
  }
  SECTION("bytes from the client") {
    proxy_fixture fixture;
    auto client = fixture.server.connect();
    client.send(get("/api/", upgrade_lines) + "first frame");
    fixture.upstream().read_request();
    fixture.upstream().send(switching_protocols_response);
    fixture.run_ready();
    CHECK(fixture.upstream().read_bytes() == "first frame");
  }
}

TEST_CASE("proxy: a tunnel forwards a half-close, and the other direction stays open", "[http][proxy][websocket]") {
  open_tunnel tunnel;
  tunnel.client.stream().shutdown_write();
  CHECK(tunnel.fixture.upstream().client_has_closed());
  tunnel.fixture.upstream().send("last bytes");
  CHECK(tunnel.client.read().value() == "last bytes");
  tunnel.fixture.upstream().stream().shutdown_write();
  CHECK(tunnel.client.is_closed_cleanly());
  CHECK(tunnel.metric("tunnels") == 0);
  CHECK(tunnel.metric("tunnel_ends_total", "reason=\"closed\"") == 1);
}

TEST_CASE("proxy: a half-closed tunnel without traffic is closed", "[http][proxy][websocket]") {
  open_tunnel tunnel{{.strip_prefix = "/api", .tunnel_half_closed_timeout = 3s}};
  tunnel.fixture.upstream().stream().shutdown_write();
  CHECK(tunnel.client.read().error() == asio::error::eof);
  tunnel.fixture.server.time.run_for(2s);
  tunnel.client.send("late");
  tunnel.fixture.server.time.run_for(2s);
  CHECK(tunnel.fixture.upstream().read_bytes() == "late");
  CHECK_FALSE(tunnel.fixture.upstream().client_has_closed());
  tunnel.fixture.server.time.run_for(2s);
  CHECK(tunnel.fixture.upstream().client_has_closed());
  CHECK(tunnel.metric("tunnel_ends_total", "reason=\"failed\"") == 1);
}

TEST_CASE("proxy: a reset of one side of a tunnel resets the other side", "[http][proxy][websocket]") {
  open_tunnel tunnel;
  SECTION("reset of the upstream's side") {
    tunnel.fixture.upstream().reset();
    CHECK(tunnel.client.read().error() == asio::error::connection_reset);
  }
  SECTION("reset of the client's side") {
    net::reset_memory_stream(tunnel.client.stream());
    CHECK(tunnel.fixture.upstream().client_has_closed());
  }
  CHECK(tunnel.metric("tunnel_ends_total", "reason=\"failed\"") == 1);
}

TEST_CASE("proxy: an idle tunnel is closed, but not a tunnel with traffic", "[http][proxy][websocket]") {
  open_tunnel tunnel{{.strip_prefix = "/api", .tunnel_idle_timeout = 10s}};
  for (int i = 0; i < 3; ++i) {
    tunnel.fixture.server.time.run_for(9s);
    tunnel.client.send("ping");
    tunnel.fixture.run_ready();
    CHECK(tunnel.fixture.upstream().read_bytes() == "ping");
  }
  tunnel.fixture.server.time.run_for(11s);
  CHECK(tunnel.fixture.upstream().client_has_closed());
  CHECK_FALSE(tunnel.client.read().has_value());
  CHECK(tunnel.metric("tunnel_ends_total", "reason=\"idle\"") == 1);
}

TEST_CASE("proxy: when the server drains, a tunnel is closed after the tunnel drain time", "[http][proxy][websocket]") {
  open_tunnel tunnel{{.strip_prefix = "/api", .tunnel_drain_time = 3s}};
  tunnel.fixture.server.begin_drain(1min);
  tunnel.fixture.server.time.run_for(2s);
  tunnel.fixture.upstream().send("still open");
  CHECK(tunnel.client.read().value() == "still open");
  tunnel.fixture.server.time.run_for(2s);
  CHECK(tunnel.fixture.server.is_drained());
  CHECK(tunnel.fixture.upstream().client_has_closed());
  CHECK(tunnel.metric("tunnel_ends_total", "reason=\"drain\"") == 1);
  CHECK(tunnel.metric("tunnels") == 0);
}

TEST_CASE("proxy: a tunnel forwards a large amount of data unchanged, and only as fast as the receiver reads",
          "[http][proxy][websocket]") {
  open_tunnel tunnel;
  constexpr std::size_t chunk_count = 64;
  const bool sends_to_client = GENERATE(true, false);
  auto& sender = sends_to_client ? tunnel.fixture.upstream().stream() : tunnel.client.stream();
  std::size_t written = 0;
  const spawned_task<> writer{tunnel.fixture.server.time, write_chunks(sender, chunk_count, written)};
  tunnel.fixture.server.time.run_for(1s);
  // The limit is the size of the buffers of two connections (64 KiB each) and of the tunnel.
  CHECK(written <= 192 * 1024);
  std::string received_bytes;
  while (received_bytes.size() < chunk_count * 16 * 1024) {
    received_bytes += sends_to_client ? tunnel.client.read().value() : tunnel.fixture.upstream().read_bytes();
  }
  CHECK(received_bytes == std::string(chunk_count * 16 * 1024, 'x'));
}

TEST_CASE("proxy: beyond the maximum number of tunnels an upgrade is rejected, until a tunnel ends",
          "[http][proxy][websocket]") {
  open_tunnel tunnel{{.strip_prefix = "/api", .max_tunnels = 1}};
  auto second = tunnel.fixture.server.connect();
  second.send(get("/api/", upgrade_lines));
  const auto rejection = second.receive();
  CHECK(rejection->status == 503);
  CHECK(rejection->header("Retry-After") == "1");
  CHECK(tunnel.metric("tunnels_rejected_total") == 1);
  CHECK(tunnel.fixture.connection_count() == 1);
  tunnel.client.stream().close();
  tunnel.fixture.upstream().close();
  CHECK(tunnel.metric("tunnels") == 0);
  second.send(get("/api/", upgrade_lines));
  CHECK(tunnel.fixture.upstream().read_request().header("Upgrade") == "websocket");
}

TEST_CASE("proxy: a tunnel does not count as a call in flight", "[http][proxy][websocket]") {
  open_tunnel tunnel;
  CHECK(tunnel.fixture.metric_value("cohort_client_in_flight{upstream=\"up\"}") == 0);
  CHECK(tunnel.fixture.metric_value("cohort_client_requests_total{upstream=\"up\",outcome=\"ok\"}") == 1);
}

TEST_CASE("proxy: if the upstream rejects an upgrade, its response is forwarded to the client",
          "[http][proxy][websocket]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  fixture.forwarded(client, get("/api/", upgrade_lines));
  SECTION("error response") {
    fixture.upstream().send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    const auto response = client.receive();
    CHECK(response->status == 403);
    CHECK(response->body == "no");
  }
  SECTION("response for another protocol version") {
    fixture.upstream().send(
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Content-Length: 0\r\n\r\n");
    const auto response = client.receive();
    CHECK(response->status == 426);
    CHECK(response->header("Upgrade") == "websocket");
    CHECK(response->header("Sec-WebSocket-Version") == "13");
  }
  CHECK(fixture.metric_value(tunnel_metric("tunnels")) == 0);
  // The connection still carries HTTP.
  fixture.forwarded(client, get("/api/"));
  fixture.upstream().send(ok_response("ok"));
  CHECK(client.receive()->body == "ok");
}

TEST_CASE("proxy: only the permitted upgrades of a GET without a body are forwarded", "[http][proxy][websocket]") {
  const auto [request, upgrade] = GENERATE(table<std::string, std::optional<std::string>>({
      {get("/api/", "Connection: Upgrade\r\nUpgrade: h2c\r\n"), std::nullopt},
      {get("/api/", "Connection: Upgrade\r\nUpgrade: h2c, WebSocket\r\n"), "WebSocket"},
      {get("/api/", "Upgrade: websocket\r\n"), std::nullopt},
      {post("/api/", "a", "Connection: Upgrade\r\nUpgrade: websocket\r\n"), std::nullopt},
      {"GET /api/ HTTP/1.0\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", std::nullopt},
      {get("/api/", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n") + "a", std::nullopt},
  }));
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  CHECK(fixture.forwarded(client, request).header("Upgrade") == upgrade);
}

TEST_CASE("proxy: if the upstream switches to a protocol that was not requested, the response is 502",
          "[http][proxy][websocket]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  fixture.forwarded(client, get("/api/", upgrade_lines));
  fixture.upstream().send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  CHECK(client.receive()->status == 502);
  CHECK(fixture.upstream().client_has_closed());
}

TEST_CASE("proxy: options permit specific upgrade protocols, or none", "[http][proxy]") {
  const auto [upgrades, expected] = GENERATE(table<std::vector<std::string>, std::optional<std::string>>({
      {{}, std::nullopt},
      {{"custom"}, "custom"},
  }));
  proxy_fixture fixture{{.strip_prefix = "/api", .upgrades = upgrades}};
  auto client = fixture.server.connect();
  const auto request = fixture.forwarded(client, get("/api/", "Connection: Upgrade\r\nUpgrade: websocket, custom\r\n"));
  CHECK(request.header("Upgrade") == expected);
}

}  // namespace
}  // namespace cohort
