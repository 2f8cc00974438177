// SPDX-License-Identifier: BSL-1.0
// Tests TLS listeners and client certificates with OpenSSL's client.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <fstream>

#include "tests/integration/running_program.hpp"
#include "tests/integration/security/openssl_client.hpp"
#include "tests/support/net/certificate_authority.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

/// PEM files of a CA, of a server on 127.0.0.1, and of clients.
class certificate_files {
 public:
  certificate_files() {
    write("root.pem", root.certificate_pem());
    write("other_root.pem", other_root.certificate_pem());
    write_pair("server", root.issue({.dns = {"localhost"}, .ip = {"127.0.0.1"}}));
  }

  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  void write(const std::string& name, const std::string& text) const { directory_.write(name, text); }
  /// Writes `NAME.pem` and `NAME.key`.
  void write_pair(const std::string& name, const certificate_and_key& pair) const {
    write(name + ".pem", pair.certificate_pem);
    write(name + ".key", pair.private_key_pem);
  }
  void write_client(const std::string& name, const std::string& uri) {
    write_pair(name, root.issue({.dns = {name}, .uri = {uri}, .usage = "clientAuth"}));
  }
  std::vector<std::string> server_flags(std::vector<std::string> others = {}) const {
    others.insert(others.begin(), {"--tls-cert", path("server.pem"), "--tls-key", path("server.key")});
    return others;
  }

  certificate_authority root{"Test Root"};
  certificate_authority other_root{"Other Root"};

 private:
  temporary_directory directory_;
};

/// Returns the value of a metric, read over TLS, or -1 if there is none.
double tls_metric(std::uint16_t port, const std::string& series) {
  const auto output = run_openssl(port, "-quiet", "/metrics");
  const auto line = output.find("\n" + series + " ");
  return line == std::string::npos ? -1 : std::stod(output.substr(line + series.size() + 2));
}

double handshake_count(std::uint16_t port, const std::string& result) {
  return tls_metric(port, "cohort_server_tls_handshakes_total{result=\"" + result + "\"}");
}

TEST_CASE("tls: OpenSSL's client receives a response over TLS 1.2 and TLS 1.3", "[integration][tls][threads]") {
  const certificate_files files;
  running_program service{"time-service", files.server_flags()};
  const auto port = service.port();
  const auto trusted = "-verify_return_error -verify_ip 127.0.0.1 -CAfile " + files.path("root.pem");
  const auto current = run_openssl(port, trusted + " -alpn h2,http/1.1");
  CHECK(contains(current, "TLSv1.3, Cipher is TLS_AES_"));
  CHECK(contains(current, "Verify return code: 0 (ok)"));
  CHECK(contains(current, "ALPN protocol: http/1.1"));
  CHECK(contains(current, "HTTP/1.1 200 OK"));
  CHECK(contains(current, "Strict-Transport-Security: max-age=31536000"));
  const auto previous = run_openssl(port, trusted + " -tls1_2");
  CHECK(contains(previous, "TLSv1.2, Cipher is ECDHE-ECDSA-AES"));
  CHECK(contains(previous, "HTTP/1.1 200 OK"));
  CHECK(service.stop() == 0);
}

/// Writes `rsa.pem` and `rsa.key`: a self-signed certificate with the names of `server.pem`.
void write_rsa_certificate(const certificate_files& files) {
  const auto command =
      "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext "
      "subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout " +
      files.path("rsa.key") + " -out " + files.path("rsa.pem");
  child_process shell{"/bin/sh", {"-c", command}};
  REQUIRE(shell.wait_for_exit() == 0);
}

TEST_CASE("tls: the client's signature algorithms select an RSA or an ECDSA certificate for one name",
          "[integration][tls][threads]") {
  const certificate_files files;
  write_rsa_certificate(files);
  running_program service{"time-service",
                          {"--tls-cert", files.path("server.pem") + "," + files.path("rsa.pem"), "--tls-key",
                           files.path("server.key") + "," + files.path("rsa.key")}};
  const auto port = service.port();
  const auto* const name = GENERATE("-servername localhost ", "-noservername ");
  CAPTURE(name);
  const auto signature_type_for = [&](const std::string& flags) {
    const auto output = run_openssl(port, name + flags);
    CHECK(contains(output, "HTTP/1.1 200 OK"));
    return contains(output, "Peer signature type: ECDSA") ? "ECDSA"
           : contains(output, "Peer signature type: RSA") ? "RSA"
                                                          : output;
  };
  CHECK(signature_type_for("-sigalgs rsa_pss_rsae_sha256") == "RSA");
  CHECK(signature_type_for("-sigalgs ecdsa_secp256r1_sha256") == "ECDSA");
  CHECK(signature_type_for("-sigalgs ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256") == "ECDSA");
  CHECK(signature_type_for("-tls1_2 -cipher aRSA") == "RSA");
  CHECK(signature_type_for("-tls1_2 -cipher aECDSA") == "ECDSA");
  CHECK(service.stop() == 0);
}

