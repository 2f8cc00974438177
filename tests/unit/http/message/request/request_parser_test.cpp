// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/request_parser.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/support/byte_changes.hpp"

namespace cohort::http {
namespace {

/// A parsed request whose body arrives in segments.
struct parsed_request {
  explicit parsed_request(const std::string& head_bytes, const std::string& body_bytes = "",
                          std::size_t segment_size = 1 << 20)
      : bytes(head_bytes) {
    rejected = parser.parse_head(bytes);
    std::string unread;
    for (std::size_t i = 0; !rejected && parser.has_body() && i < body_bytes.size(); i += segment_size) {
      unread += body_bytes.substr(i, segment_size);
      unread.erase(0, parser.parse_body(unread, rejected));
    }
    unread_bytes = unread;
  }

  std::string bytes;
  server_limits limits;
  request_head head;
  std::string body;
  request_parser parser{limits, head, body};
  request_parser::rejection rejected;
  std::string unread_bytes;
};

TEST_CASE("request parser: the request line and the fields are views of the received bytes", "[http][message]") {
  parsed_request request{"GET /a%20b?c=d HTTP/1.1\r\nHost: test:80\r\nX-A:  b c \t\r\nx-a: second\r\nEmpty:\r\n\r\n"};
  REQUIRE_FALSE(request.rejected);
  const auto& head = request.head;
  CHECK(head.method == method::get);
  CHECK(head.method_text == "GET");
  CHECK(head.target == "/a%20b?c=d");
  CHECK(head.path == "/a%20b");
  CHECK(head.query == "c=d");
  CHECK_FALSE(head.is_http_1_0);
  CHECK(head.fields.size() == 4);
  CHECK(head.find(field::host) == "test:80");
  CHECK(head.find("X-a") == "b c");
  CHECK(head.find("empty") == "");
  CHECK_FALSE(head.find("absent").has_value());
  CHECK_FALSE(request.parser.has_body());
}

TEST_CASE("request parser: origin-form, absolute-form and asterisk-form are accepted", "[http][message]") {
  struct row {
    const char* line;
    std::string_view path;
  };
  const auto expected = GENERATE(values<row>({{"GET / HTTP/1.1", "/"},
                                              {"GET http://test/a?b HTTP/1.1", "/a"},
                                              {"GET http://test HTTP/1.1", "/"},
                                              {"OPTIONS * HTTP/1.1", "*"},
                                              {"OPTIONS http://test HTTP/1.1", "*"},
                                              {"OPTIONS http://test/ HTTP/1.1", "/"},
                                              {"OPTIONS http://test?a HTTP/1.1", "/"},
                                              {"GET /a HTTP/1.0", "/a"}}));
  CAPTURE(expected.line);
  parsed_request request{expected.line + std::string{"\r\nHost: test\r\n\r\n"}};
  REQUIRE_FALSE(request.rejected);
  CHECK(request.head.path == expected.path);
}

TEST_CASE("request parser: the host of a target in absolute-form takes precedence over Host", "[http][message]") {
  const auto [head, host] = GENERATE(table<std::string, std::string>({
      {"GET http://test:80/a HTTP/1.1\r\nA: b\r\nHost: other\r\n\r\n", "test:80"},
      {"GET HTTPS://[::1]?a=//b HTTP/1.1\r\nHost:\r\n\r\n", "[::1]"},
      {"OPTIONS http://test HTTP/1.1\r\nHost: other\r\n\r\n", "test"},
      {"GET http://test/ HTTP/1.0\r\nA: b\r\n\r\n", "test"},
      {"OPTIONS * HTTP/1.1\r\nHost: other\r\n\r\n", "other"},
      {"GET //test/ HTTP/1.1\r\nHost: other\r\n\r\n", "other"},
  }));
  CAPTURE(head);
  parsed_request request{head};
  REQUIRE_FALSE(request.rejected);
  CHECK(request.head.find(field::host) == host);
  CHECK(request.head.find("host") == host);
}

TEST_CASE("request parser: Host is optional in HTTP/1.0", "[http][message]") {
  parsed_request request{"GET / HTTP/1.0\r\n\r\n"};
  CHECK_FALSE(request.rejected);
  CHECK(request.head.is_http_1_0);
}

TEST_CASE("request parser: Host may be a name or an IP address, with or without a port, or empty", "[http][message]") {
  const auto host =
      GENERATE(as<std::string>{}, "test", "test:80", "192.0.2.1", "[2001:db8::1]:80", "", "TEST.example.");
  parsed_request request{"GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"};
  CHECK_FALSE(request.rejected);
}

TEST_CASE("request parser: a Host field that is not uri-host[:port] is rejected with 400",
          "[http][message][case-1.2]") {
  const auto host = GENERATE(as<std::string>{}, "[::1", "a:b", "%zz", "a\x80", "a]b", ":80", "a:80:80", "[::1]a", "u@a",
                             "a/b", "a b", "a, b", "[::1%25lo", "a:65536", "[::1]:70000");
  const auto version = GENERATE(as<std::string>{}, "1.0", "1.1");
  CAPTURE(host);
  CHECK(parsed_request{"GET / HTTP/" + version + "\r\nHost: " + host + "\r\n\r\n"}.rejected == status::bad_request);
  CHECK(parsed_request{"GET http://test/ HTTP/" + version + "\r\nHost: " + host + "\r\n\r\n"}.rejected ==
        status::bad_request);
}

TEST_CASE("request parser: an unknown method is kept as received", "[http][message]") {
  parsed_request request{"get / HTTP/1.1\r\nHost: test\r\n\r\n"};
  CHECK_FALSE(request.rejected);
  CHECK(request.head.method == method::unknown);
  CHECK(request.head.method_text == "get");
}

TEST_CASE("request parser: the version and Connection decide whether the connection is kept", "[http][message]") {
  struct row {
    const char* version;
    const char* connection;
    bool keep_alive;
  };
  const auto expected = GENERATE(values<row>({{"1.1", "", true},
                                              {"1.1", "Connection: close\r\n", false},
                                              {"1.1", "Connection: x, Close\r\n", false},
                                              {"1.1", "Connection: keep-alive\r\n", true},
                                              {"1.0", "", false},
                                              {"1.0", "Connection: Keep-Alive\r\n", true},
                                              {"1.0", "Connection: close\r\n", false}}));
  CAPTURE(expected.version, expected.connection);
  parsed_request request{std::string{"GET / HTTP/"} + expected.version + "\r\nHost: test\r\n" + expected.connection +
                         "\r\n"};
  CHECK_FALSE(request.rejected);
  CHECK(request.parser.keep_alive() == expected.keep_alive);
}

TEST_CASE("request parser: close takes precedence over keep-alive, and Proxy-Connection has no effect",
          "[http][message][case-1.1]") {
  struct row {
    const char* version;
    const char* fields;
    bool keep_alive;
  };
  const auto expected = GENERATE(values<row>({{"1.0", "Connection: keep-alive, close\r\n", false},
                                              {"1.0", "Connection: close, keep-alive\r\n", false},
                                              {"1.0", "Connection: close\r\nConnection: keep-alive\r\n", false},
                                              {"1.0", "Connection: keep-alive\r\nConnection: close\r\n", false},
                                              {"1.0", "Connection: ,keep-alive , , CLOSE\r\n", false},
                                              {"1.0", "Connection: close\r\nProxy-Connection: keep-alive\r\n", false},
                                              {"1.0", "Proxy-Connection: keep-alive\r\n", false},
                                              {"1.0", "Connection: keep-alive\r\nProxy-Connection: close\r\n", true},
                                              {"1.1", "Proxy-Connection: close\r\n", true},
                                              {"1.1", "Connection: keep-alive, close\r\n", false},
                                              {"1.1", "Connection: close\r\nProxy-Connection: keep-alive\r\n", false},
                                              {"1.1", "Connection: closed\r\n", true}}));
  CAPTURE(expected.version, expected.fields);
  parsed_request request{std::string{"GET / HTTP/"} + expected.version + "\r\nHost: test\r\n" + expected.fields +
                         "\r\n"};
  CHECK_FALSE(request.rejected);
  CHECK(request.parser.keep_alive() == expected.keep_alive);
}

TEST_CASE("request parser: a minor version above 1 is processed as HTTP/1.1", "[http][message][case-1.12]") {
  const auto version = GENERATE(as<std::string>{}, "1.2", "1.3", "1.9");
  parsed_request request{"POST /a HTTP/" + version + "\r\nHost: test\r\nContent-Length: 2\r\n\r\n", "ab"};
  CHECK_FALSE(request.rejected);
  CHECK_FALSE(request.head.is_http_1_0);
  CHECK(request.parser.keep_alive());
  CHECK(request.head.path == "/a");
  CHECK(request.head.find("host") == "test");
  CHECK(request.body == "ab");
}

TEST_CASE("request parser: an unsupported major version is rejected with 505, a malformed version with 400",
          "[http][message][case-1.12]") {
  const auto [version, rejected] = GENERATE(table<std::string, status>({
      {"HTTP/2.0", status::http_version_not_supported},
      {"HTTP/0.9", status::http_version_not_supported},
      {"HTTP/3.1", status::http_version_not_supported},
      {"HTTP/1.10", status::bad_request},
      {"HTTP/1.", status::bad_request},
      {"HTTP/1.a", status::bad_request},
      {"http/1.2", status::bad_request},
      {"HTTP/11.2", status::bad_request},
  }));
  CAPTURE(version);
  CHECK(parsed_request{"GET / " + version + "\r\nHost: test\r\n\r\n"}.rejected == rejected);
}

TEST_CASE("request parser: the asterisk-form is rejected with 400 for methods other than OPTIONS",
          "[http][message][case-1.12]") {
  const auto method = GENERATE(as<std::string>{}, "GET", "HEAD", "POST", "BREW");
  CHECK(parsed_request{method + " * HTTP/1.1\r\nHost: test\r\n\r\n"}.rejected == status::bad_request);
}

std::string post_head(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n"; }

TEST_CASE("request parser: an expectation other than 100-continue is rejected with 417", "[http][message][case-1.5]") {
  const auto fields = GENERATE(as<std::string>{}, "Expect: 100-continue, x\r\n", "Expect: x, 100-continue\r\n",
                               "Expect: x\r\n", "Expect: 100-continue\r\nExpect: x\r\n", "Expect: 100-continue;a=b\r\n",
                               "Expect: x=\"100-continue\"\r\n");
  CAPTURE(fields);
  CHECK(parsed_request{post_head("Content-Length: 5\r\n" + fields)}.rejected == status::expectation_failed);
  CHECK(parsed_request{post_head(fields)}.rejected == status::expectation_failed);
}

TEST_CASE("request parser: 100-continue is recognized in a list and in repeated fields", "[http][message][case-1.5]") {
  const auto fields = GENERATE(as<std::string>{}, "Expect: 100-continue\r\n", "Expect: 100-Continue, 100-continue\r\n",
                               "Expect: , 100-continue ,\r\n", "Expect: 100-continue\r\nExpect: 100-continue\r\n");
  CAPTURE(fields);
  parsed_request request{post_head("Content-Length: 5\r\n" + fields)};
  CHECK_FALSE(request.rejected);
  CHECK(request.parser.expects_continue());
}

TEST_CASE("request parser: HTTP/1.0 has no expectations, and an empty expectation is ignored",
          "[http][message][case-1.5]") {
  parsed_request http_1_0{"POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: x\r\n\r\n"};
  CHECK_FALSE(http_1_0.rejected);
  CHECK_FALSE(http_1_0.parser.expects_continue());
  parsed_request empty{post_head("Content-Length: 5\r\nExpect: ,\r\n")};
  CHECK_FALSE(empty.rejected);
  CHECK_FALSE(empty.parser.expects_continue());
}

TEST_CASE("request parser: a body with a Content-Length ends after that length, and later bytes are not consumed",
          "[http][message]") {
  const auto segment_size = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{100});
  parsed_request request{post_head("Content-Length: 5\r\n"), "helloGET", segment_size};
  CHECK_FALSE(request.rejected);
  CHECK(request.parser.content_length() == 5U);
  CHECK_FALSE(request.parser.has_body());
  CHECK(request.body == "hello");
  CHECK(std::string{"GET"}.starts_with(request.unread_bytes));
  CHECK_FALSE(parsed_request(post_head("Content-Length: 0\r\n")).parser.has_body());
}

TEST_CASE("request parser: trailers are discarded and never act as header fields", "[http][message][case-1.8]") {
  const auto segment_size = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{1000});
  const auto trailer = GENERATE(as<std::string>{}, "Connection: close", "connection: Close, x", "Host: other",
                                "Expect: x", "Upgrade: h2c", "X-Api-Key: forged", "Proxy-Connection: close");
  parsed_request request{post_head("Transfer-Encoding: chunked\r\n"),
                         "5\r\nhello\r\n0001;name=value\r\n \r\n0\r\n" + trailer + "\r\n\r\n", segment_size};
  CHECK_FALSE(request.rejected);
  CHECK_FALSE(request.parser.has_body());
  CHECK_FALSE(request.parser.content_length());
  CHECK(request.body == "hello ");
  CHECK(request.head.fields.size() == 2);
  CHECK(request.head.find(field::host) == "test");
  CHECK(request.parser.keep_alive());
  CHECK_FALSE(request.parser.expects_continue());
  CHECK(request.unread_bytes.empty());
}

TEST_CASE("request parser: a chunked body may be empty, and may arrive in any segmentation", "[http][message]") {
  const auto segment_size = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{4}, std::size_t{5});
  parsed_request request{post_head("Transfer-Encoding: chunked\r\n"), "0\r\n\r\n", segment_size};
  CHECK_FALSE(request.rejected);
  CHECK_FALSE(request.parser.has_body());
  CHECK(request.body.empty());
}

