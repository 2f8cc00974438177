// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/response.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::http {
namespace {

using namespace std::string_literals;

TEST_CASE("response: fields keep the order in which they are added, and lookup ignores case", "[http][message]") {
  response result;
  result.set("Allow", "GET, HEAD").set("Retry-After", "1");
  CHECK(result.header_lines() == "Allow: GET, HEAD\r\nRetry-After: 1\r\n");
  CHECK(result.find("retry-after") == "1");
  CHECK(result.find("allow") == "GET, HEAD");
  CHECK_FALSE(result.find("Allo").has_value());
  CHECK(result.rejected_field().empty());
}

TEST_CASE("response: a value with a line break is not added, and cannot inject a second field", "[http][message]") {
  const auto value = GENERATE(as<std::string>{}, "a\r\nSet-Cookie: b", "a\nSet-Cookie: b", "a\rb", "\r\n", "a\r\n");
  response result;
  result.set("Location", value).set("X", "kept");
  CHECK(result.header_lines() == "X: kept\r\n");
  CHECK_FALSE(result.find("Set-Cookie").has_value());
  CHECK(result.rejected_field() == "Location");
}

TEST_CASE("response: a field with a control character in its value or an invalid name is rejected",
          "[http][message][case-1.9]") {
  const auto [name, value] = GENERATE(table<std::string, std::string>({
      {"X", "a\x01"},
      {"X", "a\x0B"},
      {"X", "a\x7F"},
      {"X", "a\0b"s},
      {"X", "\x1F"},
      {"X", "\x08text"},
      {"X Y", "a"},
      {"X:", "a"},
      {"X\r\nY", "a"},
      {"\xC3\xA4", "a"},
  }));
  CAPTURE(name);
  response result;
  result.set(name, value).set("Y", "a\tb\xC3\xA4");
  CHECK(result.header_lines() == "Y: a\tb\xC3\xA4\r\n");
  CHECK(result.rejected_field() == name);
}

TEST_CASE("response: a header field with an empty name is rejected", "[http][message][case-1.9]") {
  response result;
  result.set("", "a");
  CHECK(result.header_lines().empty());
  CHECK(result.rejected_field() == "(empty name)");
}

TEST_CASE("response: the fields that the server sets itself are rejected", "[http][message][case-6.2]") {
  const auto name = GENERATE(as<std::string>{}, "Content-Length", "content-length", "Transfer-Encoding", "Connection",
                             "Keep-Alive", "Proxy-Connection", "Trailer", "Upgrade", "Date");
  response result;
  result.set(name, "1").set("X-Content-Length", "kept");
  CHECK(result.header_lines() == "X-Content-Length: kept\r\n");
  CHECK(result.rejected_field() == name);
}

TEST_CASE("response: Content-Type replaces the media type of the body", "[http][message][case-6.2]") {
  response result;
  result.body("{}", "application/json").set("Content-Type", "application/problem+json").set("X", "y");
  CHECK(result.content_type() == "application/problem+json");
  CHECK(result.static_content_type().empty());
  result.set("content-type", "text/html");
  CHECK(result.header_lines() == "X: y\r\nContent-Type: text/html\r\n");
  result.body("text", "text/plain");
  CHECK(result.content_type() == "text/plain");
  CHECK(result.header_lines() == "X: y\r\n");
}

TEST_CASE("response: the media type of a body is copied unless it is a literal", "[http][message][case-6.1]") {
  const auto make_response = [](int kind) {
    const auto text = std::string{"text/x-a-long-name-that-does-not-fit; "} + "charset=utf-8";
    if (kind == 0) return response{}.body("a", text);
    if (kind == 1) return response{}.static_body("a", std::string_view{text});
    if (kind == 2) return response{}.stream([](body_writer&) -> task<> { co_return; }, text);
    return response{}.set("Content-Type", text);
  };
  const auto result = make_response(GENERATE(0, 1, 2, 3));
  CHECK(result.content_type() == "text/x-a-long-name-that-does-not-fit; charset=utf-8");
  const auto copy = result;
  CHECK(copy.content_type() == result.content_type());
  CHECK(response{}.body("a", "text/plain").static_content_type() == "text/plain");
}

TEST_CASE("response: a media type with a control character is rejected", "[http][message][case-6.1]") {
  response result;
  result.body("a", "text/plain\r\nSet-Cookie: b"s);
  CHECK(result.content_type().empty());
  CHECK(result.rejected_field() == "Content-Type");
}

TEST_CASE("response: the body that was set last is sent", "[http][message]") {
  response result;
  CHECK(result.content().empty());
  result.body("own", "text/plain");
  CHECK(result.content() == "own");
  result.static_body("static", "text/html");
  CHECK(result.content() == "static");
  CHECK(result.content_type() == "text/html");
  result.stream([](body_writer&) -> task<> { co_return; }, "text/event-stream");
  CHECK(result.content().empty());
  CHECK(result.producer());
  result.body("own again", "text/plain");
  CHECK(result.content() == "own again");
  CHECK_FALSE(result.producer());
  CHECK_FALSE(result.closes_connection());
  CHECK(result.close_connection().closes_connection());
}

TEST_CASE("response: the body of an error response is JSON with escaped strings", "[http][message]") {
  const auto result = error_response(status::not_found, "No \"such\" path");
  CHECK(result.code() == status::not_found);
  CHECK(result.content_type() == "application/json");
  CHECK(result.content() == R"({"error":"Not Found","message":"No \"such\" path"})");
  CHECK(error_response(status::unauthorized, "Unauthorized", "API key required").content() ==
        R"({"error":"Unauthorized","message":"API key required"})");
}

}  // namespace
}  // namespace cohort::http
