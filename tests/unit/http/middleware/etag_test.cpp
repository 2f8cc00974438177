// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/etag.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cohort/http/server/content/body_writer.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

task<> write_text(body_writer& writer) { co_await writer.write("part"); }

TEST_CASE("ETag: the entity tag depends on the content, and an unchanged response is not resent",
          "[http][middleware]") {
  server_fixture server;
  std::string text = "one";
  server.routes.use(http::etag());
  server.routes.get("/", [&text](request_context&) { return text_response(text).set("Cache-Control", "no-cache"); });
  const auto first = server.response_to(get("/"));
  const auto tag = first.header("ETag").value_or("absent");
  CHECK(tag.size() == 34);
  CHECK(server.response_to(get("/")).header("ETag") == tag);
  CHECK(server.response_to("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n", true).header("ETag") == tag);
  for (const auto& list : {tag, "W/" + tag, "\"x\", " + tag, std::string{"*"}, "\"x\"\r\nIf-None-Match: " + tag}) {
    CAPTURE(list);
    const auto current_response = server.response_to(get("/", "If-None-Match: " + list + "\r\n"));
    CHECK(current_response.status == 304);
    CHECK(current_response.header("ETag") == tag);
    CHECK(current_response.header("Cache-Control") == "no-cache");
    CHECK(current_response.body.empty());
  }
  CHECK(server.response_to(get("/", "If-None-Match: \"x\"\r\n")).body == "one");
  CHECK(server.response_to(get("/", "If-Match: " + tag + "\r\n")).status == 200);
  CHECK(server.response_to(get("/", "If-Match: \"x\"\r\n")).status == 412);
  text = "two";
  const auto changed_response = server.response_to(get("/", "If-None-Match: " + tag + "\r\n"));
  CHECK(changed_response.body == "two");
  CHECK(changed_response.header("ETag") != tag);
}

TEST_CASE("ETag: errors, methods other than GET and HEAD, streams and tagged responses are unchanged",
          "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::etag());
  server.routes.get("/tagged", [](request_context&) { return text_response("x").set("ETag", "\"own\""); });
  server.routes.get("/stream", [](request_context&) {
    return http::response{}.stream([](body_writer& writer) { return write_text(writer); }, "text/plain");
  });
  server.routes.post("/post", text_handler("x"));
  CHECK(server.response_to(get("/tagged")).header("ETag") == "\"own\"");
  CHECK_FALSE(server.response_to(get("/stream")).header("ETag"));
  CHECK_FALSE(server.response_to(get("/none")).header("ETag"));
  CHECK_FALSE(server.response_to(post("/post", "")).header("ETag"));
}

TEST_CASE("ETag: a weak tag matches If-None-Match but never If-Match", "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::etag(http::etag_strength::weak));
  server.routes.get("/", text_handler("one"));
  const auto tag = server.response_to(get("/")).header("ETag").value_or("absent");
  CHECK(tag.starts_with("W/\""));
  CHECK(server.response_to(get("/", "If-None-Match: " + tag + "\r\n")).status == 304);
  CHECK(server.response_to(get("/", "If-Match: " + tag + "\r\n")).status == 412);
}

}  // namespace
}  // namespace cohort
