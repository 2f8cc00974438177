// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/server/server_fixture.hpp"
#include "tests/unit/net/proxy_protocol/proxy_headers.hpp"

// Tests of the client's address behind trusted proxies.
namespace cohort {
namespace {

using namespace cohort::test;
using http::proxy_protocol_mode;

const std::string proxy_v1_header = "PROXY TCP4 203.0.113.9 192.0.2.80 56324 80\r\n";
const std::string trusted = "10.0.0.2";
const std::string untrusted = "198.51.100.1";

struct proxied_server : server_fixture {
  explicit proxied_server(proxy_protocol_mode mode = proxy_protocol_mode::off, net::memory_pipe_settings pipe = {})
      : server_fixture(pipe) {
    settings.trusted_proxies = *net::network_list::parse("10.0.0.0/8");
    settings.proxy_protocol = mode;
    settings.common_header_lines_over_tls = "Strict-Transport-Security: max-age=1\r\n";
    routes.get("/client", [](request_context& context) {
      return text_response(std::string{context.client_address()} + " " + std::string{context.peer_address()} + " " +
                           (context.is_secure() ? "secure " : "plain ") + std::string{context.forwarded_host()});
    });
  }

  /// Returns the values that the handler observes: client address, peer address, protocol and host. The result is empty
  /// if the connection was closed.
  std::string observed_client(const std::string& peer_address, const std::string& prefix,
                              std::string_view header_lines = {}) {
    auto connection = connect_from(peer_address);
    connection.send(prefix + get("/client", header_lines));
    const auto response = connection.receive();
    return response ? response->body : "";
  }
  std::optional<double> proxy_header_count(const std::string& result) const {
    return metric_value(R"(cohort_server_proxy_headers_total{result=")" + result + R"("})");
  }
};

TEST_CASE("server: only forwarding headers of trusted proxies are used", "[http][server][proxies]") {
  proxied_server server;
  const std::string lines =
      "X-Forwarded-For: 1.1.1.1, 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: example.org\r\n";
  CHECK(server.observed_client(trusted, "", lines) == "203.0.113.9 10.0.0.2 secure example.org");
  CHECK(server.observed_client(untrusted, "", lines) == "198.51.100.1 198.51.100.1 plain ");
  CHECK(server.observed_client(trusted, "", "Forwarded: for=203.0.113.9;proto=https\r\n") ==
        "203.0.113.9 10.0.0.2 secure ");
  CHECK(server.observed_client(trusted, "") == "10.0.0.2 10.0.0.2 plain ");
  CHECK(server.metric_value("cohort_server_forwarded_headers_invalid_total") == 0);
}

TEST_CASE("server: if forwarding headers are malformed, the peer's address is used", "[http][server][proxies]") {
  proxied_server server;
  CHECK(server.observed_client(trusted, "", "X-Forwarded-For: nonsense\r\nX-Forwarded-Proto: https\r\n") ==
        "10.0.0.2 10.0.0.2 plain ");
  CHECK(server.metric_value("cohort_server_forwarded_headers_invalid_total") == 1);
  CHECK(server.observed_client(untrusted, "", "X-Forwarded-For: nonsense\r\n") == "198.51.100.1 198.51.100.1 plain ");
  CHECK(server.metric_value("cohort_server_forwarded_headers_invalid_total") == 1);
}

TEST_CASE("server: each request on a proxy's connection has its own client address", "[http][server][proxies]") {
  proxied_server server;
  auto proxy = server.connect_from(trusted);
  for (const std::string client : {"203.0.113.1", "203.0.113.2"}) {
    proxy.send(get("/client", "X-Forwarded-For: " + client + "\r\nX-Forwarded-Proto: https\r\n"));
    const auto response = proxy.receive();
    CHECK(response->body == client + " 10.0.0.2 secure ");
    CHECK(response->header("Strict-Transport-Security").has_value());
  }
  proxy.send(get("/client"));
  const auto response = proxy.receive();
  CHECK(response->body == "10.0.0.2 10.0.0.2 plain ");
  CHECK_FALSE(response->header("Strict-Transport-Security").has_value());
}

TEST_CASE("server: a PROXY protocol header of a trusted proxy contains the client's address",
          "[http][server][proxies]") {
  const auto mode = GENERATE(proxy_protocol_mode::optional, proxy_protocol_mode::required);
  const auto read_size = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{1} << 16U);
  proxied_server server{mode, max_read_size(read_size)};
  const std::string seen = "203.0.113.9 10.0.0.2 plain ";
  CHECK(server.observed_client(trusted, proxy_v1_header) == seen);
  CHECK(server.observed_client(trusted, proxy_v2(0x21, 0x11, v4_addresses("\xCB\x00\x71\x09"))) == seen);
  CHECK(server.observed_client(
            trusted, set_checksum(proxy_v2(0x21, 0x11, v4_addresses("\xCB\x00\x71\x09") + checksum_tlv()))) == seen);
  CHECK(server.proxy_header_count("proxied") == 3);
  CHECK(server.observed_client(trusted, proxy_v2(0x20, 0x00, "")) == "10.0.0.2 10.0.0.2 plain ");
  CHECK(server.observed_client(trusted, "PROXY UNKNOWN\r\n") == "10.0.0.2 10.0.0.2 plain ");
  CHECK(server.proxy_header_count("local") == 2);
}

TEST_CASE("server: a PROXY protocol header takes precedence over forwarding headers", "[http][server][proxies]") {
  proxied_server server{proxy_protocol_mode::required};
  CHECK(server.observed_client(trusted, proxy_v1_header, "X-Forwarded-For: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\n") ==
        "203.0.113.9 10.0.0.2 plain ");
  CHECK(server.observed_client(trusted, "PROXY UNKNOWN\r\n", "X-Forwarded-For: 203.0.113.8\r\n") ==
        "203.0.113.8 10.0.0.2 plain ");
}

TEST_CASE("server: a PROXY protocol header of an untrusted peer is rejected", "[http][server][proxies]") {
  const auto mode = GENERATE(proxy_protocol_mode::optional, proxy_protocol_mode::required);
  proxied_server server{mode};
  auto client = server.connect_from(untrusted);
  client.send(proxy_v1_header + get("/client"));
  CHECK(client.receive()->status == 400);
  CHECK(server.observed_client(untrusted, "") == "198.51.100.1 198.51.100.1 plain ");
}

TEST_CASE("server: a connection without the required PROXY protocol header is closed", "[http][server][proxies]") {
  proxied_server optional{proxy_protocol_mode::optional};
  CHECK(optional.observed_client(trusted, "") == "10.0.0.2 10.0.0.2 plain ");
  CHECK(optional.proxy_header_count("absent") == 1);
  captured_log log;
  {
    proxied_server required{proxy_protocol_mode::required};
    required.log_to(log.sink());
    CHECK(required.observed_client(trusted, "").empty());
    CHECK(required.proxy_header_count("absent") == 1);
    CHECK(required.metric_value("cohort_server_connections") == 0);
  }
  CHECK(log.close().at(0).find("the connection starts without a header") != std::string::npos);
}

TEST_CASE("server: an invalid PROXY protocol header closes the connection, is logged and counted",
          "[http][server][proxies]") {
  const std::string header = GENERATE(std::string{"PROXY TCP4 nonsense\r\n"}, proxy_v2(0x21, 0x11, "short"));
  captured_log log;
  {
    proxied_server server{proxy_protocol_mode::optional};
    server.log_to(log.sink());
    CHECK(server.observed_client(trusted, header).empty());
    CHECK(server.proxy_header_count("invalid") == 1);
  }
  CHECK(log.close().at(0).find("connection closed because of its PROXY protocol header") != std::string::npos);
}

TEST_CASE("server: a PROXY protocol header must arrive in time", "[http][server][proxies]") {
  const std::string sent = GENERATE("", "PROXY TCP4 203.0");
  proxied_server server{proxy_protocol_mode::required};
  auto client = server.connect_from(trusted);
  if (!sent.empty()) client.send(sent);
  const auto start = server.time.now();
  CHECK(client.read_to_end().empty());
  CHECK(server.time.now() - start <= 3s + 100ms);
  CHECK(server.proxy_header_count("timeout") == 1);
}

TEST_CASE("server: a drain ends connections that wait for a PROXY protocol header", "[http][server][proxies]") {
  proxied_server server{proxy_protocol_mode::optional};
  auto client = server.connect_from(trusted);
  const auto start = server.time.now();
  server.drain(10s);
  CHECK(server.time.now() - start < 3s);
}

TEST_CASE("server: a connection that waits for a PROXY protocol header is shed", "[http][server][proxies][bounds]") {
  proxied_server server{proxy_protocol_mode::optional};
  server.settings.limits.max_connections = 1;
  auto waiting_client = server.connect_from(trusted);
  server.time.run_for(2s);
  CHECK(server.observed_client(trusted, proxy_v1_header) == "203.0.113.9 10.0.0.2 plain ");
  CHECK(waiting_client.is_closed_cleanly());
  CHECK(server.metric_value(R"(cohort_server_connections_shed_total{state="handshake"})") == 1);
}

TEST_CASE("server: connections through a proxy count against the limit of their client",
          "[http][server][proxies][bounds]") {
  proxied_server server{proxy_protocol_mode::required};
  server.settings.limits.max_connections_per_client = 1;
  auto first = server.connect_from(trusted);
  first.send(proxy_v1_header);
  CHECK(server.observed_client(trusted, proxy_v1_header).empty());
  CHECK(server.observed_client(trusted, "PROXY TCP4 203.0.113.10 192.0.2.80 56324 80\r\n") ==
        "203.0.113.10 10.0.0.2 plain ");
}

TEST_CASE("server: log lines have the client's address", "[http][server][proxies]") {
  captured_log log;
  {
    proxied_server server;
    server.log_to(log.sink());
    server.observed_client(trusted, "", "X-Forwarded-For: 203.0.113.9\r\n");
  }
  const auto line = log.close().at(0);
  CHECK(line.find(R"("peer":"10.0.0.2")") != std::string::npos);
  CHECK(line.find(R"("client":"203.0.113.9")") != std::string::npos);
}

}  // namespace
}  // namespace cohort
