// SPDX-License-Identifier: BSL-1.0
// Tests the four programs with the certificates of deploy/tls/make-certificates, as in compose.tls.yml.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <memory>

#include "tests/integration/running_program.hpp"
#include "tests/integration/security/openssl_client.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* renewal_series = "cohort_setting_reloads_total{setting=\"TLS_CERT\",result=\"replaced\"}";

class tls_stack {
 public:
  tls_stack() {
    make_certificates();
    for (const auto* name : {"time-service", "system-info-service", "weather-service"}) {
      auto variables = server_variables(name);
      variables["TLS_CLIENT_CA"] = path(name, "ca.pem");
      variables["TLS_ALLOWED_CLIENT"] = "spiffe://cohort/dashboard-service";
      variables["WEATHER_SAMPLE"] = "true";
      services_.push_back(std::make_unique<running_program>(name, std::vector<std::string>{}, variables));
    }
    auto variables = server_variables("dashboard-service");
    variables["UPSTREAM_TLS_CA"] = path("dashboard-service", "ca.pem");
    variables["UPSTREAM_TLS_CERT"] = path("dashboard-service", "tls.pem");
    variables["UPSTREAM_TLS_KEY"] = path("dashboard-service", "tls.key");
    variables["TIME_SERVICE_URL"] = url(0);
    variables["SYSINFO_SERVICE_URL"] = url(1);
    variables["WEATHER_SERVICE_URL"] = url(2);
    services_.push_back(std::make_unique<running_program>("dashboard-service", std::vector<std::string>{}, variables));
  }

  /// Creates or renews the certificates.
  void make_certificates() const {
    const auto script = fs::path{COHORT_SOURCE_DIR} / "deploy/tls/make-certificates";
    child_process process{"/bin/bash", {script.string(), directory_.path().string(), "30"}};
    REQUIRE(process.wait_for_exit() == 0);
  }
  std::string path(const std::string& name, const std::string& file) const {
    return (directory_.path() / name / file).string();
  }
  std::string url(std::size_t index) { return "https://127.0.0.1:" + std::to_string(services_.at(index)->port()); }
  std::vector<std::unique_ptr<running_program>>& services() { return services_; }

  /// Sends a request with OpenSSL's client, with the certificate of `client` or without a certificate.
  std::string request(std::size_t index, const std::string& target, const std::string& client = {}) {
    const auto certificate =
        client.empty() ? std::string{} : " -cert " + path(client, "tls.pem") + " -key " + path(client, "tls.key");
    return run_openssl(services_.at(index)->port(),
                       "-quiet -verify_return_error -CAfile " + path("loadgen", "ca.pem") + certificate, target);
  }
  /// Returns whether a line of the metrics of a service starts with this text.
  bool has_metric(std::size_t index, const std::string& text) {
    return request(index, "/metrics").find("\n" + text) != std::string::npos;
  }

 private:
  child_process::environment server_variables(const std::string& name) const {
    return {{"TLS_CERT", path(name, "tls.pem")}, {"TLS_KEY", path(name, "tls.key")}};
  }

  temporary_directory directory_;
  std::vector<std::unique_ptr<running_program>> services_;
};

TEST_CASE("tls: make-certificates issues certificates for given names", "[integration][tls]") {
  const temporary_directory directory;
  const auto run = [&](const std::vector<std::string>& names) {
    std::vector<std::string> arguments{(fs::path{COHORT_SOURCE_DIR} / "deploy/tls/make-certificates").string(),
                                       directory.path().string(), "2"};
    arguments.insert(arguments.end(), names.begin(), names.end());
    child_process process{"/bin/bash", arguments};
    return process.wait_for_exit();
  };
  const auto verify = [&](const std::string& name, const std::string& host, const std::string& purpose) {
    const auto certificate = (directory.path() / name / "tls.pem").string();
    child_process process{"/usr/bin/openssl",
                          {"verify", "-CAfile", (directory.path() / "ca.pem").string(), "-verify_hostname", host,
                           "-purpose", purpose, certificate}};
    return process.wait_for_exit();
  };
  REQUIRE(run({"order-service", "pay.example.org"}) == 0);
  CHECK(verify("order-service", "order-service", "sslserver") == 0);
  CHECK(verify("order-service", "localhost", "sslclient") == 0);
  CHECK(verify("pay.example.org", "pay.example.org", "sslserver") == 0);
  CHECK(verify("pay.example.org", "order-service", "sslserver") != 0);
  CHECK_FALSE(fs::exists(directory.path() / "time-service"));
  for (const auto* invalid : {"", "../up", "a/b", "a b", "-a", "a..b"}) {
    CAPTURE(invalid);
    CHECK(run({invalid}) == 2);
  }
}

TEST_CASE("tls stack: the dashboard shows all services, which accept only the dashboard as a client",
          "[integration][tls][stack][threads]") {
  tls_stack stack;
  const auto aggregate = stack.request(3, "/api/aggregate");
  CHECK(contains(aggregate, "HTTP/1.1 200 OK"));
  for (const auto* part : {"error", "stale"})
    CHECK_FALSE(contains(aggregate, "\"state\":\"" + std::string{part} + "\""));
  CHECK(contains(aggregate, "\"state\":\"fresh\""));
  const std::vector<std::string> routes{"/api/time", "/api/sysinfo", "/api/weather"};
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(contains(stack.request(i, routes[i]), "HTTP/1.1 403 Forbidden"));
    CHECK(contains(stack.request(i, routes[i], "loadgen"), "HTTP/1.1 403 Forbidden"));
    CHECK(contains(stack.request(i, routes[i], "dashboard-service"), "HTTP/1.1 200 OK"));
    CHECK(contains(stack.request(i, "/health"), "HTTP/1.1 200 OK"));
  }
  for (auto& service : stack.services()) CHECK(service->stop() == 0);
}

TEST_CASE("tls stack: no request is lost while all certificates are renewed under load",
          "[integration][tls][stack][threads]") {
  tls_stack stack;
  child_process load{program_path("loadgen"),
                     {"-q", "-m", "constant", "-r", "40", "-d", "8", "--json", "-", "--cacert",
                      stack.path("loadgen", "ca.pem"), "--no-keep-alive", "--target",
                      "dashboard=" + stack.url(3) + "/api/aggregate", "--target", "time=" + stack.url(0) + "/health"}};
  for (int renewal = 1; renewal <= 3; ++renewal) {
    stack.make_certificates();
    for (std::size_t i = 0; i < 4; ++i) {
      const auto expected = renewal_series + (" " + std::to_string(renewal)) + "\n";
      CHECK(eventually([&] { return stack.has_metric(i, expected); }));
    }
  }
  load.wait_for_exit(std::chrono::seconds{60});
  const auto report = load.output();
  CAPTURE(report);
  const auto sent = json_at(report, "/totals/sent");
  CHECK(std::stoi(sent) > 100);
  CHECK(json_at(report, "/totals/outcomes/2xx") == sent);
  CHECK(stack.has_metric(3, "cohort_setting_reloads_total{setting=\"UPSTREAM_TLS_CERT\",result=\"replaced\"} 3\n"));
}

}  // namespace
}  // namespace cohort::test
