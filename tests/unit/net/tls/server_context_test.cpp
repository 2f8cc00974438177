// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/tls/server_context.hpp>

#include <openssl/ssl.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/net/tls/ticket_keys.hpp>
#include "tests/unit/net/tls/handshake_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using namespace std::chrono_literals;
using net::tls_handshake_result;

TEST_CASE("tls server: a handshake succeeds, and bytes are transferred in both directions", "[net][tls]") {
  tls_server_fixture fixture;
  auto connection = fixture.connect();
  REQUIRE(connection.client.has_value());
  CHECK(connection.server.result == tls_handshake_result::success);
  CHECK_FALSE(connection.server.has_client_certificate);
  REQUIRE(connection.server.stream);
  peer client{fixture.time, std::move(*connection.client)};
  peer server{fixture.time, std::move(connection.server.stream)};
  client.send("request");
  CHECK(server.read().value() == "request");
  server.send("response");
  CHECK(client.read().value() == "response");
}

TEST_CASE("tls server: the handshake fails if the client does not use TLS", "[net][tls]") {
  tls_server_fixture fixture;
  for (const auto* bytes : {"GET / HTTP/1.1\r\nHost: test\r\n\r\n", "CONNECT test:443 HTTP/1.1\r\n\r\n",
                            "SSH-2.0-OpenSSH_9.2\r\n", "{\"text\":\"no TLS\"}"}) {
    CAPTURE(bytes);
    const auto accept_result = fixture.receive(bytes);
    CHECK(accept_result.result == tls_handshake_result::not_tls);
    CHECK(accept_result.stream == nullptr);
    CHECK_FALSE(accept_result.reason.empty());
  }
}

TEST_CASE("tls server: a client without TLS 1.2 and TLS 1.3 is rejected", "[net][tls]") {
  tls_server_fixture fixture;
  for (const auto version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const auto accept_result = fixture.receive_from([version](SSL_CTX* client) {
      SSL_CTX_set_security_level(client, 0);
      SSL_CTX_set_min_proto_version(client, version);
      SSL_CTX_set_max_proto_version(client, version);
    });
    CHECK(accept_result.result == tls_handshake_result::unsupported_version);
  }
}

TEST_CASE("tls server: a client without a common cipher suite or application protocol is rejected", "[net][tls]") {
  tls_server_fixture fixture;
  const auto result_without_cipher = fixture.receive_from([](SSL_CTX* client) {
    SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(client, "AES128-SHA256:ECDHE-ECDSA-AES128-SHA256");
  });
  CHECK(result_without_cipher.result == tls_handshake_result::no_common_parameters);
  const auto result_without_protocol = fixture.receive_from([](SSL_CTX* client) {
    const unsigned char http_2[] = "\x02h2";
    SSL_CTX_set_alpn_protos(client, http_2, 3);
  });
  CHECK(result_without_protocol.result == tls_handshake_result::no_common_parameters);
}

TEST_CASE(
    "tls server: an incomplete handshake fails at the stream's deadline, or when the client closes the connection",
    "[net][tls]") {
  tls_server_fixture fixture;
  const auto start = fixture.time.now();
  CHECK(fixture.receive("", false).result == tls_handshake_result::timeout);
  CHECK(fixture.time.now() - start >= 5s);
  CHECK(fixture.receive(std::string{"\x16\x03\x01", 3}, false).result == tls_handshake_result::timeout);
  CHECK(fixture.receive("").result == tls_handshake_result::disconnected);
  CHECK(fixture.receive(std::string{"\x16\x03\x01", 3}).result == tls_handshake_result::disconnected);
}

TEST_CASE("tls server: a client that does not trust the certificate rejects the handshake", "[net][tls]") {
  tls_server_fixture fixture;
  certificate_authority other_root{"Other Root"};
  const auto connection = fixture.connect({.trusted_certificates = other_root.certificate_pem()});
  CHECK(connection.client.has_error());
  CHECK(connection.server.result == tls_handshake_result::rejected_by_client);
}

TEST_CASE("tls server: client certificates are requested, and the handshake fails for invalid certificates",
          "[net][tls]") {
  tls_server_fixture fixture;
  certificate_authority other_root{"Other Root"};
  auto settings = make_server_settings(fixture.leaf);
  settings.client_ca_certificates = fixture.root.certificate_pem();
  fixture.context.reload(settings);

  const auto connection_without_certificate = fixture.connect();
  CHECK(connection_without_certificate.server.result == tls_handshake_result::success);
  CHECK_FALSE(connection_without_certificate.server.has_client_certificate);

  const std::vector<std::string> uris{"spiffe://example.org/dashboard", "spiffe://example.org/other"};
  const auto connection_with_certificate =
      fixture.connect(make_client_settings(issue_client_certificate(fixture.root, uris)));
  CHECK(connection_with_certificate.server.result == tls_handshake_result::success);
  CHECK(connection_with_certificate.server.has_client_certificate);
  CHECK(connection_with_certificate.server.client_uris == uris);

  const auto check_rejected = [&fixture](const certificate_and_key& certificate) {
    const auto connection = fixture.connect(make_client_settings(certificate));
    CHECK(connection.server.result == tls_handshake_result::client_certificate_invalid);
    return connection.server.reason;
  };
  CHECK(check_rejected(issue_client_certificate(other_root, uris)).find("certificate verify failed: ") == 0);
  const auto expired_certificate = fixture.root.issue(
      {.dns = {"client.example"}, .usage = "clientAuth", .not_before_offset = -2h, .validity_period = 1h});
  CHECK(check_rejected(expired_certificate).find("expired") != std::string::npos);
  CHECK(check_rejected(fixture.leaf).find("purpose") != std::string::npos);
}

