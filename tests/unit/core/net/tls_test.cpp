#include "core/net/tls.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>

#include "tests/support/certificate_authority.hpp"
#include "tests/support/scripted_upstream.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/core/net/loopback.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// While it lives, new contexts trust this authority and nobody else.
class trusting {
 public:
  explicit trusting(const certificate_authority& root) {
    const auto file = directory_.write("root.pem", root.certificate_pem());
    ::setenv("SSL_CERT_FILE", file.c_str(), 1);
    ::setenv("SSL_CERT_DIR", directory_.path().c_str(), 1);
  }
  ~trusting() {
    ::unsetenv("SSL_CERT_FILE");
    ::unsetenv("SSL_CERT_DIR");
  }
  trusting(const trusting&) = delete;
  trusting& operator=(const trusting&) = delete;

 private:
  temporary_directory directory_;
};

task<result<net::stream_ptr>> connect_tls(net::tls_client_context& with, std::uint16_t port, std::string host,
                                          deadline until) {
  auto connecting = net::connect_tcp(loopback(port), until);
  auto plain = co_await std::move(connecting);
  if (!plain) co_return plain.error();
  (*plain)->set_deadline(until);
  co_return co_await with.handshake(std::move(*plain), std::move(host));
}

/// Head and body as two pieces, then the answer up to the peer's end.
task<std::string> exchange(net::stream& with) {
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n\r\n";
  const std::string body = "body";
  const net::const_buffers pieces{asio::buffer(head), asio::buffer(body)};
  auto writing = net::write_all(with, pieces);
  const auto sent = co_await std::move(writing);
  std::string all = sent ? "" : sent.error().message();
  for (;;) {
    auto reading = read_once(with);
    auto got = co_await std::move(reading);
    if (!got) co_return all + (got.error() == asio::error::eof ? "|end" : got.error().message());
    all += *got;
  }
}

/// An upstream that has this certificate.
certificate_and_key certificate_for(certificate_authority& root, std::vector<std::string> names) {
  certificate_request asked;
  asked.dns = std::move(names);
  return root.issue(asked);
}

TEST_CASE("A certificate of a trusted authority for the right name passes, and bytes go both ways") {
  certificate_authority root{"Test Root"};
  const trusting trust{root};
  scripted_upstream upstream{certificate_for(root, {"localhost"})};
  answer says;
  says.body = "over TLS";
  upstream.always(says);

  real_time time;
  net::tls_client_context context;
  auto secured = time.run(connect_tls(context, upstream.port(), "localhost", time.late()));
  REQUIRE(secured.has_value());
  CHECK((*secured)->peer_address() == "127.0.0.1");
  const auto answered = time.run(exchange(**secured));
  CHECK(answered.starts_with("HTTP/1.1 200"));
  CHECK(answered.ends_with("over TLS|end"));
  REQUIRE(upstream.requests().size() == 1);
  CHECK(upstream.requests()[0].body == "body");
}

TEST_CASE("An address passes if the certificate has it as an address") {
  certificate_authority root{"Test Root"};
  const trusting trust{root};
  certificate_request asked;
  asked.ip = {"127.0.0.1"};
  scripted_upstream upstream{root.issue(asked)};
  real_time time;
  net::tls_client_context context;
  CHECK(time.run(connect_tls(context, upstream.port(), "127.0.0.1", time.late())).has_value());
}

