// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/client/protocol/url_encoding.hpp>
#include "tests/unit/http/client/client_fixture.hpp"
#include "tests/unit/http/message/body/gzip_compression.hpp"

// The client accepts responses that violate a grammar if their framing is unambiguous, as curl does.
namespace cohort {
namespace {

using namespace cohort::test;

/// Generates maximum read sizes of 64 KiB, 1 byte and 7 bytes, so that a response is split at different positions.
net::memory_pipe_settings generated_read_sizes() {
  net::memory_pipe_settings settings;
  settings.max_read_size = GENERATE(std::size_t{1} << 16, std::size_t{1}, std::size_t{7});
  return settings;
}

// ---- status line

TEST_CASE("client: a status line without a space after the code is accepted", "[http][client][case-2.1]") {
  client_fixture fixture{generated_read_sizes()};
  const auto [bytes, status, body] = GENERATE(table<std::string, unsigned, std::string>({
      {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"},
      {"HTTP/1.1 404\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 404, "hi"},
      {"HTTP/1.0 503\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 503, ""},
      {"HTTP/1.1 204\r\n\r\n", 204, ""},
      {"HTTP/1.1 299\r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi", 299, "hi"},
      {"HTTP/1.1 100\r\n\r\nHTTP/1.1 103\r\nLink: <a>\r\n\r\nHTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"},
  }));
  CAPTURE(bytes);
  const auto response = fixture.receive_response(get_request("http://site.test/"), bytes);
  CHECK(response.status_code() == status);
  CHECK(response.body == body);
  CHECK(fixture.receive_response(get_request("http://site.test/"), ok_response("next")).body == "next");
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("client: a status line without a space is accepted with a close-delimited body", "[http][client][case-2.1]") {
  client_fixture fixture{generated_read_sizes()};
  const auto* const head = GENERATE("HTTP/1.1 200\r\n\r\n", "HTTP/1.0 200\r\n\r\n", "HTTP/1.0 200\r\nX-A: b\r\n\r\n");
  const auto bytes = std::string{head} + "until the end";
  CHECK(fixture.receive_response(get_request("http://site.test/"), bytes, true).body == "until the end");
}

TEST_CASE("client: a status line with a higher minor version is processed as HTTP/1.1", "[http][client][case-2.1]") {
  client_fixture fixture{generated_read_sizes()};
  const auto* const bytes =
      GENERATE("HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.9 200\r\nContent-Length: 2\r\n\r\nhi",
               "HTTP/1.3 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
               "HTTP/1.2 103 Early Hints\r\n\r\nHTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  CAPTURE(bytes);
  CHECK(fixture.receive_response(get_request("http://site.test/"), bytes).body == "hi");
  CHECK(fixture.receive_response(get_request("http://site.test/"), ok_response("next")).body == "next");
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("client: a malformed status line is rejected", "[http][client][case-2.1]") {
  client_fixture fixture{generated_read_sizes()};
  const auto* const line = GENERATE("HTTP/1.1 20\r\n", "HTTP/1.1 2000\r\n", "HTTP/1.1 200\rX\n", "HTTP/1.1 200\n",
                                    "HTTP/1.1200\r\n", "HTTP/2.0 200\r\n", "HTTP/1.1 099\r\n", "HTTP/0.9 200 OK\r\n",
                                    "HTTP/1.2 099\r\n", "HTTP/1.22 200 OK\r\n");
  CAPTURE(line);
  CHECK(fixture.receive_error(get_request("http://site.test/"), std::string{line} + "Content-Length: 0\r\n\r\n") ==
        client_error::response_malformed);
}

TEST_CASE("client: a truncated status line without a space is rejected", "[http][client][case-2.1]") {
  client_fixture fixture;
  const auto* const bytes = GENERATE("HTTP/1.1 200", "HTTP/1.1 200\r", "HTTP/1.1 200\r\n", "HTTP/1");
  CAPTURE(bytes);
  CHECK(fixture.receive_error(get_request("http://site.test/"), bytes, true) == client_error::response_truncated);
}

// ---- chunk size

TEST_CASE("client: a chunk size followed by whitespace is accepted", "[http][client][case-2.2]") {
  client_fixture fixture{generated_read_sizes()};
  const auto* const body =
      GENERATE("5 \r\nhello\r\n0\r\n\r\n", "5\t\r\nhello\r\n0\r\n\r\n", "3    \r\nhel\r\n2 \t \r\nlo\r\n0  \r\n\r\n",
               "5   \r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0 \r\n\r\n", "5\r\nhello\r\n000\t\r\nX-Trailer: t\r\n\r\n",
               "5 ;x=\"y\"\r\nhello\r\n0\t; z\r\n\r\n", "00005 \r\nhello\r\n0\r\n\r\n",
               "5;x \r\nhello\r\n0;y\t\r\n\r\n", "2;x=y \t\r\nhe\r\n3;x=\"y \" \r\nllo\r\n0\r\n\r\n");
  CAPTURE(body);
  const auto bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{body};
  const auto response = fixture.receive_response(get_request("http://site.test/"), bytes);
  CHECK(response.body == "hello");
  CHECK_FALSE(response.find("X-Trailer").has_value());
  CHECK(fixture.receive_response(get_request("http://site.test/"), ok_response("next")).body == "next");
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("client: bytes other than trailing whitespace around a chunk size are rejected", "[http][client][case-2.2]") {
  client_fixture fixture{generated_read_sizes()};
  const auto* const body = GENERATE("5 5\r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n", "5 \nhello\r\n0\r\n\r\n",
                                    "5 x\r\nhello\r\n0\r\n\r\n", "5\v\r\nhello\r\n0\r\n\r\n", " \r\nhello\r\n0\r\n\r\n",
                                    "5;x \nhello\r\n0\r\n\r\n", "5;\x01 \r\nhello\r\n0\r\n\r\n");
  CAPTURE(body);
  const auto bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{body};
  CHECK(fixture.receive_error(get_request("http://site.test/"), bytes) == client_error::body_malformed);
}

TEST_CASE("client: endless whitespace after a chunk size is rejected", "[http][client][case-2.2]") {
  http::client_settings settings;
  settings.max_header_bytes = 1000;
  client_fixture fixture{generated_read_sizes(), settings};
  const auto bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5" + std::string(2000, ' ');
  CHECK(fixture.receive_error(get_request("http://site.test/"), bytes).has_value());
}

// ---- location

TEST_CASE("client: a location with characters that a URL must not contain is encoded and followed",
          "[http][client][redirect][case-2.3]") {
  client_fixture fixture;
  const auto [location, target] = GENERATE(table<std::string, std::string>({
      {"/Zürich", "/Z%C3%BCrich"},
      {"/a b", "/a%20b"},
      {"http://site.test/Tel Aviv?q=ä ö", "/Tel%20Aviv?q=%C3%A4%20%C3%B6"},
      {"//site.test/東京", "/%E6%9D%B1%E4%BA%AC"},
      {"x y", "/a/x%20y"},
      {"?q=\"x\"|{y}", "/a/b?q=%22x%22%7C%7By%7D"},
      {"/a[1]?b[]=2", "/a%5B1%5D?b%5B%5D=2"},
      {"/100%", "/100%25"},
      {"/%zz%20", "/%25zz%20"},
      {"/already%20encoded", "/already%20encoded"},
      {"/caf\xE9", "/caf%E9"},
      {"/x#a b", "/x"},
      {"../../x", "/x"},
      {"../../../..", "/"},
      {"/../x/./y/.", "/x/y/"},
      {"/x/../..//y?z=/../", "//y?z=/../"},
      {"./a:b", "/a/a:b"},
      {"/.well-known/..x/...", "/.well-known/..x/..."},
  }));
  CAPTURE(location);
  auto request = get_request("http://site.test/a/b?c=d");
  request.max_redirects = 1;
  auto call = fixture.start(std::move(request));
  auto& server = fixture.newest_connection();
  server.read_request();
  server.send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + "\r\n\r\n");
  CHECK(server.read_request().start_line == "GET " + target + " HTTP/1.1");
  server.send(ok_response("there"));
  CHECK(call.response().body == "there");
}

TEST_CASE("client: encoding leaves a valid URL unchanged", "[http][client][redirect][case-2.3]") {
  const auto* const url = GENERATE("http://user:pw@site.test:8080/a;b=c/../d?e=f&g=%20+h", "https://[2001:db8::1]:443/",
                                   "//site.test/x", "../x?y", "", "a:b/c//d", "/x//y");
  CHECK(http::encode_invalid_characters(url) == url);
}

TEST_CASE("client: a location that is invalid even after encoding is rejected", "[http][client][redirect][case-2.3]") {
  client_fixture fixture;
  const auto* const location = GENERATE("http://[", "ht tp://x/", "http://[::1/x", "http://site.test:x/", "http:// ");
  CAPTURE(location);
  auto request = get_request("http://site.test/");
  request.max_redirects = 3;
  const auto bytes = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + std::string{location} + "\r\n\r\n";
  CHECK(fixture.receive_error(std::move(request), bytes) == client_error::invalid_request);
}

// ---- content coding

TEST_CASE("client: content codings are a list, in which identity and empty elements have no effect",
          "[http][client][case-2.2]") {
  client_fixture fixture{generated_read_sizes()};
  const auto once = gzip_compress("hello");
  const auto [fields, body] = GENERATE_COPY(table<std::string, std::string>({
      {"Content-Encoding:\r\n", "hello"},
      {"Content-Encoding: , identity\r\n", "hello"},
      {"Content-Encoding: identity, gzip\r\n", once},
      {"Content-Encoding: ,x-gzip ,\r\n", once},
      {"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", once},
      {"Content-Encoding: gzip, gzip\r\n", gzip_compress(once)},
      {"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", gzip_compress(once)},
  }));
  CAPTURE(fields);
  CHECK(fixture.receive_response(get_request("http://site.test/"), ok_response(body, fields)).body == "hello");
}

TEST_CASE("client: too many or unsupported content codings are rejected with body_malformed",
          "[http][client][case-2.2]") {
  client_fixture fixture;
  const auto doubly_compressed = gzip_compress(gzip_compress("hello"));
  const auto* const coding = GENERATE("gzip, gzip, gzip, gzip", "br, gzip", "gzip, br", "gzip;q=1");
  CAPTURE(coding);
  const auto body = std::string_view{coding} == "gzip, gzip, gzip, gzip"
                        ? gzip_compress(gzip_compress(doubly_compressed))
                        : doubly_compressed;
  CHECK(fixture.receive_error(get_request("http://site.test/"),
                              ok_response(body, "Content-Encoding: " + std::string{coding} + "\r\n")) ==
        client_error::body_malformed);
}

}  // namespace
}  // namespace cohort
