// SPDX-License-Identifier: BSL-1.0
#include "loadgen/cli/output_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <sstream>

#include "tests/support/temporary_directory.hpp"

namespace cohort {
namespace {

namespace fs = std::filesystem;
using loadgen::output_file;

class scratch_directory : public test::temporary_directory {
 public:
  std::string operator/(std::string_view name) const { return (path() / name).string(); }
  std::string read(std::string_view name) const {
    const std::ifstream file(path() / name, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    return std::move(content).str();
  }
  std::ptrdiff_t entry_count() const { return std::distance(fs::directory_iterator{path()}, fs::directory_iterator{}); }
};

std::unique_ptr<output_file> open(const std::string& path) {
  auto file = output_file::open(path);
  if (!file.has_value()) FAIL(file.error());
  return std::move(*file);
}

std::string open_error(const std::string& path) {
  const auto file = output_file::open(path);
  REQUIRE_FALSE(file.has_value());
  return file.error();
}

TEST_CASE("output file: the complete file appears at commit", "[loadgen][cli]") {
  const scratch_directory files;
  const auto file = open(files / "report");
  CHECK_FALSE(fs::exists(files / "report"));
  file->write("one\n");
  file->write("");
  file->write(std::string_view("two\0\xff", 5));
  CHECK_FALSE(fs::exists(files / "report"));
  CHECK(file->commit() == std::nullopt);
  CHECK(files.read("report") == std::string("one\ntwo\0\xff", 9));
  CHECK(files.entry_count() == 1);
}

TEST_CASE("output file: the temporary file can be read during the run", "[loadgen][cli]") {
  const scratch_directory files;
  const auto file = open(files / "lines.csv");
  file->write("a line\n");
  CHECK(files.read("lines.csv.part") == "a line\n");
}

TEST_CASE("output file: without commit, the temporary file is removed and the earlier file is kept", "[loadgen][cli]") {
  const scratch_directory files;
  files.write("report", "the earlier report");
  {
    const auto file = open(files / "report");
    file->write("half of");
    CHECK(files.entry_count() == 2);
  }
  CHECK(files.read("report") == "the earlier report");
  CHECK(files.entry_count() == 1);
}

TEST_CASE("output file: commit replaces the earlier file", "[loadgen][cli]") {
  const scratch_directory files;
  files.write("report", "the earlier, longer report");
  const auto file = open(files / "report");
  file->write("new");
  CHECK(files.read("report") == "the earlier, longer report");
  CHECK(file->commit() == std::nullopt);
  CHECK(files.read("report") == "new");
  CHECK(files.entry_count() == 1);
}

TEST_CASE("output file: an empty file can be committed", "[loadgen][cli]") {
  const scratch_directory files;
  CHECK(open(files / "report")->commit() == std::nullopt);
  CHECK(fs::exists(files / "report"));
  CHECK(files.read("report").empty());
}

TEST_CASE("output file: a temporary file left by a killed run is overwritten", "[loadgen][cli]") {
  const scratch_directory files;
  files.write("report.part", "an incomplete report");
  const auto file = open(files / "report");
  file->write("new");
  CHECK(file->commit() == std::nullopt);
  CHECK(files.read("report") == "new");
  CHECK(files.entry_count() == 1);
}

TEST_CASE("output file: open returns an error if the path cannot be written", "[loadgen][cli]") {
  const scratch_directory files;
  const auto regular = files.write("file", "x").string();
  CHECK(open_error(files / "") == '"' + (files / "") + "\" cannot be written: it is a directory");
  CHECK(open_error(regular + "/below") == '"' + regular + "/below\" cannot be written: Not a directory");
  CHECK(open_error(files / "none/report") ==
        '"' + (files / "none/report") + "\" cannot be written: No such file or directory");
  const auto long_name = files / std::string(255, 'x');
  CHECK(open_error(long_name) == '"' + long_name + "\" cannot be written: File name too long");
  CHECK(files.entry_count() == 1);
}

TEST_CASE("output file: open does not remove an existing file or directory", "[loadgen][cli]") {
  const scratch_directory files;
  fs::create_directory(files / "report.part");
  CHECK(open_error(files / "report") == '"' + (files / "report") + "\" cannot be written: Is a directory");
  CHECK(fs::is_directory(files / "report.part"));
}

TEST_CASE("output file: a failed rename is an error, and the temporary file is removed", "[loadgen][cli]") {
  const scratch_directory files;
  const auto file = open(files / "report");
  fs::create_directory(files / "report");
  files.write("report/inside", "x");
  const auto error = file->commit();
  REQUIRE(error);
  CHECK(error->starts_with('"' + (files / "report") + "\" cannot be written: "));
}

TEST_CASE("output file: a symbolic link is kept, and its target is replaced", "[loadgen][cli]") {
  const scratch_directory files;
  files.write("real", "before");
  fs::create_symlink("real", files / "latest");
  const auto file = open(files / "latest");
  file->write("after");
  CHECK_FALSE(file->commit());
  CHECK(fs::is_symlink(files / "latest"));
  CHECK(files.read("real") == "after");
}

TEST_CASE("output file: a device is written directly", "[loadgen][cli]") {
  const auto file = open("/dev/null");
  file->write("discarded");
  CHECK_FALSE(fs::exists("/dev/null.part"));
  CHECK(file->commit() == std::nullopt);
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("output file: a full disk is an error at commit", "[loadgen][cli]") {
  if (!fs::exists("/dev/full")) SKIP("/dev/full does not exist");
  const auto file = open("/dev/full");
  file->write("x");
  const auto error = file->commit();
  REQUIRE(error);
  CHECK(error->starts_with("\"/dev/full\" cannot be written: "));
  CHECK(fs::is_character_file("/dev/full"));
}

}  // namespace
}  // namespace cohort