TEST_CASE("request parser: the name of the transfer coding is case-insensitive", "[http][message]") {
  parsed_request request{post_head("transfer-encoding: Chunked\r\n"), "1\r\na\r\n0\r\n\r\n"};
  CHECK_FALSE(request.rejected);
  CHECK(request.body == "a");
}

TEST_CASE("request parser: a body of the maximum length is accepted, and a longer chunked body is rejected with 413",
          "[http][message]") {
  for (const auto& [fields, body] : {std::pair<std::string, std::string>{"Content-Length: 1048576\r\n", ""},
                                     {"Transfer-Encoding: chunked\r\n", "100000\r\n"}}) {
    CAPTURE(fields);
    CHECK_FALSE(parsed_request(post_head(fields), body).rejected);
  }
  CHECK(parsed_request(post_head("Transfer-Encoding: chunked\r\n"), "100001\r\n").rejected ==
        status::payload_too_large);
}

TEST_CASE("request parser: the maximum number of fields is accepted, and one more field is rejected with 431",
          "[http][message]") {
  const auto head_with_fields = [](int count) {
    std::string text = "GET / HTTP/1.1\r\nHost: test\r\n";
    for (int i = 1; i < count; ++i) text += "X: y\r\n";
    return text + "\r\n";
  };
  CHECK_FALSE(parsed_request(head_with_fields(100)).rejected);
  CHECK(parsed_request(head_with_fields(101)).rejected == status::request_header_fields_too_large);
}

