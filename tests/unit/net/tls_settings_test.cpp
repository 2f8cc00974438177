// SPDX-License-Identifier: BSL-1.0
#include <openssl/pem.h>

#include <boost/asio/ssl/error.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cohort/net/tls.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/net/tls_server.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

certificate_and_key issue(certificate_authority& root, std::string name) {
  certificate_request request;
  request.dns.push_back(std::move(name));
  return root.issue(request);
}

/// A TLS connection in memory, from a client with these settings to `service.example`.
class tls_fixture {
 public:
  explicit tls_fixture(net::tls_client_settings settings) : settings_(std::move(settings)) {}

  /// Returns the error of the client's handshake with a server that has this certificate.
  error_code connect(const certificate_and_key& leaf, bool requests_certificate = false) {
    return time.run(run_handshakes(leaf, requests_certificate));
  }

  virtual_time time;
  /// The data that the server received.
  std::string server_name;
  std::string client_name;

 private:
  task<error_code> run_handshakes(const certificate_and_key& leaf, bool requests_certificate) {
    net::tls_client_context context{settings_};
    auto ends = net::make_memory_pipe();
    auto handshakes =
        when_all(run_client(context, std::move(ends.first)), run_server(*ends.second, leaf, requests_certificate));
    co_return std::get<0>(co_await std::move(handshakes));
  }
  task<error_code> run_client(net::tls_client_context& context, net::stream_ptr plain_stream) {
    plain_stream->set_deadline(deadline::after(loop::current().now(), 5s));
    // The connector passes this name.
    auto host = settings_.server_name.empty() ? std::string{"service.example"} : settings_.server_name;
    auto handshake_task = context.handshake(std::move(plain_stream), std::move(host));
    const auto secure_stream = co_await std::move(handshake_task);
    co_return secure_stream ? error_code{} : secure_stream.error();
  }
  task<bool> run_server(net::stream& transport, const certificate_and_key& leaf, bool requests_certificate) {
    tls_server_end server{transport, leaf, requests_certificate};
    const bool is_accepted = co_await server.handshake();
    server_name = server.server_name();
    client_name = server.client_name();
    co_return is_accepted;
  }

  net::tls_client_settings settings_;
};

TEST_CASE("tls settings: the trusted certificates of the settings replace those of the system",
          "[net][tls][case-4.5]") {
  certificate_authority root{"Test Root"};
  certificate_authority other_root{"Other Root"};
  const auto leaf = issue(root, "service.example");
  CHECK(tls_fixture{{.trusted_certificates = root.certificate_pem()}}.connect(leaf) == error_code{});
  CHECK(tls_fixture{{.trusted_certificates = other_root.certificate_pem() + root.certificate_pem()}}.connect(leaf) ==
        error_code{});
  CHECK(tls_fixture{{.trusted_certificates = other_root.certificate_pem()}}.connect(leaf).category() ==
        asio::error::get_ssl_category());
  CHECK(tls_fixture{{}}.connect(leaf).category() == asio::error::get_ssl_category());
}

TEST_CASE("tls settings: without verification any certificate is accepted", "[net][tls][case-4.5]") {
  certificate_authority root{"Test Root"};
  certificate_request expired_request;
  expired_request.dns = {"service.example"};
  expired_request.not_before_offset = std::chrono::hours{-2};
  expired_request.validity_period = std::chrono::hours{1};
  const net::tls_client_settings settings{.verifies_server = false};
  CHECK(tls_fixture{settings}.connect(issue(root, "service.example")) == error_code{});
  CHECK(tls_fixture{settings}.connect(issue(root, "other.example")) == error_code{});
  CHECK(tls_fixture{settings}.connect(root.issue(expired_request)) == error_code{});
}

