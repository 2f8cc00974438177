// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/tls.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>

#include "tests/support/http/scripted_upstream.hpp"
#include "tests/support/net/certificate_authority.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/net/loopback.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// During its lifetime, new contexts trust only this CA.
class trust_scope {
 public:
  explicit trust_scope(const certificate_authority& root) {
    const auto file = directory_.write("root.pem", root.certificate_pem());
    ::setenv("SSL_CERT_FILE", file.c_str(), 1);
    ::setenv("SSL_CERT_DIR", directory_.path().c_str(), 1);
  }
  ~trust_scope() {
    ::unsetenv("SSL_CERT_FILE");
    ::unsetenv("SSL_CERT_DIR");
  }
  trust_scope(const trust_scope&) = delete;
  trust_scope& operator=(const trust_scope&) = delete;

 private:
  temporary_directory directory_;
};

task<result<net::stream_ptr>> connect_tls(net::tls_client_context& context, std::uint16_t port, std::string host,
                                          deadline connect_deadline) {
  auto connect_task = net::connect_tcp(loopback_endpoint(port), connect_deadline);
  auto connect_result = co_await std::move(connect_task);
  if (!connect_result) co_return connect_result.error();
  (*connect_result)->set_deadline(connect_deadline);
  co_return co_await context.handshake(std::move(*connect_result), std::move(host));
}

/// Sends a request in two buffers and reads until the peer closes.
task<std::string> exchange(net::stream& connection) {
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n\r\n";
  const std::string body = "body";
  const net::const_buffers buffers{asio::buffer(head), asio::buffer(body)};
  auto write_task = net::write_all(connection, buffers);
  const auto sent = co_await std::move(write_task);
  std::string all = sent ? "" : sent.error().message();
  for (;;) {
    auto read_task = read_once(connection);
    auto bytes = co_await std::move(read_task);
    if (!bytes) co_return all + (bytes.error() == asio::error::eof ? "|end" : bytes.error().message());
    all += *bytes;
  }
}

certificate_and_key certificate_for(certificate_authority& root, std::vector<std::string> names) {
  certificate_request request;
  request.dns = std::move(names);
  return root.issue(request);
}

TEST_CASE("tls: a trusted certificate for the host name is accepted, and bytes are transferred in both directions",
          "[net][tls][threads]") {
  certificate_authority root{"Test Root"};
  const trust_scope trust{root};
  scripted_upstream upstream{certificate_for(root, {"localhost"})};
  canned_response canned_response;
  canned_response.body = "over TLS";
  upstream.set_default_behavior(canned_response);

  real_time_fixture time;
  net::tls_client_context context;
  auto secure_stream = time.run(connect_tls(context, upstream.port(), "localhost", time.long_deadline()));
  REQUIRE(secure_stream.has_value());
  CHECK((*secure_stream)->peer_address() == "127.0.0.1");
  const auto response = time.run(exchange(**secure_stream));
  CHECK(response.starts_with("HTTP/1.1 200"));
  CHECK(response.ends_with("over TLS|end"));
  REQUIRE(upstream.requests().size() == 1);
  CHECK(upstream.requests()[0].body == "body");
}

TEST_CASE("tls: an IP address is accepted if it is an IP address entry of the certificate", "[net][tls][threads]") {
  certificate_authority root{"Test Root"};
  const trust_scope trust{root};
  certificate_request request;
  request.ip = {"127.0.0.1"};
  scripted_upstream upstream{root.issue(request)};
  real_time_fixture time;
  net::tls_client_context context;
  CHECK(time.run(connect_tls(context, upstream.port(), "127.0.0.1", time.long_deadline())).has_value());
}