TEST_CASE("request parser: a target of the maximum length is accepted, and a longer target is rejected with 414",
          "[http][message]") {
  const auto head_with_target = [](std::size_t length) {
    return "GET /" + std::string(length - 1, 'a') + " HTTP/1.1\r\nHost: test\r\n\r\n";
  };
  CHECK_FALSE(parsed_request(head_with_target(8192)).rejected);
  CHECK(parsed_request(head_with_target(8193)).rejected == status::uri_too_long);
}

/// A common request with HTTP/1.1 is parsed without Beast, and the same request with HTTP/1.2 by Beast.
TEST_CASE("request parser: a mutated common request has the same result with and without Beast", "[http][message]") {
  const std::string version = " HTTP/1.1";
  const auto [line, fields] = GENERATE(table<std::string, std::string>({
      {"GET /a?b=%20", "X-A:\t b \r\nConnection: close\r\nUser-Agent: c\r\n"},
      {"POST /", "Content-Length: 12\r\n"},
      {"POST /", "Content-Length: 1\r\nContent-Length: 1\r\n"},
      {"POST /", "Transfer-Encoding: chunked\r\n"},
      {"POST /", "Expect: 100-continue\r\nContent-Length: 1\r\n"},
      {"GET /", "Connection: upgrade\r\nUpgrade: websocket\r\n"},
      {"GET /", "Proxy-Connection: close\r\n"},
      {"GET /", "Connection: X-A, keep-alive\r\nX-A: b\r\n"},
      {"GET /", "Connection: keep-alive\r\nConnection: close\r\n"},
  }));
  const auto common = line + " HTTP/1.1\r\nHost: test:80\r\n" + fields + "\r\n";
  const auto compare = [&](const std::string& bytes) {
    auto beast_input = bytes;
    const auto found = bytes.find(version);
    if (found == std::string::npos) return true;
    beast_input[found + version.size() - 1] = '2';
    const parsed_request unsegmented_request{bytes};
    const parsed_request other{beast_input};
    if (unsegmented_request.rejected || other.rejected) return unsegmented_request.rejected == other.rejected;
    const auto is_same_field = [](const header_field& a, const header_field& b) {
      return a.id == b.id && a.name == b.name && a.value == b.value;
    };
    return unsegmented_request.head.method == other.head.method &&
           unsegmented_request.head.method_text == other.head.method_text &&
           unsegmented_request.head.target == other.head.target && unsegmented_request.head.path == other.head.path &&
           unsegmented_request.head.query == other.head.query &&
           unsegmented_request.head.is_http_1_0 == other.head.is_http_1_0 &&
           unsegmented_request.parser.keep_alive() == other.parser.keep_alive() &&
           unsegmented_request.parser.has_body() == other.parser.has_body() &&
           unsegmented_request.parser.content_length() == other.parser.content_length() &&
           unsegmented_request.parser.expects_continue() == other.parser.expects_continue() &&
           std::equal(unsegmented_request.head.fields.begin(), unsegmented_request.head.fields.end(),
                      other.head.fields.begin(), other.head.fields.end(), is_same_field);
  };
  REQUIRE(compare(common));
  test::check_byte_changes(common, common.size() - 4, compare);
}

}  // namespace
}  // namespace cohort::http
