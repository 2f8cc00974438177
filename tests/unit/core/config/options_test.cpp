#include "core/config/options.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::config {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
namespace fs = std::filesystem;

/// A program with a setting of each kind.
struct program {
  std::uint16_t port = 5001;
  std::string level = "info";
  std::string name = "nobody";
  std::string token = "unset";
  std::optional<std::int64_t> workers;
  bool verbose = false;
  bool daring = false;
  options settings{"sample-service", "Shows what options do.", "1.2.3"};

  program() {
    settings.add(port, {"--port", "SAMPLE_PORT", "Where to listen"}, config::port(), "5001");
    settings.add(level, {"--log-level", "SAMPLE_LOG_LEVEL", "What to log"}, one_of({"debug", "info"}), "info");
    settings.add(name, {"--name", "", "What to be called"}, text());
    settings.add_secret(token, {"--token", "SAMPLE_TOKEN", "What to say to the provider"});
    settings.add(workers, {"--workers", "SAMPLE_WORKERS", "How many"}, integer(1, 64), "one a processor");
    settings.add_switch(verbose, "--verbose", "Say more");
    settings.add_switch(daring, {"--daring", "SAMPLE_DARING", "Take risks"});
  }

  std::optional<early_exit> parse(std::vector<std::string> flags, const environment& variables = {}) {
    std::vector<const char*> argv{"/usr/bin/sample-service"};
    for (const auto& each : flags) argv.push_back(each.c_str());
    return settings.parse(static_cast<int>(argv.size()), argv.data(), variables);
  }
};

/// A directory for files with secrets that goes with the test.
class secrets {
 public:
  secrets() : root_((fs::temp_directory_path() / "options_test.XXXXXX").string()) {
    if (::mkdtemp(root_.data()) == nullptr) throw std::runtime_error("no temporary directory");
  }
  ~secrets() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  secrets(const secrets&) = delete;
  secrets& operator=(const secrets&) = delete;

  std::string file(std::string_view content) const {
    std::ofstream(root_ + "/secret", std::ios::binary) << content;
    return root_ + "/secret";
  }
  const std::string& directory() const { return root_; }

 private:
  std::string root_;
};

/// The one line that a wrong setting is answered with.
std::string complaint(const std::optional<early_exit>& exit) {
  REQUIRE(exit.has_value());
  CHECK(exit->status == 2);
  CHECK(std::count(exit->text.begin(), exit->text.end(), '\n') == 1);
  CHECK(exit->text.back() == '\n');
  CHECK_THAT(exit->text, StartsWith("sample-service: "));
  return exit->text.substr(0, exit->text.size() - 1);
}

TEST_CASE("With nothing given every setting keeps its default") {
  program p;
  CHECK_FALSE(p.parse({}));
  CHECK(p.port == 5001);
  CHECK(p.level == "info");
  CHECK(p.token == "unset");
  CHECK_FALSE(p.workers);
  CHECK_FALSE(p.verbose);
}

TEST_CASE("A flag wins over its variable, and a variable over the default") {
  struct row {
    std::vector<std::string> flags;
    environment variables;
    std::uint16_t port;
  };
  const auto each = GENERATE(row{{"--port", "81"}, {{"SAMPLE_PORT", "82"}}, 81},  //
                             row{{"--port=81"}, {{"SAMPLE_PORT", "82"}}, 81},     //
                             row{{}, {{"SAMPLE_PORT", "82"}}, 82},                //
                             row{{}, {{"SAMPLE_PORT", ""}}, 5001},                // empty counts as unset
                             row{{"--port", "81"}, {{"SAMPLE_PORT", "x"}}, 81},   // what loses is not looked at
                             row{{}, {{"PORT", "82"}, {"sample_port", "83"}}, 5001});
  program p;
  CHECK_FALSE(p.parse(each.flags, each.variables));
  CHECK(p.port == each.port);
}

TEST_CASE("Every kind of setting is set from its flag and from its variable") {
  program flags;
  CHECK_FALSE(flags.parse({"--log-level", "debug", "--name=a b", "--token", "s3cret", "--workers", "3", "--verbose"}));
  CHECK(flags.level == "debug");
  CHECK(flags.name == "a b");
  CHECK(flags.token == "s3cret");
  CHECK(flags.workers == 3);
  CHECK(flags.verbose);

  program variables;
  CHECK_FALSE(
      variables.parse({}, {{"SAMPLE_LOG_LEVEL", "debug"}, {"SAMPLE_TOKEN", "s3cret"}, {"SAMPLE_WORKERS", "3"}}));
  CHECK(variables.level == "debug");
  CHECK(variables.token == "s3cret");
  CHECK(variables.workers == 3);
}

