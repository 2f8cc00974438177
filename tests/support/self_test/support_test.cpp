// SPDX-License-Identifier: BSL-1.0
#include "tests/support/child_process.hpp"
#include "tests/support/http/scripted_upstream.hpp"
#include "tests/support/net/black_hole.hpp"
#include "tests/support/net/certificate_authority.hpp"
#include "tests/support/temporary_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace cohort::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;

namespace {

struct tls_exchange {
  long verify_result;  // an X509_V_ code
  std::string response;
};

// Sends a request over TLS with `root` as the only trusted certificate, if the certificate of `host` is valid. Reads
// until the server closes or sends nothing for `timeout`.
tls_exchange get_over_tls(std::uint16_t port, const std::string& root, const std::string& host,
                          std::chrono::milliseconds timeout = default_timeout) {
  const auto socket = connect_loopback(port);
  ::fcntl(socket.get(), F_SETFL, 0);
  const auto set_read_timeout = [&socket](std::chrono::milliseconds read_timeout) {
    const timeval value{read_timeout.count() / 1000, read_timeout.count() % 1000 * 1000};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
  };
  set_read_timeout(default_timeout);

  const std::unique_ptr<SSL_CTX, free_ssl> context{SSL_CTX_new(TLS_client_method())};
  const std::unique_ptr<BIO, int (*)(BIO*)> text{BIO_new_mem_buf(root.data(), static_cast<int>(root.size())), BIO_free};
  const std::unique_ptr<X509, void (*)(X509*)> trusted{PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr),
                                                       X509_free};
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), trusted.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);

  const std::unique_ptr<SSL, free_ssl> session{SSL_new(context.get())};
  X509_VERIFY_PARAM_set_flags(SSL_get0_param(session.get()), X509_V_FLAG_X509_STRICT);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), host.c_str()) != 1) {
    SSL_set1_host(session.get(), host.c_str());
  }
  SSL_set_fd(session.get(), socket.get());
  tls_exchange result{};
  const bool is_connected = SSL_connect(session.get()) == 1;
  result.verify_result = SSL_get_verify_result(session.get());
  if (is_connected) {
    set_read_timeout(timeout);
    const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    SSL_write(session.get(), request.data(), static_cast<int>(request.size()));
    char buffer[1024];
    for (int size = 0; (size = SSL_read(session.get(), buffer, sizeof buffer)) > 0;) {
      result.response.append(buffer, static_cast<std::size_t>(size));
    }
  }
  return result;
}

}  // namespace

TEST_CASE("certificate authority: a certificate is valid for all its names and addresses", "[support][threads]") {
  certificate_authority ca{"test root"};
  scripted_upstream upstream{ca.issue({.dns = {"localhost", "other.example"}, .ip = {"127.0.0.1"}})};
  upstream.set_default_behavior(canned_response{.body = "over TLS"});
  const auto host = GENERATE("localhost", "other.example", "127.0.0.1");
  const auto result = get_over_tls(upstream.port(), ca.certificate_pem(), host);
  CHECK(result.verify_result == X509_V_OK);
  CHECK_THAT(result.response, ContainsSubstring("HTTP/1.1 200 ") && ContainsSubstring("over TLS"));
  CHECK(upstream.requests().size() == 1);
  CHECK(upstream.url() == "https://localhost:" + std::to_string(upstream.port()));
}