TEST_CASE("tls: handshakes that fail are rejected, logged once and counted", "[integration][tls][threads]") {
  const certificate_files files;
  running_program service{"time-service", files.server_flags()};
  const auto port = service.port();
  const auto flags = [&](const std::string& root) { return "-verify_return_error -CAfile " + files.path(root); };

  CHECK(contains(run_openssl(port, flags("other_root.pem")), "verify error"));
  CHECK(contains(run_openssl(port, flags("root.pem") + " -verify_hostname other.example"), "ostname mismatch"));
  const auto tls_1_1_output = run_openssl(port, "-tls1_1 -cipher DEFAULT@SECLEVEL=0");
  CHECK(contains(tls_1_1_output, "alert protocol version"));
  CHECK_FALSE(contains(tls_1_1_output, "HTTP/1.1"));
  CHECK(contains(run_openssl(port, "-tls1_2 -cipher AES128-SHA"), "alert handshake failure"));
  raw_connection plain{port};
  plain.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(plain.read_response().status == 400);
  CHECK(plain.wait_for_close());

  CHECK(handshake_count(port, "rejected_by_client") == 2);
  CHECK(handshake_count(port, "unsupported_version") == 1);
  CHECK(handshake_count(port, "no_common_parameters") == 1);
  CHECK(handshake_count(port, "not_tls") == 1);
  CHECK(service.stop() == 0);
  const auto log = service.process().output() + service.process().error_output();
  const auto count_lines = [&log](const std::string& result) {
    std::size_t count = 0;
    for (auto at = log.find("\"result\":\"" + result + "\""); at != std::string::npos;
         at = log.find("\"result\":\"" + result + "\"", at + 1)) {
      ++count;
    }
    return count;
  };
  CHECK(count_lines("rejected_by_client") == 2);
  CHECK(count_lines("unsupported_version") == 1);
  CHECK(count_lines("no_common_parameters") == 1);
  CHECK(count_lines("not_tls") == 1);
}

TEST_CASE(
    "tls: for invalid certificate or key files the program prints one line on standard error and exits with status 2",
    "[integration][tls][threads]") {
  const certificate_files files;
  const auto pem = files.path("server.pem");
  const auto key = files.path("server.key");
  certificate_authority root{"Root"};
  files.write_pair("other", root.issue({.dns = {"localhost"}}));
  files.write_pair("expired", root.issue({.dns = {"localhost"}, .not_before_offset = -2h, .validity_period = 1h}));
  files.write("empty.pem", "");
  const auto check = [](const std::vector<std::string>& flags, const std::string& error) {
    CAPTURE(error);
    const auto result = run_program("time-service", flags);
    CHECK(result.status == 2);
    CHECK(result.error.starts_with("time-service: " + error));
    CHECK(result.error.find('\n') == result.error.size() - 1);
  };
  const auto missing = files.path("missing.pem");
  check({"--tls-cert", missing, "--tls-key", key},
        "--tls-cert \"" + missing + "\": the file cannot be read: No such file or directory\n");
  check({"--tls-cert", pem, "--tls-key", missing},
        "--tls-key \"" + missing + "\": the file cannot be read: No such file or directory\n");
  check({"--tls-cert", key, "--tls-key", key}, "--tls-cert \"" + key + "\": no certificate in PEM format was found\n");
  check({"--tls-cert", pem}, "--tls-key \"" + pem + "\": no unencrypted private key in PEM format was found\n");
  check({"--tls-cert", pem, "--tls-key", files.path("other.key")},
        "--tls-key \"" + files.path("other.key") +
            "\": the private key does not match the certificate of --tls-cert \"" + pem + "\"\n");
  check({"--tls-cert", files.path("expired.pem"), "--tls-key", files.path("expired.key")},
        "--tls-cert \"" + files.path("expired.pem") + "\": the certificate expired on ");
  check(files.server_flags({"--tls-client-ca", files.path("empty.pem")}),
        "--tls-client-ca \"" + files.path("empty.pem") + "\": the file is empty\n");
  check({"--tls-key", key}, "--tls-key requires --tls-cert\n");
  check(files.server_flags({"--tls-allowed-client", "spiffe://a/b"}),
        "--tls-allowed-client requires --tls-client-ca\n");
  check({"--tls-allowed-client", "no URI"}, "--tls-allowed-client is \"no URI\", but must be one or more URIs");
}