TEST_CASE("tls: the handshake fails for an invalid certificate with an error of the SSL category",
          "[net][tls][threads]") {
  struct row {
    const char* description;
    std::vector<std::string> certificate_names;
    bool is_expired;
    bool has_trusted_root;
    const char* host;
  };
  const auto test_case =
      GENERATE(values<row>({{"another name", {"other.example"}, false, true, "localhost"},
                            {"a parent name", {"host"}, false, true, "localhost"},
                            {"expired", {"localhost"}, true, true, "localhost"},
                            {"an untrusted CA", {"localhost"}, false, false, "localhost"},
                            {"a name instead of the IP address", {"localhost"}, false, true, "127.0.0.1"}}));
  CAPTURE(test_case.description);
  certificate_authority root{"Test Root"};
  certificate_authority untrusted_root{"Test Root"};
  const trust_scope trust{root};
  certificate_request request;
  request.dns = test_case.certificate_names;
  if (test_case.is_expired) {
    request.not_before_offset = std::chrono::hours{-2};
    request.validity_period = std::chrono::hours{1};
  }
  scripted_upstream upstream{(test_case.has_trusted_root ? root : untrusted_root).issue(request)};
  real_time_fixture time;
  net::tls_client_context context;
  const auto secure_stream = time.run(connect_tls(context, upstream.port(), test_case.host, time.long_deadline()));
  REQUIRE(secure_stream.has_error());
  CHECK(secure_stream.error().category() == asio::error::get_ssl_category());
  CHECK(upstream.requests().empty());
}

TEST_CASE("tls: a second handshake with the same host resumes the session; a handshake with another host does not",
          "[net][tls][threads]") {
  certificate_authority root{"Test Root"};
  const trust_scope trust{root};
  scripted_upstream upstream{certificate_for(root, {"localhost", "other.example"})};
  upstream.set_default_behavior(canned_response{});
  real_time_fixture time;
  net::tls_client_context context;
  const auto connect = [&](const char* host) {
    auto secure_stream = time.run(connect_tls(context, upstream.port(), host, time.long_deadline()));
    REQUIRE(secure_stream.has_value());
    // TLS 1.3 sends the session ticket after the handshake.
    CHECK(time.run(exchange(**secure_stream)).ends_with("|end"));
  };
  connect("localhost");
  CHECK_FALSE(context.has_resumed_session());
  connect("localhost");
  CHECK(context.has_resumed_session());
  connect("other.example");
  CHECK_FALSE(context.has_resumed_session());
  connect("localhost");
  CHECK(context.has_resumed_session());
}

task<error_code> handshake_error(net::tls_client_context& context, std::string peer_bytes) {
  auto ends = net::make_memory_pipe();
  auto write_task = write_bytes(*ends.second, std::move(peer_bytes));
  co_await std::move(write_task);
  ends.second->shutdown_write();
  auto handshake_task = context.handshake(std::move(ends.first), "localhost");
  const auto secure_stream = co_await std::move(handshake_task);
  co_return secure_stream ? error_code{} : secure_stream.error();
}

task<std::string> handshake_error_category(net::tls_client_context& context, std::string peer_bytes) {
  const auto error = co_await handshake_error(context, std::move(peer_bytes));
  co_return error ? error.category().name() : "none";
}

TEST_CASE("tls: the handshake fails if the peer does not use TLS or closes the connection", "[net][tls]") {
  virtual_time time;
  net::tls_client_context context;
  CHECK(time.run(handshake_error_category(context, "HTTP/1.1 400 Bad Request\r\n\r\n")) == "asio.ssl");
  CHECK(time.run(handshake_error_category(context, "")) != "none");
}

/// Returns the bytes of a handshake to which the peer does not respond.
task<result<std::string>> client_hello(net::tls_client_context& context, std::string host) {
  auto ends = net::make_memory_pipe();
  ends.first->set_deadline(deadline::after(loop::current().now(), 5s));
  auto handshake_task = context.handshake(std::move(ends.first), std::move(host));
  const auto secure_stream = co_await std::move(handshake_task);
  if (secure_stream || secure_stream.error() != asio::error::timed_out) co_return std::string{"no timeout"};
  co_return co_await read_once(*ends.second);
}

TEST_CASE(
    "tls: a handshake without a response times out at the stream's deadline; SNI contains names but no IP addresses",
    "[net][tls]") {
  virtual_time time;
  net::tls_client_context context;
  const auto start = time.now();
  const auto hello_with_name = time.run(client_hello(context, "service.example"));
  CHECK(time.now() - start >= 5s);
  CHECK(time.now() - start <= 5s + tick);
  REQUIRE(hello_with_name.has_value());
  CHECK(hello_with_name->find("service.example") != std::string::npos);
  const auto hello_with_address = time.run(client_hello(context, "192.0.2.7"));
  REQUIRE(hello_with_address.has_value());
  CHECK(hello_with_address->size() > 100);
  CHECK(hello_with_address->find("192.0.2.7") == std::string::npos);
}

}  // namespace
}  // namespace cohort
