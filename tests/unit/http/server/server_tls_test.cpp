// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/server/content/body_reader.hpp>
#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/http/server/content/file_response.hpp>
#include <cohort/http/server/tls_termination.hpp>
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/http/server/server_fixture.hpp"
#include "tests/unit/net/proxy_protocol/proxy_headers.hpp"
#include "tests/unit/net/tls/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// A TLS server with the header lines of a service.
class https_server_fixture {
 public:
  https_server_fixture() {
    server.settings.tls = std::make_shared<http::tls_termination>(context, server.metrics);
    server.settings.common_header_lines_over_tls = "Strict-Transport-Security: max-age=1\r\n";
    server.routes.get("/", text_handler("page"));
    server.routes.get("/uris", [](request_context& request) {
      std::string uris;
      for (const auto& uri : request.tls()->certificate_uris) uris += uri + ";";
      return text_response(request.tls()->has_certificate ? "certificate:" + uris : "no certificate");
    });
  }

  /// Returns a connection without a handshake.
  net::stream_ptr connect_plain() {
    if (!std::exchange(is_started_, true)) server.start();
    const net::endpoint address{asio::ip::make_address("192.0.2.80"), 80};
    auto connect_result = server.time.run(server.network().connect(address, deadline::never()));
    if (!connect_result) throw std::runtime_error("not connected");
    return std::move(*connect_result);
  }

  peer connect(net::tls_client_settings settings = {}) {
    settings.trusted_certificates = root.certificate_pem();
    net::tls_client_context client{settings};
    auto secure_stream = server.time.run(perform_client_handshake(client, connect_plain()));
    if (!secure_stream) throw std::runtime_error("handshake: " + secure_stream.error().message());
    return {server.time, std::move(*secure_stream)};
  }

  /// Sends a PROXY protocol header before the handshake.
  peer connect_through_proxy(const std::string& header) {
    net::tls_client_settings settings;
    settings.trusted_certificates = root.certificate_pem();
    net::tls_client_context client{settings};
    auto plain_stream = connect_plain();
    server.time.run(write_bytes(*plain_stream, header));
    auto secure_stream = server.time.run(perform_client_handshake(client, std::move(plain_stream)));
    if (!secure_stream) throw std::runtime_error("handshake: " + secure_stream.error().message());
    return {server.time, std::move(*secure_stream)};
  }

  double handshake_count(const std::string& result) {
    return server.metric_value("cohort_server_tls_handshakes_total{result=\"" + result + "\"}").value_or(-1);
  }

  certificate_authority root{"Test Root"};
  certificate_and_key leaf = issue_server_certificate(root);
  std::shared_ptr<net::tls_server_context> context =
      std::make_shared<net::tls_server_context>(make_server_settings(leaf));
  server_fixture server;

 private:
  bool is_started_ = false;
};

TEST_CASE("server: requests over TLS are served with HSTS, even without X-Forwarded-Proto", "[http][server][tls]") {
  https_server_fixture site;
  auto client = site.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(get("/"));
    const auto response = client.receive();
    REQUIRE(response.has_value());
    CHECK(response->status == 200);
    CHECK(response->body == "page");
    CHECK(response->header("Strict-Transport-Security") == "max-age=1");
  }
  CHECK(site.handshake_count("success") == 1);
  CHECK(site.handshake_count("not_tls") == 0);
}

TEST_CASE("server: a plain HTTP request to a TLS port is rejected with 400 in clear text, counted and logged",
          "[http][server][tls]") {
  captured_log log;
  {
    https_server_fixture site;
    site.server.log_to(log.sink());
    peer client{site.server.time, site.connect_plain()};
    client.send(get("/"));
    const auto response = client.receive();
    REQUIRE(response.has_value());
    CHECK(response->status == 400);
    CHECK(response->header("Connection") == "close");
    CHECK(response->body == R"({"error":"Bad Request","message":"The plain HTTP request was sent to an HTTPS port"})");
    CHECK(client.read_to_end().empty());
    CHECK(site.handshake_count("not_tls") == 1);
    // Other clients are served.
    auto next = site.connect();
    next.send(get("/"));
    CHECK(next.receive()->status == 200);
  }
  int lines = 0;
  for (const auto& line : log.close()) {
    if (line.find("TLS handshake failed") == std::string::npos) continue;
    ++lines;
    CHECK(line.find("\"level\":\"info\"") != std::string::npos);
    CHECK(line.find("\"result\":\"not_tls\"") != std::string::npos);
    CHECK(line.find("\"why\":\"http request\"") != std::string::npos);
  }
  CHECK(lines == 1);
}

