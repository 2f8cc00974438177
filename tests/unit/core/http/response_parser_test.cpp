#include "core/http/response_parser.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort {
namespace {

using http::client_error;
using http::response_parser;

constexpr response_parser::limits roomy{8 * 1024, 64 * 1024};

struct parsed {
  std::optional<client_error> wrong;
  http::client_response answer;
  std::string left_over;
  bool done = false;
  bool keeps_alive = false;
};

/// As a connection does: what was not used is offered again, with more.
parsed parse(const std::vector<std::string_view>& pieces, bool to_head = false, bool then_end = false,
             response_parser::limits bounds = roomy) {
  response_parser parser{bounds, to_head};
  parsed all;
  for (const auto piece : pieces) {
    all.left_over += piece;
    while (!all.left_over.empty() && !parser.done() && !all.wrong) {
      const auto used = parser.parse(all.left_over, all.wrong);
      all.left_over.erase(0, used);
      if (used == 0) break;
    }
  }
  if (then_end && !all.wrong && !parser.done()) all.wrong = parser.end();
  all.done = parser.done();
  if (parser.head_done()) all.keeps_alive = parser.keeps_alive();
  all.answer = parser.answer();
  return all;
}

struct sample {
  std::string_view bytes;
  std::string_view body;
  bool ends_with_connection = false;
  bool to_head = false;
};

const std::vector<sample> good{
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello", "hello"},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 0\r\n\r\n", ""},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n0;x=y\r\nX-T: 1\r\n\r\n", ""},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n000\r\n\r\n", "hello"},
    {"HTTP/1.1 200 OK\r\nX-A:   b  \r\n\r\nhello", "hello", true},
    {"HTTP/1.0 200 OK\r\nx-a: b\r\n\r\nhello", "hello", true},
    {"HTTP/1.1 200 \r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi", "hi"},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\n", "", false, true},
    {"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n", "", false, true},
};

void check(const parsed& got, const sample& wanted) {
  CHECK_FALSE(got.wrong.has_value());
  CHECK((got.done || wanted.ends_with_connection));
  CHECK(got.answer.code_number == 200);
  CHECK(got.answer.find("X-A") == "b");
  CHECK(got.answer.body == wanted.body);
  CHECK(got.left_over.empty());
}

TEST_CASE("An answer reads the same, wherever it is cut in two") {
  for (const auto& each : good) {
    CAPTURE(each.bytes);
    for (std::size_t cut = 0; cut <= each.bytes.size(); ++cut) {
      CAPTURE(cut);
      check(parse({each.bytes.substr(0, cut), each.bytes.substr(cut)}, each.to_head, each.ends_with_connection), each);
    }
  }
}

TEST_CASE("An answer reads the same, byte by byte") {
  for (const auto& each : good) {
    CAPTURE(each.bytes);
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < each.bytes.size(); ++i) bytes.push_back(each.bytes.substr(i, 1));
    check(parse(bytes, each.to_head, each.ends_with_connection), each);
  }
}

TEST_CASE("Who keeps nothing of an answer hears of the same faults and the same end") {
  const response_parser::limits nothing{8 * 1024, 5, false, false};
  for (const auto& each : good) {
    CAPTURE(each.bytes);
    const auto got = parse({each.bytes}, each.to_head, each.ends_with_connection, nothing);
    CHECK_FALSE(got.wrong.has_value());
    CHECK(got.answer.code_number == 200);
    CHECK(got.answer.fields.empty());
    CHECK(got.answer.body.empty());
    CHECK(got.left_over.empty());
  }
  const auto too_long = parse({"HTTP/1.1 200 OK\r\n\r\n", "hel", "lo!"}, false, true, nothing);
  CHECK(too_long.wrong == client_error::body_too_big);
  const auto smuggled = parse({"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"}, false, false, nothing);
  CHECK(smuggled.wrong == client_error::answer_malformed);
}

TEST_CASE("An answer that ends anywhere before its end is cut short") {
  for (const auto& each : good) {
    if (each.ends_with_connection) continue;
    CAPTURE(each.bytes);
    const auto head = each.bytes.find("\r\n\r\n") + 4;
    for (std::size_t cut = 0; cut < each.bytes.size(); ++cut) {
      CAPTURE(cut);
      const auto got = parse({each.bytes.substr(0, cut)}, each.to_head, true);
      CHECK(got.wrong == (cut == 0     ? client_error::no_answer
                          : cut < head ? client_error::answer_cut_short
                                       : client_error::body_cut_short));
    }
  }
}

TEST_CASE("What comes behind an answer is left for others") {
  for (const auto& each : good) {
    if (each.ends_with_connection) continue;
    CAPTURE(each.bytes);
    const auto got = parse({std::string{each.bytes} + "HTTP/1.1"}, each.to_head);
    CHECK(got.done);
    CHECK(got.left_over == "HTTP/1.1");
  }
}

TEST_CASE("Whether a connection goes on is said by version, field and framing") {
  const auto [bytes, keeps] = GENERATE(table<std::string_view, bool>({
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false},
      {"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true},
      {"HTTP/1.1 204 No Content\r\n\r\n", true},
      {"HTTP/1.1 200 OK\r\n\r\n", false},
  }));
  CAPTURE(bytes);
  CHECK(parse({bytes}).keeps_alive == keeps);
}

TEST_CASE("The body's limit holds for every framing, wherever it is cut") {
  const auto [head, tail] = GENERATE(table<std::string, std::string>({
      {"Content-Length: 10\r\n\r\n", ""},
      {"Transfer-Encoding: chunked\r\n\r\na\r\n", "\r\n0\r\n\r\n"},
      {"\r\n", ""},
  }));
  const auto bytes = "HTTP/1.1 200 OK\r\n" + head + "0123456789" + tail;
  CAPTURE(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const auto view = std::string_view{bytes};
    const std::vector<std::string_view> pieces{view.substr(0, cut), view.substr(cut)};
    CHECK(parse(pieces, false, false, {1024, 9}).wrong == client_error::body_too_big);
    const auto fits = parse(pieces, false, false, {1024, 10});
    CHECK_FALSE(fits.wrong.has_value());
    CHECK(fits.answer.body == "0123456789");
  }
}

TEST_CASE("The header's limit holds, wherever it is cut") {
  const std::string bytes = "HTTP/1.1 200 OK\r\nX-A: " + std::string(100, 'x') + "\r\nContent-Length: 0\r\n\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    CAPTURE(cut);
    const auto view = std::string_view{bytes};
    const std::vector<std::string_view> pieces{view.substr(0, cut), view.substr(cut)};
    CHECK(parse(pieces, false, false, {100, 10}).wrong == client_error::answer_header_too_big);
    CHECK_FALSE(parse(pieces, false, false, {bytes.size() + 1, 10}).wrong.has_value());
  }
}

TEST_CASE("All fields are kept, in their order, whatever their names' case; trailers are not") {
  const auto got = parse(
      {"HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie: b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n"});
  REQUIRE(got.answer.fields.size() == 3);
  CHECK(got.answer.fields[0] == std::pair<std::string, std::string>{"Set-Cookie", "a"});
  CHECK(got.answer.fields[1] == std::pair<std::string, std::string>{"set-cookie", "b"});
  CHECK(got.answer.find("SET-COOKIE") == "a");
  CHECK_FALSE(got.answer.find("X-T").has_value());
}

}  // namespace
}  // namespace cohort
