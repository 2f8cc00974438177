// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/tls/server_certificates.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cohort/net/tls/certificate.hpp>
#include <cohort/net/tls/certificate_expiry.hpp>
#include <cohort/net/tls/tls_stream.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/net/tls/server_fixture.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using namespace std::chrono_literals;

/// A server with certificates for several names, and clients that verify the name that they send.
class sni_fixture {
 public:
  sni_fixture() {
    add({"default.example", "shared.example"});
    add({"*.wild.example"});
    add({"a.wild.example", "shared.example"});
  }
  void add(std::vector<std::string> names, std::chrono::seconds validity_period = 24h) {
    const auto leaf = root.issue({.dns = std::move(names), .validity_period = validity_period});
    settings.certificates.push_back({leaf.certificate_pem, leaf.private_key_pem});
  }

  /// Returns the first DNS name of the certificate that a client with this server name receives, even if the client
  /// rejects the certificate.
  std::string certificate_for(std::string server_name) {
    net::tls_server_context server{settings};
    return time.run(connect(server, {.verifies_server = false}, std::move(server_name)));
  }
  /// Returns whether a client accepts the server's certificate for this name.
  bool is_accepted(std::string server_name) {
    net::tls_server_context server{settings};
    return !time.run(connect(server, {.trusted_certificates = root.certificate_pem()}, std::move(server_name))).empty();
  }

  virtual_time time;
  certificate_authority root{"Test Root"};
  net::tls_server_settings settings;

 private:
  static task<std::string> connect(net::tls_server_context& server, net::tls_client_settings client_settings,
                                   std::string server_name) {
    net::tls_client_context client{client_settings};
    auto ends = net::make_memory_pipe();
    auto both_tasks = when_all(handshake(client, std::move(ends.first), std::move(server_name)),
                               perform_server_handshake(server, std::move(ends.second)));
    auto results = co_await std::move(both_tasks);
    co_return std::get<0>(results);
  }
  static task<std::string> handshake(net::tls_client_context& client, net::stream_ptr plain_stream,
                                     std::string server_name) {
    plain_stream->set_deadline(deadline::after(loop::current().now(), 5s));
    auto handshake_task = client.handshake(std::move(plain_stream), std::move(server_name));
    auto secure_stream = co_await std::move(handshake_task);
    if (!secure_stream) co_return std::string{};
    auto& stream = dynamic_cast<net::tls_stream&>(**secure_stream);
    const net::x509_ptr certificate{SSL_get1_peer_certificate(stream.native_handle()), &X509_free};
    co_return net::alternative_names(certificate.get(), GEN_DNS).at(0);
  }
};

TEST_CASE("tls server: the server name selects the certificate, an exact name before a wildcard", "[net][tls][sni]") {
  sni_fixture fixture;
  CHECK(fixture.certificate_for("default.example") == "default.example");
  CHECK(fixture.certificate_for("a.wild.example") == "a.wild.example");
  CHECK(fixture.certificate_for("b.wild.example") == "*.wild.example");
  CHECK(fixture.certificate_for("B.Wild.EXAMPLE") == "*.wild.example");
  for (const auto* name : {"default.example", "shared.example", "a.wild.example", "b.wild.example"}) {
    CAPTURE(name);
    CHECK(fixture.is_accepted(name));
  }
}

TEST_CASE("tls server: a wildcard matches exactly one label", "[net][tls][sni]") {
  sni_fixture fixture;
  for (const auto* name : {"wild.example", "a.b.wild.example", "other.example", "example", "awild.example"}) {
    CAPTURE(name);
    CHECK(fixture.certificate_for(name) == "default.example");
    CHECK_FALSE(fixture.is_accepted(name));
  }
}

TEST_CASE(
    "tls server: the first of several certificates for a name is used, and the default certificate for an IP address",
    "[net][tls][sni]") {
  sni_fixture fixture;
  CHECK(fixture.certificate_for("shared.example") == "default.example");
  // RFC 6066 section 3: clients send no addresses.
  CHECK(fixture.certificate_for("192.0.2.1") == "default.example");
}

TEST_CASE("tls server: the error of an invalid certificate contains its position in the list", "[net][tls][sni]") {
  using setting = net::tls_server_settings_error::setting;
  sni_fixture fixture;
  CHECK_FALSE(find_error(fixture.settings).has_value());
  fixture.settings.certificates[2].private_key = fixture.settings.certificates[1].private_key;
  const auto key_mismatch = find_error(fixture.settings);
  REQUIRE(key_mismatch.has_value());
  CHECK(key_mismatch->invalid == setting::key_pair);
  CHECK(key_mismatch->certificate_index == 2);
  CHECK(key_mismatch->reason == "the private key does not match the certificate");
}

TEST_CASE("tls server: all certificates request client certificates", "[net][tls][sni]") {
  sni_fixture fixture;
  certificate_authority clients{"Clients"};
  fixture.settings.client_ca_certificates = clients.certificate_pem();
  net::tls_server_context server{fixture.settings};
  for (const auto* name : {"default.example", "b.wild.example"}) {
    CAPTURE(name);
    const auto other = issue_client_certificate(fixture.root, {"spiffe://a/b"});
    auto settings = make_client_settings(other);
    settings.trusted_certificates = fixture.root.certificate_pem();
    net::tls_client_context client{settings};
    auto connect = [](net::tls_client_context& from, net::tls_server_context& to,
                      std::string host) -> task<net::tls_handshake_result> {
      auto ends = net::make_memory_pipe();
      ends.first->set_deadline(deadline::after(loop::current().now(), 5s));
      auto both_tasks = when_all(from.handshake(std::move(ends.first), std::move(host)),
                                 perform_server_handshake(to, std::move(ends.second)));
      auto results = co_await std::move(both_tasks);
      co_return std::get<1>(results).result;
    };
    CHECK(fixture.time.run(connect(client, server, name)) == net::tls_handshake_result::client_certificate_invalid);
  }
}

TEST_CASE("certificate expiry: the expiry of a chain is the earliest expiry of its certificates", "[net][tls]") {
  sni_fixture fixture;
  fixture.settings.certificates.clear();
  fixture.add({"a.example"}, 48h);
  fixture.add({"b.example"}, 24h);
  const auto& certificates = fixture.settings.certificates;
  const auto later = net::find_expiry(certificates[0].certificate_chain);
  const auto earliest_expiry = net::find_expiry(certificates[1].certificate_chain);
  REQUIRE(later.has_value());
  REQUIRE(earliest_expiry.has_value());
  CHECK(*later - *earliest_expiry > 23h);
  CHECK(*later - *earliest_expiry < 25h);
  // The validity started an hour ago.
  const auto left = *earliest_expiry - std::chrono::system_clock::now();
  CHECK(left > 22h);
  CHECK(left < 24h);
  CHECK(net::find_expiry(certificates[0].certificate_chain + certificates[1].certificate_chain) == earliest_expiry);
  CHECK_FALSE(net::find_expiry("no certificate").has_value());
}

}  // namespace
}  // namespace cohort
