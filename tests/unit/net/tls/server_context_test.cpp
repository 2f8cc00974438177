// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/tls/server_context.hpp>

#include <openssl/ssl.h>

#include <boost/asio/ssl/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <functional>

#include <cohort/net/tls/ticket_keys.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/support/server_stream.hpp"
#include "tests/unit/net/tls/server_fixture.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using namespace std::chrono_literals;
using net::tls_handshake_result;

struct handshake_pair {
  result<net::stream_ptr> client = error_code{};
  net::tls_accepted server{};
};

task<handshake_pair> connect_on_loop(net::tls_client_context& client, net::tls_server_context& server,
                                     net::memory_pipe_settings pipe) {
  auto ends = net::make_memory_pipe(pipe);
  auto both = when_all(perform_client_handshake(client, std::move(ends.first)),
                       perform_server_handshake(server, std::move(ends.second)));
  auto results = co_await std::move(both);
  co_return handshake_pair{std::move(std::get<0>(results)), std::move(std::get<1>(results))};
}

class tls_server_fixture {
 public:
  tls_server_fixture() : context(make_server_settings(leaf)) {}

  /// A handshake of Cohort's client, which trusts `root`.
  handshake_pair connect(net::tls_client_settings settings = {}, net::memory_pipe_settings pipe = {}) {
    if (settings.trusted_certificates.empty()) settings.trusted_certificates = root.certificate_pem();
    net::tls_client_context client{settings};
    return connect_with(client, pipe);
  }
  handshake_pair connect_with(net::tls_client_context& client, net::memory_pipe_settings pipe = {}) {
    return time.run(connect_on_loop(client, context, pipe));
  }

  /// The result of the handshake with a peer that sends these bytes and closes.
  net::tls_accepted receive(std::string bytes, bool closes = true) {
    return time.run(accept_bytes(context, std::move(bytes), closes));
  }

  /// The result of the handshake with an OpenSSL client of these settings.
  net::tls_accepted receive_from(const std::function<void(SSL_CTX*)>& configure) {
    const std::unique_ptr<SSL_CTX, free_ssl> client_context{SSL_CTX_new(TLS_client_method())};
    configure(client_context.get());
    const std::unique_ptr<SSL, free_ssl> client{SSL_new(client_context.get())};
    auto* const output = BIO_new(BIO_s_mem());
    SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), output);
    SSL_connect(client.get());
    std::string hello(BIO_ctrl_pending(output), '\0');
    BIO_read(output, hello.data(), static_cast<int>(hello.size()));
    return receive(std::move(hello));
  }

  virtual_time time;
  certificate_authority root{"Test Root"};
  certificate_and_key leaf = issue_server_certificate(root);
  net::tls_server_context context;

 private:
  static task<net::tls_accepted> accept_bytes(net::tls_server_context& context, std::string bytes, bool closes) {
    auto ends = net::make_memory_pipe();
    auto writing = write_bytes(*ends.first, std::move(bytes));
    co_await std::move(writing);
    if (closes) ends.first->shutdown_write();
    auto handshaking = perform_server_handshake(context, std::move(ends.second));
    co_return co_await std::move(handshaking);
  }
};

TEST_CASE("tls server: a handshake succeeds, and bytes are transferred in both directions", "[net][tls]") {
  tls_server_fixture fixture;
  auto connected = fixture.connect();
  REQUIRE(connected.client.has_value());
  CHECK(connected.server.result == tls_handshake_result::success);
  CHECK_FALSE(connected.server.has_client_certificate);
  REQUIRE(connected.server.stream);
  peer client{fixture.time, std::move(*connected.client)};
  peer server{fixture.time, std::move(connected.server.stream)};
  client.send("request");
  CHECK(server.read().value() == "request");
  server.send("response");
  CHECK(client.read().value() == "response");
}

task<std::string> read_bytes(net::stream& source, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    auto reading = read_once(source);
    const auto bytes = co_await std::move(reading);
    if (!bytes) break;
    all += *bytes;
  }
  co_return all;
}

std::string numbered_lines(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + "\n";
  return text;
}