TEST_CASE("A flag's value reaches its setting as it was written") {
  const std::string value = GENERATE("[a,b]", "{}", "\"quoted\"", "%%", "a=b", "a,b", "-", "tr\\ue", " blank ", "#x");
  CAPTURE(value);
  program p;
  CHECK_FALSE(p.parse({"--name=" + value}));
  CHECK(p.name == value);
  program q;
  CHECK_FALSE(q.parse({"--name", value}));
  CHECK(q.name == value);
}

TEST_CASE("A setting that is a list takes each of its flags, in order and whole") {
  std::vector<std::string> headers;
  std::vector<std::int64_t> sizes;
  options settings("sample", "", "1");
  settings.add_list(headers, {"-H,--header", "", "Sent with each request"}, text());
  settings.add_list(sizes, {"--size", "", "How large"}, integer(1, 9));

  SECTION("by either of its names") {
    const char* const argv[] = {"sample", "-H", "[a,b]", "--header=c d", "--size", "3", "-H", "{\"e\":1}"};
    CHECK_FALSE(settings.parse(8, argv, {}));
    CHECK(headers == std::vector<std::string>{"[a,b]", "c d", "{\"e\":1}"});
    CHECK(sizes == std::vector<std::int64_t>{3});
  }
  SECTION("and a value takes no second argument with it") {
    const char* const argv[] = {"sample", "-H", "a", "b"};
    CHECK(settings.parse(4, argv, {}).has_value());
  }
  SECTION("and the one that is wrong is named, by its long name") {
    options short_and_long("sample", "", "1");
    short_and_long.add_list(sizes, {"-s,--size", "", "How large"}, integer(1, 9));
    const char* const argv[] = {"sample", "-s", "3", "-s", "12"};
    const auto exit = short_and_long.parse(5, argv, {});
    REQUIRE(exit);
    CHECK_THAT(exit->text, StartsWith("sample: --size is \"12\", but must be"));
  }
}

TEST_CASE("A bad value is answered with one line: which setting, what it was, what it may be") {
  struct row {
    std::vector<std::string> flags;
    environment variables;
    std::string line;
  };
  const std::string ports = "but must be a port from 0 to 65535 (0 lets the system choose)";
  const auto each = GENERATE_COPY(
      row{{"--port", "http"}, {}, "--port is \"http\", " + ports},
      row{{"--port", "65536"}, {{"SAMPLE_PORT", "80"}}, "--port is \"65536\", " + ports},
      row{{"--port", "-1"}, {}, "--port is \"-1\", " + ports},
      row{{}, {{"SAMPLE_PORT", "8080 "}}, "SAMPLE_PORT is \"8080 \", " + ports},
      row{{}, {{"SAMPLE_LOG_LEVEL", "loud"}}, "SAMPLE_LOG_LEVEL is \"loud\", but must be one of debug, info"},
      row{{"--workers", "0"}, {}, "--workers is \"0\", but must be a whole number from 1 to 64"},
      row{{},
          {{"SAMPLE_WORKERS", "a\nb\x1b[2J\xff"}},
          "SAMPLE_WORKERS is \"a?b?[2J?\", but must be a whole number from 1 to 64"},
      row{{},
          {{"SAMPLE_PORT", std::string(200, '9')}},
          "SAMPLE_PORT is \"" + std::string(80, '9') + "\u2026\", " + ports});
  program p;
  CHECK(complaint(p.parse(each.flags, each.variables)) == "sample-service: " + each.line);
}

TEST_CASE("Several bad values are still one line") {
  program p;
  complaint(p.parse({"--port", "x", "--workers", "y"}, {{"SAMPLE_LOG_LEVEL", "z"}}));
}

TEST_CASE("A command line that makes no sense is one line that points to the help") {
  const auto flags = GENERATE(values<std::vector<std::string>>({{"--prot", "80"},
                                                                {"--port"},
                                                                {"extra"},
                                                                {"-x"},
                                                                {"--verbose=maybe"},
                                                                {"--port", "80", "--port", "81"},
                                                                {"--token", "a", "--token", "b"},
                                                                {"--", "more"},
                                                                {"--a\nb"}}));
  program p;
  const auto line = complaint(p.parse(flags));
  CHECK_THAT(line, ContainsSubstring("--help"));
}

