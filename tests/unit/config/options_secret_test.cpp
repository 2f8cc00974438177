// SPDX-License-Identifier: BSL-1.0
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/config/options_fixture.hpp"

namespace cohort::config {
namespace {

using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

/// Temporary directory for secret files.
class secret_directory {
 public:
  secret_directory() : root_((fs::temp_directory_path() / "options_test.XXXXXX").string()) {
    if (::mkdtemp(root_.data()) == nullptr) throw std::runtime_error("cannot create a temporary directory");
  }
  ~secret_directory() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  secret_directory(const secret_directory&) = delete;
  secret_directory& operator=(const secret_directory&) = delete;

  std::string file(std::string_view content) const {
    std::ofstream(root_ + "/secret", std::ios::binary) << content;
    return root_ + "/secret";
  }
  const std::string& directory() const { return root_; }

 private:
  std::string root_;
};

TEST_CASE("options: a secret can be read from a file", "[config][options]") {
  secret_directory files;
  const auto content =
      GENERATE(values<std::string_view>({"s3cret", "s3cret\n", "s3cret\r\n", "s3cret\nsecond line\n"}));
  const auto path = files.file(content);

  sample_program variable;
  CHECK_FALSE(variable.parse({}, {{"SAMPLE_TOKEN_FILE", path}}));
  CHECK(variable.token == "s3cret");

  sample_program flag;
  CHECK_FALSE(flag.parse({"--token-file", path}, {{"SAMPLE_TOKEN_FILE", "/nowhere"}}));
  CHECK(flag.token == "s3cret");
}

TEST_CASE("options: an empty _FILE variable counts as unset", "[config][options]") {
  sample_program program;
  CHECK_FALSE(program.parse({}, {{"SAMPLE_TOKEN_FILE", ""}, {"SAMPLE_TOKEN", "s3cret"}}));
  CHECK(program.token == "s3cret");
}

TEST_CASE("options: a secret and its file cannot both be set", "[config][options]") {
  secret_directory files;
  const auto path = files.file("other");
  struct row {
    std::vector<std::string> flags;
    environment variables;
    std::string names;
  };
  const auto test_case = GENERATE_COPY(
      row{{"--token", "s3cret", "--token-file", path}, {}, "--token and --token-file"},
      row{{}, {{"SAMPLE_TOKEN", "s3cret"}, {"SAMPLE_TOKEN_FILE", path}}, "SAMPLE_TOKEN and SAMPLE_TOKEN_FILE"},
      row{{"--token-file", path}, {{"SAMPLE_TOKEN", "s3cret"}}, "SAMPLE_TOKEN and --token-file"});
  sample_program program;
  const auto line = usage_error_line(program.parse(test_case.flags, test_case.variables));
  CHECK(line == "sample-service: " + test_case.names + " are both set; set only one of them");
}

TEST_CASE("options: the error for an unreadable secret file is one line with the path and the reason",
          "[config][options]") {
  secret_directory files;
  struct row {
    std::string path;
    std::string problem;
  };
  const std::vector<row> rows{{files.directory() + "/none", "which cannot be read: No such file or directory"},
                              {files.directory(), "which cannot be read: Is a directory"},
                              {files.file(""), "which cannot be read: the file is empty"}};
  for (const auto& test_case : rows) {
    sample_program program;
    CHECK(usage_error_line(program.parse({}, {{"SAMPLE_TOKEN_FILE", test_case.path}})) ==
          "sample-service: SAMPLE_TOKEN_FILE is \"" + test_case.path + "\", " + test_case.problem);
  }
}

TEST_CASE("options: the error for a secret file with an invalid first line is one line", "[config][options]") {
  secret_directory files;
  const auto path = files.file("\nsecond line\n");
  sample_program program;
  CHECK(usage_error_line(program.parse({"--token-file", path})) ==
        "sample-service: --token-file is \"" + path +
            "\", whose first line is empty; it must be a secret of visible ASCII characters");
}

TEST_CASE("options: no error message contains a secret's value", "[config][options]") {
  secret_directory files;
  const std::string path = files.file("s3cr\tet-in-file");
  struct row {
    std::vector<std::string> flags;
    environment variables;
  };
  const std::vector<row> rows{{{"--token", "s3cr\tet"}, {}},
                              {{"--token=s3cr\tet"}, {}},
                              {{}, {{"SAMPLE_TOKEN", "s3cr\tet"}}},
                              {{}, {{"SAMPLE_TOKEN_FILE", path}}},
                              {{"--token-file", path}, {}},
                              {{"--token", "s3cret", "--token", "s3cret"}, {}},
                              {{"--token", "s3cret", "--token-file", path}, {}},
                              {{"--tokem", "s3cret"}, {}},
                              {{"--tokem=s3cret"}, {}},
                              {{"--tokem", "-s3cret"}, {}},
                              {{"--token", "s3cret", "--prot", "80"}, {}},
                              {{"--token", "good", "s3cret"}, {{"SAMPLE_TOKEN", "s3cret"}}}};
  for (const auto& test_case : rows) {
    sample_program program;
    CHECK_THAT(usage_error_line(program.parse(test_case.flags, test_case.variables)), !ContainsSubstring("s3cr"));
  }
}

TEST_CASE("options: --help does not contain a secret's value", "[config][options]") {
  sample_program program;
  program.token = "s3cret-default";
  const auto exit = program.parse({"--token", "s3cret", "--help"}, {{"SAMPLE_TOKEN", "s3cret"}});
  REQUIRE(exit);
  CHECK_THAT(exit->text, !ContainsSubstring("s3cret"));
}

TEST_CASE("options: a secret without a variable is not read from the environment", "[config][options]") {
  secret_directory files;
  std::string token;
  options settings("sample-service", "", "1");
  settings.add_secret(token, {"--token", "", "Token"});
  const char* const argv[] = {"sample-service"};
  CHECK_FALSE(settings.parse(1, argv, {{"_FILE", files.file("s3cret")}, {"", "s3cret"}}));
  CHECK(token.empty());
}

}  // namespace
}  // namespace cohort::config
