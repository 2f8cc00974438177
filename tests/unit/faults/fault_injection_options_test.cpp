// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/faults/fault_injection.hpp>
#include <cohort/service/service.hpp>
#include <cohort/service/settings.hpp>

namespace cohort {
namespace {

/// Parses these flags and environment variables like a program with fault injection.
struct parsed_options {
  explicit parsed_options(std::vector<const char*> flags, const config::environment& variables = {}) {
    faults::add_fault_injection(definition);
    config::options options{"worker", "", "1"};
    service::add_common_options(options, settings, "Port");
    definition.extensions.front()->add_options(options);
    flags.insert(flags.begin(), "worker");
    has_failed = options.parse(static_cast<int>(flags.size()), flags.data(), variables).has_value();
  }
  std::optional<std::string> find_conflict() const { return definition.extensions.front()->find_conflict(settings); }

  service::definition definition;
  service::common_settings settings;
  bool has_failed = false;
};

TEST_CASE("fault injection: --enable-faults conflicts with a public address without an API key", "[faults][settings]") {
  for (const auto* host : {"127.0.0.1", "127.9.9.9", "::1"}) {
    CAPTURE(host);
    CHECK_FALSE(parsed_options{{"--host", host, "--enable-faults"}}.find_conflict().has_value());
  }
  for (const auto* host : {"0.0.0.0", "::", "192.0.2.1", "2001:db8::1"}) {
    CAPTURE(host);
    CHECK_FALSE(parsed_options{{"--host", host}}.find_conflict().has_value());
    CHECK(
        parsed_options{{"--host", host, "--enable-faults"}}.find_conflict() ==
        "--host is \"" + std::string{host} +
            "\", but must be a loopback address such as 127.0.0.1 with --enable-faults (ENABLE_FAULTS), unless API_KEY "
            "is set");
    CHECK_FALSE(parsed_options({"--host", host, "--enable-faults"}, {{"API_KEY", "key"}}).find_conflict().has_value());
  }
}

TEST_CASE("fault injection: ENABLE_FAULTS accepts 0, 1, false and true", "[faults][settings]") {
  const auto conflict = [](const char* value) {
    return parsed_options({"--host", "0.0.0.0"}, {{"ENABLE_FAULTS", value}}).find_conflict().has_value();
  };
  CHECK(conflict("1"));
  CHECK(conflict("true"));
  CHECK_FALSE(conflict("0"));
  CHECK_FALSE(conflict("false"));
  CHECK(parsed_options({}, {{"ENABLE_FAULTS", "maybe"}}).has_failed);
}

TEST_CASE("fault injection: the services of one program share the flag --enable-faults", "[faults][settings]") {
  std::vector<service::definition> services(2);
  faults::add_fault_injection(services);
  config::options options{"program", "", "1"};
  for (const auto& service : services) service.extensions.front()->add_options(options);
  const std::vector<const char*> arguments{"program", "--enable-faults"};
  CHECK_FALSE(options.parse(static_cast<int>(arguments.size()), arguments.data(), {}).has_value());
  service::common_settings settings;
  settings.host = "0.0.0.0";
  for (const auto& service : services) CHECK(service.extensions.front()->find_conflict(settings).has_value());
}

}  // namespace
}  // namespace cohort