TEST_CASE("An unknown flag is named, without its value") {
  const auto flags = GENERATE(values<std::vector<std::string>>(
      {{"--prot"}, {"--prot", "80"}, {"--prot=80"}, {"80", "--prot"}, {"--port", "80", "--prot", "80", "--more"}}));
  program p;
  CHECK(complaint(p.parse(flags)) == "sample-service: there is no flag \"--prot\" (see --help)");
}

TEST_CASE("A flag without its value is named") {
  const auto flag = GENERATE("--port", "--port=");
  program p;
  CHECK_THAT(complaint(p.parse({flag})), ContainsSubstring("--port"));
}

TEST_CASE("A flag given twice is named") {
  program p;
  CHECK_THAT(complaint(p.parse({"--port", "80", "--port", "81"})), ContainsSubstring("--port"));
}

TEST_CASE("A secret may stand in a file that a flag or a variable names") {
  secrets files;
  const auto content =
      GENERATE(values<std::string_view>({"s3cret", "s3cret\n", "s3cret\r\n", "s3cret\nsecond line\n"}));
  const auto path = files.file(content);

  program variable;
  CHECK_FALSE(variable.parse({}, {{"SAMPLE_TOKEN_FILE", path}}));
  CHECK(variable.token == "s3cret");

  program flag;
  CHECK_FALSE(flag.parse({"--token-file", path}, {{"SAMPLE_TOKEN_FILE", "/nowhere"}}));
  CHECK(flag.token == "s3cret");
}

TEST_CASE("An empty variable for a secret's file counts as unset") {
  program p;
  CHECK_FALSE(p.parse({}, {{"SAMPLE_TOKEN_FILE", ""}, {"SAMPLE_TOKEN", "s3cret"}}));
  CHECK(p.token == "s3cret");
}

TEST_CASE("A secret given both ways is refused, for only one can be meant") {
  secrets files;
  const auto path = files.file("other");
  struct row {
    std::vector<std::string> flags;
    environment variables;
    std::string both;
  };
  const auto each = GENERATE_COPY(
      row{{"--token", "s3cret", "--token-file", path}, {}, "--token and --token-file"},
      row{{}, {{"SAMPLE_TOKEN", "s3cret"}, {"SAMPLE_TOKEN_FILE", path}}, "SAMPLE_TOKEN and SAMPLE_TOKEN_FILE"},
      row{{"--token-file", path}, {{"SAMPLE_TOKEN", "s3cret"}}, "SAMPLE_TOKEN and --token-file"});
  program p;
  const auto line = complaint(p.parse(each.flags, each.variables));
  CHECK(line == "sample-service: " + each.both + " are both set; which is meant?");
}

TEST_CASE("A secret's file that cannot be used is one line that says which and why") {
  secrets files;
  struct row {
    std::string path;
    std::string reason;
  };
  const std::vector<row> rows{{files.directory() + "/none", "which cannot be read: No such file or directory"},
                              {files.directory(), "which cannot be read: Is a directory"},
                              {files.file(""), "which cannot be read: it is empty"}};
  for (const auto& each : rows) {
    program p;
    CHECK(complaint(p.parse({}, {{"SAMPLE_TOKEN_FILE", each.path}})) ==
          "sample-service: SAMPLE_TOKEN_FILE names \"" + each.path + "\", " + each.reason);
  }
}

TEST_CASE("A secret's file with a first line that is no secret is one line that says so") {
  secrets files;
  const auto path = files.file("\nsecond line\n");
  program p;
  CHECK(complaint(p.parse({"--token-file", path})) ==
        "sample-service: --token-file names \"" + path +
            "\", whose first line must be a secret of visible ASCII characters");
}

TEST_CASE("A secret's value is never printed, whatever is wrong") {
  secrets files;
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
  for (const auto& each : rows) {
    program p;
    CHECK_THAT(complaint(p.parse(each.flags, each.variables)), !ContainsSubstring("s3cr"));
  }
}

TEST_CASE("A secret's value is not part of the help") {
  program p;
  p.token = "s3cret-default";
  const auto exit = p.parse({"--token", "s3cret", "--help"}, {{"SAMPLE_TOKEN", "s3cret"}});
  REQUIRE(exit);
  CHECK_THAT(exit->text, !ContainsSubstring("s3cret"));
}

TEST_CASE("A secret without a variable is not read from one") {
  secrets files;
  std::string token;
  options settings("sample-service", "", "1");
  settings.add_secret(token, {"--token", "", "What to say"});
  const char* const argv[] = {"sample-service"};
  CHECK_FALSE(settings.parse(1, argv, {{"_FILE", files.file("s3cret")}, {"", "s3cret"}}));
  CHECK(token.empty());
}

