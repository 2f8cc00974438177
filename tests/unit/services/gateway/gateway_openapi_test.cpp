// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/json/parser.hpp>
#include "tests/unit/services/gateway/gateway_fixture.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using test::gateway_fixture;

const char* const documented_routes = R"({
  "upstreams": {"a": {"url": "http://a", "openapi": "/spec"}, "b": {"url": "http://b", "openapi": "/spec"}},
  "routes": [
    {"name": "first", "match": {"path": {"exact": "/shop/taken"}}, "backends": [{"upstream": "b"}]},
    {"name": "shop", "match": {"path": {"prefix": "/shop"}, "methods": ["GET"]}, "strip_prefix": "/shop",
     "backends": [{"upstream": "a"}]},
    {"name": "rest", "match": {"path": {"prefix": "/b"}}, "backends": [{"upstream": "b"}]}]})";

const char* const document_a = R"({"openapi": "3.1.0", "info": {"title": "a", "version": "1"},
  "security": [{"key": []}],
  "paths": {
    "/items/{id}": {"get": {"operationId": "read", "responses": {"200": {"description": "The item", "content":
        {"application/json": {"schema": {"$ref": "#/components/schemas/item"}}}}}},
      "post": {"operationId": "add", "responses": {}}},
    "/taken": {"get": {"operationId": "taken", "responses": {}}}},
  "components": {"schemas": {"item": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/item"}}}},
    "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}}})";
const char* const document_b = R"({"openapi": "3.0.3", "info": {"title": "b", "version": "1"},
  "paths": {"/b": {"get": {"operationId": "read", "responses": {}}}, "/health": {"get": {"responses": {}}}},
  "components": {"schemas": {"item": {"type": "string"}}}})";

/// Returns the JSON text at a pointer (RFC 6901); the result is empty if there is none.
std::string value_at(std::string_view text, std::string_view pointer) {
  simdjson::dom::element root;
  simdjson::dom::element value;
  if (!json::parse_document(text, root) || root.at_pointer(pointer).get(value) != simdjson::SUCCESS) return {};
  return std::string{simdjson::minify(value)};
}

TEST_CASE("gateway: /openapi.json merges the documents of the upstreams", "[gateway][openapi]") {
  gateway_fixture stack{{"a", "b"}};
  stack.upstream("a").body = document_a;
  stack.upstream("b").body = document_b;
  stack.start(documented_routes);
  stack.fleet.run_for(1s);
  const auto merged_document = stack.call("/openapi.json").body;
  CHECK(value_at(merged_document, "/openapi") == R"("3.1.0")");
  CHECK(value_at(merged_document, "/paths/~1shop~1items~1{id}/get/operationId") == R"("a.read")");
  CHECK(value_at(merged_document, "/paths/~1shop~1items~1{id}/get/security") == R"([{"a.key":[]}])");
  CHECK(
      value_at(merged_document, "/paths/~1shop~1items~1{id}/get/responses/200/content/application~1json/schema/$ref") ==
      R"("#/components/schemas/a.item")");
  // The document does not contain operations that a route does not allow, paths that another route matches, or the
  // paths of the gateway itself.
  CHECK(value_at(merged_document, "/paths/~1shop~1items~1{id}/post").empty());
  CHECK(value_at(merged_document, "/paths/~1shop~1taken").empty());
  CHECK(value_at(merged_document, "/paths/~1health").empty());
  CHECK(value_at(merged_document, "/paths/~1b/get/operationId") == R"("b.read")");
  CHECK(value_at(merged_document, "/components/schemas/a.item/properties/next/$ref") ==
        R"("#/components/schemas/a.item")");
  CHECK(value_at(merged_document, "/components/schemas/b.item/type") == R"("string")");
  CHECK(value_at(merged_document, "/components/securitySchemes/a.key/name") == R"("X-API-Key")");
  CHECK(value_at(merged_document, "/x-unavailable-upstreams") == "[]");
}

TEST_CASE("gateway: a failed upstream does not make /openapi.json fail", "[gateway][openapi]") {
  gateway_fixture stack{{"a", "b"}};
  stack.upstream("a").body = document_a;
  stack.upstream("b").status = http::status::service_unavailable;
  stack.start(documented_routes);
  stack.fleet.run_for(1s);
  auto merged_document = stack.call("/openapi.json").body;
  CHECK(value_at(merged_document, "/x-unavailable-upstreams") == R"(["b"])");
  CHECK_FALSE(value_at(merged_document, "/paths/~1shop~1items~1{id}").empty());
  CHECK(stack.metric("gateway_service_openapi_document_available{upstream=\"b\"}") == 0);
  // The document of `a` is kept when `a` is no longer available, and `b` is added.
  stack.upstream("a").delay = 1h;
  stack.upstream("b").status = http::status::ok;
  stack.upstream("b").body = document_b;
  stack.fleet.run_for(40s);
  merged_document = stack.call("/openapi.json").body;
  CHECK(value_at(merged_document, "/x-unavailable-upstreams") == R"(["a"])");
  CHECK_FALSE(value_at(merged_document, "/paths/~1shop~1items~1{id}").empty());
  CHECK_FALSE(value_at(merged_document, "/paths/~1b").empty());
  CHECK(stack.metric("gateway_service_openapi_document_available{upstream=\"a\"}") == 0);
  CHECK(stack.metric("gateway_service_openapi_document_available{upstream=\"b\"}") == 1);
}

}  // namespace
}  // namespace cohort