TEST_CASE("tls: SIGHUP reloads the certificate, keeps connections, and keeps the old certificate on an error",
          "[integration][tls][threads]") {
  certificate_files files;
  running_program service{"time-service", files.server_flags()};
  const auto port = service.port();
  const auto verify = [&](const std::string& root) {
    return contains(run_openssl(port, "-verify_return_error -CAfile " + files.path(root)), "HTTP/1.1 200 OK");
  };
  CHECK(verify("root.pem"));
  // Sends the request after the reload.
  const auto command =
      "(sleep 2; printf 'GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n') | "
      "openssl s_client -connect 127.0.0.1:" +
      std::to_string(port) + " -ign_eof 2>&1";
  child_process open_connection{"/bin/sh", {"-c", command}};
  open_connection.wait_for_line("Verify return code");

  files.write("server.pem", "no certificate");
  service.process().signal(SIGHUP);
  service.process().wait_for_line("reload failed; the old value remains in use");
  CHECK(verify("root.pem"));

  files.write_pair("server", files.other_root.issue({.dns = {"localhost"}}));
  service.process().signal(SIGHUP);
  service.process().wait_for_line([](std::string_view line) {
    return line.find("\"setting\":\"TLS_CERT\"") != std::string_view::npos &&
           line.find("\"changed\":true") != std::string_view::npos;
  });
  CHECK(verify("other_root.pem"));
  CHECK_FALSE(verify("root.pem"));
  open_connection.wait_for_exit();
  CHECK(contains(open_connection.output(), "HTTP/1.1 200 OK"));
  CHECK(service.stop() == 0);
}

TEST_CASE("tls: /api requires an allowed client certificate, health and metrics require none",
          "[integration][tls][threads]") {
  certificate_files files;
  files.write_client("dashboard", "spiffe://example.org/dashboard");
  files.write_client("monitor", "spiffe://example.org/monitor");
  files.write_client("stranger", "spiffe://example.org/dashboard/other");
  certificate_authority other{"Other"};
  files.write_pair("foreign",
                   other.issue({.dns = {"x"}, .uri = {"spiffe://example.org/dashboard"}, .usage = "clientAuth"}));
  running_program service{"time-service",
                          files.server_flags({"--tls-client-ca", files.path("root.pem"), "--tls-allowed-client",
                                              "spiffe://example.org/dashboard,spiffe://example.org/admin",
                                              "--tls-allowed-client", "spiffe://example.org/monitor"})};
  const auto port = service.port();
  const auto status = [&](const std::string& client, const std::string& path) {
    const auto flags = client.empty()
                           ? std::string{}
                           : " -cert " + files.path(client + ".pem") + " -key " + files.path(client + ".key");
    const auto output = run_openssl(port, "-quiet" + flags, path);
    const auto line = output.find("HTTP/1.1 ");
    return line == std::string::npos ? std::string{"none"} : output.substr(line + 9, 3);
  };
  CHECK(status("", "/health") == "200");
  CHECK(status("", "/metrics") == "200");
  CHECK(status("", "/api/time") == "403");
  CHECK(status("", "/%61pi/time") == "403");
  CHECK(status("stranger", "/api/time") == "403");
  CHECK(status("dashboard", "/api/time") == "200");
  CHECK(status("monitor", "/api/time") == "200");
  files.write_pair("expired", files.root.issue({.dns = {"x"},
                                                .uri = {"spiffe://example.org/dashboard"},
                                                .usage = "clientAuth",
                                                .not_before_offset = -2h,
                                                .validity_period = 1h}));
  CHECK(status("expired", "/api/time") == "none");
  CHECK(status("foreign", "/api/time") == "none");
  CHECK(status("foreign", "/health") == "none");
  CHECK(handshake_count(port, "client_certificate_invalid") == 3);
  CHECK(tls_metric(port, "cohort_server_client_certificates_rejected_total{reason=\"missing\"}") == 2);
  CHECK(tls_metric(port, "cohort_server_client_certificates_rejected_total{reason=\"not_allowed\"}") == 1);
  CHECK(service.stop() == 0);
}

