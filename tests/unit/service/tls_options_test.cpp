// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/tls_options.hpp>

#include <catch2/catch_test_macros.hpp>

#include "tests/support/temporary_directory.hpp"
#include "tests/unit/net/tls/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// The options after parsing, or the error message.
struct parsed_options {
  explicit parsed_options(std::vector<const char*> arguments, const config::environment& variables = {}) {
    config::options options{"test", "Test.", "1"};
    add_tls_options(options, tls);
    arguments.insert(arguments.begin(), "test");
    if (const auto exit = options.parse(static_cast<int>(arguments.size()), arguments.data(), variables)) {
      error = exit->text;
    }
  }
  std::vector<std::string> allowed_clients() const {
    std::vector<std::string> uris;
    for (const auto& list : tls.allowed_clients) uris.insert(uris.end(), list.begin(), list.end());
    return uris;
  }
  service::tls_options tls;
  std::string error;
};

TEST_CASE("tls options: allowed clients are lists in a variable, or in repeated flags", "[service][tls]") {
  const std::vector<std::string> both{"spiffe://a/1", "spiffe://a/2"};
  CHECK(parsed_options{{}, {{"TLS_ALLOWED_CLIENT", "spiffe://a/1,spiffe://a/2"}}}.allowed_clients() == both);
  CHECK(parsed_options{{"--tls-allowed-client", "spiffe://a/1", "--tls-allowed-client", "spiffe://a/2"}}
            .allowed_clients() == both);
  for (const auto* invalid : {"name", "spiffe://a/1,", ",spiffe://a/1", "spiffe://a/1, spiffe://a/2"}) {
    CAPTURE(invalid);
    CHECK(parsed_options{{"--tls-allowed-client", invalid}}.error.starts_with("test: --tls-allowed-client is \""));
  }
  CHECK(parsed_options{{}, {{"TLS_ALLOWED_CLIENT", ""}}}.allowed_clients().empty());
}

TEST_CASE("tls options: options that need another one are conflicts without it", "[service][tls]") {
  const auto conflict_of = [](std::vector<const char*> arguments) {
    return find_conflict(parsed_options{std::move(arguments)}.tls).value_or("none");
  };
  CHECK(conflict_of({}) == "none");
  CHECK(conflict_of({"--tls-cert", "a"}) == "none");
  CHECK(conflict_of({"--tls-key", "a"}) == "--tls-key requires --tls-cert");
  CHECK(conflict_of({"--tls-client-ca", "a"}) == "--tls-client-ca requires --tls-cert");
  CHECK(conflict_of({"--tls-cert", "a", "--tls-allowed-client", "spiffe://a/1"}) ==
        "--tls-allowed-client requires --tls-client-ca");
  CHECK(conflict_of({"--upstream-tls-key", "a"}) == "--upstream-tls-key requires --upstream-tls-cert");
}

TEST_CASE("tls options: the certificate's file can contain the key", "[service][tls]") {
  certificate_authority root{"Test Root"};
  const auto leaf = issue_server_certificate(root);
  const temporary_directory directory;
  service::tls_options tls;
  tls.certificate_file = directory.write("both.pem", leaf.certificate_pem + leaf.private_key_pem);
  net::tls_server_settings settings;
  CHECK_FALSE(read_server_tls(tls, settings).has_value());
  CHECK_FALSE(find_error(settings).has_value());
}

TEST_CASE("tls options: a file that is not regular is an error", "[service][tls]") {
  const temporary_directory directory;
  service::tls_options tls;
  tls.certificate_file = directory.path();
  net::tls_server_settings settings;
  CHECK(read_server_tls(tls, settings) == "--tls-cert \"" + tls.certificate_file + "\": not a regular file");
}

TEST_CASE("tls options: a reload replaces a changed certificate, and keeps the old one on an error", "[service][tls]") {
  using config::reload_outcome;
  certificate_authority root{"Test Root"};
  const temporary_directory directory;
  service::tls_options tls;
  const auto write = [&](const certificate_and_key& leaf) {
    tls.certificate_file = directory.write("server.pem", leaf.certificate_pem + leaf.private_key_pem);
  };
  write(issue_server_certificate(root));
  net::tls_server_settings settings;
  REQUIRE_FALSE(read_server_tls(tls, settings).has_value());
  const auto context = std::make_shared<net::tls_server_context>(settings);
  const auto reload = reload_server_tls(tls, context, settings);
  CHECK(reload().outcome == reload_outcome::unchanged);
  write(issue_server_certificate(root));
  CHECK(reload().outcome == reload_outcome::replaced);
  CHECK(reload().outcome == reload_outcome::unchanged);
  directory.write("server.pem", "");
  const auto failed = reload();
  CHECK(failed.outcome == reload_outcome::failed);
  CHECK(failed.error.ends_with("the file is empty"));
}

}  // namespace
}  // namespace cohort