/// The lines of the help that begin with a flag, joined with those that belong to it.
std::string help_on(const std::string& help, const std::string& flag) {
  const auto from = help.find("  " + flag + " ");
  if (from == std::string::npos) return {};
  const auto to = help.find("\n  -", from + 1);
  return help.substr(from, to == std::string::npos ? to : to - from);
}

TEST_CASE("The help shows what the program is and each setting with its variable and default") {
  const std::string flag = GENERATE("-h", "--help");
  program p;
  const auto exit = p.parse({flag});
  REQUIRE(exit);
  CHECK(exit->status == 0);
  CHECK_THAT(exit->text, ContainsSubstring("Shows what options do."));
  CHECK_THAT(exit->text, ContainsSubstring("sample-service"));

  struct row {
    std::string flag;
    std::vector<std::string> shown;
  };
  const std::vector<row> rows{{"--port", {"Where to listen", "[SAMPLE_PORT]", "(default: 5001)"}},
                              {"--log-level", {"What to log", "[SAMPLE_LOG_LEVEL]", "(default: info)"}},
                              {"--name", {"What to be called"}},
                              {"--token", {"What to say to the provider", "[SAMPLE_TOKEN]"}},
                              {"--token-file", {"first line", "[SAMPLE_TOKEN_FILE]"}},
                              {"--workers", {"How many", "[SAMPLE_WORKERS]", "(default: one a processor)"}},
                              {"--verbose", {"Say more"}},
                              {"--version", {}}};
  for (const auto& each : rows) {
    const auto lines = help_on(exit->text, each.flag);
    CAPTURE(exit->text, each.flag);
    CHECK_FALSE(lines.empty());
    for (const auto& part : each.shown) CHECK_THAT(lines, ContainsSubstring(part));
  }
  CHECK_THAT(help_on(exit->text, "--name"), !ContainsSubstring("["));
}

TEST_CASE("Help and version are given even when something else is wrong") {
  program p;
  const auto help = p.parse({"--help"}, {{"SAMPLE_PORT", "x"}});
  REQUIRE(help);
  CHECK(help->status == 0);
}

TEST_CASE("The version is the program's name and version on one line") {
  program p;
  const auto exit = p.parse({"--version"});
  REQUIRE(exit);
  CHECK(exit->status == 0);
  CHECK(exit->text == "sample-service 1.2.3\n");
}

TEST_CASE("The process's own environment is what it is now") {
  ::setenv("COHORT_OPTIONS_TEST", "a=b", 1);
  ::setenv("COHORT_OPTIONS_EMPTY", "", 1);
  const auto now = process_environment();
  CHECK(now.at("COHORT_OPTIONS_TEST") == "a=b");
  CHECK(now.at("COHORT_OPTIONS_EMPTY").empty());
  ::unsetenv("COHORT_OPTIONS_TEST");
  ::unsetenv("COHORT_OPTIONS_EMPTY");
  CHECK_FALSE(process_environment().contains("COHORT_OPTIONS_TEST"));
}

TEST_CASE("A switch is on by its flag or by its variable, and the flag wins") {
  struct row {
    std::vector<std::string> flags;
    environment variables;
    bool on;
  };
  for (const auto& each :
       {row{{}, {}, false}, row{{"--daring"}, {}, true}, row{{}, {{"SAMPLE_DARING", "1"}}, true},
        row{{}, {{"SAMPLE_DARING", "true"}}, true}, row{{}, {{"SAMPLE_DARING", "0"}}, false},
        row{{}, {{"SAMPLE_DARING", "false"}}, false}, row{{}, {{"SAMPLE_DARING", ""}}, false},
        row{{"--daring"}, {{"SAMPLE_DARING", "0"}}, true}, row{{"--daring=false"}, {{"SAMPLE_DARING", "1"}}, false}}) {
    program p;
    CHECK_FALSE(p.parse(each.flags, each.variables).has_value());
    CHECK(p.daring == each.on);
    CHECK_FALSE(p.verbose);
  }
}

TEST_CASE("A switch's variable that says neither yes nor no is refused, and help names it") {
  program p;
  CHECK(complaint(p.parse({}, {{"SAMPLE_DARING", "maybe"}})) ==
        "sample-service: SAMPLE_DARING is \"maybe\", but must be 1, true, 0 or false");
  CHECK_THAT(program{}.parse({"--help"})->text, ContainsSubstring("[SAMPLE_DARING]"));
}

}  // namespace
}  // namespace cohort::config
