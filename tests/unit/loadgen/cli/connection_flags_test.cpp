// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <deque>

#include "tests/support/temporary_directory.hpp"
#include "tests/unit/loadgen/cli/session_fixture.hpp"
#include "tests/unit/net/tls_server.hpp"

// Tests the flags for hosts, addresses and TLS, from the command line to the bytes that a server receives.
namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::ContainsSubstring;

// ---- passwords

TEST_CASE("command line: the password of an invalid URL is not printed", "[loadgen][cli][case-4.3]") {
  temporary_directory files;
  const auto scenario = files.write("s.json", R"({"targets": [{"url": "http://user:s3cret@h/"}]})").string();
  const auto arguments = GENERATE_COPY(from_range(std::vector<argument_list>{
      {"--target", "http://user:s3cret@h/"},
      {"--target", "time=http://user:s3cret@h/@3"},
      {"--target", "http://user:s3cret@h:99999/" + std::string(100, 'x')},
      {"--target", "user:s3cret@h"},
      {"--target", "http://user:s3cret/@h/"},
      {"--server-metrics", "https://user:s3cret@h/metrics"},
      {"--time-service-url", "http://user:s3cret@h"},
      {"--scenario", scenario},
      {"--scenario", "http://user:s3cret@h/s.json"},
      {"--body", "@http://user:s3cret@h/body"},
      {"--csv", "http://user:s3cret@h/", "--json", "http://user:s3cret@h/"},
      {"http://user:s3cret@h/"},
      {"--quiet=http://user:s3cret@h/"},
      {"--targte=http://user:s3cret@h/"},
  }));
  const auto exit = parse_exit(arguments);
  CAPTURE(exit.text);
  CHECK(exit.status == 104);
  CHECK(exit.text.find("s3cret") == std::string::npos);
}

TEST_CASE("command line: the password of an invalid variable is not printed", "[loadgen][cli][case-4.3]") {
  const auto exit = parse_exit({}, {{"WEATHER_SERVICE_URL", "http://user:s3cret@h"}});
  CHECK(exit.text ==
        "loadgen: WEATHER_SERVICE_URL is \"http://***@h\", but must be a URL such as http://127.0.0.1:5001 or "
        "https://wttr.in\n");
}

// ---- hosts and addresses

/// Returns the values of Host that a server receives in a run with these arguments.
std::vector<std::string> received_hosts(argument_list arguments) {
  session_fixture fixture;
  std::vector<std::string> hosts;
  const auto record_host = [&](http::request_context& context) {
    hosts.emplace_back(context.head().find("host").value_or(""));
    return http::response{}.body("hello", "text/plain");
  };
  fixture.routes.get("/", record_host);
  fixture.serve();
  arguments.insert(arguments.end(), {"-r", "1", "-d", "2"});
  fixture.run_session(parse_valid(arguments));
  return hosts;
}

TEST_CASE("command line: a Host header replaces the URL's host, in the preflight and under load",
          "[loadgen][cli][case-4.4]") {
  using host_list = std::vector<std::string>;
  CHECK(received_hosts({default_target}) == host_list(3, "192.0.2.80"));
  CHECK(received_hosts({default_target, "-H", "Host: shop.example"}) == host_list(3, "shop.example"));
  CHECK(received_hosts({default_target, "-H", "HOST:shop.example:8443"}) == host_list(3, "shop.example:8443"));
  CHECK(received_hosts({default_target, "-H", "host: [2001:db8::1]", "-H", "Accept: */*"}) ==
        host_list(3, "[2001:db8::1]"));
  temporary_directory files;
  const auto scenario =
      files.write("s.json", R"({"targets": [{"url": "http://192.0.2.80/", "headers": {"Host": "shop.example"}}]})");
  CHECK(received_hosts({"--scenario", scenario.string()}) == host_list(3, "shop.example"));
  CHECK(received_hosts({"--scenario", scenario.string(), "-H", "Host: other.example"}) ==
        host_list(3, "other.example"));
}

TEST_CASE("command line: --connect-to and --resolve change the address, not Host", "[loadgen][cli][case-4.4]") {
  using host_list = std::vector<std::string>;
  CHECK(received_hosts({"--target", "http://shop.example:8080/", "--connect-to", "shop.example:8080:192.0.2.80:80"}) ==
        host_list(3, "shop.example:8080"));
  CHECK(received_hosts({"--target", "http://shop.example/", "--connect-to", "::192.0.2.80:"}) ==
        host_list(3, "shop.example"));
  CHECK(received_hosts({"--target", "http://shop.example/", "--resolve", "shop.example:80:192.0.2.80"}) ==
        host_list(3, "shop.example"));
  CHECK(received_hosts({"--target", "http://shop.example/", "--resolve", "*:80:192.0.2.80", "-H", "Host: other"}) ==
        host_list(3, "other"));
}

TEST_CASE("command line: the fingerprint contains Host and the addresses", "[loadgen][cli][case-4.4]") {
  const auto fingerprint_of = [](argument_list arguments) {
    arguments.emplace_back(default_target);
    return parse_valid(arguments).fingerprint;
  };
  const auto plain_fingerprint = fingerprint_of({});
  CHECK(fingerprint_of({"-H", "Host: a"}) != plain_fingerprint);
  CHECK(fingerprint_of({"-H", "Host: a"}) != fingerprint_of({"-H", "Host: b"}));
  CHECK(fingerprint_of({"--connect-to", "::h:1"}) != plain_fingerprint);
  CHECK(fingerprint_of({"--connect-to", "::h:1"}) != fingerprint_of({"--connect-to", "::h:2"}));
  CHECK(fingerprint_of({"--resolve", "h:80:192.0.2.1"}) != plain_fingerprint);
  CHECK(fingerprint_of({"--insecure"}) != plain_fingerprint);
  CHECK(fingerprint_of({"--sni", "a"}) != plain_fingerprint);
}

// ---- TLS

task<> serve_tls_connection(net::stream_ptr transport, const certificate_and_key& leaf, bool requests_certificate,
                            std::vector<std::string>& clients) {
  tls_server_end server{*transport, leaf, requests_certificate};
  const bool is_accepted = co_await server.handshake();
  if (!is_accepted) co_return;
  clients.push_back(server.server_name() + "/" + server.client_name());
  std::string received_bytes;
  for (;;) {
    const auto bytes = co_await server.read();
    if (bytes.empty()) co_return;
    received_bytes += bytes;
    const auto end = received_bytes.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    received_bytes.erase(0, end + 4);
    co_await server.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  }
}

/// A run with an https target at 192.0.2.80, whose certificate is issued by `root` for `shop.example`.
class tls_session_fixture : public session_fixture {
 public:
  explicit tls_session_fixture(bool requests_certificate = false)
      : listener_(network.listen({asio::ip::make_address("192.0.2.80"), 443})),
        accepting_(time, accept(*this, requests_certificate)) {
    network.add_name("shop.example", {asio::ip::make_address("192.0.2.80")});
  }
  ~tls_session_fixture() {
    listener_->close();
    time.run_for(1s);
  }

  /// Returns the exit status.
  int run(argument_list arguments) {
    arguments.insert(arguments.end(), {"-r", "1", "-d", "2"});
    return run_session(parse_valid(arguments));
  }
  /// Writes a new file, and returns its path.
  std::string write_file(const std::string& name, const std::string& content) {
    return files_.write(name, content).string();
  }
  std::string trusted_certificates() { return write_file("root.pem", root.certificate_pem()); }
  certificate_and_key issue(const std::string& name) {
    certificate_request request;
    request.dns.push_back(name);
    return root.issue(request);
  }

  certificate_authority root{"Test Root"};
  /// For each connection, the SNI and the common name of the client certificate, separated by `/`.
  std::vector<std::string> clients;

 private:
  static task<> accept(tls_session_fixture& self, bool requests_certificate) {
    for (;;) {
      auto accept_result = co_await self.listener_->accept(loop::current());
      if (!accept_result) break;
      self.connections_.spawn(
          serve_tls_connection(std::move(*accept_result), self.leaf_, requests_certificate, self.clients));
    }
    self.connections_.cancel();
    co_await self.connections_.join();
  }

  temporary_directory files_;
  certificate_and_key leaf_ = issue("shop.example");
  task_group connections_{[](const std::exception_ptr&) {}};
  std::unique_ptr<net::acceptor> listener_;
  spawned_task<> accepting_;
};

TEST_CASE("command line: a self-signed target is accepted with --cacert or --insecure only",
          "[loadgen][cli][case-4.5]") {
  tls_session_fixture fixture;
  CHECK(fixture.run({"--target", "https://shop.example/"}) == 122);
  CHECK_THAT(fixture.status_output, ContainsSubstring("the server's certificate is invalid"));
  CHECK(fixture.run({"--target", "https://shop.example/", "--cacert", fixture.trusted_certificates()}) == 0);
  CHECK_THAT(fixture.report_output, ContainsSubstring("Successful:     2"));
  fixture.report_output.clear();
  CHECK(fixture.run({"--target", "https://192.0.2.80/", "--insecure"}) == 0);
  CHECK_THAT(fixture.report_output, ContainsSubstring("Successful:     2"));
  CHECK(fixture.run({"--target", "https://192.0.2.80/", "--cacert", fixture.trusted_certificates()}) == 122);
}

TEST_CASE("command line: without the preflight, an invalid certificate is counted as a TLS error",
          "[loadgen][cli][case-4.5]") {
  tls_session_fixture fixture;
  CHECK(fixture.run({"--target", "https://shop.example/", "--no-preflight"}) == 0);
  CHECK_THAT(fixture.report_output, ContainsSubstring("Successful:     0"));
  CHECK_THAT(fixture.report_output, ContainsSubstring("TLS"));
}

TEST_CASE("command line: --sni is sent, and the certificate must be valid for it", "[loadgen][cli][case-4.5]") {
  tls_session_fixture fixture;
  const auto root_file = fixture.trusted_certificates();
  CHECK(fixture.run({"--target", "https://192.0.2.80/", "--cacert", root_file, "--sni", "shop.example"}) == 0);
  CHECK(fixture.clients.front() == "shop.example/");
  CHECK(fixture.run({"--target", "https://shop.example/", "--cacert", root_file, "--sni", "other.example"}) == 122);
  CHECK(fixture.run({"--target", "https://shop.example/", "--insecure", "--sni", "other.example"}) == 0);
  CHECK(fixture.clients.back() == "other.example/");
  // Without the flag, SNI is the URL's host, even with another Host or another address.
  CHECK(fixture.run({"--target", "https://shop.example/", "--cacert", root_file, "-H", "Host: other.example"}) == 0);
  CHECK(fixture.clients.back() == "shop.example/");
  CHECK(fixture.run({"--target", "https://shop.example:8443/", "--cacert", root_file, "--connect-to",
                     ":8443:192.0.2.80:443"}) == 0);
  CHECK(fixture.clients.back() == "shop.example/");
}

TEST_CASE("command line: --cert and --key identify the client", "[loadgen][cli][case-4.5]") {
  tls_session_fixture fixture{true};
  const auto client = fixture.issue("client.example");
  const auto certificate = fixture.write_file("client.pem", client.certificate_pem);
  const auto key = fixture.write_file("client.key", client.private_key_pem);
  const auto combined_file = fixture.write_file("both.pem", client.private_key_pem + client.certificate_pem);
  CHECK(fixture.run({"--target", "https://shop.example/", "--insecure"}) == 122);
  CHECK(fixture.clients.empty());
  CHECK(fixture.run({"--target", "https://shop.example/", "--insecure", "--cert", certificate, "--key", key}) == 0);
  CHECK(fixture.clients.back() == "shop.example/client.example");
  fixture.clients.clear();
  CHECK(fixture.run({"--target", "https://shop.example/", "--insecure", "--cert", combined_file}) == 0);
  CHECK(fixture.clients.back() == "shop.example/client.example");
}

TEST_CASE("command line: a file without the expected certificate or key is an error at startup",
          "[loadgen][cli][case-4.5]") {
  tls_session_fixture fixture;
  const auto client = fixture.issue("client.example");
  const auto certificate = fixture.write_file("client.pem", client.certificate_pem);
  const auto key = fixture.write_file("client.key", client.private_key_pem);
  const auto other_key = fixture.write_file("other.key", fixture.issue("other.example").private_key_pem);
  const auto error_of = [](const argument_list& arguments) { return parse_exit(arguments).text; };
  CHECK(error_of({"--cacert", key}) == "loadgen: --cacert \"" + key + "\": no certificate in PEM format was found\n");
  CHECK(error_of({"--cert", key}) == "loadgen: --cert \"" + key + "\": no certificate in PEM format was found\n");
  CHECK(error_of({"--cert", certificate}) ==
        "loadgen: --cert \"" + certificate + "\": no unencrypted private key in PEM format was found\n");
  CHECK(error_of({"--cert", certificate, "--key", certificate}) ==
        "loadgen: --key \"" + certificate + "\": no unencrypted private key in PEM format was found\n");
  CHECK(error_of({"--cert", certificate, "--key", other_key}) ==
        "loadgen: --key \"" + other_key + "\": the private key does not match the certificate\n");
  CHECK(error_of({"--key", key}) == "loadgen: --key needs --cert\n");
  CHECK(error_of({"--cacert", "/nonexistent"}).starts_with("loadgen: --cacert: \"/nonexistent\""));
  CHECK(parse_exit({"--cacert", key}).status == 104);
}

}  // namespace
}  // namespace cohort
