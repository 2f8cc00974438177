// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/secret.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <cohort/config/options.hpp>
#include <cohort/config/reloader.hpp>
#include <cohort/config/small_file.hpp>
#include "tests/support/temporary_directory.hpp"

namespace cohort::config {
namespace {

using namespace std::string_view_literals;

struct invalid_file {
  std::string_view content;
  std::string_view reason;
};

TEST_CASE("secret: a key file that is not one line of visible ASCII text is rejected with the reason",
          "[config][secret][case-5.1]") {
  const auto file = GENERATE(from_range(std::vector<invalid_file>{
      {"s\0e\0c\0\n"sv, "whose first line contains a NUL byte, as UTF-16 text does"},
      {"\0s\0e\0c"sv, "whose first line contains a NUL byte"},
      {"secret\0\n"sv, "whose first line contains a NUL byte"},
      {"\0"sv, "whose first line contains a NUL byte"},
      {"\xFF\xFEs\0e\0c\0"sv, "which is UTF-16 text"},
      {"\xFE\xFF\0s\0e\0c"sv, "which is UTF-16 text"},
      {"\xEF\xBB\xBFsecret\n"sv, "which starts with a byte order mark"},
      {"sec\tret\n"sv, "whose first line contains a control character"},
      {"sec\x1b[0mret"sv, "whose first line contains a control character"},
      {"sec\rret\r\n"sv, "whose first line contains a control character"},
      {"secret\x7f"sv, "whose first line contains a control character"},
      {"s\u00e9cret\n"sv, "whose first line is not ASCII text"},
      {"s\xe9"sv, "whose first line is not ASCII text"},
      {"my secret\n"sv, "whose first line contains a space"},
      {" \n"sv, "whose first line contains a space"},
      {""sv, "which cannot be read: the file is empty"},
      {"\n"sv, "whose first line is empty"},
      {"\r\nsecret"sv, "whose first line is empty"},
  }));
  const test::temporary_directory directory;
  const auto path = directory.write("key", file.content).string();
  CAPTURE(file.content);
  const auto read = read_secret_file(path);
  CHECK(read.secret.empty());
  CHECK(read.error.starts_with(file.reason));

  std::string secret = "unset";
  options parser{"program", "", "1"};
  parser.add_secret(secret, {"--api-key", "API_KEY", "Key"});
  const char* const program = "program";
  const auto exit = parser.parse(1, &program, {{"API_KEY_FILE", path}});
  REQUIRE(exit.has_value());
  CHECK(exit->status == 2);
  CHECK(exit->text == "program: API_KEY_FILE is \"" + path + "\", " + read.error + "\n");
  CHECK(secret == "unset");
}

TEST_CASE("secret: a key file that is a pipe without a writer is rejected after a timeout",
          "[config][secret][case-5.1]") {
  const test::temporary_directory directory;
  const auto path = directory.path() / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const auto read = read_small_file(path.string(), 100, std::nullopt, std::chrono::milliseconds{1});
  CHECK(read.text.empty());
  CHECK(read.error == "no process wrote to the file within the timeout");
}

TEST_CASE("secret: a key file can be a pipe, and reading stops after the first line", "[config][secret][case-5.1]") {
  const test::temporary_directory directory;
  const auto path = directory.path() / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  // A descriptor for both directions can be opened without a reader, and keeps the pipe open.
  const int writer = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(writer >= 0);
  REQUIRE(::write(writer, "first\nsecond\n", 13) == 13);
  const auto read = read_secret_file(path.string());
  ::close(writer);
  CHECK(read.error.empty());
  CHECK(read.secret == "first");
}

TEST_CASE("secret: the first line of a key file is the key, regardless of the line ending",
          "[config][secret][case-5.1]") {
  const auto content = GENERATE("s!~"sv, "s!~\n"sv, "s!~\r\n"sv, "s!~\nsecond\0line"sv, "s!~\r"sv);
  const test::temporary_directory directory;
  const auto read = read_secret_file(directory.write("key", content).string());
  CHECK(read.error.empty());
  CHECK(read.secret == "s!~");
}

TEST_CASE("secret: a first line longer than 4094 bytes is rejected", "[config][secret][case-5.1]") {
  const test::temporary_directory directory;
  CHECK(read_secret_file(directory.write("key", std::string(4094, 's') + "\n").string()).secret.size() == 4094);
  CHECK(read_secret_file(directory.write("key", std::string(5000, 's')).string()).error ==
        "whose first line is longer than 4094 bytes");
  CHECK_FALSE(read_secret_file("/dev/zero").error.empty());
}

TEST_CASE("secret: a reference to a previous value stays valid", "[config][secret]") {
  replaceable_secret secret{"first"};
  const auto& first = secret.get();
  CHECK(secret.replace("second"));
  CHECK_FALSE(secret.replace("second"));
  CHECK(first == "first");
  CHECK(secret.get() == "second");
}

TEST_CASE("secret: a secret can be replaced while another thread reads it", "[config][secret][threads]") {
  replaceable_secret secret{"0000"};
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      const auto& value = secret.get();
      if (value != std::string(4, value[0])) std::abort();
    }
  });
  for (int i = 0; i < 1000; ++i) secret.replace(std::string(4, static_cast<char>('0' + i % 10)));
  done = true;
  reader.join();
  CHECK(secret.get() == "9999");
}

TEST_CASE("secret: a reload replaces a secret that has changed, and keeps it on an error",
          "[config][reloader][case-5.4]") {
  const test::temporary_directory directory;
  const auto path = directory.write("key", "old\n").string();
  replaceable_secret secret{"old"};
  reloader settings;
  CHECK(settings.is_empty());
  CHECK(settings.reload().empty());
  settings.add_secret_file("KEY_FILE", path, [&](const std::string& value) { return secret.replace(value); });
  CHECK_FALSE(settings.is_empty());
  const auto reload = [&] { return settings.reload().at(0).result; };
  CHECK(reload().outcome == reload_outcome::unchanged);

  directory.write("key", "new\n");
  CHECK(settings.reload().at(0).setting == "KEY_FILE");
  CHECK(secret.get() == "new");

  for (const auto content : {""sv, "\n"sv, "n\0e\0w\0"sv, "two words"sv}) {
    directory.write("key", content);
    const auto result = reload();
    CHECK(result.outcome == reload_outcome::failed);
    CHECK(result.error.starts_with("\"" + path + "\", wh"));
    CHECK(secret.get() == "new");
  }
  std::filesystem::remove(path);
  CHECK(reload().error == "\"" + path + "\", which cannot be read: No such file or directory");
  std::filesystem::create_directory(path);
  CHECK(reload().error == "\"" + path + "\" is not a regular file");
  std::filesystem::remove(path);
  directory.write("key", "newest");
  CHECK(reload().outcome == reload_outcome::replaced);
  CHECK(secret.get() == "newest");
}

}  // namespace
}  // namespace cohort::config
