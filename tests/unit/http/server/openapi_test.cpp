// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/openapi/api_document.hpp>

#include <array>

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/server/input/typed_handler.hpp>
#include <cohort/http/server/openapi/schema_markup.hpp>
#include "tests/support/http/openapi_document.hpp"
#include "tests/unit/service/service_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using http::status;

struct item {
  std::string name;
  int size = 0;
};
BOOST_DESCRIBE_STRUCT(item, (), (name, size))

struct find_items {
  http::from_query<int> limit;
  http::from_header<std::optional<std::string>> x_tenant;
};
BOOST_DESCRIBE_STRUCT(find_items, (), (limit, x_tenant))
constexpr auto constraints(json::type<find_items>) {
  return json::constrain(json::member(&find_items::limit, {.min = 1, .max = 9, .fallback = 5}));
}

struct add_item {
  http::from_body<item> body;
};
BOOST_DESCRIBE_STRUCT(add_item, (), (body))

http::response no_content(http::request_context&) { return http::response{status::no_content}; }

std::string document_of(const http::router& routes, http::api_information information = {}) {
  information.title = "shop";
  information.version = "1.2";
  return http::openapi_json(http::describe_api(routes.routes(), std::move(information)));
}

std::string at(const std::string& document, const std::string& pointer) {
  return json_at(document, pointer).value_or("nothing");
}

TEST_CASE("OpenAPI: a typed handler describes its parameters, its body and its result", "[http][server][openapi]") {
  http::router routes;
  routes.get("/items", http::typed<find_items>([](const find_items&) { return item{}; }));
  routes.post("/items", http::typed<add_item>([](const add_item&) { return http::response{}; }));
  const auto text = document_of(routes);
  CHECK(openapi_document{text}.problems().empty());
  CHECK(at(text, "/paths/~1items/get/parameters") ==
        R"([{"name":"limit","in":"query","required":false,)"
        R"("schema":{"type":"integer","minimum":1,"maximum":9,"default":5}},)"
        R"({"name":"x-tenant","in":"header","required":false,"schema":{"type":"string"}}])");
  CHECK(at(text, "/paths/~1items/get/responses/200/content/application~1json/schema/$ref") ==
        "\"#/components/schemas/item\"");
  CHECK(at(text, "/paths/~1items/post/requestBody/content/application~1json/schema/$ref") ==
        "\"#/components/schemas/item\"");
  CHECK(at(text, "/paths/~1items/post/responses/415/description") != "nothing");
  CHECK(at(text, "/paths/~1items/get/responses/415") == "nothing");
  CHECK(at(text, "/components/schemas/item/required") == R"(["name","size"])");
  CHECK(at(text, "/components/schemas/item/additionalProperties") == "false");
}

TEST_CASE("OpenAPI: the document contains the description of an operation", "[http][server][openapi]") {
  http::router routes;
  routes.put("/items/{id:int}", no_content)
      .summary("Replaces an item")
      .description("Keeps its *ID*.")
      .operation_id("replace_item")
      .tags({"items"})
      .deprecated()
      .reads<add_item>()
      .returns<item>(status::created, "Made", {{"Location", "Where"}})
      .returns(status::ok, "As text", {.media_type = "text/plain"})
      .returns_error(status::not_found, "No such item")
      .returns_error(status::conflict, "Changed meanwhile");
  const auto text = document_of(routes);
  CHECK(openapi_document{text}.problems().empty());
  const std::string operation = "/paths/~1items~1{id}/put";
  CHECK(at(text, operation + "/operationId") == "\"replace_item\"");
  CHECK(at(text, operation + "/summary") == "\"Replaces an item\"");
  CHECK(at(text, operation + "/description") == "\"Keeps its *ID*.\"");
  CHECK(at(text, operation + "/deprecated") == "true");
  CHECK(at(text, operation + "/tags") == R"(["items"])");
  CHECK(at(text, operation + "/parameters/0/schema") == R"({"type":"integer","format":"int64"})");
  CHECK(at(text, operation + "/responses/201/headers/Location/description") == "\"Where\"");
  CHECK(at(text, operation + "/responses/200/content/text~1plain/schema/type") == "\"string\"");
  CHECK(at(text, operation + "/responses/404/description") == "\"No such item; or: The path does not exist\"");
  CHECK(at(text, operation + "/responses/409/content/application~1json/schema/$ref") ==
        "\"#/components/schemas/error_body\"");
  CHECK(at(text, "/info") == R"({"title":"shop","version":"1.2"})");
}

