// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/redaction.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <vector>

#include <cohort/config/options.hpp>

namespace cohort::config {
namespace {

struct redaction_case {
  std::string text;
  std::string redacted;
};

TEST_CASE("redaction: user name and password of a URL are redacted", "[config][case-4.3]") {
  const auto example = GENERATE(from_range(std::vector<redaction_case>{
      {"http://u:p@h/", "http://***@h/"},
      {"http://token@h/", "http://***@h/"},
      {"https://u:p@h:99999/?q=1", "https://***@h:99999/?q=1"},
      {"http://u:p/w@h/", "http://***@h/"},
      {"http://u:p?w#x@h/", "http://***@h/"},
      {"http://u:p@w@h/", "http://***@h/"},
      {"u:p@h", "***@h"},
      {"http:/u:p@h/", "***@h/"},
      {"u:p@h/?next=http://other/", "***@h/?next=http://other/"},
      {"time=http://u:p@h/@3", "time=http://***@3"},
      {"ftp://u:p@h", "ftp://***@h"},
      {"http://@h/", "http://***@h/"},
  }));
  CHECK(redact_userinfo(example.text) == example.redacted);
}

TEST_CASE("redaction: the value of a header field that is a credential is redacted", "[config][case-4.3]") {
  const auto example = GENERATE(from_range(std::vector<redaction_case>{
      {"Authorization: Bearer abc", "Authorization: ***"},
      {"authorization:abc", "authorization: ***"},
      {"Proxy-Authorization: Basic abc", "Proxy-Authorization: ***"},
      {"X-API-Key: abc\x01", "X-API-Key: ***"},
      {"X-Auth-Token : abc", "X-Auth-Token : ***"},
      {"Cookie: session=abc", "Cookie: ***"},
      {"X-Amz-Security-Token: abc@def", "X-Amz-Security-Token: ***"},
      {"Accept: text/html", "Accept: text/html"},
      {"Host: key.example:80", "Host: key.example:80"},
      {"token://h/", "token://h/"},
      {"auth-service:8080", "auth-service:8080"},
      {"key=http://h/", "key=http://h/"},
  }));
  CHECK(redact_userinfo(example.text) == example.redacted);
}

TEST_CASE("redaction: a string without user name and password is unchanged", "[config][case-4.3]") {
  const auto text = GENERATE(as<std::string>{}, "", "http://h/", "http://h/@me", "http://h/?to=a@b.example", "http://h",
                             "a:b", "time=http://h/@1001");
  CHECK(redact_userinfo(text) == text);
}

TEST_CASE("redaction: the error about an invalid URL does not contain its password", "[config][case-4.3]") {
  struct url_setting {
    std::vector<std::string> arguments;
    environment variables;
  };
  const std::string long_password(200, 'p');
  const std::string long_url = "http://user:" + long_password + "@h/";
  const auto setting = GENERATE_COPY(from_range(std::vector<url_setting>{
      {{"program", "--url", "http://user:pass@h/"}, {}},
      {{"program", "--url=user:pass@h"}, {}},
      {{"program", "--url", long_url}, {}},
      {{"program"}, {{"URL", "http://user:pass@h:port/"}}},
      {{"program", "--quiet=http://user:pass@h/"}, {}},
      {{"program", "http://user:pass@h/"}, {}},
      {{"program", "--urll=http://user:pass@h/"}, {}},
  }));
  options parser{"program", "A program", "1"};
  boost::urls::url url;
  bool quiet = false;
  parser.add(url, {"--url", "URL", "URL"}, http_url());
  parser.add_switch(quiet, "--quiet", "Quiet");
  std::vector<const char*> arguments;
  for (const auto& argument : setting.arguments) arguments.push_back(argument.c_str());
  const auto exit = parser.parse(static_cast<int>(arguments.size()), arguments.data(), setting.variables);
  REQUIRE(exit.has_value());
  CHECK(exit->status == 2);
  CHECK(exit->text.find("pass@") == std::string::npos);
  CHECK(exit->text.find("ppp") == std::string::npos);
}

}  // namespace
}  // namespace cohort::config
