#include "core/http/client.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/http/client_site.hpp"
#include "tests/unit/core/http/gzipped.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

net::memory_pipe_settings cut_to(std::size_t bytes) {
  net::memory_pipe_settings how;
  how.largest_read = bytes;
  return how;
}

http::client_limits body_limit(std::size_t bytes) {
  http::client_limits limits;
  limits.body_bytes = bytes;
  return limits;
}

TEST_CASE("A request names its host, says who asks and what it can unpack, and carries the caller's fields") {
  called_site site;
  auto request = get_url("http://site.test/a%20b/c?d=e&f");
  request.fields.emplace_back("Accept", "application/json");
  request.fields.emplace_back("X-Request-Id", "7");
  const auto call = site.start(std::move(request));
  const auto got = site.newest().take_request();
  CHECK(got.start_line == "GET /a%20b/c?d=e&f HTTP/1.1");
  CHECK(got.header("Host") == "site.test");
  CHECK(got.header("User-Agent") == "cohort/" COHORT_VERSION);
  CHECK(got.header("Accept-Encoding") == "gzip");
  CHECK(got.header("Accept") == "application/json");
  CHECK(got.header("X-Request-Id") == "7");
  CHECK_FALSE(got.header("Content-Length").has_value());
}

TEST_CASE("The caller's own user agent and coding stand in for the client's") {
  called_site site;
  auto request = get_url("http://site.test");
  request.fields.emplace_back("user-agent", "mine");
  request.fields.emplace_back("accept-encoding", "identity");
  const auto call = site.start(std::move(request));
  const auto got = site.newest().take_request();
  CHECK(got.start_line == "GET / HTTP/1.1");
  CHECK(got.header("User-Agent") == "mine");
  CHECK(got.header("Accept-Encoding") == "identity");
  CHECK(got.headers.size() == 3);
}

TEST_CASE("Host has the port exactly as the URL has it, and an IPv6 address its brackets") {
  called_site site;
  site.listen("192.0.2.80", 8080);
  site.listen("2001:db8::1", 80);
  const auto [url, host] = GENERATE(table<std::string, std::string>({
      {"http://site.test:8080/", "site.test:8080"},
      {"http://192.0.2.80/", "192.0.2.80"},
      {"http://[2001:db8::1]/", "[2001:db8::1]"},
  }));
  const auto call = site.get(url);
  CHECK(site.newest().take_request().header("Host") == host);
}

TEST_CASE("A body is sent with its length; POST and PUT tell it even where there is none") {
  called_site site;
  const auto [verb, body, length] = GENERATE(table<http::method, std::string, std::optional<std::string>>({
      {http::method::post, "a=b", "3"},
      {http::method::post, "", "0"},
      {http::method::put, "", "0"},
      {http::method::delete_, "", std::nullopt},
      {http::method::patch, "xy", "2"},
  }));
  auto request = with_verb(verb);
  request.body = body;
  auto call = site.start(std::move(request));
  const auto got = site.newest().take_request();
  CHECK(got.body == body);
  CHECK(got.header("Content-Length") == length);
}

TEST_CASE("A field that could end its line, or says how the message is framed, is refused, and nobody is called") {
  called_site site;
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
  auto request = get_url("http://site.test/");
  request.fields.emplace_back(name, value);
  auto call = site.start(std::move(request));
  CHECK(call.error() == client_error::bad_url);
  CHECK(site.connections() == 0);
}

TEST_CASE("What is no http or https URL with a host is not called") {
  called_site site;
  const auto* const url = GENERATE("ftp://site.test/", "http:///path", "ws://site.test/", "mailto:a@site.test");
  CAPTURE(url);
  auto call = site.get(url);
  CHECK(call.error() == client_error::bad_url);
  CHECK(site.connections() == 0);
}

