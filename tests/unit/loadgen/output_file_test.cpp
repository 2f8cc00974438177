#include "loadgen/output_file.hpp"

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
  std::ptrdiff_t entries() const { return std::distance(fs::directory_iterator{path()}, fs::directory_iterator{}); }
};

std::unique_ptr<output_file> opened(const std::string& path) {
  auto file = output_file::open(path);
  if (!file.has_value()) FAIL(file.error());
  return std::move(*file);
}

std::string refused(const std::string& path) {
  const auto file = output_file::open(path);
  REQUIRE_FALSE(file.has_value());
  return file.error();
}

TEST_CASE("A file is there once it is committed, whole") {
  const scratch_directory files;
  const auto file = opened(files / "report");
  CHECK_FALSE(fs::exists(files / "report"));
  file->write("one\n");
  file->write("");
  file->write(std::string_view("two\0\xff", 5));
  CHECK_FALSE(fs::exists(files / "report"));
  CHECK(file->commit() == std::nullopt);
  CHECK(files.read("report") == std::string("one\ntwo\0\xff", 9));
  CHECK(files.entries() == 1);
}

TEST_CASE("What is written can be followed while it is") {
  const scratch_directory files;
  const auto file = opened(files / "lines.csv");
  file->write("a line\n");
  CHECK(files.read("lines.csv.part") == "a line\n");
}

TEST_CASE("Nothing is left of a file that is not committed, and what was there stays") {
  const scratch_directory files;
  files.write("report", "the one before");
  {
    const auto file = opened(files / "report");
    file->write("half of");
    CHECK(files.entries() == 2);
  }
  CHECK(files.read("report") == "the one before");
  CHECK(files.entries() == 1);
}

TEST_CASE("A file that was there is replaced as a whole") {
  const scratch_directory files;
  files.write("report", "the one before, which was longer");
  const auto file = opened(files / "report");
  file->write("new");
  CHECK(files.read("report") == "the one before, which was longer");
  CHECK(file->commit() == std::nullopt);
  CHECK(files.read("report") == "new");
  CHECK(files.entries() == 1);
}

TEST_CASE("A file may be empty") {
  const scratch_directory files;
  CHECK(opened(files / "report")->commit() == std::nullopt);
  CHECK(fs::exists(files / "report"));
  CHECK(files.read("report").empty());
}

TEST_CASE("What a run that was killed left behind is written over") {
  const scratch_directory files;
  files.write("report.part", "much that is of no use any more");
  const auto file = opened(files / "report");
  file->write("new");
  CHECK(file->commit() == std::nullopt);
  CHECK(files.read("report") == "new");
  CHECK(files.entries() == 1);
}

TEST_CASE("That a file cannot be is told before anything is written") {
  const scratch_directory files;
  const auto regular = files.write("file", "x").string();
  CHECK(refused(files / "") == '"' + (files / "") + "\" cannot be written: it is a directory");
  CHECK(refused(regular + "/below") == '"' + regular + "/below\" cannot be written: Not a directory");
  CHECK(refused(files / "none/report") ==
        '"' + (files / "none/report") + "\" cannot be written: No such file or directory");
  const auto long_name = files / std::string(255, 'x');
  CHECK(refused(long_name) == '"' + long_name + "\" cannot be written: File name too long");
  CHECK(files.entries() == 1);
}

TEST_CASE("What stands in the way of a file is not removed") {
  const scratch_directory files;
  fs::create_directory(files / "report.part");
  CHECK(refused(files / "report") == '"' + (files / "report") + "\" cannot be written: Is a directory");
  CHECK(fs::is_directory(files / "report.part"));
}

TEST_CASE("That the last step fails is told, and nothing is left of the file") {
  const scratch_directory files;
  const auto file = opened(files / "report");
  fs::create_directory(files / "report");
  files.write("report/inside", "x");
  const auto wrong = file->commit();
  REQUIRE(wrong);
  CHECK(wrong->starts_with('"' + (files / "report") + "\" cannot be written: "));
}

TEST_CASE("A link is followed, and stays one") {
  const scratch_directory files;
  files.write("real", "before");
  fs::create_symlink("real", files / "latest");
  const auto file = opened(files / "latest");
  file->write("after");
  CHECK_FALSE(file->commit());
  CHECK(fs::is_symlink(files / "latest"));
  CHECK(files.read("real") == "after");
}

TEST_CASE("A device is written directly, and stays what it is") {
  const auto file = opened("/dev/null");
  file->write("nobody reads it");
  CHECK_FALSE(fs::exists("/dev/null.part"));
  CHECK(file->commit() == std::nullopt);
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("A disk that is full is told at the end") {
  if (!fs::exists("/dev/full")) SKIP("there is no /dev/full");
  const auto file = opened("/dev/full");
  file->write("x");
  const auto wrong = file->commit();
  REQUIRE(wrong);
  CHECK(wrong->starts_with("\"/dev/full\" cannot be written: "));
  CHECK(fs::is_character_file("/dev/full"));
}

}  // namespace
}  // namespace cohort
