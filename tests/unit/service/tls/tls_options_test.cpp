// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/tls/tls_options.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort {
namespace {

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
  service::tls_options tls;
  std::string error;
};

TEST_CASE("tls options: allowed clients are given as a list in a variable, or in repeated flags", "[service][tls]") {
  const std::vector<std::string> uris{"spiffe://a/1", "spiffe://a/2"};
  CHECK(parsed_options{{}, {{"TLS_ALLOWED_CLIENT", "spiffe://a/1,spiffe://a/2"}}}.tls.allowed_client_uris() == uris);
  CHECK(parsed_options{{"--tls-allowed-client", "spiffe://a/1", "--tls-allowed-client", "spiffe://a/2"}}
            .tls.allowed_client_uris() == uris);
  for (const auto* invalid : {"name", "spiffe://a/1,", ",spiffe://a/1", "spiffe://a/1, spiffe://a/2"}) {
    CAPTURE(invalid);
    CHECK(parsed_options{{"--tls-allowed-client", invalid}}.error.starts_with("test: --tls-allowed-client is \""));
  }
  CHECK(parsed_options{{}, {{"TLS_ALLOWED_CLIENT", ""}}}.tls.allowed_client_uris().empty());
}

TEST_CASE("tls options: an option without its required option is a conflict", "[service][tls]") {
  const auto conflict_text = [](std::vector<const char*> arguments) {
    return find_conflict(parsed_options{std::move(arguments)}.tls).value_or("none");
  };
  CHECK(conflict_text({}) == "none");
  CHECK(conflict_text({"--tls-cert", "a"}) == "none");
  CHECK(conflict_text({"--tls-key", "a"}) == "--tls-key requires --tls-cert");
  CHECK(conflict_text({"--tls-client-ca", "a"}) == "--tls-client-ca requires --tls-cert");
  CHECK(conflict_text({"--tls-cert", "a", "--tls-allowed-client", "spiffe://a/1"}) ==
        "--tls-allowed-client requires --tls-client-ca");
  CHECK(conflict_text({"--redirect-port", "80"}) == "--redirect-port requires --tls-cert");
  CHECK(conflict_text({"--tls-cert", "a,b", "--tls-key", "c"}) ==
        "--tls-cert has 2 files, but --tls-key has 1 file; give one key for each certificate, in the same order");
  CHECK(conflict_text({"--tls-cert", "a", "--tls-cert", "b", "--tls-key", "c,d"}) == "none");
  CHECK(conflict_text({"--upstream-tls-key", "a"}) == "--upstream-tls-key requires --upstream-tls-cert");
}

TEST_CASE("tls options: certificates are given as a list in a variable, or in repeated flags", "[service][tls]") {
  const std::vector<std::string> files{"a.pem", "b.pem"};
  const parsed_options variable_options{{}, {{"TLS_CERT", "a.pem,b.pem"}, {"TLS_KEY", "a.key,b.key"}}};
  CHECK(variable_options.tls.certificates() == files);
  CHECK(variable_options.tls.private_keys() == std::vector<std::string>{"a.key", "b.key"});
  const parsed_options flag_options{{"--tls-cert", "a.pem", "--tls-cert", "b.pem"}};
  CHECK(flag_options.tls.certificates() == files);
  CHECK(flag_options.tls.private_keys() == files);
  CHECK(parsed_options{{"--tls-cert", "a.pem,"}}.error.starts_with(
      "test: --tls-cert is \"a.pem,\", but must be one or more file names, separated by commas"));
}

}  // namespace
}  // namespace cohort