TEST_CASE("An answer has its status, its fields as sent, and its body, however it is framed and cut") {
  called_site site{cut_to(GENERATE(std::size_t{1} << 20, std::size_t{1}, std::size_t{3}))};
  struct framing {
    std::string bytes;
    bool closes;
    std::string body;
  };
  const auto shape = GENERATE(values<framing>({
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
  CAPTURE(shape.bytes);
  const auto answer = site.answer_for(get_url("http://site.test/"), shape.bytes, shape.closes);
  CHECK(answer.code_number == 200);
  CHECK(answer.code == http::status::ok);
  CHECK(answer.find("x-a") == "b");
  CHECK(answer.body == shape.body);
  CHECK_FALSE(answer.find("X-Trailer").has_value());
  CHECK_FALSE(answer.find("Link").has_value());
}

TEST_CASE("An answer that can have no body ends with its header, and the connection is kept") {
  called_site site;
  const auto [verb, bytes, code] = GENERATE(table<http::method, std::string, unsigned>({
      {http::method::get, "HTTP/1.1 204 No Content\r\n\r\n", 204},
      {http::method::get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304},
      {http::method::head, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200},
      {http::method::head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200},
      {http::method::head, "HTTP/1.1 404 Not Found\r\nContent-Length: 99999999999\r\n\r\n", 404},
      {http::method::head, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n", 200},
  }));
  CAPTURE(bytes);
  const auto answer = site.answer_for(with_verb(verb), bytes);
  CHECK(answer.code_number == code);
  CHECK(answer.body.empty());
  CHECK(site.answer_for(get_url("http://site.test/"), ok("next")).body == "next");
  CHECK(site.connections() == 1);
}

TEST_CASE("A body up to the limit is taken, one byte more is too big, in every framing") {
  const auto [prefix, suffix, closes] = GENERATE(table<std::string, std::string, bool>({
      {"HTTP/1.1 200 OK\r\nContent-Length: LENGTH\r\n\r\n", "", false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\nREST\r\n", "\r\n0\r\n\r\n", false},
      {"HTTP/1.1 200 OK\r\n\r\n", "", true},
  }));
  const auto length = GENERATE(std::size_t{100}, std::size_t{101});
  called_site site{{}, body_limit(100)};
  auto head = prefix;
  std::size_t already = 0;
  if (const auto at = head.find("LENGTH"); at != std::string::npos) head.replace(at, 6, std::to_string(length));
  if (const auto at = head.find("REST"); at != std::string::npos) {
    head.replace(at, 4, length == 100 ? "60" : "61");
    already = 4;
  }
  const auto bytes = head + std::string(length - already, 'x') + suffix;
  const auto error = site.error_for(get_url("http://site.test/"), bytes, closes);
  CHECK(error == (length == 100 ? std::nullopt : std::optional{client_error::body_too_big}));
}

TEST_CASE("A length above the limit is refused before any of the body comes") {
  called_site site{{}, body_limit(100)};
  CHECK(site.error_for(get_url("http://site.test/"), "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n") ==
        client_error::body_too_big);
}

TEST_CASE("A header that never ends is cut off at the limit") {
  http::client_limits limits;
  limits.header_bytes = 1000;
  called_site site{cut_to(GENERATE(std::size_t{1} << 20, std::size_t{10})), limits};
  const auto* const start = GENERATE("HTTP/1.1 200 OK\r\nX-A: ", "HTTP/1.1 200 ", "");
  CAPTURE(start);
  const auto error = site.error_for(get_url("http://site.test/"), start + std::string(2000, 'x'));
  // What cannot become a status line is known for that before it is too long.
  CHECK(error == (*start ? client_error::answer_header_too_big : client_error::answer_malformed));
}

TEST_CASE("A chunk's extension that never ends is cut off") {
  called_site site;
  const auto bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(100'000, 'x');
  auto call = site.get("http://site.test/");
  auto& server = site.newest();
  server.take_request();
  server.send(bytes);
  CHECK(call.error().has_value());
  CHECK(site.time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A packed body is unpacked, and no longer said to be packed") {
  called_site site{cut_to(GENERATE(std::size_t{1} << 20, std::size_t{1}))};
  const auto* const coding = GENERATE("gzip", "x-gzip", "GZIP");
  const std::string field = std::string{"Content-Encoding: "} + coding + "\r\n";
  const auto answer = site.answer_for(get_url("http://site.test/"), ok(gzipped("hello"), field));
  CHECK(answer.body == "hello");
  CHECK_FALSE(answer.find("Content-Encoding").has_value());
  CHECK(site.answer_for(get_url("http://site.test/"), ok("next")).body == "next");
  CHECK(site.connections() == 1);
}

TEST_CASE("A body that is not packed, or empty, is left alone") {
  called_site site;
  const auto [body, field] = GENERATE(table<std::string, std::string>({
      {"hello", "Content-Encoding: identity\r\n"},
      {"", "Content-Encoding: gzip\r\n"},
      {"hello", ""},
  }));
  CHECK(site.answer_for(get_url("http://site.test/"), ok(body, field)).body == body);
}

TEST_CASE("A packed body that is broken, cut short, or packed otherwise, is no body") {
  called_site site;
  const auto whole = gzipped("hello, hello, hello, hello");
  const auto [body, coding] = GENERATE_COPY(table<std::string, std::string>({
      {"no gzip", "gzip"},
      {whole.substr(0, whole.size() - 1), "gzip"},
      {whole.substr(0, 4), "gzip"},
      {whole, "br"},
      {whole, "gzip, gzip"},
  }));
  CAPTURE(coding);
  const auto error = site.error_for(get_url("http://site.test/"), ok(body, "Content-Encoding: " + coding + "\r\n"));
  CHECK(error == client_error::body_malformed);
}

TEST_CASE("A small body that unpacks to more than the limit is too big") {
  called_site site{{}, body_limit(10'000)};
  const auto size = GENERATE(std::size_t{10'000}, std::size_t{10'001}, std::size_t{5'000'000});
  const auto error =
      site.error_for(get_url("http://site.test/"), ok(gzipped(std::string(size, 'x')), "Content-Encoding: gzip\r\n"));
  CHECK(error == (size > 10'000 ? std::optional{client_error::body_too_big} : std::nullopt));
}

TEST_CASE("An answer about whose end two readers could disagree is refused, and its connection closed") {
  called_site site{cut_to(GENERATE(std::size_t{1} << 20, std::size_t{1}))};
  const auto* const fields = GENERATE(
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
      "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: -5\r\n", "Content-Length: +5\r\n",
      "Content-Length: 5x\r\n", "Content-Length: \r\n", "Content-Length: 99999999999999999999\r\n",
      "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, gzip\r\n",
      "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "Transfer-Encoding : chunked\r\n",
      "Content-Length : 5\r\n", "X-A: b\nContent-Length: 5\r\n", "X-A: b\rContent-Length: 5\r\n", "no colon\r\n");
  CAPTURE(fields);
  const auto error =
      site.error_for(get_url("http://site.test/"), "HTTP/1.1 200 OK\r\n" + std::string{fields} + "\r\n0\r\n\r\n");
  CHECK(error == client_error::answer_malformed);
  CHECK(site.newest().client_has_closed());
}

TEST_CASE("Chunks that break the grammar are refused") {
  called_site site{cut_to(GENERATE(std::size_t{1} << 20, std::size_t{1}))};
  const auto* const body = GENERATE("x\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "-5\r\nhello",
                                    "FFFFFFFFFFFFFFFFF\r\n", "\r\n0\r\n\r\n");
  CAPTURE(body);
  const auto error = site.error_for(get_url("http://site.test/"),
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{body});
  CHECK((error == client_error::body_malformed || error == client_error::body_too_big));
  CHECK(site.newest().client_has_closed());
}

TEST_CASE("Chunked framing that HTTP/1.0 does not have is refused") {
  called_site site;
  CHECK(
      site.error_for(get_url("http://site.test/"), "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") ==
      client_error::answer_malformed);
}

TEST_CASE("What is no HTTP is no answer") {
  called_site site;
  const auto* const bytes = GENERATE("SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
                                     "HTTP/x.y 200 OK\r\n\r\n", "GET / HTTP/1.1\r\n\r\n");
  CAPTURE(bytes);
  CHECK(site.error_for(get_url("http://site.test/"), bytes) == client_error::answer_malformed);
}

}  // namespace
}  // namespace cohort
