// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/tls/program_tls.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cohort/service/tls/tls_files.hpp>
#include <cohort/telemetry/metrics.hpp>
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/net/tls/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("tls files: the certificate file can also contain the key", "[service][tls]") {
  certificate_authority root{"Test Root"};
  const auto leaf = issue_server_certificate(root);
  const temporary_directory directory;
  service::tls_options tls;
  tls.certificate_files = {{directory.write("both.pem", leaf.certificate_pem + leaf.private_key_pem).string()}};
  net::tls_server_settings settings;
  CHECK_FALSE(read_server_tls(tls, settings).has_value());
  CHECK_FALSE(find_error(settings).has_value());
}

TEST_CASE("tls files: a path that is not a regular file is an error", "[service][tls]") {
  const temporary_directory directory;
  service::tls_options tls;
  tls.certificate_files = {{directory.path().string()}};
  net::tls_server_settings settings;
  CHECK(read_server_tls(tls, settings) == "--tls-cert \"" + directory.path().string() + "\": not a regular file");
}

TEST_CASE("tls files: a key that does not match the certificate is an error that names both files", "[service][tls]") {
  certificate_authority root{"Test Root"};
  const auto first = root.issue({.dns = {"a.example"}});
  const auto second = root.issue({.dns = {"b.example"}});
  const temporary_directory directory;
  const auto write = [&](const char* name, const std::string& text) { return directory.write(name, text).string(); };
  const auto key = write("a.key", first.private_key_pem);
  const auto certificate = write("b.pem", second.certificate_pem);
  service::tls_options tls;
  tls.certificate_files = {{write("a.pem", first.certificate_pem), certificate}};
  tls.private_key_files = {{key, key}};
  net::tls_server_settings settings;
  CHECK(read_server_tls(tls, settings) == "--tls-key \"" + key +
                                              "\": the private key does not match the certificate of --tls-cert \"" +
                                              certificate + "\"");
}

/// Certificate files of a program, which can be replaced.
class program_tls_fixture {
 public:
  program_tls_fixture() {
    write("server.pem");
    write("client.pem");
    options.certificate_files = {{path("server.pem")}};
    options.upstream_certificate_file = path("client.pem");
  }
  std::string path(const char* name) const { return (directory.path() / name).string(); }
  void write(const char* name, std::chrono::seconds validity_period = std::chrono::hours{24}) {
    const auto leaf = root.issue({.dns = {"a.example"}, .validity_period = validity_period});
    directory.write(name, leaf.certificate_pem + leaf.private_key_pem);
  }
  double not_after(const char* name) {
    return metrics.make_gauge("cohort_tls_certificate_not_after_timestamp_seconds", "", {{"file", path(name)}}).value();
  }
  void add_reloads() {
    REQUIRE_FALSE(tls.load(options).has_value());
    tls.add_reloads(settings, {&metrics}, [this](const net::tls_client_settings& tls_client_settings) {
      upstream.push_back(tls_client_settings);
    });
  }
  /// Returns the outcome of the reload of the first or second setting.
  config::reload_outcome reload(std::size_t index) { return settings.reload().at(index).result.outcome; }

  certificate_authority root{"Test Root"};
  temporary_directory directory;
  service::tls_options options;
  service::program_tls tls;
  telemetry::registry metrics{1};
  config::reloader settings;
  std::vector<net::tls_client_settings> upstream;
};

TEST_CASE("program tls: a reload replaces a changed server certificate, and keeps the old certificate on an error",
          "[service][tls]") {
  using config::reload_outcome;
  program_tls_fixture fixture;
  fixture.add_reloads();
  const auto first_expiry = fixture.not_after("server.pem");
  CHECK(first_expiry > 1.7e9);
  CHECK(fixture.reload(0) == reload_outcome::unchanged);
  fixture.write("server.pem", std::chrono::hours{48});
  CHECK(fixture.reload(0) == reload_outcome::replaced);
  CHECK(fixture.not_after("server.pem") > first_expiry + 23 * 3600);
  CHECK(fixture.reload(0) == reload_outcome::unchanged);
  fixture.directory.write("server.pem", "");
  const auto failed_reload = fixture.settings.reload().at(0);
  CHECK(failed_reload.setting == "TLS_CERT");
  CHECK(failed_reload.result.outcome == reload_outcome::failed);
  CHECK(failed_reload.result.error.ends_with("the file is empty"));
  CHECK(fixture.not_after("server.pem") > first_expiry + 23 * 3600);
}

TEST_CASE("program tls: a reload replaces a changed client certificate, and keeps the old certificate on an error",
          "[service][tls]") {
  using config::reload_outcome;
  program_tls_fixture fixture;
  fixture.add_reloads();
  CHECK(fixture.settings.settings() == std::vector<std::string>{"TLS_CERT", "UPSTREAM_TLS_CERT"});
  CHECK(fixture.reload(1) == reload_outcome::unchanged);
  fixture.write("client.pem", std::chrono::hours{48});
  CHECK(fixture.reload(1) == reload_outcome::replaced);
  REQUIRE(fixture.upstream.size() == 1);
  CHECK(fixture.upstream[0].certificate_chain != fixture.tls.upstream().trusted_certificates);
  CHECK(fixture.not_after("client.pem") > fixture.not_after("server.pem") + 23 * 3600);
  fixture.directory.write("client.pem", "no certificate");
  CHECK(fixture.reload(1) == reload_outcome::failed);
  CHECK(fixture.upstream.size() == 1);
}

}  // namespace
}  // namespace cohort