TEST_CASE("tls: the dashboard calls services with its client certificate, and does not request one from browsers",
          "[integration][tls][threads]") {
  certificate_files files;
  files.write_client("dashboard", "spiffe://example.org/dashboard");
  files.write_client("stranger", "spiffe://example.org/stranger");
  const std::vector<std::string> mutual_tls_flags{"--tls-client-ca", files.path("root.pem"), "--tls-allowed-client",
                                                  "spiffe://example.org/dashboard"};
  running_program service{"time-service", files.server_flags(mutual_tls_flags)};
  const auto url = "https://127.0.0.1:" + std::to_string(service.port());
  const auto time_of = [&](const std::string& client) {
    running_program dashboard{"dashboard-service",
                              files.server_flags(mutual_tls_flags),
                              {{"TIME_SERVICE_URL", url},
                               {"UPSTREAM_TLS_CA", files.path("root.pem")},
                               {"UPSTREAM_TLS_CERT", client.empty() ? "" : files.path(client + ".pem")},
                               {"UPSTREAM_TLS_KEY", client.empty() ? "" : files.path(client + ".key")}}};
    return run_openssl(dashboard.port(), "-quiet", "/api/time-proxy");
  };
  CHECK(contains(time_of("dashboard"), "HTTP/1.1 200 OK"));
  CHECK_FALSE(contains(time_of("stranger"), "HTTP/1.1 200 OK"));
  CHECK_FALSE(contains(time_of(""), "HTTP/1.1 200 OK"));
}

TEST_CASE("tls: the server name of OpenSSL's client selects the certificate", "[integration][tls][sni][threads]") {
  certificate_files files;
  files.write_pair("a", files.root.issue({.dns = {"a.example"}}));
  files.write_pair("wild", files.root.issue({.dns = {"*.wild.example"}}));
  const auto list = [&](const std::string& extension) {
    return files.path("server" + extension) + "," + files.path("a" + extension) + "," + files.path("wild" + extension);
  };
  running_program service{"time-service", {}, {{"TLS_CERT", list(".pem")}, {"TLS_KEY", list(".key")}}};
  const auto port = service.port();
  const auto is_verified_with = [&](const std::string& name, const std::string& expected) {
    const auto output = run_openssl(port, "-verify_return_error -CAfile " + files.path("root.pem") + " -servername " +
                                              name + " -verify_hostname " + expected);
    return contains(output, "HTTP/1.1 200 OK");
  };
  CHECK(is_verified_with("a.example", "a.example"));
  CHECK(is_verified_with("b.wild.example", "b.wild.example"));
  CHECK(is_verified_with("other.example", "localhost"));
  CHECK_FALSE(is_verified_with("other.example", "other.example"));
  CHECK_FALSE(is_verified_with("b.c.wild.example", "b.c.wild.example"));
}

TEST_CASE("tls: a plain listener redirects to the TLS listener", "[integration][tls][redirect][threads]") {
  const certificate_files files;
  running_program service{"time-service", files.server_flags({"--redirect-port", "0"})};
  const auto port = service.port();
  const auto line = service.process().wait_for_line("\"msg\":\"redirecting to https\"");
  const auto redirect_port = static_cast<std::uint16_t>(std::stoi(json_at(line, "/port")));
  const auto redirect_response = get(redirect_port, "/api/time?x=1", {{"Host", "localhost:80"}});
  CHECK(redirect_response.status == 308);
  CHECK(redirect_response.header("location") == "https://localhost:" + std::to_string(port) + "/api/time?x=1");
  CHECK(get(redirect_port, "/health").status == 308);
  CHECK(tls_metric(port, "cohort_server_https_redirects_total") == 2);
  CHECK(service.stop() == 0);
  CHECK(run_program("time-service", {"--redirect-port", "0"}).error ==
        "time-service: --redirect-port requires --tls-cert\n");
}

TEST_CASE("tls: the health check queries a TLS listener", "[integration][tls][threads]") {
  const certificate_files files;
  running_program service{"time-service", files.server_flags()};
  const auto port = std::to_string(service.port());
  CHECK(run_program("time-service", files.server_flags({"--port", port, "--healthcheck"})).status == 0);
  CHECK(run_program("time-service", {"--port", port, "--healthcheck"}).status == 1);
}

}  // namespace
}  // namespace cohort::test
