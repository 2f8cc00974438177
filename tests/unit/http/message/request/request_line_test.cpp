// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/request_line.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

namespace cohort::http {
namespace {

TEST_CASE("request line: the recognizable parts of an incomplete or malformed request line are parsed",
          "[http][message][case-1.14]") {
  struct row {
    std::string_view bytes;
    std::string_view method;
    std::string_view path;
  };
  const auto expected = GENERATE(values<row>({{"GET /a?b=secret HTTP/1.1\r\nX\r\n\r\n", "GET", "/a"},
                                              {"HEAD /a HTTP/2.0\r\n\r\n", "HEAD", "/a"},
                                              {"GET /a\nHost: a\n\n", "GET", "/a"},
                                              {"POST /a", "POST", "/a"},
                                              {"PUT /a?b", "PUT", "/a"},
                                              {"GET http://host/a?b HTTP/1.1", "GET", "/a"},
                                              {"GET http://u:p@host/a?b HTTP/1.1", "GET", "/a"},
                                              {"GET http://u:p@[zz HTTP/1.1", "GET", ""},
                                              {"GET ftp://u:p@host/a#b HTTP/1.1", "GET", "/a"},
                                              {"GET /a?x://u:p@host/b% HTTP/1.1", "GET", "/a"},
                                              {"GET u:p@host HTTP/1.1", "GET", ""},
                                              {"CONNECT host:443 HTTP/1.1", "CONNECT", "host:443"},
                                              {"GET /%zz#b HTTP/1.1\r\n", "GET", "/%zz"},
                                              {"HEAD", "HEAD", ""},
                                              {"GET ", "GET", ""},
                                              {"", "", ""},
                                              {"\r\n", "", ""},
                                              {"G(T /a HTTP/1.1\r\n", "", ""},
                                              {"\x16\x03\x01", "", ""}}));
  CAPTURE(expected.bytes);
  const auto line = read_request_line(expected.bytes);
  CHECK(line.method == expected.method);
  CHECK(line.path == expected.path);
}

TEST_CASE("request line: the first bytes of a request are distinguished from those of other protocols",
          "[http][message][case-1.4]") {
  const std::string request = "\r\nM-SEARCH /a%20b?c HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t size = 2; size <= request.size(); ++size) {
    CAPTURE(size);
    CHECK(may_become_request(std::string_view{request}.substr(2, size - 2)));
  }
  CHECK(may_become_request(""));
  CHECK(may_become_request("\r"));
  CHECK(may_become_request("GET / HTTP/2.0\r\n"));
  const auto* const bytes =
      GENERATE("\x16\x03\x01", "\x80", " ", " GET / HTTP/1.1", "G(T /", "GET\t/ HTTP/1.1", "\r\n", "GET\r", "GET /\r",
               "GET /a/b/c/d/e/f\r\n", "GET HTTP/1.1\r\n", "GET / HTTP/1\r\n", "GET / http/1.1\r\n",
               "GET / HTTP/1.1 \r\n", "SSH-2.0-OpenSSH_9.2\r\n", "EHLO example.org\r\n");
  CAPTURE(bytes);
  CHECK_FALSE(may_become_request(bytes));
}

}  // namespace
}  // namespace cohort::http
