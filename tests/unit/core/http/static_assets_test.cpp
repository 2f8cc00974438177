#include "core/http/static_assets.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/http/served_site.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

constexpr std::array<http::asset, 3> files{{
    {"/", "text/html", "\"page\"", false, "<html>", "packed page"},
    {"/assets/app.1a2b.js", "text/javascript", "\"app\"", true, "let a", "packed app"},
    {"/assets/icon.png", "image/png", "\"icon\"", true, "png", ""},
}};

struct asset_site : served_site {
  asset_site() { http::add_assets(routes, files); }
};

std::string line(std::string_view name, std::string_view value) {
  return std::string{name}.append(": ").append(value).append("\r\n");
}

TEST_CASE("gzip is sent to whoever takes it") {
  const auto [field, accepted] = GENERATE(table<std::string_view, bool>({
      {"gzip", true},
      {"GZip", true},
      {"br, gzip", true},
      {"br,gzip;q=0.5", true},
      {" gzip ; q=0.001", true},
      {"*", true},
      {"br, *", true},
      {"*;q=0, gzip", true},
      {"gzip;q=1.000", true},
      {"", false},
      {"br", false},
      {"identity", false},
      {"gzip;q=0", false},
      {"gzip;Q=0", false},
      {"gzip; q=0.000", false},
      {"gzip;q=0, *", false},
      {"*, gzip;q=0", false},
      {"*;q=0", false},
      {"gzipped", false},
      {"xgzip", false},
      {", ,", false},
  }));
  CAPTURE(field);
  CHECK(http::accepts_gzip(field) == accepted);
}

TEST_CASE("A file comes with its type, its tag and how long it may be kept") {
  asset_site site;
  const auto page = site.answer_to(get("/"));
  CHECK(page.status == 200);
  CHECK(page.body == "<html>");
  CHECK(page.header("Content-Type") == "text/html");
  CHECK(page.header("ETag") == "\"page\"");
  CHECK(page.header("Cache-Control") == "no-cache");
  CHECK(page.header("Vary") == "Accept-Encoding");
  CHECK_FALSE(page.header("Content-Encoding").has_value());
  const auto app = site.answer_to(get("/assets/app.1a2b.js"));
  CHECK(app.body == "let a");
  CHECK(app.header("Cache-Control") == "public, max-age=31536000, immutable");
}

TEST_CASE("The packed form has a tag of its own, so that neither is taken for the other") {
  asset_site site;
  const auto packed = site.answer_to(get("/", line("Accept-Encoding", "gzip")));
  CHECK(packed.body == "packed page");
  CHECK(packed.header("Content-Encoding") == "gzip");
  CHECK(packed.header("ETag") == "\"page-gzip\"");
  CHECK(packed.header("Vary") == "Accept-Encoding");
}

TEST_CASE("A file that is not worth packing does not vary") {
  asset_site site;
  const auto icon = site.answer_to(get("/assets/icon.png", line("Accept-Encoding", "gzip")));
  CHECK(icon.body == "png");
  CHECK(icon.header("ETag") == "\"icon\"");
  CHECK_FALSE(icon.header("Vary").has_value());
  CHECK_FALSE(icon.header("Content-Encoding").has_value());
}

TEST_CASE("Whoever has a file already is told so") {
  asset_site site;
  const auto [coding, known, status] = GENERATE(table<std::string_view, std::string_view, int>({
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
  CAPTURE(coding, known);
  std::string fields = line("If-None-Match", known);
  if (!coding.empty()) fields += line("Accept-Encoding", coding);
  const auto answer = site.answer_to(get("/", fields));
  CHECK(answer.status == status);
  CHECK(answer.body.empty() == (status == 304));
  CHECK(answer.header("ETag") == (coding.empty() ? "\"page\"" : "\"page-gzip\""));
  CHECK(answer.header("Vary") == "Accept-Encoding");
  CHECK(answer.header("Cache-Control") == "no-cache");
  if (status == 304) CHECK_FALSE(answer.header("Content-Encoding").has_value());
}

TEST_CASE("HEAD has the fields of GET and no body") {
  asset_site site;
  const auto answer = site.answer_to("HEAD / HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n", true);
  CHECK(answer.status == 200);
  CHECK(answer.header("Content-Length") == std::to_string(std::string_view{"packed page"}.size()));
  CHECK(answer.header("ETag") == "\"page-gzip\"");
}

TEST_CASE("What is no file below /assets/ is not found, and all of those are one route") {
  asset_site site;
  CHECK(site.answer_to(get("/assets/none.js")).status == 404);
  CHECK(site.answer_to(get("/assets/")).status == 404);
  CHECK(site.answer_to(get("/assets/icon.png")).status == 200);
  CHECK(site.requests("/assets/*", "GET", 200) == 1);
  CHECK(site.requests("/assets/*", "GET", 404) == 2);
}

TEST_CASE("Without files below /assets/ there is no such route") {
  http::router routes;
  http::add_assets(routes, std::span{files}.first(1));
  REQUIRE(routes.routes().size() == 1);
  CHECK(routes.routes().front()->pattern == "/");
}

}  // namespace
}  // namespace cohort
