// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/api_keys.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <filesystem>
#include <string_view>

#include <cohort/config/options.hpp>
#include <cohort/config/reloader.hpp>
#include "tests/support/temporary_directory.hpp"

namespace cohort::config {
namespace {

using namespace std::string_view_literals;

api_key_file read(std::string_view content) {
  const test::temporary_directory directory;
  return read_api_key_file(directory.write("keys", content).string());
}

TEST_CASE("API keys: a file has one key per line, with or without a name", "[config][secret]") {
  const auto file = read("# keys\n\nalice: key:one\r\nkey-two\nb.o_b-2:\t key3\nscheme:value");
  CHECK(file.error.empty());
  CHECK(file.keys ==
        api_key_list{{"alice", "key:one"}, {"key-2", "key-two"}, {"b.o_b-2", "key3"}, {"key-4", "scheme:value"}});
}

TEST_CASE("API keys: a file with one unnamed key is equivalent to that key in API_KEY", "[config][secret]") {
  const auto content = GENERATE("s!~"sv, "s!~\n"sv, "s!~\r\n"sv, "s!~\r"sv);
  CHECK(read(content).keys == single_api_key("s!~"));
}

TEST_CASE("API keys: the error for an invalid line contains its number but not its text", "[config][secret]") {
  const auto [content, error] = GENERATE(table<std::string_view, std::string>({
      {"", "which cannot be read: the file is empty"},
      {"# only a comment\n", "which has no key; write one key per line: \"name: key\" or only the key"},
      {"good\nmy secret\n", "whose line 2 contains a space; it must be a secret of visible ASCII characters"},
      {"secret words: key",
       "whose first line has an invalid name before the colon; names are 1 to 64 letters, digits, "
       "'.', '_' and '-'"},
      {": secret",
       "whose first line has an invalid name before the colon; names are 1 to 64 letters, digits, '.', '_' "
       "and '-'"},
      {"\nname:  \n", "whose line 2 is empty; it must be a secret of visible ASCII characters"},
      {"name:\n", "whose first line is empty; it must be a secret of visible ASCII characters"},
      {"a: secret\na: other", "whose line 2 has the name \"a\" of an earlier key"},
      {"a: secret\nb: secret", "whose line 2 has the same key as an earlier line"},
      {"key-2: secret\nother", "whose line 2 has the name \"key-2\" of an earlier key"},
      {"a: sec\tret", "whose first line contains a control character; it must be a secret of visible ASCII characters"},
      {"good\ns\0e\0c\0"sv,
       "whose line 2 contains a NUL byte, as UTF-16 text does; it must be a secret of visible "
       "ASCII characters"},
      {"\xEF\xBB\xBFsecret", "which starts with a byte order mark, but must be ASCII text without one"},
  }));
  CAPTURE(content);
  const auto file = read(content);
  CHECK(file.keys.empty());
  CHECK(file.error == error);
}

TEST_CASE("API keys: the number and the length of keys are limited", "[config][secret]") {
  std::string content;
  for (std::size_t i = 0; i < max_api_keys; ++i) content += "key" + std::to_string(i) + "\n";
  CHECK(read(content).keys.size() == max_api_keys);
  CHECK(read(content + "more").error == "which has more than 64 keys");
  CHECK(read(std::string(5000, 's')).error == "whose first line is longer than 4094 bytes");
  CHECK_FALSE(read_api_key_file("/dev/zero").error.empty());
}

TEST_CASE("API keys: API_KEY contains one key, and API_KEY_FILE can contain several", "[config][options]") {
  const test::temporary_directory directory;
  const auto path = directory.write("keys", "a: one\nb: two\n").string();
  const auto parse = [](const environment& variables) {
    api_key_list keys;
    options parser{"program", "", "1"};
    parser.add_api_keys(keys, {"--api-key", "API_KEY", "Key"});
    const char* const program = "program";
    const auto exit = parser.parse(1, &program, variables);
    return std::pair{keys, exit ? exit->text : ""};
  };
  CHECK(parse({{"API_KEY", "a:b"}}).first == single_api_key("a:b"));
  CHECK(parse({{"API_KEY_FILE", path}}).first == api_key_list{{"a", "one"}, {"b", "two"}});
  CHECK(
      parse({{"API_KEY", "a: one"}}).second ==
      "program: API_KEY is an invalid value (not shown), but must be a secret of visible ASCII characters, without spaces\n");
  directory.write("keys", "a: one\na: two\n");
  CHECK(parse({{"API_KEY_FILE", path}}).second ==
        "program: API_KEY_FILE is \"" + path + "\", whose line 2 has the name \"a\" of an earlier key\n");
}

TEST_CASE("API keys: a reload replaces the keys, or keeps them if the file is invalid", "[config][reloader]") {
  const test::temporary_directory directory;
  const auto path = directory.write("keys", "old\n").string();
  api_key_set keys{"old"};
  reloader settings;
  settings.add_api_key_file("API_KEY_FILE", path, [&](const api_key_list& list) { return keys.replace(list); });
  const auto reload = [&] { return settings.reload().at(0).result; };
  CHECK(reload().outcome == reload_outcome::unchanged);
  directory.write("keys", "next: new\nold\n");
  CHECK(reload().outcome == reload_outcome::replaced);
  CHECK(keys.get() == api_key_list{{"next", "new"}, {"key-2", "old"}});
  CHECK(keys.outgoing_secret().get() == "new");
  directory.write("keys", "next: new\nnext: newer\n");
  CHECK(reload().error == "\"" + path + "\", whose line 2 has the name \"next\" of an earlier key");
  CHECK(keys.get().size() == 2);
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  CHECK(reload().error == "\"" + path + "\" is not a regular file");
}

}  // namespace
}  // namespace cohort::config
