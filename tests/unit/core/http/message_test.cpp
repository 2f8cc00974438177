#include "core/http/message.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::http {
namespace {

TEST_CASE("A list gives its items one by one, without the white space around them") {
  std::string_view list = " keep-alive,\tCLOSE ,x;q=1,, ";
  std::vector<std::string_view> items;
  while (!list.empty()) items.push_back(next_item(list));
  CHECK(items == std::vector<std::string_view>{"keep-alive", "CLOSE", "x;q=1", "", ""});
}

TEST_CASE("Field names are the same in any case, and only ASCII has cases") {
  CHECK(same_name("Content-LENGTH", "content-length"));
  CHECK_FALSE(same_name("Content-Length", "Content-Lengt"));
  CHECK_FALSE(same_name("a", "ab"));
  CHECK_FALSE(same_name("\xC4", "\xE4"));
  CHECK_FALSE(same_name("@", "`"));
}

TEST_CASE("A response's field is set as it stands") {
  response answer;
  answer.set("Allow", "GET, HEAD").set("Retry-After", "1");
  CHECK(answer.extra_fields() == "Allow: GET, HEAD\r\nRetry-After: 1\r\n");
  CHECK(answer.find("retry-after") == "1");
  CHECK(answer.find("allow") == "GET, HEAD");
  CHECK_FALSE(answer.find("Allo").has_value());
}

TEST_CASE("A value with a line break in it is left out, so that it cannot become a field of its own") {
  const auto hostile = GENERATE(as<std::string>{}, "a\r\nSet-Cookie: b", "a\nSet-Cookie: b", "a\rb", "\r\n", "a\r\n");
  response answer;
  answer.set("Location", hostile).set("X", "kept");
  CHECK(answer.extra_fields() == "X: kept\r\n");
  CHECK_FALSE(answer.find("Set-Cookie").has_value());
}

TEST_CASE("A response has the body that was given last") {
  response answer;
  CHECK(answer.content().empty());
  answer.body("own", "text/plain");
  CHECK(answer.content() == "own");
  answer.borrowed_body("borrowed", "text/html");
  CHECK(answer.content() == "borrowed");
  CHECK(answer.content_type() == "text/html");
  answer.body("own again", "text/plain");
  CHECK(answer.content() == "own again");
  CHECK_FALSE(answer.closes());
  CHECK(answer.close().closes());
}

TEST_CASE("An error is JSON, and what it quotes stays in its string") {
  const auto answer = error_response(status::not_found, "No \"such\" path");
  CHECK(answer.code() == status::not_found);
  CHECK(answer.content_type() == "application/json");
  CHECK(answer.content() == R"({"error":"Not Found","message":"No \"such\" path"})");
  CHECK(error_response(status::unauthorized, "Unauthorized", "API key required").content() ==
        R"({"error":"Unauthorized","message":"API key required"})");
}

}  // namespace
}  // namespace cohort::http