TEST_CASE("A certificate that does not pass ends the handshake with an error of TLS") {
  struct flaw {
    const char* what;
    std::vector<std::string> names;
    bool expired;
    bool known_root;
    const char* asked_for;
  };
  const auto each =
      GENERATE(values<flaw>({{"another name", {"other.example"}, false, true, "localhost"},
                             {"a name above ours", {"host"}, false, true, "localhost"},
                             {"expired", {"localhost"}, true, true, "localhost"},
                             {"an unknown authority", {"localhost"}, false, false, "localhost"},
                             {"a name where an address is asked for", {"localhost"}, false, true, "127.0.0.1"}}));
  CAPTURE(each.what);
  certificate_authority root{"Test Root"};
  certificate_authority stranger{"Test Root"};
  const trusting trust{root};
  certificate_request asked;
  asked.dns = each.names;
  if (each.expired) {
    asked.not_before_offset = std::chrono::hours{-2};
    asked.valid_for = std::chrono::hours{1};
  }
  scripted_upstream upstream{(each.known_root ? root : stranger).issue(asked)};
  real_time time;
  net::tls_client_context context;
  const auto refused = time.run(connect_tls(context, upstream.port(), each.asked_for, time.late()));
  REQUIRE(refused.has_error());
  CHECK(refused.error().category() == asio::error::get_ssl_category());
  CHECK(upstream.requests().empty());
}

TEST_CASE("The second handshake with a host takes up the first one's session, one with another host does not") {
  certificate_authority root{"Test Root"};
  const trusting trust{root};
  scripted_upstream upstream{certificate_for(root, {"localhost", "other.example"})};
  upstream.always(answer{});
  real_time time;
  net::tls_client_context context;
  const auto visit = [&](const char* host) {
    auto secured = time.run(connect_tls(context, upstream.port(), host, time.late()));
    REQUIRE(secured.has_value());
    // TLS 1.3 hands the session over with what follows the handshake.
    CHECK(time.run(exchange(**secured)).ends_with("|end"));
  };
  visit("localhost");
  CHECK_FALSE(context.last_was_resumed());
  visit("localhost");
  CHECK(context.last_was_resumed());
  visit("other.example");
  CHECK_FALSE(context.last_was_resumed());
  visit("localhost");
  CHECK(context.last_was_resumed());
}

task<error_code> shake_with(net::tls_client_context& context, std::string first_words) {
  auto ends = net::make_memory_pipe();
  auto speaking = write_bytes(*ends.second, std::move(first_words));
  co_await std::move(speaking);
  ends.second->shutdown_write();
  auto shaking = context.handshake(std::move(ends.first), "localhost");
  const auto shaken = co_await std::move(shaking);
  co_return shaken ? error_code{} : shaken.error();
}

task<std::string> name_of_failure(net::tls_client_context& context, std::string first_words) {
  const auto failed = co_await shake_with(context, std::move(first_words));
  co_return failed ? failed.category().name() : "none";
}

TEST_CASE("A peer that speaks no TLS, or hangs up, ends the handshake with an error") {
  virtual_time time;
  net::tls_client_context context;
  CHECK(time.run(name_of_failure(context, "HTTP/1.1 400 Bad Request\r\n\r\n")) == "asio.ssl");
  CHECK(time.run(name_of_failure(context, "")) != "none");
}

task<result<std::string>> first_flight(net::tls_client_context& context, std::string host) {
  auto ends = net::make_memory_pipe();
  ends.first->set_deadline(deadline::after(loop::current().now(), 5s));
  auto shaking = context.handshake(std::move(ends.first), std::move(host));
  const auto failed = co_await std::move(shaking);
  if (failed || failed.error() != asio::error::timed_out) co_return std::string{"no timeout"};
  co_return co_await read_once(*ends.second);
}

TEST_CASE("A handshake that nobody answers ends at the stream's deadline, and had named the host, unless by address") {
  virtual_time time;
  net::tls_client_context context;
  const auto start = time.now();
  const auto by_name = time.run(first_flight(context, "service.example"));
  CHECK(time.now() - start >= 5s);
  CHECK(time.now() - start <= 5s + tick);
  REQUIRE(by_name.has_value());
  CHECK(by_name->find("service.example") != std::string::npos);
  const auto by_address = time.run(first_flight(context, "192.0.2.7"));
  REQUIRE(by_address.has_value());
  CHECK(by_address->size() > 100);
  CHECK(by_address->find("192.0.2.7") == std::string::npos);
}

}  // namespace
}  // namespace cohort
