// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/input/input.hpp>

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/http/server/input/order_types.hpp"
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;
namespace shop = input_types;
using shop::order;

/// Returns the response of a route whose handler reads the input with `read`. `read` returns the text of a response
/// with status 200.
template <class Function>
received_response response_of_route(const std::string& request, Function read) {
  server_fixture fixture;
  const auto handle = [read](request_context& context) {
    http::input in{context};
    auto text = read(in);
    return in ? text_response(std::move(text)) : in.error_response();
  };
  fixture.routes.get("/things/{id}", handle);
  fixture.routes.post("/things/{id}", handle);
  return fixture.response_to(request);
}

std::string errors(std::string_view message, std::string_view fields, std::string_view error = "Bad Request") {
  return R"({"error":")" + std::string{error} + R"(","message":")" + std::string{message} + R"(","fields":[)" +
         std::string{fields} + "]}";
}

TEST_CASE("input: typed values are read from path, query, header fields and cookies", "[http][input]") {
  const auto read = [](http::input& in) {
    const auto id = in.path<std::int64_t>("id", {.min = 1});
    const auto limit = in.query<int>("limit", {.min = 1, .max = 100, .fallback = 20});
    const auto offset = in.query<int>("offset", {.fallback = 3});
    const auto tags = in.query<std::vector<std::string>>("tag", {.max_items = 3});
    const auto color = in.query<std::optional<shop::color>>("color");
    const auto verbose = in.query<bool>("verbose", {.fallback = false});
    const auto ratio = in.query<double>("ratio");
    const auto wait = in.header<std::chrono::seconds>("X-Wait", {.max = 60s});
    const auto names = in.header<std::vector<std::string>>("X-Names");
    const auto session = in.cookie<std::string>("session", {.max_length = 8});
    std::string text = std::to_string(id) + " " + std::to_string(limit) + " " + std::to_string(offset);
    for (const auto& tag : tags) text += " " + tag;
    text += color == shop::color::green ? " green" : " other";
    text += verbose ? " verbose" : " quiet";
    for (const auto& name : names) text += " " + name;
    return text + " " + std::to_string(ratio) + " " + std::to_string(wait.count()) + " " + session;
  };
  const auto response =
      response_of_route(get("/things/7?limit=5&tag=a+b&tag=%C3%A4&color=green&verbose=true&ratio=0.5",
                            "X-Wait: 9\r\nX-Names: a, b\r\nx-names: c\r\nCookie: a=b; session=s1\r\n"),
                        read);
  CHECK(response.status == 200);
  CHECK(response.body == "7 5 3 a b ä green verbose a b c 0.500000 9 s1");
}

TEST_CASE("input: the response lists every error of the request", "[http][input]") {
  const auto read = [](http::input& in) {
    in.path<std::int64_t>("id");
    in.query<int>("limit", {.min = 1, .max = 100, .fallback = 20});
    in.query<std::string>("name");
    in.query<std::vector<int>>("n", {.max_items = 2});
    in.query<shop::color>("color");
    in.query<bool>("twice");
    in.header<std::uint8_t>("X-Level");
    in.cookie<std::string>("session");
    in.body<order>();
    return std::string{};
  };
  const auto response = response_of_route(post("/things/x?limit=101&n=1&n=2&n=3&color=blue&twice=true&twice=true",
                                               R"({"items":[{"name":"","quantity":1}]})",
                                               "X-Level: 256\r\nContent-Type: application/json; charset=utf-8\r\n"),
                                          read);
  CHECK(response.status == 400);
  CHECK(response.body == errors("id must be an integer (and 8 other errors)",
                                R"({"field":"id","in":"path","reason":"must be an integer"},)"
                                R"({"field":"limit","in":"query","reason":"must be an integer from 1 to 100"},)"
                                R"({"field":"name","in":"query","reason":"is required"},)"
                                R"({"field":"n","in":"query","reason":"must have at most 2 values"},)"
                                R"({"field":"color","in":"query","reason":"must be one of red, green"},)"
                                R"({"field":"twice","in":"query","reason":"must not be repeated"},)"
                                R"({"field":"X-Level","in":"header","reason":"must be an integer from 0 to 255"},)"
                                R"({"field":"session","in":"cookie","reason":"is required"},)"
                                R"({"field":"items[0].name","in":"body","reason":"must have 1 to 5 characters"})"));
}

TEST_CASE("input: a body of an unsupported media type is rejected with 415 and the accepted media type",
          "[http][input]") {
  constexpr auto body = R"({"items":[{"name":"pen","quantity":1}]})";
  for (const std::string type : {"application/json", "Application/JSON;charset=utf-8", "application/x+json"})
    CHECK(response_of_route(post("/things/1", body, "Content-Type: " + type + "\r\n"), [&](http::input& in) {
            return in.body<order>().items.empty() ? std::string{"none"} : std::string{"pen"};
          }).body == "pen");
  for (const std::string line : {"", "Content-Type: text/plain\r\n", "Content-Type: application/jsonp\r\n",
                                 "Content-Type: application/json\r\nContent-Type: text/plain\r\n",
                                 "Content-Type: text/plain\r\nContent-Type: application/json\r\n"}) {
    const auto response = response_of_route(post("/things/1", body, line), [](http::input& in) {
      in.body<order>();
      return std::string{};
    });
    CHECK(response.status == 415);
    CHECK(response.header("accept") == "application/json");
    CHECK(
        response.body ==
        errors(
            "Content-Type must be application/json, since the body must be JSON",
            R"({"field":"Content-Type","in":"header","reason":"must be application/json, since the body must be JSON"})",
            "Unsupported Media Type"));
  }
}

