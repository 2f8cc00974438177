// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routing/file_text.hpp"

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>

#include "tests/support/temporary_directory.hpp"

namespace cohort::gateway {
namespace {

TEST_CASE("file text: a regular file of at most the maximum size is read", "[gateway][routes]") {
  const test::temporary_directory directory;
  const auto path = directory.write("f", std::string("a\0b", 3)).string();
  const auto read = read_file(path, 3);
  CHECK(read.error.empty());
  CHECK(read.text == std::string("a\0b", 3));
  CHECK(read_file(path, 2).error == path + ": larger than 2 bytes");
  CHECK(read_file(path, 2).text.empty());
  CHECK(read_file(directory.write("empty", "").string(), 2).error.empty());
}

TEST_CASE("file text: a file that is missing or not regular is an error", "[gateway][routes]") {
  const test::temporary_directory directory;
  const auto missing_file = (directory.path() / "missing").string();
  CHECK(read_file(missing_file, 9).error == missing_file + ": cannot be read: No such file or directory");
  CHECK(read_file(directory.path().string(), 9).error == directory.path().string() + ": not a regular file");
  CHECK(read_file("/dev/zero", 9).error == "/dev/zero: not a regular file");
  const auto pipe = (directory.path() / "pipe").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(read_file(pipe, 9).error == pipe + ": not a regular file");
}

}  // namespace
}  // namespace cohort::gateway
