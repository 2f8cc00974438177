// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/reloader.hpp>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "tests/support/temporary_directory.hpp"

namespace cohort::config {
namespace {

using test::temporary_directory;

TEST_CASE("reloader: only settings from files that have changed are reloaded", "[config][reloader]") {
  const temporary_directory directory;
  const auto first = directory.write("first", "1").string();
  const auto second = directory.write("second", "2").string();
  int first_reload_count = 0;
  int second_reload_count = 0;
  reloader settings;
  settings.add("FIRST", [&] { return reload_result{(++first_reload_count, reload_outcome::replaced), {}}; },
               {first, second});
  settings.add("SECOND", [&] { return reload_result{(++second_reload_count, reload_outcome::replaced), {}}; },
               {second});
  settings.add("NO_FILE", [] { return reload_result{reload_outcome::replaced, {}}; });
  CHECK(settings.files() == std::vector{first, second, second});
  CHECK(settings.settings() == std::vector<std::string>{"FIRST", "SECOND", "NO_FILE"});

  // The files may have changed since the program read the settings.
  CHECK(settings.reload_changed().size() == 2);
  CHECK(settings.reload_changed().empty());
  directory.write("first", "longer");
  const auto reports = settings.reload_changed();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].setting == "FIRST");
  directory.write("second", "longer");
  CHECK(settings.reload_changed().size() == 2);

  directory.write("second", "even longer");
  CHECK(settings.reload().size() == 3);
  CHECK(settings.reload_changed().empty());
  CHECK(first_reload_count == 4);
  CHECK(second_reload_count == 3);
}

TEST_CASE("reloader: a missing secret file is reported once, and its next version is loaded", "[config][reloader]") {
  const temporary_directory directory;
  const auto path = directory.write("key", "old\n");
  std::string secret = "old";
  reloader settings;
  settings.add_secret_file("API_KEY_FILE", path.string(), [&](const std::string& value) {
    const bool is_changed = value != secret;
    secret = value;
    return is_changed;
  });
  auto reports = settings.reload_changed();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].result.outcome == reload_outcome::unchanged);

  std::filesystem::remove(path);
  reports = settings.reload_changed();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].result.outcome == reload_outcome::failed);
  CHECK(settings.reload_changed().empty());
  CHECK(secret == "old");

  directory.write("key", "new\n");
  reports = settings.reload_changed();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].result.outcome == reload_outcome::replaced);
  CHECK(secret == "new");
}

TEST_CASE("reloader: a pipe is not reloaded when files change", "[config][reloader]") {
  reloader settings;
  settings.add_secret_file("API_KEY_FILE", "/dev/null", [](const std::string&) { return true; });
  CHECK(settings.reload_changed().empty());
  CHECK(settings.reload().at(0).result.outcome == reload_outcome::failed);
}

}  // namespace
}  // namespace cohort::config