TEST_CASE("certificate authority: invalid certificates fail with the expected code", "[support][threads]") {
  certificate_authority ca{"test root"};
  certificate_authority other{"another root"};
  struct example {
    certificate_and_key leaf;
    long code;
  };
  const std::vector<example> examples{
      {ca.issue({.dns = {"localhost"}, .not_before_offset = -48h, .validity_period = 24h}),
       X509_V_ERR_CERT_HAS_EXPIRED},
      {ca.issue({.dns = {"localhost"}, .not_before_offset = 1h}), X509_V_ERR_CERT_NOT_YET_VALID},
      {ca.issue({.dns = {"elsewhere.example"}}), X509_V_ERR_HOSTNAME_MISMATCH},
      {other.issue({.dns = {"localhost"}}), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
  };
  for (const auto& [leaf, code] : examples) {
    scripted_upstream upstream{leaf};
    CHECK(get_over_tls(upstream.port(), ca.certificate_pem(), "localhost").verify_result == code);
    CHECK(upstream.accepted_connection_count() == 1);
    CHECK(upstream.requests().empty());
  }
}

TEST_CASE("scripted upstream: the behaviors are the same over TLS", "[support][threads]") {
  certificate_authority ca{"test root"};
  scripted_upstream upstream{ca.issue({.dns = {"localhost"}})};
  upstream.enqueue(slow_body{.body = "0123456789", .interval = 1ms});
  const auto complete_response = get_over_tls(upstream.port(), ca.certificate_pem(), "localhost").response;
  CHECK_THAT(complete_response, EndsWith("\r\n\r\n0123456789"));
  upstream.enqueue(reset_mid_body{.body = "0123456789"});
  const auto truncated_response = get_over_tls(upstream.port(), ca.certificate_pem(), "localhost").response;
  CHECK_THAT(truncated_response, EndsWith("\r\n\r\n01234"));
  CHECK(upstream.disconnect_count() == 0);
  upstream.enqueue(no_response{});
  CHECK(get_over_tls(upstream.port(), ca.certificate_pem(), "localhost", 50ms).response.empty());
  upstream.wait_for_disconnects(1);
}

TEST_CASE("certificate authority: a certificate needs at least one DNS name", "[support]") {
  certificate_authority ca{"test root"};
  CHECK_THROWS_WITH(ca.issue({}), ContainsSubstring("needs at least one DNS name"));
}

TEST_CASE("temporary directory: the destructor removes it with its contents", "[support]") {
  std::filesystem::path path;
  {
    const temporary_directory directory;
    path = directory.path();
    CHECK(std::filesystem::is_empty(path));
    const auto file = directory.write("keys/api", "secret\n");
    std::ostringstream text;
    text << std::ifstream{file}.rdbuf();
    CHECK(text.str() == "secret\n");
    CHECK(file == path / "keys/api");
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("child process: outputs are separate and the exit status is returned", "[support][threads]") {
  child_process child{"/bin/sh", {"-c", "echo out; echo err >&2; printf unfinished; exit 7"}};
  CHECK(child.wait_for_exit() == 7);
  CHECK(child.output() == "out\nunfinished");
  CHECK(child.error_output() == "err\n");
  CHECK(child.wait_for_line("unfin") == "unfinished");
}

TEST_CASE("child process: the output of its descendants is read to the end", "[support][threads]") {
  child_process child{"/bin/sh", {"-c", "(sleep 0.1; echo late) & exit 0"}};
  CHECK(child.wait_for_exit() == 0);
  CHECK(child.output() == "late\n");
}

TEST_CASE("child process: the environment has the given variables and PATH only", "[support][threads]") {
  ::setenv("COHORT_LEAK", "1", 1);
  child_process child{"/usr/bin/env", {}, {{"API_KEY", "k"}}};
  CHECK(child.wait_for_exit() == 0);
  CHECK(child.wait_for_line("API_KEY") == "API_KEY=k");
  CHECK(child.wait_for_line([](std::string_view line) { return line.starts_with("PATH="); }) ==
        std::string{"PATH="} + std::getenv("PATH"));
  CHECK_THAT(child.output(), !ContainsSubstring("COHORT_LEAK"));
}

TEST_CASE("child process: a line of either output is found, whether it is printed before or after the call",
          "[support][threads]") {
  child_process child{"/bin/sh", {"-c", "echo first; echo second >&2; sleep 1000"}};
  CHECK(child.wait_for_line("second") == "second");
  CHECK(child.wait_for_line("first") == "first");
  CHECK(child.wait_for_line("second") == "second");
  CHECK_THROWS_WITH(child.wait_for_line("third", 1ms),
                    ContainsSubstring("\"third\"") && ContainsSubstring("within 1 ms") && ContainsSubstring("first"));
}

TEST_CASE("child process: waiting for a line fails when the outputs have ended", "[support][threads]") {
  child_process child{"/bin/sh", {"-c", "echo sorry >&2; exit 2"}};
  child.wait_for_exit();
  CHECK_THROWS_WITH(child.wait_for_line("ready"),
                    ContainsSubstring("ended") && ContainsSubstring("status 2") && ContainsSubstring("sorry"));
}

TEST_CASE("child process: signals are delivered and reported in the status", "[support][threads]") {
  child_process child{"/bin/sh", {"-c", "trap 'exit 3' TERM; echo up; while :; do read x < /dev/null; done"}};
  child.wait_for_line("up");
  CHECK_THROWS_WITH(child.wait_for_exit(1ms), ContainsSubstring("did not exit within 1 ms"));
  child.signal(SIGTERM);
  CHECK(child.wait_for_exit() == 3);
  child.signal(SIGTERM);

  child_process killed{"/bin/sleep", {"1000"}};
  killed.signal(SIGKILL);
  CHECK(killed.wait_for_exit() == 128 + SIGKILL);
}

TEST_CASE("child process: the constructor throws if the program cannot be executed", "[support][threads]") {
  CHECK_THROWS_WITH(child_process("/nonexistent"), ContainsSubstring("cannot execute /nonexistent: No such file"));
}

TEST_CASE("child process: the destructor kills the process group", "[support][threads]") {
  std::optional<child_process> child{std::in_place, "/bin/sh",
                                     std::vector<std::string>{"-c", "sleep 1000 & echo pid $!; wait"}};
  const auto line = child->wait_for_line("pid ");
  const file_descriptor grandchild{static_cast<int>(::syscall(SYS_pidfd_open, std::stoi(line.substr(4)), 0))};
  REQUIRE(grandchild);
  CHECK(wait_for(grandchild.get(), POLLIN, deadline_after(0ms)) == readiness::timed_out);
  child.reset();
  CHECK(wait_for(grandchild.get(), POLLIN, deadline_after(default_timeout)) == readiness::ready);
}

TEST_CASE("child process: the child is killed when its thread ends", "[support][threads]") {
  std::optional<child_process> child;
  std::thread{[&child] { child.emplace("/bin/sleep", std::vector<std::string>{"1000"}); }}.join();
  CHECK(child->wait_for_exit() == 128 + SIGKILL);
}

TEST_CASE("black hole: connections are neither accepted nor refused", "[support]") {
  const black_hole unresponsive_server;
  CHECK_THROWS_WITH(connect_loopback(unresponsive_server.port(), 200ms),
                    ContainsSubstring("no response within 200 ms"));
}
