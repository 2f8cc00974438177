#include "core/http/request_parser.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::http {
namespace {

/// A request read to its end, its body in pieces of this length.
struct parsed {
  parsed(const std::string& head_bytes, const std::string& body_bytes, std::size_t piece = 1 << 20)
      : bytes(head_bytes) {
    wrong = parser.parse_head(bytes);
    std::string waiting;
    for (std::size_t at = 0; !wrong && parser.has_body() && at < body_bytes.size(); at += piece) {
      waiting += body_bytes.substr(at, piece);
      waiting.erase(0, parser.parse_body(waiting, wrong));
    }
    left = waiting;
  }

  std::string bytes;
  server_limits limits;
  request_head head;
  std::string body;
  request_parser parser{limits, head, body};
  request_parser::verdict wrong;
  std::string left;
};

TEST_CASE("A request line and its fields are told as they were sent") {
  parsed request{"GET /a%20b?c=d HTTP/1.1\r\nHost: test:80\r\nX-A:  b c \t\r\nx-a: second\r\nEmpty:\r\n\r\n", ""};
  REQUIRE_FALSE(request.wrong);
  const auto& head = request.head;
  CHECK(head.method == method::get);
  CHECK(head.method_text == "GET");
  CHECK(head.target == "/a%20b?c=d");
  CHECK(head.path == "/a%20b");
  CHECK(head.query == "c=d");
  CHECK_FALSE(head.http_1_0);
  CHECK(head.fields.size() == 4);
  CHECK(head.find(field::host) == "test:80");
  CHECK(head.find("X-a") == "b c");
  CHECK(head.find("empty") == "");
  CHECK_FALSE(head.find("absent").has_value());
  CHECK_FALSE(request.parser.has_body());
}

TEST_CASE("Every form of a target that a server may get is understood") {
  struct row {
    const char* line;
    std::string_view path;
  };
  const auto each = GENERATE(values<row>({{"GET / HTTP/1.1", "/"},
                                          {"GET http://test/a?b HTTP/1.1", "/a"},
                                          {"GET http://test HTTP/1.1", "/"},
                                          {"OPTIONS * HTTP/1.1", "*"},
                                          {"GET /a HTTP/1.0", "/a"}}));
  CAPTURE(each.line);
  parsed request{each.line + std::string{"\r\nHost: test\r\n\r\n"}, ""};
  REQUIRE_FALSE(request.wrong);
  CHECK(request.head.path == each.path);
}

TEST_CASE("HTTP/1.0 may do without a Host") {
  parsed request{"GET / HTTP/1.0\r\n\r\n", ""};
  CHECK_FALSE(request.wrong);
  CHECK(request.head.http_1_0);
}

TEST_CASE("A Host may be a name, an address, have a port, or be empty") {
  const auto host =
      GENERATE(as<std::string>{}, "test", "test:80", "192.0.2.1", "[2001:db8::1]:80", "", "TEST.example.");
  parsed request{"GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n", ""};
  CHECK_FALSE(request.wrong);
}

TEST_CASE("A method that has no number is kept as it was sent") {
  parsed request{"get / HTTP/1.1\r\nHost: test\r\n\r\n", ""};
  CHECK_FALSE(request.wrong);
  CHECK(request.head.method == method::unknown);
  CHECK(request.head.method_text == "get");
}

TEST_CASE("A connection is kept as the version and Connection say") {
  struct row {
    const char* version;
    const char* connection;
    bool keeps;
  };
  const auto each = GENERATE(values<row>({{"1.1", "", true},
                                          {"1.1", "Connection: close\r\n", false},
                                          {"1.1", "Connection: x, Close\r\n", false},
                                          {"1.1", "Connection: keep-alive\r\n", true},
                                          {"1.0", "", false},
                                          {"1.0", "Connection: Keep-Alive\r\n", true},
                                          {"1.0", "Connection: close\r\n", false}}));
  CAPTURE(each.version, each.connection);
  parsed request{std::string{"GET / HTTP/"} + each.version + "\r\nHost: test\r\n" + each.connection + "\r\n", ""};
  CHECK_FALSE(request.wrong);
  CHECK(request.parser.keeps_alive() == each.keeps);
}

std::string posting(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n"; }

TEST_CASE("A body of a known length ends there, and what follows is left alone") {
  const auto piece = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{100});
  parsed request{posting("Content-Length: 5\r\n"), "helloGET", piece};
  CHECK_FALSE(request.wrong);
  CHECK(request.parser.announced_length() == 5U);
  CHECK_FALSE(request.parser.has_body());
  CHECK(request.body == "hello");
  CHECK(std::string{"GET"}.starts_with(request.left));
  CHECK_FALSE(parsed(posting("Content-Length: 0\r\n"), "").parser.has_body());
}

TEST_CASE("Chunks are put together, their extensions and the trailers dropped") {
  const auto piece = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{1000});
  parsed request{posting("Transfer-Encoding: chunked\r\n"),
                 "5\r\nhello\r\n"
                 "0001;name=value;quoted=\"a;b\"\r\n \r\n"
                 "A;x\r\n0123456789\r\n"
                 "0\r\nHost: other\r\nX-Trailer: forged\r\n\r\n",
                 piece};
  CHECK_FALSE(request.wrong);
  CHECK_FALSE(request.parser.has_body());
  CHECK_FALSE(request.parser.announced_length());
  CHECK(request.body == "hello 0123456789");
  CHECK(request.head.fields.size() == 2);
  CHECK_FALSE(request.head.find("X-Trailer").has_value());
  CHECK(request.head.find(field::host) == "test");
  CHECK(request.left.empty());
}

