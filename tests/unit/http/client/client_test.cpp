// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/client.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/runtime/version.hpp>
#include "tests/unit/http/client/client_fixture.hpp"
#include "tests/unit/http/message/body/gzip_compression.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

net::memory_pipe_settings pipe_with_max_read_size(std::size_t bytes) {
  net::memory_pipe_settings settings;
  settings.max_read_size = bytes;
  return settings;
}

http::client_settings settings_with_body_limit(std::size_t bytes) {
  http::client_settings settings;
  settings.max_body_bytes = bytes;
  return settings;
}

TEST_CASE("client: a request has Host, User-Agent, Accept-Encoding and the caller's fields", "[http][client]") {
  client_fixture fixture;
  auto request = get_request("http://site.test/a%20b/c?d=e&f");
  request.fields.emplace_back("Accept", "application/json");
  request.fields.emplace_back("X-Request-Id", "7");
  const auto call = fixture.start(std::move(request));
  const auto received_request = fixture.newest_connection().read_request();
  CHECK(received_request.start_line == "GET /a%20b/c?d=e&f HTTP/1.1");
  CHECK(received_request.header("Host") == "site.test");
  CHECK(received_request.header("User-Agent") == "cohort/" + std::string{version()});
  CHECK(received_request.header("Accept-Encoding") == "gzip");
  CHECK(received_request.header("Accept") == "application/json");
  CHECK(received_request.header("X-Request-Id") == "7");
  CHECK_FALSE(received_request.header("Content-Length").has_value());
}

TEST_CASE("client: the caller's User-Agent and Accept-Encoding replace the values of the client", "[http][client]") {
  client_fixture fixture;
  auto request = get_request("http://site.test");
  request.fields.emplace_back("user-agent", "mine");
  request.fields.emplace_back("accept-encoding", "identity");
  const auto call = fixture.start(std::move(request));
  const auto received_request = fixture.newest_connection().read_request();
  CHECK(received_request.start_line == "GET / HTTP/1.1");
  CHECK(received_request.header("User-Agent") == "mine");
  CHECK(received_request.header("Accept-Encoding") == "identity");
  CHECK(received_request.headers.size() == 3);
}

TEST_CASE("client: Host has the URL's port, and an IPv6 address in brackets", "[http][client]") {
  client_fixture fixture;
  fixture.listen("192.0.2.80", 8080);
  fixture.listen("2001:db8::1", 80);
  const auto [url, host] = GENERATE(table<std::string, std::string>({
      {"http://site.test:8080/", "site.test:8080"},
      {"http://192.0.2.80/", "192.0.2.80"},
      {"http://[2001:db8::1]/", "[2001:db8::1]"},
  }));
  const auto call = fixture.get(url);
  CHECK(fixture.newest_connection().read_request().header("Host") == host);
}

TEST_CASE("client: a body is sent with Content-Length, and POST and PUT without a body with length 0",
          "[http][client]") {
  client_fixture fixture;
  const auto [method, body, length] = GENERATE(table<http::method, std::string, std::optional<std::string>>({
      {http::method::post, "a=b", "3"},
      {http::method::post, "", "0"},
      {http::method::put, "", "0"},
      {http::method::delete_, "", std::nullopt},
      {http::method::patch, "xy", "2"},
  }));
  auto request = make_request(method);
  request.body = body;
  auto call = fixture.start(std::move(request));
  const auto received_request = fixture.newest_connection().read_request();
  CHECK(received_request.body == body);
  CHECK(received_request.header("Content-Length") == length);
}

TEST_CASE("client: invalid header fields and framing fields are rejected before a connection is made",
          "[http][client]") {
  client_fixture fixture;
  const auto [name, value] = GENERATE(table<std::string, std::string>({
      {"X-A", "b\r\nX-Evil: 1"},
      {"X-A", "b\n\nGET /evil HTTP/1.1"},
      {"X-A", "b\r"},
      {"X-A", std::string("b\0c", 3)},
      {"X-A: b\r\nX-Evil", "1"},
      {"X-A\n", "1"},
      {"X A", "1"},
      {"host", "other.test"},
      {"Content-Length", "0"},
      {"Transfer-Encoding", "chunked"},
  }));
  auto request = get_request("http://site.test/");
  request.fields.emplace_back(name, value);
  auto call = fixture.start(std::move(request));
  CHECK(call.error() == client_error::invalid_request);
  CHECK(fixture.connection_count() == 0);
}

TEST_CASE("client: a URL that is not http or https, or has no host, is rejected", "[http][client]") {
  client_fixture fixture;
  const auto* const url =
      GENERATE("ftp://site.test/", "http:///path", "ws://site.test/", "mailto:a@site.test", "http://site.test:0/",
               "http://site.test:65536/", "http://site.test:65616/", "http://site.test:x/");
  CAPTURE(url);
  auto call = fixture.get(url);
  CHECK(call.error() == client_error::invalid_request);
  CHECK(fixture.connection_count() == 0);
}