TEST_CASE("input: a body with a content coding is rejected with 415", "[http][input]") {
  const auto read_json = [](http::input& in) { return std::to_string(in.body<order>().items.size()); };
  const auto read_form = [](http::input& in) { return in.form<shop::item>().name; };
  constexpr auto json = R"({"items":[{"name":"pen","quantity":1}]})";
  const std::string json_type = "Content-Type: application/json\r\n";
  const std::string form_type = "Content-Type: application/x-www-form-urlencoded\r\n";
  CHECK(response_of_route(post("/things/1", json, json_type + "Content-Encoding: identity\r\n"), read_json).body ==
        "1");
  for (const auto& response :
       {response_of_route(post("/things/1", json, json_type + "Content-Encoding: gzip\r\n"), read_json),
        response_of_route(post("/things/1", "name=a&quantity=3", form_type + "Content-Encoding: identity, br\r\n"),
                          read_form)}) {
    CHECK(response.status == 415);
    CHECK(response.header("accept-encoding") == "identity");
    CHECK(response.body == errors("Content-Encoding must be absent, since the body is not decompressed",
                                  R"({"field":"Content-Encoding","in":"header",)"
                                  R"("reason":"must be absent, since the body is not decompressed"})",
                                  "Unsupported Media Type"));
  }
}

TEST_CASE("input: the fields of a form are decoded into a described struct", "[http][input]") {
  const auto read = [](http::input& in) {
    const auto item = in.form<shop::item>();
    return item.name + " " + std::to_string(item.quantity);
  };
  constexpr auto type = "Content-Type: application/x-www-form-urlencoded\r\n";
  CHECK(response_of_route(post("/things/1", "name=a%2Bb+c&quantity=3", type), read).body == "a+b c 3");
  CHECK(response_of_route(post("/things/1", "name=%ff&quantity=3", type), read).body ==
        errors("the body must be percent-encoded UTF-8 without NUL",
               R"({"field":"","in":"body","reason":"must be percent-encoded UTF-8 without NUL"})"));
  CHECK(response_of_route(post("/things/1", "name=&quantity=0&other=", type), read).body ==
        errors("name must have 1 to 5 characters (and 2 other errors)",
               R"({"field":"name","in":"body","reason":"must have 1 to 5 characters"},)"
               R"({"field":"quantity","in":"body","reason":"must be an integer from 1 to 100"},)"
               R"({"field":"other","in":"body","reason":"is unknown; known: name, quantity"})"));
  CHECK(response_of_route(post("/things/1", "name=a&quantity=3", ""), read).status == 415);
}

TEST_CASE("input: the number of parameters and of errors is bounded", "[http][input]") {
  std::string query = "/things/1?";
  for (int i = 0; i < 257; ++i) query += "n=x&";
  const auto read = [](http::input& in) {
    in.query<std::vector<int>>("n");
    return std::string{};
  };
  CHECK(response_of_route(get(query), read).body ==
        errors("the query must have at most 256 parameters",
               R"({"field":"","in":"query","reason":"must have at most 256 parameters"})"));
  query.resize(query.size() - 4);
  const auto response = response_of_route(get(query), read);
  CHECK(response.status == 400);
  CHECK(response.body.find("(and more than 31 other errors)") != std::string::npos);
}

TEST_CASE("input: a client that accepts no available media type is rejected with 406", "[http][input]") {
  const auto read = [](http::input& in) { return std::string{in.accept({"application/json", "text/html"})}; };
  CHECK(response_of_route(get("/things/1"), read).body == "application/json");
  CHECK(response_of_route(get("/things/1", "Accept: text/html, application/json;q=0.9\r\n"), read).body == "text/html");
  CHECK(response_of_route(get("/things/1", "Accept: */*;q=0.1, application/json;q=0\r\n"), read).body == "text/html");
  const auto rejected_response = response_of_route(get("/things/1", "Accept: image/png\r\n"), read);
  CHECK(rejected_response.status == 406);
  CHECK(rejected_response.body ==
        errors("Accept must accept one of application/json, text/html",
               R"({"field":"Accept","in":"header","reason":"must accept one of application/json, text/html"})",
               "Not Acceptable"));
}

TEST_CASE("input: control characters in a string are rejected", "[http][input]") {
  const auto read = [](http::input& in) { return in.query<std::string>("name"); };
  CHECK(response_of_route(get("/things/1?name=%1b"), read).status == 400);
  CHECK(response_of_route(get("/things/1?name=%E2%82"), read).status == 400);
  CHECK(response_of_route(get("/things/1?name=%E2%82%AC"), read).body == "€");
}

}  // namespace
}  // namespace cohort::test
