// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/static_assets.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <vector>

#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

constexpr std::array<http::asset, 3> files{{
    {"/", "text/html", "\"page\"", false, "<html>", "gzip page"},
    {"/assets/app.1a2b.js", "text/javascript", "\"app\"", true, "let a", "gzip app"},
    {"/assets/icon.png", "image/png", "\"icon\"", true, "png", ""},
}};

struct asset_server_fixture : server_fixture {
  // The routes must not use the list after the call.
  asset_server_fixture() { http::add_assets(routes, std::vector(files.begin(), files.end())); }
};

std::string header_line(std::string_view name, std::string_view value) {
  return std::string{name}.append(": ").append(value).append("\r\n");
}

TEST_CASE("static assets: a response has the type, the entity tag and the cache control of its file",
          "[http][server]") {
  asset_server_fixture server;
  const auto page = server.response_to(get("/"));
  CHECK(page.status == 200);
  CHECK(page.body == "<html>");
  CHECK(page.header("Content-Type") == "text/html");
  CHECK(page.header("ETag") == "\"page\"");
  CHECK(page.header("Cache-Control") == "no-cache");
  CHECK(page.header("Vary") == "Accept-Encoding");
  CHECK_FALSE(page.header("Content-Encoding").has_value());
  const auto app = server.response_to(get("/assets/app.1a2b.js"));
  CHECK(app.body == "let a");
  CHECK(app.header("Cache-Control") == "public, max-age=31536000, immutable");
}

TEST_CASE("static assets: the compressed form has a separate entity tag", "[http][server]") {
  asset_server_fixture server;
  const auto compressed_response = server.response_to(get("/", header_line("Accept-Encoding", "gzip")));
  CHECK(compressed_response.body == "gzip page");
  CHECK(compressed_response.header("Content-Encoding") == "gzip");
  CHECK(compressed_response.header("ETag") == "\"page-gzip\"");
  CHECK(compressed_response.header("Vary") == "Accept-Encoding");
}

TEST_CASE("static assets: a file without a compressed form has no Vary", "[http][server]") {
  asset_server_fixture server;
  const auto icon = server.response_to(get("/assets/icon.png", header_line("Accept-Encoding", "gzip")));
  CHECK(icon.body == "png");
  CHECK(icon.header("ETag") == "\"icon\"");
  CHECK_FALSE(icon.header("Vary").has_value());
  CHECK_FALSE(icon.header("Content-Encoding").has_value());
}

TEST_CASE("static assets: 304 is sent if If-None-Match has the entity tag", "[http][server]") {
  asset_server_fixture server;
  const auto [coding, client_etags, status] = GENERATE(table<std::string_view, std::string_view, int>({
      {"", "\"page\"", 304},
      {"", "W/\"page\"", 304},
      {"", "\"a\", \"page\"", 304},
      {"", "\"a\",W/\"page\" ,\"b\"", 304},
      {"", "*", 304},
      {"gzip", "\"page-gzip\"", 304},
      {"gzip", "*", 304},
      {"gzip", "\"page\"", 200},
      {"", "\"page-gzip\"", 200},
      {"", "page", 200},
      {"", "\"pag\"", 200},
      {"", "\"Page\"", 200},
      {"", "w/\"page\"", 200},
      {"", "", 200},
      {"", ",,", 200},
  }));
  CAPTURE(coding, client_etags);
  std::string fields = header_line("If-None-Match", client_etags);
  if (!coding.empty()) fields += header_line("Accept-Encoding", coding);
  const auto response = server.response_to(get("/", fields));
  CHECK(response.status == status);
  CHECK(response.body.empty() == (status == 304));
  CHECK(response.header("ETag") == (coding.empty() ? "\"page\"" : "\"page-gzip\""));
  CHECK(response.header("Vary") == "Accept-Encoding");
  CHECK(response.header("Cache-Control") == "no-cache");
  if (status == 304) CHECK_FALSE(response.header("Content-Encoding").has_value());
}

TEST_CASE("static assets: If-Match requires a strong match, and 412 is sent otherwise", "[http][server][case-1.10]") {
  asset_server_fixture server;
  const auto [fields, status] = GENERATE(table<std::string, int>({
      {"If-Match: \"x\"\r\n", 412},
      {"If-Match: W/\"page\"\r\n", 412},
      {"If-Match:\r\n", 412},
      {"If-Match: \"x\"\r\nIf-None-Match: \"page\"\r\n", 412},
      {"If-Match: \"page-gzip\"\r\n", 412},
      {"If-Match: \"page\"\r\n", 200},
      {"If-Match: *\r\n", 200},
      {"If-Match: \"x\", \"page\"\r\n", 200},
      {"If-Match: \"x\"\r\nIf-Match: \"page\"\r\n", 200},
      {"If-Match: \"page\"\r\nIf-None-Match: \"page\"\r\n", 304},
  }));
  CAPTURE(fields);
  const auto response = server.response_to(get("/", fields));
  CHECK(response.status == status);
  CHECK(response.header("ETag") == "\"page\"");
}

TEST_CASE("static assets: several If-None-Match field lines are combined into one list", "[http][server][case-1.10]") {
  asset_server_fixture server;
  const auto fields = GENERATE(as<std::string>{}, "If-None-Match: \"x\"\r\nIf-None-Match: \"page\"\r\n",
                               "If-None-Match: \"page\"\r\nIf-None-Match: \"x\"\r\n",
                               "If-None-Match:\r\nif-none-match: \"x\", W/\"page\"\r\n",
                               "If-None-Match: \"x\"\r\nIf-None-Match: *\r\n");
  CHECK(server.response_to(get("/", fields)).status == 304);
}

TEST_CASE("static assets: HEAD has the fields of GET and no body", "[http][server]") {
  asset_server_fixture server;
  const auto response = server.response_to("HEAD / HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n", true);
  CHECK(response.status == 200);
  CHECK(response.header("Content-Length") == std::to_string(std::string_view{"gzip page"}.size()));
  CHECK(response.header("ETag") == "\"page-gzip\"");
}

TEST_CASE("static assets: the files below /assets/ share one route, and other paths below /assets/ result in 404",
          "[http][server]") {
  asset_server_fixture server;
  CHECK(server.response_to(get("/assets/none.js")).status == 404);
  CHECK(server.response_to(get("/assets/")).status == 404);
  CHECK(server.response_to(get("/assets/icon.png")).status == 200);
  CHECK(server.request_count("/assets/*", "GET", 200) == 1);
  CHECK(server.request_count("/assets/*", "GET", 404) == 2);
}

TEST_CASE("static assets: without files below /assets/, the path has no route", "[http][server]") {
  http::router routes;
  http::add_assets(routes, std::span{files}.first(1));
  REQUIRE(routes.routes().size() == 1);
  CHECK(routes.routes().front()->pattern == "/");
}

}  // namespace
}  // namespace cohort