TEST_CASE("OpenAPI: an undescribed operation has generic responses and a unique ID", "[http][server][openapi]") {
  http::router routes;
  routes.get("/a/b", no_content);
  routes.get("/a_b", no_content);
  routes.any("/files/{path...}", no_content);
  const auto text = document_of(routes);
  const openapi_document document{text};
  CHECK(document.problems().empty());
  CHECK(at(text, "/paths/~1a~1b/get/operationId") == "\"get_a_b\"");
  CHECK(at(text, "/paths/~1a_b/get/operationId") == "\"get_a_b_2\"");
  CHECK(document.statuses("get", "/a/b") == std::vector<std::string>{"2XX", "400", "408", "413", "414", "417", "431",
                                                                     "500", "501", "503", "504", "default"});
  for (const auto* method : {"get", "put", "post", "delete", "patch", "options"})
    CHECK(!document.statuses(method, "/files/{path}").empty());
}

TEST_CASE("OpenAPI: a WebSocket has the fields and responses of its handshake", "[http][server][openapi]") {
  http::router routes;
  routes.websocket("/chat", [](http::request_context&, http::websocket&) -> task<> { co_return; });
  const auto text = document_of(routes);
  CHECK(openapi_document{text}.problems().empty());
  const std::string operation = "/paths/~1chat/get";
  CHECK(at(text, operation + "/parameters/0") ==
        R"({"name":"Upgrade","in":"header","required":true,"description":"The protocol",)"
        R"("schema":{"type":"string","enum":["websocket"]}})");
  CHECK(at(text, operation + "/parameters/2/name") == R"("Sec-WebSocket-Key")");
  CHECK(at(text, operation + "/responses/101") == R"({"description":"The connection is a WebSocket"})");
  CHECK(at(text, operation + "/responses/426/headers/Upgrade/description") == R"("The protocol")");
  CHECK(at(text, operation + "/responses/403") != "nothing");
  CHECK(at(text, operation + "/responses/2XX") == "nothing");
}

TEST_CASE("OpenAPI: paths are sorted, and equal templates are described once", "[http][server][openapi]") {
  http::router routes;
  routes.get("/z", no_content);
  routes.get("/a/{id:int}", no_content);
  routes.get("/a/{name}", no_content);
  const auto text = document_of(routes);
  CHECK(openapi_document{text}.problems().empty());
  CHECK(text.find("\"/a/{id}\"") < text.find("\"/z\""));
  CHECK(text.find("\"/a/{name}\"") == std::string::npos);
  CHECK(text == document_of(routes));
}

TEST_CASE("OpenAPI: protected operations have the security requirement of the document", "[http][server][openapi]") {
  http::router routes;
  routes.get("/api/x", no_content);
  routes.get("/open", no_content);
  http::api_information information{
      .security_schemes = {{"key", R"({"type":"apiKey","in":"header","name":"K"})"}},
      .security = {{"key"}},
      .is_protected = [](const http::route& entry, const http::operation&) { return entry.pattern == "/api/x"; },
      .requires_client_certificate = true};
  const auto text = document_of(routes, information);
  CHECK(openapi_document{text}.problems().empty());
  CHECK(at(text, "/paths/~1api~1x/get/security") == R"([{"key":[]}])");
  CHECK(at(text, "/paths/~1open/get/security") == "[]");
  CHECK(at(text, "/paths/~1api~1x/get/responses/401/headers/WWW-Authenticate/description") != "nothing");
  CHECK(at(text, "/paths/~1api~1x/get/responses/429/headers/Retry-After/description") != "nothing");
  CHECK(at(text, "/paths/~1api~1x/get/responses/403/description") != "nothing");
  for (const auto* code : {"401", "403", "429"})
    CHECK(at(text, std::string{"/paths/~1open/get/responses/"} + code) == "nothing");
  information.has_rate_limit = true;
  CHECK(at(document_of(routes, information), "/paths/~1open/get/responses/429/description") != "nothing");
}

