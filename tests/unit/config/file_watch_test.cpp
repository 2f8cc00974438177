// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/file_watch.hpp>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "tests/support/temporary_directory.hpp"

namespace cohort::config {
namespace {

namespace fs = std::filesystem;
using test::temporary_directory;

TEST_CASE("file watch: a file written in place, replaced or removed is reported as one change",
          "[config][file-watch]") {
  const temporary_directory directory;
  const auto path = directory.write("key", "old");
  file_watch watch{{path.string()}};
  REQUIRE(watch.descriptor() >= 0);
  CHECK_FALSE(watch.consume());

  directory.write("key", "in place");
  CHECK(watch.consume());
  CHECK_FALSE(watch.consume());

  fs::rename(directory.write("key.new", "renamed"), path);
  CHECK(watch.consume());
  // The new file is also watched.
  directory.write("key", "again");
  CHECK(watch.consume());

  fs::remove(path);
  CHECK(watch.consume());
  directory.write("key", "created");
  CHECK(watch.consume());
}

TEST_CASE("file watch: reading a file is not reported as a change", "[config][file-watch]") {
  const temporary_directory directory;
  const auto path = directory.write("key", "secret");
  file_watch watch{{path.string()}};
  CHECK(fs::file_size(path) == 6);
  CHECK(version_of(path.string()).type == file_version::kind::regular);
  CHECK_FALSE(watch.consume());
}

TEST_CASE("file watch: the symbolic links of a Kubernetes secret are followed, even after they have changed",
          "[config][file-watch]") {
  const temporary_directory directory;
  const auto root = directory.path();
  const auto publish = [&](const std::string& version) {
    fs::create_directory(root / version);
    directory.write(version + "/tls.crt", version);
    fs::create_directory_symlink(version, root / "..data_tmp");
    fs::rename(root / "..data_tmp", root / "..data");
  };
  publish("..1");
  fs::create_symlink("..data/tls.crt", root / "tls.crt");
  // The path contains a link in another directory, as in a container image.
  const temporary_directory other;
  fs::create_symlink(root / "tls.crt", other.path() / "certificate.pem");
  const auto path = (other.path() / "certificate.pem").string();

  file_watch watch{{path}};
  auto version = version_of(path);
  for (const auto* next : {"..2", "..3"}) {
    publish(next);
    CHECK(watch.consume());
    CHECK(version_of(path) != version);
    version = version_of(path);
  }
  fs::remove(other.path() / "certificate.pem");
  CHECK(watch.consume());
  CHECK(version_of(path).type == file_version::kind::missing);
}

TEST_CASE("file watch: a file in a directory that does not exist yet is reported when it is created",
          "[config][file-watch]") {
  const temporary_directory directory;
  const auto path = directory.path() / "secrets" / "key";
  file_watch watch{{path.string()}};
  fs::create_directory(path.parent_path());
  CHECK(watch.consume());
  directory.write("secrets/key", "text");
  CHECK(watch.consume());
}

TEST_CASE("file watch: a loop of symbolic links is detected", "[config][file-watch]") {
  const temporary_directory directory;
  fs::create_symlink("b", directory.path() / "a");
  fs::create_symlink("a", directory.path() / "b");
  file_watch watch{{(directory.path() / "a").string()}};
  fs::remove(directory.path() / "b");
  CHECK(watch.consume());
}

TEST_CASE("file watch: the version of a directory or of a missing file differs from the version of every file",
          "[config][file-watch]") {
  const temporary_directory directory;
  CHECK(version_of(directory.path().string()).type == file_version::kind::other);
  CHECK(version_of((directory.path() / "missing").string()) == file_version{});
}

}  // namespace
}  // namespace cohort::config