TEST_CASE("server: a plain HTTP request to a TLS port is rejected with 400 if OpenSSL recognizes its method",
          "[http][server][tls]") {
  const std::string method = GENERATE("GET", "HEAD", "POST", "PUT", "CONNECT");
  CAPTURE(method);
  https_server_fixture site;
  peer client{site.server.time, site.connect_plain()};
  client.send(method + " / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto response = client.receive();
  REQUIRE(response.has_value());
  CHECK(response->status == 400);
}

TEST_CASE("server: a TLS port sends no response to bytes that OpenSSL does not recognize as TLS or HTTP",
          "[http][server][tls]") {
  const std::string bytes = GENERATE("SSH-2.0-OpenSSH_9.2\r\n", "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n",
                                     "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n");
  CAPTURE(bytes);
  https_server_fixture site;
  peer client{site.server.time, site.connect_plain()};
  client.send(bytes);
  CHECK(client.read_to_end().find("HTTP") == std::string::npos);
  CHECK(site.handshake_count("not_tls") == 1);
}

TEST_CASE("server: a plain HTTP connection to a TLS port is closed within a second, even if the client keeps sending",
          "[http][server][tls]") {
  https_server_fixture site;
  peer client{site.server.time, site.connect_plain()};
  const auto start = site.server.time.now();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(50'000, 'x'));
  CHECK(client.receive()->status == 400);
  CHECK(client.read_to_end().empty());
  while (site.server.time.now() - start < 5s && client.send("x")) site.server.time.run_for(50ms);
  CHECK(site.server.time.now() - start >= 1s);
  CHECK(site.server.time.now() - start < 1500ms);
}

TEST_CASE("server: at most 1 MiB that follows a plain HTTP request to a TLS port is read",
          "[http][server][tls][bounds]") {
  https_server_fixture site;
  peer client{site.server.time, site.connect_plain()};
  const auto start = site.server.time.now();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n");
  CHECK(client.receive()->status == 400);
  std::size_t sent = 0;
  while (sent < 4 * 1024 * 1024 && client.send(std::string(4096, 'x'))) sent += 4096;
  CHECK(sent > 1'000'000);
  CHECK(sent < 2 * 1024 * 1024);
  CHECK(site.server.time.now() - start < 500ms);
}

TEST_CASE("server: a TLS handshake is limited by the header timeout, and does not delay other clients",
          "[http][server][tls]") {
  https_server_fixture site;
  site.server.settings.limits.header_timeout = 10s;
  peer silent_client{site.server.time, site.connect_plain()};
  const auto start = site.server.time.now();
  auto other_client = site.connect();
  other_client.send(get("/"));
  CHECK(other_client.receive()->status == 200);
  CHECK(site.server.time.now() - start < 1s);
  CHECK(silent_client.read().has_error());
  CHECK(site.server.time.now() - start >= 10s);
  CHECK(site.server.time.now() - start < 11s);
  CHECK(site.handshake_count("timeout") == 1);
}

TEST_CASE("server: the duration of the TLS handshake counts against the first request's header timeout",
          "[http][server][tls]") {
  https_server_fixture site;
  site.server.settings.limits.header_timeout = 10s;
  auto plain_stream = site.connect_plain();
  site.server.time.run_for(6s);
  net::tls_client_context context{{.trusted_certificates = site.root.certificate_pem()}};
  auto secure_stream = site.server.time.run(perform_client_handshake(context, std::move(plain_stream)));
  REQUIRE(secure_stream.has_value());
  peer client{site.server.time, std::move(*secure_stream)};
  const auto start = site.server.time.now();
  client.send("GET / HTTP/1.1\r\n");
  const auto response = client.receive();
  REQUIRE(response.has_value());
  CHECK(response->status == 408);
  CHECK(site.server.time.now() - start >= 3s);
  CHECK(site.server.time.now() - start < 5s);
}

TEST_CASE("server: the URIs of the client's certificate are available to handlers", "[http][server][tls]") {
  https_server_fixture site;
  auto settings = make_server_settings(site.leaf);
  settings.client_ca_certificates = site.root.certificate_pem();
  site.context->reload(settings);
  const auto content = [](peer client) {
    client.send(get("/uris"));
    return client.receive()->body;
  };
  CHECK(content(site.connect()) == "no certificate");
  const auto certificate = issue_client_certificate(site.root, {"spiffe://a/1", "spiffe://a/2"});
  CHECK(content(site.connect(make_client_settings(certificate))) == "certificate:spiffe://a/1;spiffe://a/2;");
}

TEST_CASE("server: a handler is cancelled when its TLS client sends close_notify", "[http][server][tls]") {
  https_server_fixture site;
  log_lines events;
  site.server.routes.get("/slow", recording_handler(5s, events));
  auto client = site.connect();
  client.send(get("/slow"));
  site.server.time.run_for(1s);
  client.stream().shutdown_write();
  site.server.time.run_for(1s);
  CHECK(events == log_lines{"cancelled"});
}

TEST_CASE("server: a slow handler's response is sent over TLS, and the connection is kept", "[http][server][tls]") {
  https_server_fixture site;
  site.server.routes.get("/slow", delayed_handler(15s, "slow"));
  auto client = site.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(get("/slow"));
    const auto response = client.receive();
    REQUIRE(response.has_value());
    CHECK(response->body == "slow");
  }
}

TEST_CASE("server: close_notify follows a response that closes the TLS connection", "[http][server][tls]") {
  https_server_fixture site;
  auto client = site.connect();
  client.send(get("/", "Connection: close\r\n"));
  CHECK(client.receive()->status == 200);
  CHECK(client.is_closed_cleanly());
}

TEST_CASE("server: a drain ends pending TLS handshakes within a second", "[http][server][tls]") {
  https_server_fixture site;
  peer silent_client{site.server.time, site.connect_plain()};
  site.server.time.run_for(1s);
  const auto start = site.server.time.now();
  site.server.drain(10s);
  CHECK(site.server.time.now() - start < 2s);
  CHECK(site.handshake_count("timeout") == 1);
}

TEST_CASE("server: a PROXY protocol header precedes the TLS handshake", "[http][server][tls][proxies]") {
  const std::string header = GENERATE(std::string{"PROXY TCP4 203.0.113.9 192.0.2.80 1 1\r\n"},
                                      proxy_v2(0x21, 0x11, v4_addresses("\xCB\x00\x71\x09")));
  https_server_fixture site;
  site.server.settings.trusted_proxies = *net::network_list::parse("192.0.2.1");
  site.server.settings.proxy_protocol = http::proxy_protocol_mode::required;
  site.server.routes.get("/client", [](request_context& context) {
    return text_response(std::string{context.client_address()} + (context.is_secure() ? " secure" : " plain"));
  });
  auto client = site.connect_through_proxy(header);
  client.send(get("/client"));
  CHECK(client.receive()->body == "203.0.113.9 secure");
}

TEST_CASE("server: at the connection limit, a connection whose TLS handshake takes longer than a second is shed",
          "[http][server][tls][bounds]") {
  https_server_fixture site;
  site.server.settings.limits.max_connections = 1;
  const auto silent_stream = site.connect_plain();
  site.server.time.run_for(1500ms);
  auto client = site.connect();
  client.send(get("/"));
  CHECK(client.receive()->status == 200);
  CHECK(site.server.metric_value(R"(cohort_server_connections_shed_total{state="handshake"})") == 1);
}

// ---- streams

task<http::response> count_bytes(http::request_context& context, http::body_reader& body) {
  std::size_t size = 0;
  for (;;) {
    const auto part = co_await body.read(context);
    if (!part) co_return http::body_error_response(part.error());
    if (part->empty()) break;
    size += part->size();
  }
  co_return text_response(std::to_string(size));
}

task<> write_and_abort(body_writer& writer) {
  co_await writer.write("part");
  writer.abort();
}

TEST_CASE("server: bodies are streamed in both directions over TLS", "[http][server][tls]") {
  https_server_fixture site;
  temporary_directory directory;
  const std::size_t size = GENERATE(10'000, 50'000, 300'000, 700'000);
  CAPTURE(size);
  std::string text(size, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  const auto path = directory.write("data.bin", text);
  site.server.routes.put("/count", count_bytes);
  site.server.routes.get("/file", [&](request_context& context) { return http::file_response(context, path, {}); });
  auto client = site.connect();
  for (int i = 0; i < 2; ++i) {
    const auto sent =
        client.send("PUT /count HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + text);
    CHECK((sent ? "" : sent.error().message()) == "");
    const auto counted = client.receive();
    CHECK(counted->body == std::to_string(size));
    client.send(get("/file"));
    const auto full_response = client.receive();
    CHECK(full_response->body.size() == text.size());
    CHECK((full_response->body == text));
    client.send(get("/file", "Range: bytes=5000-\r\n"));
    const auto range = client.receive();
    CHECK((range->body == text.substr(5000)));
  }
}

TEST_CASE("server: an aborted body has no last chunk over TLS", "[http][server][tls][case-6.3]") {
  https_server_fixture site;
  site.server.routes.get("/cut",
                         [](request_context&) { return http::response{}.stream(write_and_abort, "text/plain"); });
  auto client = site.connect();
  client.send(get("/cut"));
  CHECK(client.read_to_end().ends_with("4\r\npart\r\n"));
}

}  // namespace
}  // namespace cohort