TEST_CASE("client: a response is parsed in every framing, with its bytes split at any position", "[http][client]") {
  client_fixture fixture{pipe_with_max_read_size(GENERATE(std::size_t{1} << 20, std::size_t{1}, std::size_t{3}))};
  struct framing {
    std::string bytes;
    bool closes_connection;
    std::string body;
  };
  const auto sample = GENERATE(values<framing>({
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello", false, "hello"},
      {"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 0\r\n\r\n", false, ""},
      {"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", false,
       "hello"},
      {"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Trailer: t\r\n\r\n", false,
       "hello"},
      {"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nhello", true, "hello"},
      {"HTTP/1.0 200 OK\r\nX-A: b\r\n\r\nhello", true, "hello"},
      {"HTTP/1.1 200 OK\r\nX-A: b\r\nConnection: close\r\n\r\n", true, ""},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
       "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi",
       false, "hi"},
  }));
  CAPTURE(sample.bytes);
  const auto response =
      fixture.receive_response(get_request("http://site.test/"), sample.bytes, sample.closes_connection);
  CHECK(response.status_code() == 200);
  CHECK(response.status == http::status::ok);
  CHECK(response.find("x-a") == "b");
  CHECK(response.body == sample.body);
  CHECK_FALSE(response.find("X-Trailer").has_value());
  CHECK_FALSE(response.find("Link").has_value());
}