TEST_CASE("tls settings: the client's certificate is sent to a server that requests it", "[net][tls][case-4.5]") {
  certificate_authority root{"Test Root"};
  const auto client = issue(root, "client.example");
  const auto server = issue(root, "service.example");
  tls_fixture fixture{{.trusted_certificates = root.certificate_pem(),
                       .certificate_chain = client.certificate_pem,
                       .private_key = client.private_key_pem}};
  CHECK(fixture.connect(server, true) == error_code{});
  CHECK(fixture.client_name == "client.example");
  CHECK(fixture.connect(server, false) == error_code{});
  CHECK(fixture.client_name == "");
  tls_fixture fixture_without_certificate{{.trusted_certificates = root.certificate_pem()}};
  fixture_without_certificate.connect(server, true);
  CHECK(fixture_without_certificate.client_name == "");
}

TEST_CASE("tls settings: the server name of the settings is sent and verified", "[net][tls][case-4.5]") {
  certificate_authority root{"Test Root"};
  tls_fixture fixture{{.trusted_certificates = root.certificate_pem(), .server_name = "shop.example"}};
  CHECK(fixture.connect(issue(root, "shop.example")) == error_code{});
  CHECK(fixture.server_name == "shop.example");
  CHECK(fixture.connect(issue(root, "service.example")).category() == asio::error::get_ssl_category());
}

/// Returns `key` encrypted with the passphrase `secret`.
std::string encrypt_key(const std::string& key) {
  BIO* const input = BIO_new_mem_buf(key.data(), static_cast<int>(key.size()));
  EVP_PKEY* const parsed = PEM_read_bio_PrivateKey(input, nullptr, nullptr, nullptr);
  BIO* const output = BIO_new(BIO_s_mem());
  char passphrase[] = "secret";
  PEM_write_bio_PKCS8PrivateKey(output, parsed, EVP_aes_128_cbc(), passphrase, 6, nullptr, nullptr);
  std::string text(BIO_ctrl_pending(output), '\0');
  BIO_read(output, text.data(), static_cast<int>(text.size()));
  BIO_free(output);
  EVP_PKEY_free(parsed);
  BIO_free(input);
  return text;
}

TEST_CASE("tls settings: invalid settings are rejected", "[net][tls][case-4.5]") {
  certificate_authority root{"Test Root"};
  const auto client = issue(root, "client.example");
  const auto other_leaf = issue(root, "other.example");
  const std::string missing_certificate_error = "no certificate in PEM format was found";
  const std::string missing_key_error = "no unencrypted private key in PEM format was found";
  const auto error_of = [](const net::tls_client_settings& settings) { return find_error(settings).value_or("none"); };
  CHECK(error_of({}) == "none");
  CHECK(error_of({.trusted_certificates = root.certificate_pem()}) == "none");
  CHECK(error_of({.trusted_certificates = "no PEM"}) == missing_certificate_error);
  CHECK(error_of({.trusted_certificates = client.private_key_pem}) == missing_certificate_error);
  CHECK(error_of({.certificate_chain = client.private_key_pem}) == missing_certificate_error);
  CHECK(error_of({.certificate_chain = client.certificate_pem, .private_key = client.certificate_pem}) ==
        missing_key_error);
  CHECK(error_of({.certificate_chain = client.certificate_pem, .private_key = encrypt_key(client.private_key_pem)}) ==
        missing_key_error);
  CHECK(error_of({.certificate_chain = client.certificate_pem, .private_key = other_leaf.private_key_pem}) ==
        "the private key does not match the certificate");
  CHECK(error_of({.certificate_chain = client.certificate_pem, .private_key = test::ed25519_key_pem()}) ==
        "the private key does not match the certificate");
  CHECK(error_of({.certificate_chain = client.certificate_pem, .private_key = client.private_key_pem}) == "none");
  const auto certificate_and_key_pem = client.certificate_pem + client.private_key_pem;
  CHECK(error_of({.certificate_chain = certificate_and_key_pem, .private_key = certificate_and_key_pem}) == "none");
}

}  // namespace
}  // namespace cohort
