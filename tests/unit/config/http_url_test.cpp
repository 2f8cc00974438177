// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/http_url.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::config {
namespace {

TEST_CASE("http URL: a Unix domain socket becomes a percent-encoded host", "[config][unix]") {
  const auto [text, url] = GENERATE(table<std::string, std::string>({
      {"unix:/run/app.sock", "http://%2Frun%2Fapp.sock"},
      {"http://unix:/run/app.sock", "http://%2Frun%2Fapp.sock"},
      {"http://unix:/run/app.sock:/prefix", "http://%2Frun%2Fapp.sock/prefix"},
      {"unix:/run/app.sock:/prefix/", "http://%2Frun%2Fapp.sock/prefix/"},
      {"unix:/run/my app%.sock", "http://%2Frun%2Fmy%20app%25.sock"},
      {"http://%2Frun%2Fapp.sock/prefix", "http://%2Frun%2Fapp.sock/prefix"},
      {"http://127.0.0.1:5001/a", "http://127.0.0.1:5001/a"},
      {"http://unix/a", "http://unix/a"},
  }));
  const auto parsed = parse_http_url(text);
  REQUIRE(parsed);
  CHECK(std::string{parsed->buffer()} == url);
}

TEST_CASE("http URL: invalid paths of Unix domain sockets are rejected", "[config][unix]") {
  const auto text = GENERATE(as<std::string>{}, "unix:", "unix:/", "unix:run/app.sock", "unix:/run/",
                             "unix://run/app:x", "unix:/run/app.sock:prefix", "https://unix:/run/app.sock",
                             "https://%2Frun%2Fapp.sock", "http://%2Frun%2Fapp.sock:80", "unix:/run/app.sock:/a?b",
                             "http://u:p@%2Frun%2Fapp.sock", "unix:/" + std::string(107, 'x'));
  CAPTURE(text);
  CHECK_FALSE(parse_http_url(text));
}

TEST_CASE("port: a number from 1 to 65535 is valid", "[config]") {
  const auto [text, port] = GENERATE(table<std::string, std::uint16_t>({{"1", 1}, {"080", 80}, {"65535", 65'535}}));
  CHECK(parse_port(text) == port);
}

TEST_CASE("port: a number out of range, or any other string, is invalid", "[config]") {
  const auto text = GENERATE(as<std::string>{}, "", "0", "-1", "+1", "65536", "131072", "80x", "x80", " 80", "8 0");
  CAPTURE(text);
  CHECK_FALSE(parse_port(text));
}

}  // namespace
}  // namespace cohort::config