TEST_CASE("client: a response without a body is complete after its header, and its connection is kept",
          "[http][client]") {
  client_fixture fixture;
  const auto [method, bytes, code] = GENERATE(table<http::method, std::string, unsigned>({
      {http::method::get, "HTTP/1.1 204 No Content\r\n\r\n", 204},
      {http::method::get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304},
      {http::method::head, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200},
      {http::method::head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200},
      {http::method::head, "HTTP/1.1 404 Not Found\r\nContent-Length: 99999999999\r\n\r\n", 404},
      {http::method::head, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n", 200},
  }));
  CAPTURE(bytes);
  const auto response = fixture.receive_response(make_request(method), bytes);
  CHECK(response.status_code() == code);
  CHECK(response.body.empty());
  CHECK(fixture.receive_response(get_request("http://site.test/"), ok_response("next")).body == "next");
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("client: the limit of the body applies in every framing", "[http][client]") {
  const auto [prefix, suffix, closes_connection] = GENERATE(table<std::string, std::string, bool>({
      {"HTTP/1.1 200 OK\r\nContent-Length: LENGTH\r\n\r\n", "", false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\nREST\r\n", "\r\n0\r\n\r\n", false},
      {"HTTP/1.1 200 OK\r\n\r\n", "", true},
  }));
  const auto length = GENERATE(std::size_t{100}, std::size_t{101});
  client_fixture fixture{{}, settings_with_body_limit(100)};
  auto head = prefix;
  std::size_t first_chunk_size = 0;
  if (const auto at = head.find("LENGTH"); at != std::string::npos) head.replace(at, 6, std::to_string(length));
  if (const auto at = head.find("REST"); at != std::string::npos) {
    head.replace(at, 4, length == 100 ? "60" : "61");
    first_chunk_size = 4;
  }
  const auto bytes = head + std::string(length - first_chunk_size, 'x') + suffix;
  const auto error = fixture.receive_error(get_request("http://site.test/"), bytes, closes_connection);
  CHECK(error == (length == 100 ? std::nullopt : std::optional{client_error::body_too_large}));
}

TEST_CASE("client: a Content-Length above the limit is rejected before the body arrives", "[http][client]") {
  client_fixture fixture{{}, settings_with_body_limit(100)};
  CHECK(fixture.receive_error(get_request("http://site.test/"), "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n") ==
        client_error::body_too_large);
}

TEST_CASE("client: a header that exceeds the limit is rejected before it is complete", "[http][client]") {
  http::client_settings settings;
  settings.max_header_bytes = 1000;
  client_fixture fixture{pipe_with_max_read_size(GENERATE(std::size_t{1} << 20, std::size_t{10})), settings};
  const auto* const start = GENERATE("HTTP/1.1 200 OK\r\nX-A: ", "HTTP/1.1 200 ", "");
  CAPTURE(start);
  const auto error = fixture.receive_error(get_request("http://site.test/"), start + std::string(2000, 'x'));
  // Bytes that cannot start a status line are rejected before the limit is reached.
  CHECK(error == (*start ? client_error::response_header_too_large : client_error::response_malformed));
}

TEST_CASE("client: an endless chunk extension is rejected", "[http][client]") {
  client_fixture fixture;
  const auto bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(100'000, 'x');
  auto call = fixture.get("http://site.test/");
  auto& server = fixture.newest_connection();
  server.read_request();
  server.send(bytes);
  CHECK(call.error().has_value());
  CHECK(fixture.time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("client: a compressed body is decompressed, and Content-Encoding is removed", "[http][client]") {
  client_fixture fixture{pipe_with_max_read_size(GENERATE(std::size_t{1} << 20, std::size_t{1}))};
  const auto* const coding = GENERATE("gzip", "x-gzip", "GZIP");
  const std::string field = std::string{"Content-Encoding: "} + coding + "\r\n";
  const auto response =
      fixture.receive_response(get_request("http://site.test/"), ok_response(gzip_compress("hello"), field));
  CHECK(response.body == "hello");
  CHECK_FALSE(response.find("Content-Encoding").has_value());
  CHECK(fixture.receive_response(get_request("http://site.test/"), ok_response("next")).body == "next");
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("client: an uncompressed or empty body is not changed", "[http][client]") {
  client_fixture fixture;
  const auto [body, field] = GENERATE(table<std::string, std::string>({
      {"hello", "Content-Encoding: identity\r\n"},
      {"", "Content-Encoding: gzip\r\n"},
      {"hello", ""},
  }));
  CHECK(fixture.receive_response(get_request("http://site.test/"), ok_response(body, field)).body == body);
}

TEST_CASE("client: a corrupt or truncated body, or a body with an unsupported content coding, is rejected",
          "[http][client]") {
  client_fixture fixture;
  const auto compressed_body = gzip_compress("hello, hello, hello, hello");
  const auto [body, coding] = GENERATE_COPY(table<std::string, std::string>({
      {"not gzip", "gzip"},
      {compressed_body.substr(0, compressed_body.size() - 1), "gzip"},
      {compressed_body.substr(0, 4), "gzip"},
      {compressed_body, "br"},
      {compressed_body, "gzip, gzip"},
  }));
  CAPTURE(coding);
  const auto error = fixture.receive_error(get_request("http://site.test/"),
                                           ok_response(body, "Content-Encoding: " + coding + "\r\n"));
  CHECK(error == client_error::body_malformed);
}

TEST_CASE("client: the limit of the body applies after decompression", "[http][client]") {
  client_fixture fixture{{}, settings_with_body_limit(10'000)};
  const auto size = GENERATE(std::size_t{10'000}, std::size_t{10'001}, std::size_t{5'000'000});
  const auto error =
      fixture.receive_error(get_request("http://site.test/"),
                            ok_response(gzip_compress(std::string(size, 'x')), "Content-Encoding: gzip\r\n"));
  CHECK(error == (size > 10'000 ? std::optional{client_error::body_too_large} : std::nullopt));
}

TEST_CASE("client: an ambiguously framed response is rejected, and its connection is closed", "[http][client]") {
  client_fixture fixture{pipe_with_max_read_size(GENERATE(std::size_t{1} << 20, std::size_t{1}))};
  const auto* const fields = GENERATE(
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
      "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: -5\r\n", "Content-Length: +5\r\n",
      "Content-Length: 5x\r\n", "Content-Length: \r\n", "Content-Length: 99999999999999999999\r\n",
      "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, gzip\r\n",
      "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "Transfer-Encoding : chunked\r\n",
      "Content-Length : 5\r\n", "X-A: b\nContent-Length: 5\r\n", "X-A: b\rContent-Length: 5\r\n", "no colon\r\n");
  CAPTURE(fields);
  const auto error = fixture.receive_error(get_request("http://site.test/"),
                                           "HTTP/1.1 200 OK\r\n" + std::string{fields} + "\r\n0\r\n\r\n");
  CHECK(error == client_error::response_malformed);
  CHECK(fixture.newest_connection().client_has_closed());
}

TEST_CASE("client: malformed chunks are rejected, and the connection is closed", "[http][client]") {
  client_fixture fixture{pipe_with_max_read_size(GENERATE(std::size_t{1} << 20, std::size_t{1}))};
  const auto* const body = GENERATE("x\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "-5\r\nhello",
                                    "FFFFFFFFFFFFFFFFF\r\n", "\r\n0\r\n\r\n");
  CAPTURE(body);
  const auto error = fixture.receive_error(get_request("http://site.test/"),
                                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{body});
  CHECK((error == client_error::body_malformed || error == client_error::body_too_large));
  CHECK(fixture.newest_connection().client_has_closed());
}

TEST_CASE("client: chunked framing in HTTP/1.0 is an error", "[http][client]") {
  client_fixture fixture;
  CHECK(fixture.receive_error(get_request("http://site.test/"),
                              "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") ==
        client_error::response_malformed);
}

TEST_CASE("client: bytes that are not HTTP are rejected", "[http][client]") {
  client_fixture fixture;
  const auto* const bytes = GENERATE("SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
                                     "HTTP/x.y 200 OK\r\n\r\n", "GET / HTTP/1.1\r\n\r\n");
  CAPTURE(bytes);
  CHECK(fixture.receive_error(get_request("http://site.test/"), bytes) == client_error::response_malformed);
}

}  // namespace
}  // namespace cohort