TEST_CASE("tls server: a reload applies to later handshakes only", "[net][tls]") {
  tls_server_fixture fixture;
  auto connection_before = fixture.connect();
  REQUIRE(connection_before.client.has_value());
  certificate_authority new_root{"New Root"};
  fixture.context.reload(make_server_settings(issue_server_certificate(new_root)));
  CHECK(fixture.connect().client.has_error());
  CHECK(fixture.connect({.trusted_certificates = new_root.certificate_pem()}).client.has_value());
  peer client{fixture.time, std::move(*connection_before.client)};
  peer server{fixture.time, std::move(connection_before.server.stream)};
  client.send("still open");
  CHECK(server.read().value() == "still open");
}

/// Lets the client receive its session ticket.
void exchange_bytes(virtual_time& time, handshake_pair& handshake_pair) {
  REQUIRE(handshake_pair.client.has_value());
  peer client{time, std::move(*handshake_pair.client)};
  peer server{time, std::move(handshake_pair.server.stream)};
  server.send("bytes");
  CHECK(client.read().value() == "bytes");
}

TEST_CASE("tls server: sessions are resumed by tickets until the second rotation of their keys", "[net][tls]") {
  tls_server_fixture fixture;
  net::tls_client_context client{{.trusted_certificates = fixture.root.certificate_pem()}};
  const auto reconnect_and_check_resumed = [&] {
    auto connection = fixture.connect_with(client);
    exchange_bytes(fixture.time, connection);
    return connection.server.is_resumed;
  };
  CHECK_FALSE(reconnect_and_check_resumed());
  CHECK(reconnect_and_check_resumed());
  fixture.time.run_for(net::ticket_keys::rotation_interval);
  CHECK(reconnect_and_check_resumed());
  fixture.time.run_for(2 * net::ticket_keys::rotation_interval);
  CHECK_FALSE(reconnect_and_check_resumed());
  CHECK(reconnect_and_check_resumed());
  // A new certificate does not invalidate the tickets.
  fixture.context.reload(make_server_settings(issue_server_certificate(fixture.root)));
  CHECK(reconnect_and_check_resumed());
}

TEST_CASE("tls server: no session is resumed while client certificates are requested", "[net][tls]") {
  tls_server_fixture fixture;
  const auto certificate = issue_client_certificate(fixture.root, {"spiffe://example.org/dashboard"});
  auto client_settings = make_client_settings(certificate);
  client_settings.trusted_certificates = fixture.root.certificate_pem();
  net::tls_client_context client{client_settings};
  auto first = fixture.connect_with(client);
  exchange_bytes(fixture.time, first);
  auto settings = make_server_settings(fixture.leaf);
  settings.client_ca_certificates = fixture.root.certificate_pem();
  fixture.context.reload(settings);
  for (int i = 0; i < 2; ++i) {
    auto connection = fixture.connect_with(client);
    CHECK_FALSE(connection.server.is_resumed);
    CHECK(connection.server.has_client_certificate);
    exchange_bytes(fixture.time, connection);
  }
}

TEST_CASE("tls server: invalid settings are rejected with an error that contains the setting", "[net][tls][case-5.4]") {
  using setting = net::tls_server_settings_error::setting;
  certificate_authority root{"Test Root"};
  const auto leaf = issue_server_certificate(root);
  const auto other_leaf = issue_server_certificate(root);
  const auto expired_certificate =
      root.issue({.dns = {"service.example"}, .not_before_offset = -2h, .validity_period = 1h});
  const auto future_certificate = root.issue({.dns = {"service.example"}, .not_before_offset = 1h});
  const auto check = [](const net::tls_server_settings& settings, setting invalid, const std::string& reason) {
    CAPTURE(reason);
    const auto error = find_error(settings);
    REQUIRE(error.has_value());
    CHECK(error->invalid == invalid);
    CHECK(error->reason.starts_with(reason));
  };
  CHECK_FALSE(find_error(make_server_settings(leaf)).has_value());
  auto settings_with_client_ca = make_server_settings(leaf);
  settings_with_client_ca.client_ca_certificates = root.certificate_pem();
  CHECK_FALSE(find_error(settings_with_client_ca).has_value());

  check({}, setting::certificate_chain, "no certificate is set");
  check({.certificates = {{leaf.private_key_pem, leaf.private_key_pem}}}, setting::certificate_chain,
        "no certificate in PEM format was found");
  check({.certificates = {{leaf.certificate_pem, leaf.certificate_pem}}}, setting::private_key,
        "no unencrypted private key in PEM format was found");
  check({.certificates = {{leaf.certificate_pem, other_leaf.private_key_pem}}}, setting::key_pair,
        "the private key does not match the certificate");
  check({.certificates = {{leaf.certificate_pem, ed25519_key_pem()}}}, setting::key_pair,
        "the private key does not match the certificate");
  check(make_server_settings(expired_certificate), setting::certificate_chain, "the certificate expired on 20");
  check(make_server_settings(future_certificate), setting::certificate_chain, "the certificate is not valid before 20");
  settings_with_client_ca.client_ca_certificates = "no PEM";
  check(settings_with_client_ca, setting::client_ca_certificates, "no certificate in PEM format was found");
}

}  // namespace
}  // namespace cohort
