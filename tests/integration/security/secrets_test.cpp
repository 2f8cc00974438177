// SPDX-License-Identifier: BSL-1.0
// Tests that the outputs of a program and its files in /proc contain no secrets.
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <fstream>
#include <iterator>

#include "tests/integration/running_program.hpp"
#include "tests/integration/security/openssl_client.hpp"
#include "tests/support/net/certificate_authority.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string proc_file(const child_process& process, const std::string& name) {
  return read_file("/proc/" + std::to_string(process.pid()) + "/" + name);
}

std::string text_of(const response& response) { return response.raw_head + response.body; }

constexpr const char* api_key = "Kq7-recognisable-api-key";
constexpr const char* signing_key = "Sg4-recognisable-session-secret";
constexpr const char* proxy_password = "Px9-recognisable-password";
constexpr const char* collector_token = "Ot2-recognisable-token";
constexpr const char* guessed_key = "Gs2-recognisable-guess";

/// All outputs of a program, and the secrets that must not be part of them.
struct disclosure_check {
  std::string shown;
  std::vector<std::string> secrets{api_key, signing_key, proxy_password, collector_token, guessed_key};

  void add(const response& response) { shown += text_of(response); }
  void add_process(const child_process& process) {
    shown += process.output() + process.error_output() + proc_file(process, "cmdline") + proc_file(process, "environ");
  }
  void check() const {
    for (const auto& secret : secrets) {
      const auto at = shown.find(secret);
      if (at != std::string::npos) FAIL_CHECK(secret << " in: " << shown.substr(at < 200 ? 0 : at - 200, 400));
    }
  }
};

