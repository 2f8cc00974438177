// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/compression.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <stdexcept>

#include <cohort/http/middleware/etag.hpp>
#include <cohort/http/server/content/body_writer.hpp>
#include "tests/unit/http/message/body/content_decoding.hpp"
#include "tests/unit/http/server/server_fixture.hpp"

// Responses that are not streamed; compression_stream_test.cpp tests streamed responses.
namespace cohort {
namespace {

using namespace cohort::test;

std::string accept_encoding(std::string_view value) { return "Accept-Encoding: " + std::string{value} + "\r\n"; }

std::string coding_of(const received_response& response) { return response.header("Content-Encoding").value_or(""); }

TEST_CASE("compression: the coding that Accept-Encoding prefers is used", "[http][middleware]") {
  struct row {
    std::string_view accepted;
    std::string_view coding;
  };
  const auto row = GENERATE(values<struct row>({{"gzip, br", "br"},
                                                {"gzip", "gzip"},
                                                {"br", "br"},
                                                {"gzip;q=1, br;q=0.9", "gzip"},
                                                {"gzip;q=0.5, br;q=0.1, identity", ""},
                                                {"gzip;q=0, br;q=0", ""},
                                                {"*", "br"},
                                                {"*;q=0.5, br;q=0", "gzip"},
                                                {"*;q=0", ""},
                                                {"identity", ""},
                                                {"deflate, zstd", ""},
                                                {"", ""}}));
  if (row.coding == "br" && !http::is_supported(http::content_coding::brotli)) SKIP("built without brotli");
  CAPTURE(row.accepted);
  server_fixture server;
  const auto text = compressible_text(10'000);
  server.routes.use(http::compression());
  server.routes.get("/", text_handler(text));
  const auto response = server.response_to(get("/", accept_encoding(row.accepted)));
  CHECK(coding_of(response) == row.coding);
  CHECK(response.header("Vary") == "Accept-Encoding");
  CHECK(response.header("Content-Type") == "text/plain");
  CHECK(response.header("Content-Length") == std::to_string(response.body.size()));
  const auto decode_result = decode(row.coding, response.body);
  CHECK(decode_result.is_complete);
  CHECK(decode_result.text == text);
  CHECK((response.body.size() < 5000) == !row.coding.empty());
}

TEST_CASE("compression: the response to a request without Accept-Encoding is unencoded and has Vary",
          "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::compression());
  server.routes.get("/", text_handler(compressible_text(10'000)));
  const auto response = server.response_to(get("/"));
  CHECK(coding_of(response).empty());
  CHECK(response.header("Vary") == "Accept-Encoding");
}

TEST_CASE("compression: brotli can be disabled", "[http][middleware]") {
  server_fixture server;
  http::compression_settings settings;
  settings.brotli = false;
  server.routes.use(http::compression(settings));
  server.routes.get("/", text_handler(compressible_text(10'000)));
  CHECK(coding_of(server.response_to(get("/", accept_encoding("br, gzip;q=0.1")))) == "gzip");
}

TEST_CASE("compression: only listed media types are encoded", "[http][middleware]") {
  struct row {
    std::string_view type;
    bool is_encoded;
  };
  const auto row = GENERATE(values<struct row>({{"text/html; charset=utf-8", true},
                                                {"TEXT/HTML", true},
                                                {"application/json", true},
                                                {"application/problem+json", true},
                                                {"image/svg+xml", true},
                                                {"image/png", false},
                                                {"application/gzip", false},
                                                {"application/octet-stream", false},
                                                {"text/event-stream", false},
                                                {"text", false},
                                                {"application/json2", false}}));
  CAPTURE(row.type);
  server_fixture server;
  server.routes.use(http::compression());
  server.routes.get("/", [&](request_context&) { return http::response{}.body(compressible_text(5000), row.type); });
  const auto response = server.response_to(get("/", accept_encoding("gzip")));
  CHECK(coding_of(response) == (row.is_encoded ? "gzip" : ""));
  CHECK(response.header("Vary").has_value() == row.is_encoded);
}

TEST_CASE("compression: a response that must not be transformed is unchanged", "[http][middleware]") {
  struct row {
    std::string_view field;
    std::string_view value;
    int status = 200;
  };
  const auto row = GENERATE(values<struct row>({{"Content-Encoding", "br"},
                                                {"Cache-Control", "max-age=60, No-Transform"},
                                                {"Content-Range", "bytes 0-4999/10000", 206},
                                                {"X-Other", "1", 206},
                                                {"Content-Digest", "sha-256=:AAAA:"}}));
  CAPTURE(row.field, row.status);
  server_fixture server;
  server.routes.use(http::compression());
  const auto text = compressible_text(5000);
  server.routes.get("/", [&](request_context&) {
    http::response result{static_cast<http::status>(row.status)};
    return result.body(text, "text/plain").set(row.field, row.value).set("ETag", "\"a\"").set("Accept-Ranges", "bytes");
  });
  const auto response = server.response_to(get("/", accept_encoding("gzip, identity;q=0")));
  CHECK(response.body == text);
  CHECK(response.header("ETag") == "\"a\"");
  CHECK(response.header("Accept-Ranges") == "bytes");
  CHECK(coding_of(response) == (row.field == "Content-Encoding" ? "br" : ""));
}

TEST_CASE("compression: short and incompressible bodies are sent unencoded, unless identity is not accepted",
          "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::compression());
  server.routes.get("/short", text_handler(std::string(1023, 'x')));
  server.routes.get("/limit", text_handler(std::string(1024, 'x')));
  server.routes.get("/random", text_handler(incompressible_text(5000)));
  CHECK(coding_of(server.response_to(get("/short", accept_encoding("gzip")))).empty());
  CHECK(server.response_to(get("/short", accept_encoding("gzip"))).header("Vary") == "Accept-Encoding");
  CHECK(coding_of(server.response_to(get("/limit", accept_encoding("gzip")))) == "gzip");
  CHECK(coding_of(server.response_to(get("/random", accept_encoding("gzip")))).empty());
  for (const auto* path : {"/short", "/random"}) {
    CHECK(coding_of(server.response_to(get(path, accept_encoding("gzip, identity;q=0")))) == "gzip");
    CHECK(coding_of(server.response_to(get(path, accept_encoding("gzip, *;q=0")))) == "gzip");
    CHECK(coding_of(server.response_to(get(path, accept_encoding("identity;q=0")))).empty());
  }
}

TEST_CASE("compression: the entity tag of an encoded response is weak and matches If-None-Match",
          "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::compression());
  server.routes.use(http::etag());
  server.routes.get(
      "/", [](request_context&) { return text_response(compressible_text(5000)).set("Accept-Ranges", "bytes"); });
  const auto plain_response = server.response_to(get("/"));
  const auto tag = plain_response.header("ETag").value_or("");
  CHECK(tag.starts_with('"'));
  CHECK(plain_response.header("Accept-Ranges") == "bytes");
  const auto encoded_response = server.response_to(get("/", accept_encoding("gzip")));
  CHECK(encoded_response.header("ETag") == "W/" + tag);
  CHECK_FALSE(encoded_response.header("Accept-Ranges").has_value());

  const auto current_response =
      server.response_to(get("/", accept_encoding("gzip") + "If-None-Match: W/" + tag + "\r\n"));
  CHECK(current_response.status == 304);
  CHECK(current_response.header("ETag") == "W/" + tag);
  CHECK(current_response.header("Vary") == "Accept-Encoding");
  CHECK(server.response_to(get("/", "If-None-Match: " + tag + "\r\n")).header("ETag") == tag);
}

TEST_CASE("compression: Vary is added to the existing fields of the response", "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::compression());
  const auto handler = [](std::string vary) {
    return [vary](request_context&) { return text_response(compressible_text(5000)).set("Vary", vary); };
  };
  server.routes.get("/origin", handler("Origin"));
  server.routes.get("/listed", handler("Origin, accept-encoding"));
  server.routes.get("/any", handler("*"));
  const auto vary_of = [&](std::string_view path) {
    std::string all;
    for (const auto& [name, value] : server.response_to(get(path, accept_encoding("gzip"))).headers)
      if (name == "Vary" || name == "vary") all += value + ";";
    return all;
  };
  CHECK(vary_of("/origin") == "Origin;Accept-Encoding;");
  CHECK(vary_of("/listed") == "Origin, accept-encoding;");
  CHECK(vary_of("/any") == "*;");
}

TEST_CASE("compression: the response to HEAD has the fields of the response to GET", "[http][middleware]") {
  const std::size_t size = GENERATE(500, 5000, 200'000);
  CAPTURE(size);
  server_fixture server;
  server.routes.use(http::compression());
  server.routes.get("/", [=](request_context&) { return text_response(compressible_text(size)).set("ETag", "\"a\""); });
  const auto get_response = server.response_to(get("/", accept_encoding("gzip")));
  const auto head_response = server.response_to("HEAD / HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n", true);
  for (const auto* name : {"Content-Encoding", "Content-Length", "ETag", "Vary", "Content-Type"}) {
    CAPTURE(name);
    CHECK(head_response.header(name) == get_response.header(name));
  }
  CHECK(decode(coding_of(get_response), get_response.body).text == compressible_text(size));
}

TEST_CASE("compression: error responses are encoded, and responses without a body are not", "[http][middleware]") {
  server_fixture server;
  http::compression_settings settings;
  settings.min_size = 0;
  server.routes.use(http::compression(settings));
  server.routes.get("/error", [](request_context&) -> http::response {
    return http::error_response(http::status::bad_request, std::string(3000, 'x'));
  });
  server.routes.get("/empty", [](request_context&) { return http::response{http::status::no_content}; });
  const auto error = server.response_to(get("/error", accept_encoding("gzip")));
  CHECK(error.status == 400);
  CHECK(coding_of(error) == "gzip");
  const auto empty_response = server.response_to(get("/empty", accept_encoding("gzip")));
  CHECK(coding_of(empty_response).empty());
  CHECK_FALSE(empty_response.header("Vary").has_value());
}

TEST_CASE("compression: a quality out of range is rejected", "[http][middleware]") {
  http::compression_settings settings;
  settings.gzip_quality = GENERATE(0, 10);
  CHECK_THROWS_AS(http::compression(settings), std::invalid_argument);
  settings.gzip_quality = 1;
  settings.brotli_quality = GENERATE(-1, 12);
  CHECK_THROWS_AS(http::compression(settings), std::invalid_argument);
}

}  // namespace
}  // namespace cohort