TEST_CASE("OpenAPI page: the page lists operations and schemas, and escapes text", "[http][server][openapi]") {
  http::router routes;
  routes.post("/items", http::typed<add_item>([](const add_item&) { return http::response{}; }))
      .summary("<script>alert(1)</script>")
      .deprecated();
  const auto page = http::openapi_page(http::describe_api(routes.routes(), {.title = "A & B", .version = "1"}));
  CHECK(page.find("A &amp; B") != std::string::npos);
  CHECK(page.find("POST /items") != std::string::npos);
  CHECK(page.find("Deprecated") != std::string::npos);
  CHECK(page.find("<a href=\"#schema-item\">item</a>") != std::string::npos);
  CHECK(page.find("id=\"schema-item\"") != std::string::npos);
  for (const auto* forbidden : {"<script", "style=", "http://", "https://", "url(", "@import"})
    CHECK(page.find(forbidden) == std::string::npos);
}

TEST_CASE("OpenAPI page: the content security policy permits only its style sheet", "[http][server][openapi]") {
  const auto page = http::openapi_page(http::describe_api({}, {.title = "A", .version = "1"}));
  const auto start = page.find("<style>") + 7;
  const auto style = page.substr(start, page.find("</style>") - start);
  CHECK(page.find("<style", start) == std::string::npos);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(style.data()), style.size(), hash.data());
  std::array<unsigned char, 64> encoded{};
  EVP_EncodeBlock(encoded.data(), hash.data(), SHA256_DIGEST_LENGTH);
  const std::string source = "style-src 'sha256-" + std::string{reinterpret_cast<const char*>(encoded.data())} + "'";
  CHECK(http::openapi_page_policy().find(source) != std::string::npos);
  CHECK(http::openapi_page_policy().starts_with("default-src 'none';"));
}

TEST_CASE("OpenAPI page: operations are grouped by their first tag, and each has an element ID",
          "[http][server][openapi]") {
  http::router routes;
  const auto handler = [](request_context&) { return http::response{}; };
  routes.get("/b", handler).tags({"books"}).operation_id("list_books");
  routes.get("/a", handler).tags({"authors"});
  routes.post("/b", handler).tags({"books", "other"});
  const auto page = http::openapi_page(http::describe_api(routes.routes(), {.title = "A", .version = "1"}));
  const auto authors = page.find("<h2>authors</h2>");
  const auto books = page.find("<h2>books</h2>");
  REQUIRE(authors < books);
  CHECK(page.find("GET /a") < books);
  CHECK(page.find("GET /b") > books);
  CHECK(page.find("POST /b") > books);
  CHECK(page.find("id=\"list_books\"") != std::string::npos);
  CHECK(page.find("<h2>other</h2>") == std::string::npos);
}

TEST_CASE("OpenAPI page: a schema that does not fit in a line has a line for each member", "[http][server][openapi]") {
  const auto text = [](std::string_view schema) {
    std::string plain;
    bool is_in_tag = false;
    for (const char c : http::schema_markup(schema)) {
      if (c == '<') is_in_tag = true;
      if (!is_in_tag) plain += c;
      if (c == '>') is_in_tag = false;
    }
    return plain;
  };
  CHECK(text(R"({"type":"object","required":["a"]})") ==
        "{&quot;type&quot;: &quot;object&quot;, "
        "&quot;required&quot;: [&quot;a&quot;]}");
  const std::string words(60, 'x');
  CHECK(text(R"({ "description":")" + words + R"(","properties":{"a":{"type":"integer","minimum":-1}},"e":[]})") ==
        "{\n  &quot;description&quot;: &quot;" + words +
            "&quot;,\n  &quot;properties&quot;: {&quot;a&quot;: {&quot;type&quot;: &quot;integer&quot;, "
            "&quot;minimum&quot;: -1}},\n  &quot;e&quot;: []\n}");
  CHECK(http::schema_markup(R"({"$ref":"#/components/schemas/a-b"})") == "<a href=\"#schema-a-b\">a-b</a>");
  CHECK(text(R"({"$ref":"#/components/schemas/a-b","default":1})") ==
        "{&quot;$ref&quot;: a-b, &quot;default&quot;: 1}");
}

TEST_CASE("OpenAPI page: a schema that is not JSON is escaped", "[http][server][openapi]") {
  for (const auto* text : {"", "<b>", "{", "[1", "}", "{\"a", "{\"a\":", "{]}", ",", "\"\\", "true false", "{<}"}) {
    CAPTURE(text);
    const auto markup = http::schema_markup(text);
    CHECK(markup.find("<b>") == std::string::npos);
    CHECK(markup.size() >= std::string_view{text}.size());
  }
  CHECK(http::schema_markup(std::string(100'000, '[')).size() >= 100'000);
}

}  // namespace
}  // namespace cohort
