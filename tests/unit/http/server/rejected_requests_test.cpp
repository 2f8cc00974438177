// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/json/parser.hpp>
#include "tests/unit/http/server/server_fixture.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

// Tests of requests that a server rejects as RFC 9112 requires or allows, for every segmentation.
namespace cohort {
namespace {

using namespace cohort::test;
using namespace std::string_literals;

constexpr std::size_t unlimited = 1 << 20;

struct invalid_request {
  const char* name;
  int status;
  std::string bytes;
};

/// Returns a request that would be valid without these fields and this body.
std::string make_request(const std::string& fields, const std::string& body = "",
                         const std::string& line = "POST /echo HTTP/1.1") {
  return line + "\r\nHost: test\r\n" + fields + "\r\n" + body;
}
std::string make_chunked_request(const std::string& body) {
  return make_request("Transfer-Encoding: chunked\r\n", body);
}
/// A request after the first request, which must never be processed.
const std::string smuggled_request = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n";

/// Checks that the only response is an error with this status and that the connection is closed.
void check_rejected(const invalid_request& invalid) {
  const auto read_size = GENERATE(unlimited, std::size_t{1});
  CAPTURE(invalid.name, read_size);
  server_fixture server{max_read_size(read_size)};
  int processed_count = 0;
  int smuggled_count = 0;
  server.routes.post("/echo", [&processed_count](request_context& context) {
    ++processed_count;
    return echo_handler(context);
  });
  server.routes.get("/smuggled", [&smuggled_count](request_context&) {
    ++smuggled_count;
    return text_response("smuggled");
  });
  auto client = server.connect();
  client.send(invalid.bytes + smuggled_request);
  const auto response = client.receive();
  REQUIRE(response.has_value());
  CHECK(response->status == invalid.status);
  CHECK(response->header("Connection") == "close");
  CHECK(client.is_closed_cleanly());
  CHECK(processed_count == 0);
  CHECK(smuggled_count == 0);
}

TEST_CASE("server: a request with ambiguous framing is rejected, and the bytes after it are not processed",
          "[http][server]") {
  check_rejected(GENERATE(values<invalid_request>({
      {"length and coding", 400, make_request("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"coding and length", 400, make_request("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n")},
      {"two lengths", 400, make_request("Content-Length: 4\r\nContent-Length: 5\r\n", "abcde")},
      {"the same length twice", 400, make_request("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd")},
      {"two lengths in a list", 400, make_request("Content-Length: 4, 4\r\n", "abcd")},
      {"a signed length", 400, make_request("Content-Length: +4\r\n", "abcd")},
      {"a negative length", 400, make_request("Content-Length: -1\r\n")},
      {"a hexadecimal length", 400, make_request("Content-Length: 0x4\r\n", "abcd")},
      {"a length with a space in it", 400, make_request("Content-Length: 1 0\r\n", "a")},
      {"an empty length", 400, make_request("Content-Length: \r\n")},
      {"a length beyond 64 bits", 400, make_request("Content-Length: 18446744073709551617\r\n", "a")},
      {"identity", 501, make_request("Transfer-Encoding: identity\r\n")},
      {"gzip", 501, make_request("Transfer-Encoding: gzip\r\n", "0\r\n\r\n")},
      {"gzip, chunked", 501, make_request("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
      {"chunked, identity", 501, make_request("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
      {"xchunked", 501, make_request("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
      {"quoted chunked", 501, make_request("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
      {"chunked with a parameter", 501, make_request("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n")},
      {"an empty coding", 501, make_request("Transfer-Encoding:\r\n")},
      {"a coding in HTTP/1.0", 400, make_request("Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "POST /echo HTTP/1.0")},
      {"folded coding", 400, make_request("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")},
      {"folded length", 400, make_request("Content-Length:\r\n 4\r\n", "abcd")},
      {"a space before the colon of the length", 400, make_request("Content-Length : 4\r\n", "abcd")},
      {"a tab before the colon of the coding", 400, make_request("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n")},
      {"a control character in the coding's name", 400,
       make_request("Transfer-Encoding\x0b: chunked\r\n", "0\r\n\r\n")},
      {"a control character in the coding", 400,
       make_request("Transfer-Encoding: \x0b"
                    "chunked\r\n",
                    "0\r\n\r\n")},
  })));
}

TEST_CASE("server: a repeated transfer coding is rejected with 400 or 501", "[http][server]") {
  const auto fields = GENERATE(as<std::string>{}, "Transfer-Encoding: chunked, chunked\r\n",
                               "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                               "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                               "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n");
  server_fixture server;
  const auto response = server.response_to(make_request(fields, "0\r\n\r\n"));
  CHECK((response.status == 400 || response.status == 501));
  CHECK(response.header("Connection") == "close");
}

TEST_CASE("server: a malformed or ambiguous header section is rejected", "[http][server]") {
  check_rejected(GENERATE(values<invalid_request>({
      {"a folded line", 400, make_request("X: a\r\n b\r\n")},
      {"a line folded with a tab", 400, make_request("X: a\r\n\tb\r\n")},
      {"whitespace before the first field", 400, "GET / HTTP/1.1\r\n Host: test\r\n\r\n"},
      {"a bare line feed after a field", 400, make_request("X: a\nY: b\r\n")},
      {"a bare line feed after the request line", 400, "GET / HTTP/1.1\nHost: test\r\n\r\n"},
      {"bare line feeds only", 400, "GET / HTTP/1.1\nHost: test\n\n"},
      {"a bare carriage return in a value", 400, make_request("X: a\rb\r\n")},
      {"a bare carriage return in the request line", 400, "GET /\ra HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"a space before a colon", 400, make_request("X : a\r\n")},
      {"a field without a colon", 400, make_request("X\r\n")},
      {"a field without a name", 400, make_request(": a\r\n")},
      {"a NUL in a value", 400, make_request("X: a\0b\r\n"s)},
      {"a NUL in a name", 400, make_request("X\0: a\r\n"s)},
      {"a NUL in the target", 400, "GET /\0 HTTP/1.1\r\nHost: test\r\n\r\n"s},
      {"no Host", 400, "GET / HTTP/1.1\r\n\r\n"},
      {"two Hosts", 400, make_request("Host: other\r\n")},
      {"a list of two Hosts", 400, "GET / HTTP/1.1\r\nHost: test, other\r\n\r\n"},
      {"a Host with a space", 400, "GET / HTTP/1.1\r\nHost: te st\r\n\r\n"},
      {"a Host with a path", 400, "GET / HTTP/1.1\r\nHost: test/a\r\n\r\n"},
      {"a Host with a user", 400, "GET / HTTP/1.1\r\nHost: a@test\r\n\r\n"},
      {"a target without a slash", 400, "GET a HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"a target with a fragment", 400, "GET /#a HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"a target with an invalid percent-encoding", 400, "GET /%zz HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"a target with a space", 400, "GET /a b HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"no target", 400, "GET HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"no version", 400, "GET /\r\nHost: test\r\n\r\n"},
      {"a method that is not a token", 400, "G(T / HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"a lower-case version", 400, "GET / http/1.1\r\nHost: test\r\n\r\n"},
      {"two empty lines before the request", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"CONNECT", 501, "CONNECT test:443 HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"HTTP/2 with prior knowledge", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"HTTP/3", 400, "GET / HTTP/3\r\nHost: test\r\n\r\n"},
      {"HTTP/0.9", 505, "GET / HTTP/0.9\r\nHost: test\r\n\r\n"},
      {"a TLS handshake", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s},
  })));
}

TEST_CASE("server: bytes that cannot be the start of a request are rejected immediately", "[http][server][case-1.4]") {
  const auto* const bytes =
      GENERATE("GET /\r\n", "\x16\x03\x01\x02", "SSH-2.0-OpenSSH_9.2\r\n", "GET / HTTP/1.1 \r\n", "\r\n\r\n");
  const auto read_size = GENERATE(unlimited, std::size_t{1});
  CAPTURE(bytes, read_size);
  server_fixture server{max_read_size(read_size)};
  auto client = server.connect();
  const auto start = server.time.now();
  client.send(bytes);
  const auto response = client.receive();
  REQUIRE(response.has_value());
  CHECK(response->status == 400);
  CHECK(server.time.now() - start < 1s);
}

TEST_CASE("server: a malformed chunked body is rejected", "[http][server]") {
  check_rejected(GENERATE(values<invalid_request>({
      {"a size that is not a number", 400, make_chunked_request("x\r\n")},
      {"an empty size", 400, make_chunked_request("\r\nabc\r\n0\r\n\r\n")},
      {"a negative size", 400, make_chunked_request("-1\r\na\r\n0\r\n\r\n")},
      {"a signed size", 400, make_chunked_request("+1\r\na\r\n0\r\n\r\n")},
      {"a size with 0x", 400, make_chunked_request("0x1\r\na\r\n0\r\n\r\n")},
      {"a size beyond 64 bits", 400, make_chunked_request("10000000000000001\r\na\r\n0\r\n\r\n")},
      {"a chunk longer than its size", 400, make_chunked_request("1\r\nab\r\n0\r\n\r\n")},
      {"a chunk shorter than its size", 400, make_chunked_request("3\r\na\r\n0\r\n\r\n")},
      {"a line feed in a quoted extension", 400, make_chunked_request("1;a=\"\n\"\r\nx\r\n0\r\n\r\n")},
      {"a line feed in an extension", 400, make_chunked_request("1;a\nx\r\n0\r\n\r\n")},
      {"a control character in a quoted extension", 400, make_chunked_request("1;a=\"\x01\"\r\nx\r\n0\r\n\r\n")},
      {"a bare line feed after a size", 400, make_chunked_request("1\na\r\n0\r\n\r\n")},
      {"a bare line feed after a chunk", 400, make_chunked_request("1\r\na\n0\r\n\r\n")},
      {"a bare line feed at the end", 400, make_chunked_request("1\r\na\r\n0\r\n\n")},
  })));
}

TEST_CASE("server: each size limit has a specific status", "[http][server]") {
  const std::string long_text(9000, 'a');
  std::string many_fields;
  for (int i = 0; i < 120; ++i) many_fields += "X: y\r\n";
  check_rejected(GENERATE_COPY(values<invalid_request>({
      {"the target", 414, "GET /" + long_text + " HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"an endless target", 414, "GET /" + long_text + long_text},
      {"a field", 431, make_request("X: " + long_text + long_text + "\r\n")},
      {"all fields together", 431, make_request("X: " + long_text + "\r\nY: " + long_text + "\r\n")},
      {"the number of fields", 431, make_request(many_fields)},
      {"the Content-Length", 413, make_request("Content-Length: 1048577\r\n")},
      {"a chunk size", 413, make_chunked_request("100001\r\n")},
  })));
}

TEST_CASE("server: chunks that together exceed the body limit are rejected with 413", "[http][server]") {
  server_fixture server{max_read_size(GENERATE(unlimited, std::size_t{1}))};
  server.settings.limits.max_body_bytes = 10;
  server.routes.post("/echo", echo_handler);
  auto client = server.connect();
  client.send(make_chunked_request("6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n"));
  CHECK(client.receive()->status == 413);
  CHECK(client.is_closed_cleanly());
}

TEST_CASE("server: the response to a rejected request does not contain parts of the request", "[http][server]") {
  server_fixture server;
  const auto response = server.response_to("GET /%zzsecret HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(response.body == R"({"error":"Bad Request","message":"The request is malformed: )"
                         R"(the target has an invalid percent-encoding"})");
  CHECK(response.header("Content-Type") == "application/json");
}

/// Returns the reason in the only log line.
std::string reason_in_log(captured_log& log) {
  const auto lines = log.close();
  REQUIRE(lines.size() == 1);
  simdjson::dom::parser parser;
  return std::string{std::string_view{parser.parse(lines.front())["reason"]}};
}

TEST_CASE("server: the response to a malformed request and its log line have the reason", "[http][server]") {
  struct row {
    std::string bytes;
    std::string reason;
  };
  const auto invalid_value = GENERATE(values<row>({
      {"GET / HTTP/1.1\r\n\r\n", "Host is missing"},
      {make_request("Host: other\r\n"), "Host is repeated"},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "the value of Host is invalid"},
      {make_request("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
       "both Content-Length and Transfer-Encoding"},
      {make_request("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
       "both Content-Length and Transfer-Encoding"},
      {make_request("Content-Length: 4\r\nContent-Length: 5\r\n"), "Content-Length is repeated"},
      {make_request("Content-Length: 4\r\nContent-Length: 4\r\n"), "Content-Length is repeated"},
      {make_request("Content-Length: +2\r\n"), "Content-Length is invalid"},
      {make_request("Transfer-Encoding: chunked\r\n", "", "POST /echo HTTP/1.0"), "Transfer-Encoding in HTTP/1.0"},
      {make_request("X: a\r\n b\r\n"), "a header field has a folded line"},
      {make_request("X : a\r\n"), "the name of a header field is invalid"},
      {make_request("X: a\0b\r\n"s), "the value of a header field is invalid"},
      {"GET / HTTP/1.1\nHost: test\n\n", "a line does not end with CRLF"},
      {"GET /%zz HTTP/1.1\r\nHost: test\r\n\r\n", "the target has an invalid percent-encoding"},
      {"GET /%00 HTTP/1.1\r\nHost: test\r\n\r\n", "the target has an invalid percent-encoding"},
      {"GET /#a HTTP/1.1\r\nHost: test\r\n\r\n", "the target has a fragment"},
      {"GET a HTTP/1.1\r\nHost: test\r\n\r\n", "the target is neither a path nor an http URL"},
      {"GET * HTTP/1.1\r\nHost: test\r\n\r\n", "the target * is valid for OPTIONS only"},
      {"\x16\x03\x01\x02", "a TLS handshake on a port without TLS"},
      {"SSH-2.0-OpenSSH_9.2\r\n", "the request line is invalid"},
      {make_chunked_request("x\r\n"), "a chunk size is invalid"},
      {make_chunked_request("1;=\r\n"), "a chunk extension is invalid"},
      {make_chunked_request("1\r\nab\r\n"), "chunk data is not followed by CRLF"},
      {make_chunked_request("0\r\n:\r\n"), "the trailer section is invalid"},
  }));
  CAPTURE(invalid_value.bytes);
  captured_log log;
  {
    server_fixture server;
    server.log_to(log.sink());
    server.routes.post("/echo", echo_handler);
    const auto response = server.response_to(invalid_value.bytes);
    CHECK(response.status == 400);
    CHECK(response.body ==
          R"({"error":"Bad Request","message":"The request is malformed: )" + invalid_value.reason + "\"}");
  }
  CHECK(reason_in_log(log) == invalid_value.reason);
}

TEST_CASE("server: the log line of a request with an unsupported version has the message of the response as its reason",
          "[http][server]") {
  captured_log log;
  {
    server_fixture server;
    server.log_to(log.sink());
    CHECK(server.response_to("GET / HTTP/2.0\r\nHost: test\r\n\r\n").status == 505);
  }
  CHECK(reason_in_log(log) == "Only HTTP/1.1 and HTTP/1.0 are supported");
}

}  // namespace
}  // namespace cohort
