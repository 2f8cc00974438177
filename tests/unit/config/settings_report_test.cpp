// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <fstream>

#include <cohort/config/options.hpp>
#include "tests/support/temporary_directory.hpp"

namespace cohort {
namespace {

using config::setting_report;
using value_source = setting_report::value_source;

/// Settings of each type.
struct report_fixture {
  report_fixture() {
    options.add(level, {"-l,--level", "LEVEL", "level"}, config::one_of({"low", "high"}), level);
    options.add(url, {"--url", "URL", "address"}, config::visible_ascii("an address"));
    options.add_secret(secret, {"--secret", "SECRET", "secret"});
    options.add_switch(flag, {"--flag", "FLAG", "switch"});
  }
  setting_report report_of(std::string_view name) {
    const auto reports = options.report();
    const auto found = std::ranges::find(reports, name, &setting_report::flag);
    REQUIRE(found != reports.end());
    return *found;
  }
  void parse(std::vector<const char*> arguments, const config::environment& variables = {}) {
    arguments.insert(arguments.begin(), "program");
    const auto exit = options.parse(static_cast<int>(arguments.size()), arguments.data(), variables);
    REQUIRE_FALSE(exit);
  }

  std::string level = "low";
  std::string url;
  std::string secret;
  bool flag = false;
  config::options options{"program", "A program", "1.0"};
};

TEST_CASE("settings report: a setting that is not given has its default", "[config]") {
  report_fixture fixture;
  fixture.parse({});
  CHECK(fixture.report_of("--level").value == "low");
  CHECK(fixture.report_of("--level").source == value_source::default_value);
  CHECK(fixture.report_of("--level").variable == "LEVEL");
  CHECK(fixture.report_of("--flag").value == "false");
  CHECK(fixture.report_of("--secret").value.empty());
}

TEST_CASE("settings report: the source is the flag or the variable", "[config]") {
  report_fixture fixture;
  fixture.parse({"--level", "high"}, {{"LEVEL", "low"}, {"FLAG", "true"}});
  CHECK(fixture.report_of("--level").value == "high");
  CHECK(fixture.report_of("--level").source == value_source::flag);
  CHECK(fixture.report_of("--flag").value == "true");
  CHECK(fixture.report_of("--flag").source == value_source::variable);
}

TEST_CASE("settings report: secrets and the passwords of URLs are omitted", "[config]") {
  report_fixture fixture;
  fixture.parse({"--url", "http://user:pass-word@there.test/"}, {{"SECRET", "s3cret-value"}});
  CHECK(fixture.report_of("--secret").value == "(secret)");
  CHECK(fixture.report_of("--secret").source == value_source::variable);
  for (const auto& setting : fixture.options.report()) {
    CHECK(setting.value.find("s3cret-value") == std::string::npos);
    CHECK(setting.value.find("pass-word") == std::string::npos);
  }
}

TEST_CASE("settings report: a secret that is read from a file is reported with the name of the file", "[config]") {
  const test::temporary_directory directory;
  const auto path = directory.path() / "secret";
  std::ofstream{path} << "s3cret-value\n";
  report_fixture fixture;
  fixture.parse({}, {{"SECRET_FILE", path.string()}});
  CHECK(fixture.report_of("--secret").value == "(secret)");
  CHECK(fixture.report_of("--secret").file == path.string());
  CHECK(fixture.secret == "s3cret-value");
}

}  // namespace
}  // namespace cohort