TEST_CASE("tls: bytes arrive in both directions through a stream that accepts parts of a record", "[net][tls]") {
  tls_server_fixture fixture;
  net::memory_pipe_settings small_pipe;
  small_pipe.latency = 1ms;
  small_pipe.capacity = GENERATE(as<std::size_t>{}, 700, 5000, 17'000);
  small_pipe.max_read_size = 900;
  auto connected = fixture.connect({}, small_pipe);
  REQUIRE(connected.client.has_value());
  auto& client = **connected.client;
  auto& server = *connected.server.stream;
  const auto question = numbered_lines(100'000);
  const auto answer = numbered_lines(40'000);
  auto transfer = when_all(write_bytes(client, question), read_bytes(server, question.size()),
                           write_bytes(server, answer), read_bytes(client, answer.size()));
  const auto results = fixture.time.run(std::move(transfer));
  CHECK(std::get<0>(results) == question.size());
  CHECK((std::get<1>(results) == question));
  CHECK(std::get<2>(results) == answer.size());
  CHECK((std::get<3>(results) == answer));
}

TEST_CASE("tls: try_write encrypts and sends without waiting, and keeps the rest of a record for the next write",
          "[net][tls]") {
  tls_server_fixture fixture;
  net::memory_pipe_settings small_pipe;
  small_pipe.capacity = 5000;
  auto connected = fixture.connect({}, small_pipe);
  REQUIRE(connected.client.has_value());
  auto& client = **connected.client;
  peer server{fixture.time, std::move(connected.server.stream)};
  const auto try_write = [&](std::string_view bytes) {
    return client.try_write({asio::buffer(bytes), asio::const_buffer{}});
  };
  CHECK(try_write("at once") == 7U);
  CHECK(server.read().value() == "at once");
  const auto text = numbered_lines(12'000);
  REQUIRE(try_write(text) == text.size() - 1);
  CHECK(try_write(text.substr(text.size() - 1)).error() == asio::error::would_block);
  auto transfer = when_all(write_bytes(client, text.substr(text.size() - 1) + "more"),
                           read_bytes(server.stream(), text.size() + 4));
  const auto results = fixture.time.run(std::move(transfer));
  CHECK((std::get<1>(results) == text + "more"));
}

TEST_CASE("tls server: bytes that are not TLS end the handshake", "[net][tls]") {
  tls_server_fixture fixture;
  for (const auto* bytes : {"GET / HTTP/1.1\r\nHost: test\r\n\r\n", "CONNECT test:443 HTTP/1.1\r\n\r\n",
                            "SSH-2.0-OpenSSH_9.2\r\n", "{\"text\":\"no TLS\"}"}) {
    CAPTURE(bytes);
    const auto accepted = fixture.receive(bytes);
    CHECK(accepted.result == tls_handshake_result::not_tls);
    CHECK(accepted.stream == nullptr);
    CHECK_FALSE(accepted.reason.empty());
  }
}

TEST_CASE("tls server: a client without TLS 1.2 and TLS 1.3 is rejected", "[net][tls]") {
  tls_server_fixture fixture;
  for (const auto version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const auto accepted = fixture.receive_from([version](SSL_CTX* client) {
      SSL_CTX_set_security_level(client, 0);
      SSL_CTX_set_min_proto_version(client, version);
      SSL_CTX_set_max_proto_version(client, version);
    });
    CHECK(accepted.result == tls_handshake_result::unsupported_version);
  }
}

TEST_CASE("tls server: a client without a common cipher suite or application protocol is rejected", "[net][tls]") {
  tls_server_fixture fixture;
  const auto by_cipher = fixture.receive_from([](SSL_CTX* client) {
    SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(client, "AES128-SHA256:ECDHE-ECDSA-AES128-SHA256");
  });
  CHECK(by_cipher.result == tls_handshake_result::no_common_parameters);
  const auto by_protocol = fixture.receive_from([](SSL_CTX* client) {
    const unsigned char http_2[] = "\x02h2";
    SSL_CTX_set_alpn_protos(client, http_2, 3);
  });
  CHECK(by_protocol.result == tls_handshake_result::no_common_parameters);
}

TEST_CASE("tls server: an incomplete handshake times out at the stream's deadline, or ends when the client closes",
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
  const auto connected = fixture.connect({.trusted_certificates = other_root.certificate_pem()});
  CHECK(connected.client.has_error());
  CHECK(connected.server.result == tls_handshake_result::rejected_by_client);
}

TEST_CASE("tls server: client certificates are requested, and invalid ones end the handshake", "[net][tls]") {
  tls_server_fixture fixture;
  certificate_authority other_root{"Other Root"};
  auto settings = make_server_settings(fixture.leaf);
  settings.client_authorities = fixture.root.certificate_pem();
  fixture.context.reload(settings);

  const auto without = fixture.connect();
  CHECK(without.server.result == tls_handshake_result::success);
  CHECK_FALSE(without.server.has_client_certificate);

  const std::vector<std::string> uris{"spiffe://example.org/dashboard", "spiffe://example.org/other"};
  const auto valid = fixture.connect(make_client_settings(issue_client_certificate(fixture.root, uris)));
  CHECK(valid.server.result == tls_handshake_result::success);
  CHECK(valid.server.has_client_certificate);
  CHECK(valid.server.client_uris == uris);

  const auto check_rejected = [&fixture](const certificate_and_key& certificate) {
    const auto connected = fixture.connect(make_client_settings(certificate));
    CHECK(connected.server.result == tls_handshake_result::client_certificate_invalid);
    return connected.server.reason;
  };
  CHECK(check_rejected(issue_client_certificate(other_root, uris)).find("certificate verify failed: ") == 0);
  const auto expired =
      fixture.root.issue({.dns = {"client.example"}, .usage = "clientAuth", .not_before_offset = -2h, .valid_for = 1h});
  CHECK(check_rejected(expired).find("expired") != std::string::npos);
  CHECK(check_rejected(fixture.leaf).find("purpose") != std::string::npos);
}

TEST_CASE("tls server: a reload applies to later handshakes only", "[net][tls]") {
  tls_server_fixture fixture;
  auto before = fixture.connect();
  REQUIRE(before.client.has_value());
  certificate_authority new_root{"New Root"};
  fixture.context.reload(make_server_settings(issue_server_certificate(new_root)));
  CHECK(fixture.connect().client.has_error());
  CHECK(fixture.connect({.trusted_certificates = new_root.certificate_pem()}).client.has_value());
  peer client{fixture.time, std::move(*before.client)};
  peer server{fixture.time, std::move(before.server.stream)};
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
    auto connected = fixture.connect_with(client);
    exchange_bytes(fixture.time, connected);
    return connected.server.resumed;
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
  settings.client_authorities = fixture.root.certificate_pem();
  fixture.context.reload(settings);
  for (int i = 0; i < 2; ++i) {
    auto connected = fixture.connect_with(client);
    CHECK_FALSE(connected.server.resumed);
    CHECK(connected.server.has_client_certificate);
    exchange_bytes(fixture.time, connected);
  }
}

TEST_CASE("tls server: settings that cannot be used are errors that name the setting", "[net][tls][case-5.4]") {
  using setting = net::tls_server_settings_error::setting;
  certificate_authority root{"Test Root"};
  const auto leaf = issue_server_certificate(root);
  const auto other = issue_server_certificate(root);
  const auto expired = root.issue({.dns = {"service.example"}, .not_before_offset = -2h, .valid_for = 1h});
  const auto future_certificate = root.issue({.dns = {"service.example"}, .not_before_offset = 1h});
  const auto check = [](const net::tls_server_settings& settings, setting invalid, const std::string& reason) {
    CAPTURE(reason);
    const auto error = find_error(settings);
    REQUIRE(error.has_value());
    CHECK(error->invalid == invalid);
    CHECK(error->reason.starts_with(reason));
  };
  CHECK_FALSE(find_error(make_server_settings(leaf)).has_value());
  auto with_authorities = make_server_settings(leaf);
  with_authorities.client_authorities = root.certificate_pem();
  CHECK_FALSE(find_error(with_authorities).has_value());

  check({}, setting::certificate_chain, "there is no certificate");
  check({.certificates = {{leaf.private_key_pem, leaf.private_key_pem}}}, setting::certificate_chain,
        "there is no certificate in PEM format");
  check({.certificates = {{leaf.certificate_pem, leaf.certificate_pem}}}, setting::private_key,
        "there is no private key in PEM format without a passphrase");
  check({.certificates = {{leaf.certificate_pem, other.private_key_pem}}}, setting::key_pair,
        "the private key does not match the certificate");
  check({.certificates = {{leaf.certificate_pem, ed25519_key_pem()}}}, setting::key_pair,
        "the private key does not match the certificate");
  check(make_server_settings(expired), setting::certificate_chain, "the certificate expired on 20");
  check(make_server_settings(future_certificate), setting::certificate_chain, "the certificate is not valid before 20");
  with_authorities.client_authorities = "no PEM";
  check(with_authorities, setting::client_authorities, "there is no certificate in PEM format");
}

/// The deadline of an earlier read passes during the watch.
task<> watch_hangup(net::stream& stream, int& hangups) {
  stream.set_deadline(deadline::after(loop::current().now(), 5s));
  stream.watch_hangup([&hangups] { ++hangups; });
  co_return;
}

task<> unwatch_hangup(net::stream& stream) {
  stream.unwatch_hangup();
  co_return;
}

TEST_CASE("tls stream: a hangup watch reports close_notify once, although the plain stream receives bytes",
          "[net][tls]") {
  tls_server_fixture fixture;
  auto connected = fixture.connect();
  REQUIRE(connected.client.has_value());
  int hangups = 0;
  fixture.time.run(watch_hangup(*connected.server.stream, hangups));
  fixture.time.run_for(20s);
  CHECK(hangups == 0);
  (*connected.client)->shutdown_write();
  fixture.time.run_for(1s);
  CHECK(hangups == 1);
  fixture.time.run(unwatch_hangup(*connected.server.stream));
  peer server{fixture.time, std::move(connected.server.stream)};
  CHECK(server.closed_cleanly());
}

TEST_CASE("tls stream: bytes that arrive during a hangup watch are read afterwards, in order", "[net][tls]") {
  tls_server_fixture fixture;
  auto connected = fixture.connect();
  REQUIRE(connected.client.has_value());
  int hangups = 0;
  peer client{fixture.time, std::move(*connected.client)};
  auto* const stream = connected.server.stream.get();
  peer server{fixture.time, std::move(connected.server.stream)};
  fixture.time.run(watch_hangup(*stream, hangups));
  client.send("next request");
  fixture.time.run_for(1s);
  CHECK(stream->readable());
  fixture.time.run(unwatch_hangup(*stream));
  client.stream().shutdown_write();
  CHECK(server.read_to_end() == "next request");
  CHECK(hangups == 0);
}

TEST_CASE("tls stream: a read after a hangup watch gets the next bytes, and the watch can be repeated", "[net][tls]") {
  tls_server_fixture fixture;
  auto connected = fixture.connect();
  REQUIRE(connected.client.has_value());
  int hangups = 0;
  peer client{fixture.time, std::move(*connected.client)};
  auto* const stream = connected.server.stream.get();
  peer server{fixture.time, std::move(connected.server.stream)};
  for (int i = 0; i < 3; ++i) {
    fixture.time.run(watch_hangup(*stream, hangups));
    fixture.time.run(unwatch_hangup(*stream));
    client.send("request");
    CHECK(server.read().value() == "request");
    server.send("response");
    CHECK(client.read().value() == "response");
  }
  fixture.time.run(watch_hangup(*stream, hangups));
  fixture.time.run(unwatch_hangup(*stream));
  fixture.time.run(watch_hangup(*stream, hangups));
  client.stream().close();
  fixture.time.run_for(1s);
  CHECK(hangups == 1);
}

TEST_CASE("tls stream: a stream can be destroyed during a hangup watch", "[net][tls]") {
  tls_server_fixture fixture;
  auto connected = fixture.connect();
  REQUIRE(connected.client.has_value());
  int hangups = 0;
  fixture.time.run(watch_hangup(*connected.server.stream, hangups));
  connected.server.stream.reset();
  fixture.time.run_for(1s);
  CHECK(hangups == 0);
  peer client{fixture.time, std::move(*connected.client)};
  CHECK(client.read().has_error());
}

}  // namespace
}  // namespace cohort