TEST_CASE("A chunked body may be empty, and come a byte at a time") {
  const auto piece = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{4}, std::size_t{5});
  parsed request{posting("Transfer-Encoding: chunked\r\n"), "0\r\n\r\n", piece};
  CHECK_FALSE(request.wrong);
  CHECK_FALSE(request.parser.has_body());
  CHECK(request.body.empty());
}

TEST_CASE("The name of the coding has no case") {
  parsed request{posting("transfer-encoding: Chunked\r\n"), "1\r\na\r\n0\r\n\r\n"};
  CHECK_FALSE(request.wrong);
  CHECK(request.body == "a");
}

TEST_CASE("A body that is as long as its limit passes, one byte more does not") {
  for (const auto& [fields, body] : {std::pair<std::string, std::string>{"Content-Length: 1048576\r\n", ""},
                                     {"Transfer-Encoding: chunked\r\n", "100000\r\n"}}) {
    CAPTURE(fields);
    CHECK_FALSE(parsed(posting(fields), body).wrong);
  }
  CHECK(parsed(posting("Content-Length: 1048577\r\n"), "").wrong == status::payload_too_large);
  CHECK(parsed(posting("Transfer-Encoding: chunked\r\n"), "100001\r\n").wrong == status::payload_too_large);
}

TEST_CASE("As many fields as are allowed pass, one more does not") {
  const auto fields = [](int count) {
    std::string text = "GET / HTTP/1.1\r\nHost: test\r\n";
    for (int i = 1; i < count; ++i) text += "X: y\r\n";
    return text + "\r\n";
  };
  CHECK_FALSE(parsed(fields(100), "").wrong);
  CHECK(parsed(fields(101), "").wrong == status::request_header_fields_too_large);
}

TEST_CASE("A target as long as its limit passes, one byte more does not") {
  const auto line = [](std::size_t length) {
    return "GET /" + std::string(length - 1, 'a') + " HTTP/1.1\r\nHost: test\r\n\r\n";
  };
  CHECK_FALSE(parsed(line(8192), "").wrong);
  CHECK(parsed(line(8193), "").wrong == status::uri_too_long);
}

}  // namespace
}  // namespace cohort::http
