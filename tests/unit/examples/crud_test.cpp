// SPDX-License-Identifier: BSL-1.0
#include "examples/crud/app.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort::test {
namespace {

constexpr auto json_type = "Content-Type: application/json\r\n";
constexpr auto dune = R"({"title":"Dune","authors":["Frank Herbert"],"genre":"fiction","year":1965})";

struct crud_fixture : server_fixture {
  crud_fixture() { routes = crud::app(); }

  received_response request(std::string_view method, std::string_view path, std::string_view body = {}) {
    auto text = post(path, body, json_type);
    return response_to(std::string{method} + text.substr(4));
  }
};

TEST_CASE("CRUD example: a book is created, read, replaced and deleted", "[examples]") {
  crud_fixture fixture;
  const auto created = fixture.request("POST", "/api/books", dune);
  CHECK(created.status == 201);
  CHECK(created.header("location") == "/api/books/1");
  constexpr auto stored = R"({"title":"Dune","authors":["Frank Herbert"],"genre":"fiction","year":1965,"id":1})";
  CHECK(created.body == stored);
  CHECK(fixture.response_to(get("/api/books/1")).body == stored);
  CHECK(fixture.request("PUT", "/api/books/1", R"({"title":"Dune","authors":["F. Herbert"]})").status == 204);
  CHECK(fixture.response_to(get("/api/books/1")).body ==
        R"({"title":"Dune","authors":["F. Herbert"],"genre":"other","id":1})");
  CHECK(fixture.request("DELETE", "/api/books/1").status == 204);
  for (const std::string method : {"PUT", "DELETE"}) CHECK(fixture.request(method, "/api/books/1", dune).status == 404);
  CHECK(fixture.response_to(get("/api/books/1")).status == 404);
}

TEST_CASE("CRUD example: books are listed in pages, by genre", "[examples]") {
  crud_fixture fixture;
  for (int i = 0; i < 3; ++i) fixture.request("POST", "/api/books", dune);
  fixture.request("POST", "/api/books", R"({"title":"Cosmos","authors":["Carl Sagan"],"genre":"science"})");
  const auto page = fixture.response_to(get("/api/books?limit=1&after=1")).body;
  CHECK(page.starts_with(R"({"books":[{"title":"Dune")"));
  CHECK(page.ends_with(R"("id":2}],"total":4})"));
  CHECK(fixture.response_to(get("/api/books?genre=science")).body ==
        R"({"books":[{"title":"Cosmos","authors":["Carl Sagan"],"genre":"science","id":4}],"total":4})");
  CHECK(fixture.response_to(get("/api/books?limit=0&genre=poetry")).body.find(R"("field":"genre")") !=
        std::string::npos);
}

TEST_CASE("CRUD example: the response to an invalid book lists every error", "[examples]") {
  crud_fixture fixture;
  const auto rejected = fixture.request("POST", "/api/books", R"({"title":"","authors":[],"pages":1})");
  CHECK(rejected.status == 400);
  CHECK(rejected.body ==
        R"x({"error":"Bad Request","message":"title must have 1 to 200 characters (and 2 other errors)","fields":[)x"
        R"({"field":"title","in":"body","reason":"must have 1 to 200 characters"},)"
        R"({"field":"authors","in":"body","reason":"must have 1 to 16 items"},)"
        R"({"field":"pages","in":"body","reason":"is unknown; known: title, authors, genre, year"}]})");
  CHECK(fixture.response_to(post("/api/books", dune)).status == 415);
  CHECK(fixture.response_to(get("/api/books/x")).status == 400);
  CHECK(fixture.response_to(get("/api/books")).body == R"({"books":[],"total":0})");
}

TEST_CASE("CRUD example: creating a book in a full collection returns 507", "[examples]") {
  crud_fixture fixture;
  auto client = fixture.connect();
  const auto request = post("/api/books", dune, json_type);
  for (int i = 0; i < 10'000; ++i) {
    client.send(request);
    REQUIRE(client.receive()->status == 201);
  }
  client.send(request);
  CHECK(client.receive()->status == 507);
}

}  // namespace
}  // namespace cohort::test