const child_process::environment secret_variables{
    {"DASHBOARD_SECRET_KEY", signing_key},
    {"https_proxy", "http://user:" + std::string{proxy_password} + "@127.0.0.1:1"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"},
    {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=" + std::string{collector_token}},
    {"OTEL_LOGS_EXPORTER", "otlp"},
    {"WEATHER_SAMPLE", "true"},
    {"LOG_LEVEL", "trace"}};

TEST_CASE("secrets: no output of the stack contains a secret, for valid and invalid requests",
          "[integration][threads]") {
  disclosure_check result;
  running_program stack{"cohort-stack", {"--api-key", api_key}, secret_variables};
  const auto dashboard = stack.port_of("dashboard-service");
  const auto sign_in_response = request(dashboard, "POST", "/session", {{"X-API-Key", api_key}});
  const auto cookie = sign_in_response.header("set-cookie").substr(0, sign_in_response.header("set-cookie").find(';'));
  REQUIRE(sign_in_response.status == 204);
  // Only the response that issues the cookie contains the cookie.
  result.secrets.push_back(cookie.substr(cookie.find('=') + 1));

  for (const std::string service : {"time-service", "system-info-service", "weather-service", "dashboard-service"}) {
    const auto port = stack.port_of(service);
    for (const std::string path : {"/api/time", "/api/aggregate", "/api/unknown", "/", "/unknown", "/health"}) {
      result.add(get(port, path, {{"X-API-Key", api_key}}));
      result.add(get(port, path + "?key=" + api_key, {{"Authorization", "Bearer " + std::string{api_key}}}));
      result.add(get(port, path, {{"X-API-Key", guessed_key}}));
      result.add(get(port, path, {{"Cookie", cookie}}));
      result.add(request(port, "DELETE", path, {{"X-API-Key", api_key}}, std::string{api_key}));
    }
    for (const std::string field : {"X-API-Key : ", "X-API-Key: \x01", "Cookie: \r\n ", "Content-Length: "}) {
      raw_connection malformed{port};
      malformed.send("GET /api/time HTTP/1.1\r\nHost: x\r\n" + field + api_key + "\r\n\r\n");
      result.add(malformed.read_response());
    }
    result.add(get(port, "/metrics"));
  }
  result.add(request(dashboard, "DELETE", "/session", {{"Cookie", cookie}}));
  result.add(get(dashboard, "/api/aggregate", {{"Cookie", cookie}}));
  stack.process().signal(SIGHUP);
  stack.process().wait_for_line("SIGHUP ignored");

  // The files contain the names of the settings, so the test reads the correct files.
  CHECK(contains(proc_file(stack.process(), "cmdline"), "--api-key"));
  CHECK(contains(proc_file(stack.process(), "environ"), "DASHBOARD_SECRET_KEY="));
  CHECK(contains(proc_file(stack.process(), "environ"), "https_proxy=http://"));
  result.add_process(stack.process());
  CHECK(stack.stop() == 0);
  result.shown += stack.process().output() + stack.process().error_output();
  CHECK(contains(result.shown, "/api/unknown"));
  result.check();
}

TEST_CASE("secrets: a key in the environment or in a flag is not visible in /proc", "[integration][threads]") {
  disclosure_check result;
  auto variables = secret_variables;
  variables.erase("DASHBOARD_SECRET_KEY");  // not a setting of this program
  running_program service_with_flag{"time-service", {"--api-key=" + std::string{api_key}}, variables};
  service_with_flag.port();
  variables["API_KEY"] = api_key;
  running_program service_with_variable{"time-service", {}, variables};
  CHECK(get(service_with_variable.port(), "/api/time", {{"X-API-Key", api_key}}).status == 200);
  result.add_process(service_with_flag.process());
  result.add_process(service_with_variable.process());
  CHECK(contains(result.shown, "--api-key="));
  CHECK(contains(result.shown, std::string{'\0'} + "API_KEY="));
  result.check();
}

TEST_CASE("secrets: successful and failed reloads and TLS handshakes disclose no secret",
          "[integration][tls][threads]") {
  const temporary_directory directory;
  certificate_authority authority{"Test Root"};
  const auto pair = authority.issue({.dns = {"localhost"}, .ip = {"127.0.0.1"}});
  const auto certificate = directory.write("server.pem", pair.certificate_pem).string();
  const auto private_key = directory.write("server.key", pair.private_key_pem).string();
  const auto keys = directory.write("keys", "first: " + std::string{api_key} + "\n").string();
  disclosure_check result;
  result.secrets.push_back(pair.private_key_pem.substr(pair.private_key_pem.find('\n') + 1, 40));
  running_program service{"time-service",
                          {"--tls-cert", certificate, "--tls-key", private_key, "--log-level", "trace"},
                          {{"API_KEY_FILE", keys}}};
  const auto port = service.port();
  raw_connection plain{port};
  plain.send("GET / HTTP/1.1\r\nX-API-Key: " + std::string{api_key} + "\r\n\r\n");
  plain.wait_for_close();
  const auto rejected = run_openssl(port, "-quiet", "/api/time", "X-API-Key: " + std::string{guessed_key} + "\r\n");
  CHECK(contains(rejected, "Invalid API key"));
  result.shown += rejected;

  directory.write("keys", "two words " + std::string{api_key} + ": x\n");
  directory.write("server.key", pair.private_key_pem.substr(0, pair.private_key_pem.size() / 2));
  service.process().signal(SIGHUP);
  service.process().wait_for_line("invalid name");
  service.process().wait_for_line("TLS_CERT");
  result.add_process(service.process());
  CHECK(service.stop() == 0);
  result.shown += service.process().output() + service.process().error_output();
  result.check();
}

TEST_CASE("secrets: neither --help nor errors about settings disclose a secret", "[integration][threads]") {
  disclosure_check result;
  auto variables = secret_variables;
  variables["API_KEY"] = api_key;
  const std::string url = "http://user:" + std::string{proxy_password} + "@host:port/";
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"--help"},
                                                                     {"--version"},
                                                                     {"--port", "x"},
                                                                     {"--api-kye", api_key},
                                                                     {"--api-key", "two words " + std::string{api_key}},
                                                                     {api_key},
                                                                     {"--time-service-url", url},
                                                                     {"--time-service-url=" + url}}) {
    const auto outcome = run_program("dashboard-service", arguments, variables);
    CHECK_FALSE((outcome.output + outcome.error).empty());
    result.shown += outcome.output + outcome.error;
  }
  result.check();
}

TEST_CASE("secrets: a running loadgen discloses no secret in /proc and in its report", "[integration][threads]") {
  disclosure_check result;
  running_program service{"time-service", {}, {{"API_KEY", api_key}}};
  const std::string field = "Cookie: session=" + std::string{guessed_key};
  child_process loadgen{program_path("loadgen"),
                        {"--api-key", api_key, "-H", field, "--header=" + field, "-H" + field, "-m", "balanced", "-d",
                         "3", "-r", "20", "--target", service.url() + "/api/time", "--json", "-"},
                        {}};
  while (metric(service.port(), "time_service_api_key_requests_total{key=\"key-1\"}") < 1) {
  }
  CHECK(contains(proc_file(loadgen, "cmdline"), "--api-key"));
  result.add_process(loadgen);
  loadgen.wait_for_exit();  // not 0 on an overloaded machine
  result.shown += loadgen.output() + loadgen.error_output();
  CHECK(contains(result.shown, "Total Requests"));
  result.check();
}

}  // namespace
}  // namespace cohort::test
