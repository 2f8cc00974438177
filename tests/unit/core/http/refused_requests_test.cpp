#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/http/served_site.hpp"

// What a server refuses, as RFC 9112 asks or allows, and that it looks the same however the bytes are cut on the way.
namespace cohort {
namespace {

using namespace cohort::test;
using namespace std::string_literals;

constexpr std::size_t whole = 1 << 20;

net::memory_pipe_settings cut_to(std::size_t bytes) {
  net::memory_pipe_settings how;
  how.largest_read = bytes;
  return how;
}

struct hostile {
  const char* what;
  int status;
  std::string bytes;
};

/// One request line and fields; a request that would be served if it were not for them.
std::string asked(const std::string& fields, const std::string& body = "",
                  const std::string& line = "POST /echo HTTP/1.1") {
  return line + "\r\nHost: test\r\n" + fields + "\r\n" + body;
}
std::string chunked(const std::string& body) { return asked("Transfer-Encoding: chunked\r\n", body); }
/// A request hidden behind the first; it must never be answered.
const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n";

/// Sends it, and checks that there is one answer, of this status, and then the end of the connection.
void check_refused(const hostile& each) {
  const auto cut = GENERATE(whole, std::size_t{1});
  CAPTURE(each.what, cut);
  served_site site{cut_to(cut)};
  int smuggled_in = 0;
  int served = 0;
  site.routes.post("/echo", [&served](request_context& context) {
    ++served;
    return echo(context);
  });
  site.routes.get("/smuggled", [&smuggled_in](request_context&) {
    ++smuggled_in;
    return plain("smuggled");
  });
  auto client = site.connect();
  client.send(each.bytes + smuggled);
  const auto answer = client.receive();
  REQUIRE(answer.has_value());
  CHECK(answer->status == each.status);
  CHECK(answer->header("Connection") == "close");
  CHECK(client.at_end());
  CHECK(served == 0);
  CHECK(smuggled_in == 0);
}

TEST_CASE("A request whose body could end in two places is refused, and what follows it is not looked at") {
  check_refused(GENERATE(values<hostile>({
      {"length and coding", 400, asked("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"coding and length", 400, asked("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n")},
      {"two lengths", 400, asked("Content-Length: 4\r\nContent-Length: 5\r\n", "abcde")},
      {"the same length twice", 400, asked("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd")},
      {"two lengths in a list", 400, asked("Content-Length: 4, 4\r\n", "abcd")},
      {"a signed length", 400, asked("Content-Length: +4\r\n", "abcd")},
      {"a negative length", 400, asked("Content-Length: -1\r\n")},
      {"a hexadecimal length", 400, asked("Content-Length: 0x4\r\n", "abcd")},
      {"a length with a space in it", 400, asked("Content-Length: 1 0\r\n", "a")},
      {"a length that is empty", 400, asked("Content-Length: \r\n")},
      {"a length beyond 64 bits", 400, asked("Content-Length: 18446744073709551617\r\n", "a")},
      {"identity", 501, asked("Transfer-Encoding: identity\r\n")},
      {"gzip", 501, asked("Transfer-Encoding: gzip\r\n", "0\r\n\r\n")},
      {"gzip, chunked", 501, asked("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
      {"chunked, identity", 501, asked("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
      {"xchunked", 501, asked("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
      {"quoted chunked", 501, asked("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
      {"chunked with a parameter", 501, asked("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n")},
      {"a coding that is empty", 501, asked("Transfer-Encoding:\r\n")},
      {"a coding in HTTP/1.0", 400, asked("Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "POST /echo HTTP/1.0")},
      {"folded coding", 400, asked("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")},
      {"folded length", 400, asked("Content-Length:\r\n 4\r\n", "abcd")},
      {"a space before the colon of the length", 400, asked("Content-Length : 4\r\n", "abcd")},
      {"a tab before the colon of the coding", 400, asked("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n")},
      {"a control in the coding's name", 400, asked("Transfer-Encoding\x0b: chunked\r\n", "0\r\n\r\n")},
      {"a control in the coding", 400,
       asked("Transfer-Encoding: \x0b"
             "chunked\r\n",
             "0\r\n\r\n")},
  })));
}

TEST_CASE("A repeated chunked coding is refused, as 400 or 501") {
  const auto fields = GENERATE(as<std::string>{}, "Transfer-Encoding: chunked, chunked\r\n",
                               "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                               "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                               "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n");
  served_site site;
  const auto answer = site.answer_to(asked(fields, "0\r\n\r\n"));
  CHECK((answer.status == 400 || answer.status == 501));
  CHECK(answer.header("Connection") == "close");
}

TEST_CASE("A header that two readers could read in two ways is refused") {
  check_refused(GENERATE(values<hostile>({
      {"a folded line", 400, asked("X: a\r\n b\r\n")},
      {"a line folded with a tab", 400, asked("X: a\r\n\tb\r\n")},
      {"white space before the first field", 400, "GET / HTTP/1.1\r\n Host: test\r\n\r\n"},
      {"a bare line feed after a field", 400, asked("X: a\nY: b\r\n")},
      {"a bare line feed after the request line", 400, "GET / HTTP/1.1\nHost: test\r\n\r\n"},
      {"bare line feeds only", 400, "GET / HTTP/1.1\nHost: test\n\n"},
      {"a bare carriage return in a value", 400, asked("X: a\rb\r\n")},
      {"a bare carriage return in the request line", 400, "GET /\ra HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"a space before a colon", 400, asked("X : a\r\n")},
      {"a field without a colon", 400, asked("X\r\n")},
      {"a field without a name", 400, asked(": a\r\n")},
      {"a NUL in a value", 400, asked("X: a\0b\r\n"s)},
      {"a NUL in a name", 400, asked("X\0: a\r\n"s)},
      {"a NUL in the target", 400, "GET /\0 HTTP/1.1\r\nHost: test\r\n\r\n"s},
      {"no Host", 400, "GET / HTTP/1.1\r\n\r\n"},
      {"two Hosts", 400, asked("Host: other\r\n")},
      {"two Hosts in one", 400, "GET / HTTP/1.1\r\nHost: test, other\r\n\r\n"},
      {"a Host with a space", 400, "GET / HTTP/1.1\r\nHost: te st\r\n\r\n"},
      {"a Host with a path", 400, "GET / HTTP/1.1\r\nHost: test/a\r\n\r\n"},
      {"a Host with a user", 400, "GET / HTTP/1.1\r\nHost: a@test\r\n\r\n"},
      {"a target without a slash", 400, "GET a HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"a target with a fragment", 400, "GET /#a HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"a target with a broken escape", 400, "GET /%zz HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"a target with a space", 400, "GET /a b HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"no target", 400, "GET HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"no version", 400, "GET /\r\nHost: test\r\n\r\n"},
      {"a method that is no token", 400, "G(T / HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"a lower-case version", 400, "GET / http/1.1\r\nHost: test\r\n\r\n"},
      {"two empty lines first", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"the authority of a tunnel", 501, "CONNECT test:443 HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"HTTP/2 without asking", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"HTTP/3", 400, "GET / HTTP/3\r\nHost: test\r\n\r\n"},
      {"HTTP/0.9", 505, "GET / HTTP/0.9\r\nHost: test\r\n\r\n"},
      {"a TLS handshake", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s},
  })));
}

TEST_CASE("A chunked body that is malformed is refused") {
  check_refused(GENERATE(values<hostile>({
      {"a size that is none", 400, chunked("x\r\n")},
      {"an empty size", 400, chunked("\r\nabc\r\n0\r\n\r\n")},
      {"a negative size", 400, chunked("-1\r\na\r\n0\r\n\r\n")},
      {"a signed size", 400, chunked("+1\r\na\r\n0\r\n\r\n")},
      {"a size with 0x", 400, chunked("0x1\r\na\r\n0\r\n\r\n")},
      {"a size beyond 64 bits", 400, chunked("10000000000000001\r\na\r\n0\r\n\r\n")},
      {"a chunk longer than its size", 400, chunked("1\r\nab\r\n0\r\n\r\n")},
      {"a chunk shorter than its size", 400, chunked("3\r\na\r\n0\r\n\r\n")},
      {"a line feed in a quoted extension", 400, chunked("1;a=\"\n\"\r\nx\r\n0\r\n\r\n")},
      {"a line feed in an extension", 400, chunked("1;a\nx\r\n0\r\n\r\n")},
      {"a control in a quoted extension", 400, chunked("1;a=\"\x01\"\r\nx\r\n0\r\n\r\n")},
      {"a bare line feed after a size", 400, chunked("1\na\r\n0\r\n\r\n")},
      {"a bare line feed after a chunk", 400, chunked("1\r\na\n0\r\n\r\n")},
      {"a length among the trailers", 400, chunked("1\r\na\r\n0\r\nContent-Length: 3\r\n\r\n")},
      {"a coding among the trailers", 400, chunked("1\r\na\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n")},
      {"a bare line feed at the end", 400, chunked("1\r\na\r\n0\r\n\n")},
  })));
}

TEST_CASE("What is larger than its limit is refused with the status that says so") {
  const std::string long_text(9000, 'a');
  std::string many_fields;
  for (int i = 0; i < 120; ++i) many_fields += "X: y\r\n";
  check_refused(GENERATE_COPY(values<hostile>({
      {"the target", 414, "GET /" + long_text + " HTTP/1.1\r\nHost: test\r\n\r\n"},
      {"a target without an end", 414, "GET /" + long_text + long_text},
      {"a field", 431, asked("X: " + long_text + long_text + "\r\n")},
      {"fields, all together", 431, asked("X: " + long_text + "\r\nY: " + long_text + "\r\n")},
      {"the number of fields", 431, asked(many_fields)},
      {"a body as announced", 413, asked("Content-Length: 1048577\r\n")},
      {"a chunk as announced", 413, chunked("100001\r\n")},
  })));
}

TEST_CASE("Chunks that add up to more than the limit are refused") {
  const auto cut = GENERATE(whole, std::size_t{1});
  served_site site{cut_to(cut)};
  site.settings.limits.body_bytes = 10;
  site.routes.post("/echo", echo);
  auto client = site.connect();
  client.send(chunked("6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n"));
  CHECK(client.receive()->status == 413);
  CHECK(client.at_end());
}

TEST_CASE("A refusal tells nothing of what it refused") {
  served_site site;
  const auto answer = site.answer_to("GET /%zzsecret HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(answer.body == R"({"error":"Bad Request","message":"This request cannot be served as it is"})");
  CHECK(answer.header("Content-Type") == "application/json");
}

}  // namespace
}  // namespace cohort
