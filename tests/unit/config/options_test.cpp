// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/options.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/config/options_fixture.hpp"

namespace cohort::config {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

TEST_CASE("options: settings keep their defaults without flags and variables", "[config][options]") {
  sample_program program;
  CHECK_FALSE(program.parse({}));
  CHECK(program.port == 5001);
  CHECK(program.level == "info");
  CHECK(program.token == "unset");
  CHECK_FALSE(program.workers);
  CHECK_FALSE(program.verbose);
}

TEST_CASE("options: a flag takes precedence over the variable, and the variable over the default",
          "[config][options]") {
  struct row {
    std::vector<std::string> flags;
    environment variables;
    std::uint16_t port;
  };
  const auto test_case =
      GENERATE(row{{"--port", "81"}, {{"SAMPLE_PORT", "82"}}, 81},  //
               row{{"--port=81"}, {{"SAMPLE_PORT", "82"}}, 81},     //
               row{{}, {{"SAMPLE_PORT", "82"}}, 82},                //
               row{{}, {{"SAMPLE_PORT", ""}}, 5001},                // an empty variable counts as unset
               row{{"--port", "81"}, {{"SAMPLE_PORT", "x"}}, 81},   // the overridden value is not parsed
               row{{}, {{"PORT", "82"}, {"sample_port", "83"}}, 5001});
  sample_program program;
  CHECK_FALSE(program.parse(test_case.flags, test_case.variables));
  CHECK(program.port == test_case.port);
}

TEST_CASE("options: every type of setting can be set by flag and by variable", "[config][options]") {
  sample_program flags;
  CHECK_FALSE(flags.parse({"--log-level", "debug", "--name=a b", "--token", "s3cret", "--workers", "3", "--verbose"}));
  CHECK(flags.level == "debug");
  CHECK(flags.name == "a b");
  CHECK(flags.token == "s3cret");
  CHECK(flags.workers == 3);
  CHECK(flags.verbose);

  sample_program variables;
  CHECK_FALSE(
      variables.parse({}, {{"SAMPLE_LOG_LEVEL", "debug"}, {"SAMPLE_TOKEN", "s3cret"}, {"SAMPLE_WORKERS", "3"}}));
  CHECK(variables.level == "debug");
  CHECK(variables.token == "s3cret");
  CHECK(variables.workers == 3);
}

TEST_CASE("options: the text of a value is not changed", "[config][options]") {
  const std::string value = GENERATE("[a,b]", "{}", "\"quoted\"", "%%", "a=b", "a,b", "-", "tr\\ue", " blank ", "#x");
  CAPTURE(value);
  sample_program program;
  CHECK_FALSE(program.parse({"--name=" + value}));
  CHECK(program.name == value);
  sample_program second_program;
  CHECK_FALSE(second_program.parse({"--name", value}));
  CHECK(second_program.name == value);
}

TEST_CASE("options: a list contains the values of all its flags in order", "[config][options]") {
  std::vector<std::string> headers;
  std::vector<std::int64_t> sizes;
  options settings("sample", "", "1");
  settings.add_list(headers, {"-H,--header", "", "Header field of each request"}, text());
  settings.add_list(sizes, {"--size", "", "Size"}, integer(1, 9));

  SECTION("the flag is given by its short and its long name") {
    const char* const argv[] = {"sample", "-H", "[a,b]", "--header=c d", "--size", "3", "-H", "{\"e\":1}"};
    CHECK_FALSE(settings.parse(8, argv, {}));
    CHECK(headers == std::vector<std::string>{"[a,b]", "c d", "{\"e\":1}"});
    CHECK(sizes == std::vector<std::int64_t>{3});
  }
  SECTION("a flag takes only one argument") {
    const char* const argv[] = {"sample", "-H", "a", "b"};
    CHECK(settings.parse(4, argv, {}).has_value());
  }
  SECTION("an error contains the long name of the flag") {
    options mode_options("sample", "", "1");
    mode_options.add_list(sizes, {"-s,--size", "", "Size"}, integer(1, 9));
    const char* const argv[] = {"sample", "-s", "3", "-s", "12"};
    const auto exit = mode_options.parse(5, argv, {});
    REQUIRE(exit);
    CHECK_THAT(exit->text, StartsWith("sample: --size is \"12\", but must be"));
  }
}

TEST_CASE("options: the error for an invalid value is one line with the name, the value and the accepted values",
          "[config][options]") {
  struct row {
    std::vector<std::string> flags;
    environment variables;
    std::string line;
  };
  const std::string ports = "but must be a port from 0 to 65535 (0: the system chooses)";
  const auto test_case = GENERATE_COPY(
      row{{"--port", "http"}, {}, "--port is \"http\", " + ports},
      row{{"--port", "65536"}, {{"SAMPLE_PORT", "80"}}, "--port is \"65536\", " + ports},
      row{{"--port", "-1"}, {}, "--port is \"-1\", " + ports},
      row{{}, {{"SAMPLE_PORT", "8080 "}}, "SAMPLE_PORT is \"8080 \", " + ports},
      row{{}, {{"SAMPLE_LOG_LEVEL", "loud"}}, "SAMPLE_LOG_LEVEL is \"loud\", but must be one of debug, info"},
      row{{"--workers", "0"}, {}, "--workers is \"0\", but must be an integer from 1 to 64"},
      row{{},
          {{"SAMPLE_WORKERS", "a\nb\x1b[2J\xff"}},
          "SAMPLE_WORKERS is \"a?b?[2J?\", but must be an integer from 1 to 64"},
      row{{},
          {{"SAMPLE_PORT", std::string(200, '9')}},
          "SAMPLE_PORT is \"" + std::string(80, '9') + "\u2026\", " + ports});
  sample_program program;
  CHECK(usage_error_line(program.parse(test_case.flags, test_case.variables)) == "sample-service: " + test_case.line);
}

TEST_CASE("options: the error for several invalid values is one line", "[config][options]") {
  sample_program program;
  usage_error_line(program.parse({"--port", "x", "--workers", "y"}, {{"SAMPLE_LOG_LEVEL", "z"}}));
}

TEST_CASE("options: the error for a malformed command line is one line that refers to --help", "[config][options]") {
  const auto flags = GENERATE(values<std::vector<std::string>>({{"--prot", "80"},
                                                                {"--port"},
                                                                {"extra"},
                                                                {"-x"},
                                                                {"--verbose=maybe"},
                                                                {"--port", "80", "--port", "81"},
                                                                {"--token", "a", "--token", "b"},
                                                                {"--", "more"},
                                                                {"--a\nb"}}));
  sample_program program;
  const auto line = usage_error_line(program.parse(flags));
  CHECK_THAT(line, ContainsSubstring("--help"));
}

TEST_CASE("options: an unknown option is reported without its value", "[config][options]") {
  const auto flags = GENERATE(values<std::vector<std::string>>(
      {{"--prot"}, {"--prot", "80"}, {"--prot=80"}, {"80", "--prot"}, {"--port", "80", "--prot", "80", "--more"}}));
  sample_program program;
  CHECK(usage_error_line(program.parse(flags)) == "sample-service: unknown option \"--prot\" (see --help)");
}

TEST_CASE("options: a missing value is reported with its flag", "[config][options]") {
  const auto flag = GENERATE("--port", "--port=");
  sample_program program;
  CHECK_THAT(usage_error_line(program.parse({flag})), ContainsSubstring("--port"));
}

TEST_CASE("options: a repeated flag is reported", "[config][options]") {
  sample_program program;
  CHECK_THAT(usage_error_line(program.parse({"--port", "80", "--port", "81"})), ContainsSubstring("--port"));
}

/// Returns the lines of `help` about `flag`.
std::string help_lines(const std::string& help, const std::string& flag) {
  const auto from = help.find("  " + flag + " ");
  if (from == std::string::npos) return {};
  const auto to = help.find("\n  -", from + 1);
  return help.substr(from, to == std::string::npos ? to : to - from);
}

TEST_CASE("options: --help lists each setting with its variable and default", "[config][options]") {
  const std::string flag = GENERATE("-h", "--help");
  sample_program program;
  const auto exit = program.parse({flag});
  REQUIRE(exit);
  CHECK(exit->status == 0);
  CHECK_THAT(exit->text, ContainsSubstring("Demonstrates options."));
  CHECK_THAT(exit->text, ContainsSubstring("sample-service"));

  struct row {
    std::string flag;
    std::vector<std::string> expected_parts;
  };
  const std::vector<row> rows{{"--port", {"Port to listen on", "[SAMPLE_PORT]", "(default: 5001)"}},
                              {"--log-level", {"Minimum log level", "[SAMPLE_LOG_LEVEL]", "(default: info)"}},
                              {"--name", {"Name of the service"}},
                              {"--token", {"Token for the provider", "[SAMPLE_TOKEN]"}},
                              {"--token-file", {"first line", "[SAMPLE_TOKEN_FILE]"}},
                              {"--workers", {"Number of workers", "[SAMPLE_WORKERS]", "(default: one per CPU)"}},
                              {"--verbose", {"Print more messages"}},
                              {"--version", {}}};
  for (const auto& test_case : rows) {
    const auto lines = help_lines(exit->text, test_case.flag);
    CAPTURE(exit->text, test_case.flag);
    CHECK_FALSE(lines.empty());
    for (const auto& part : test_case.expected_parts) CHECK_THAT(lines, ContainsSubstring(part));
  }
  CHECK_THAT(help_lines(exit->text, "--name"), !ContainsSubstring("["));
}

TEST_CASE("options: --help is printed even if a setting is invalid", "[config][options]") {
  sample_program program;
  const auto help = program.parse({"--help"}, {{"SAMPLE_PORT", "x"}});
  REQUIRE(help);
  CHECK(help->status == 0);
}

TEST_CASE("options: --version prints the program's name and version on one line", "[config][options]") {
  sample_program program;
  const auto exit = program.parse({"--version"});
  REQUIRE(exit);
  CHECK(exit->status == 0);
  CHECK(exit->text == "sample-service 1.2.3\n");
}

TEST_CASE("process_environment: returns the current environment", "[config][options]") {
  ::setenv("COHORT_OPTIONS_TEST", "a=b", 1);
  ::setenv("COHORT_OPTIONS_EMPTY", "", 1);
  const auto variables = process_environment();
  CHECK(variables.at("COHORT_OPTIONS_TEST") == "a=b");
  CHECK(variables.at("COHORT_OPTIONS_EMPTY").empty());
  ::unsetenv("COHORT_OPTIONS_TEST");
  ::unsetenv("COHORT_OPTIONS_EMPTY");
  CHECK_FALSE(process_environment().contains("COHORT_OPTIONS_TEST"));
}

TEST_CASE("options: a switch is set by flag or by variable, and the flag takes precedence", "[config][options]") {
  struct row {
    std::vector<std::string> flags;
    environment variables;
    bool is_on;
  };
  for (const auto& test_case :
       {row{{}, {}, false}, row{{"--dry-run"}, {}, true}, row{{}, {{"SAMPLE_DRY_RUN", "1"}}, true},
        row{{}, {{"SAMPLE_DRY_RUN", "true"}}, true}, row{{}, {{"SAMPLE_DRY_RUN", "0"}}, false},
        row{{}, {{"SAMPLE_DRY_RUN", "false"}}, false}, row{{}, {{"SAMPLE_DRY_RUN", ""}}, false},
        row{{"--dry-run"}, {{"SAMPLE_DRY_RUN", "0"}}, true},
        row{{"--dry-run=false"}, {{"SAMPLE_DRY_RUN", "1"}}, false}}) {
    sample_program program;
    CHECK_FALSE(program.parse(test_case.flags, test_case.variables).has_value());
    CHECK(program.dry_run == test_case.is_on);
    CHECK_FALSE(program.verbose);
  }
}

TEST_CASE("options: the value of a switch's variable is case-insensitive", "[config][options][case-5.2]") {
  const auto [text, is_on] =
      GENERATE(table<std::string, bool>({{"TRUE", true}, {"True", true}, {"FALSE", false}, {"False", false}}));
  sample_program program;
  CHECK_FALSE(program.parse({}, {{"SAMPLE_DRY_RUN", text}}).has_value());
  CHECK(program.dry_run == is_on);
}

TEST_CASE("options: an invalid value of a switch's variable is an error", "[config][options]") {
  sample_program program;
  CHECK(usage_error_line(program.parse({}, {{"SAMPLE_DRY_RUN", "maybe"}})) ==
        "sample-service: SAMPLE_DRY_RUN is \"maybe\", but must be 1, true, 0 or false");
  CHECK_THAT(sample_program{}.parse({"--help"})->text, ContainsSubstring("[SAMPLE_DRY_RUN]"));
}

}  // namespace
}  // namespace cohort::config
