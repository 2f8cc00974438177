#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <stdexcept>

#include "core/http/server.hpp"
#include "core/json/reader.hpp"
#include "tests/unit/core/http/served_site.hpp"

// Handlers that throw, and what the log says of a request.
namespace cohort {
namespace {

using namespace cohort::test;

task<http::response> throw_late(std::string what) {
  co_await sleep_for(1s);
  throw std::runtime_error(what);
}

TEST_CASE("A handler that throws is answered for with a 500 that tells nothing, and the connection goes on") {
  served_site site;
  site.routes.get("/now", [](request_context&) -> http::response { throw std::runtime_error("secret"); });
  site.routes.get("/late", [](request_context&) { return throw_late("secret"); });
  site.routes.get("/odd", [](request_context&) -> http::response { throw 7; });
  site.routes.get("/", says("hello"));
  auto client = site.connect();
  for (const auto* path : {"/now", "/late", "/odd"}) {
    CAPTURE(path);
    client.send(get(path));
    const auto answer = client.receive();
    CHECK(answer->status == 500);
    CHECK(answer->body == R"({"error":"Internal Server Error","message":"Something went wrong here"})");
    CHECK_FALSE(answer->header("Connection").has_value());
    CHECK(site.requests(path, "GET", 500) == 1);
  }
  client.send(get("/"));
  CHECK(client.receive()->body == "hello");
}

TEST_CASE("A filter that throws is answered for with a 500 too") {
  served_site site;
  site.routes.get("/", says("hello"));
  site.routes.add_filter([](const request_context&, std::string_view) -> std::optional<http::response> {
    throw std::runtime_error("secret");
  });
  CHECK(site.answer_to(get("/")).status == 500);
}

/// What the log holds after these requests, each on a connection of its own.
std::vector<std::string> logged(const std::vector<std::string>& requests) {
  captured_log log;
  {
    served_site site;
    site.log_to(log.sink());
    site.routes.get("/", says("hello"));
    site.routes.get("/slow", waits(1500ms));
    site.routes.get("/things/{id}", [](request_context& context) { return plain(std::string{context.id()}); });
    site.routes.get("/broken", [](request_context&) -> http::response { throw std::runtime_error("secret"); });
    site.routes.get("/health", says("healthy")).is_probe = true;
    for (const auto& each : requests) site.answer_to(each);
  }
  return log.close();
}

std::string field_of(const std::string& line, const char* name) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (parser.parse(line)[name].get(value) != simdjson::SUCCESS) return "absent";
  return simdjson::minify(value);
}

TEST_CASE("A request is a line of the log: whose it was, what was asked, what became of it, and what time was left") {
  const auto lines = logged({get("/slow?secret=1", "X-Request-Id: abc-1.2_Z\r\n")});
  REQUIRE(lines.size() == 1);
  CHECK(field_of(lines[0], "level") == "\"info\"");
  CHECK(field_of(lines[0], "msg") == "\"request\"");
  CHECK(field_of(lines[0], "id") == "\"abc-1.2_Z\"");
  CHECK(field_of(lines[0], "method") == "\"GET\"");
  CHECK(field_of(lines[0], "path") == "\"/slow\"");
  CHECK(field_of(lines[0], "route") == "\"/slow\"");
  CHECK(field_of(lines[0], "status") == "200");
  CHECK(field_of(lines[0], "peer") == "\"192.0.2.1\"");
  CHECK(std::stod(field_of(lines[0], "duration_ms")) >= 1500);
  CHECK(std::stod(field_of(lines[0], "remaining_ms")) <= 28500);
  CHECK(std::stod(field_of(lines[0], "remaining_ms")) > 28499);
}

TEST_CASE("A caller's id is taken if it is sane; else the request gets one of ours, and no two the same") {
  const auto insane = GENERATE(as<std::string>{}, "", "X-Request-Id: a b\r\n", "X-Request-Id: \"},{\r\n",
                               "X-Request-Id:\r\n", "X-Request-Id: " + std::string(129, 'a') + "\r\n");
  const auto lines = logged({get("/", insane), get("/", insane)});
  REQUIRE(lines.size() == 2);
  const auto first = field_of(lines[0], "id");
  CHECK(first.size() == 18);
  CHECK(first.find_first_not_of("\"0123456789abcdef") == std::string::npos);
  CHECK(field_of(lines[1], "id") != first);
}

TEST_CASE("The log knows an unmatched path and a template's name, probes are only for those who debug") {
  const auto lines = logged({get("/none"), get("/things/7"), get("/health")});
  REQUIRE(lines.size() == 3);
  CHECK(field_of(lines[0], "route") == "\"unmatched\"");
  CHECK(field_of(lines[0], "status") == "404");
  CHECK(field_of(lines[1], "path") == "\"/things/7\"");
  CHECK(field_of(lines[1], "route") == "\"/things/{id}\"");
  CHECK(field_of(lines[2], "level") == "\"debug\"");
}

TEST_CASE("What a handler threw is in the log, and there only") {
  const auto lines = logged({get("/broken")});
  REQUIRE(lines.size() == 2);
  CHECK(field_of(lines[0], "level") == "\"error\"");
  CHECK(field_of(lines[0], "what") == "\"secret\"");
  CHECK(field_of(lines[0], "path") == "\"/broken\"");
  CHECK(field_of(lines[1], "status") == "500");
}

TEST_CASE("All bodies together are bounded, and what one connection held is given back") {
  served_site site;
  site.settings.limits.body_bytes_in_all = 1000;
  site.routes.post("/echo", echo);
  auto half = site.connect();
  half.send(post("/echo", std::string(900, 'x')).substr(0, 800));
  site.time.run_for(1ms);
  CHECK(site.answer_to(post("/echo", std::string(500, 'y'))).status == 503);
  half.stream().close();
  site.time.run_for(1s);
  CHECK(site.answer_to(post("/echo", std::string(1000, 'y'))).status == 200);
  CHECK(site.answer_to(post("/echo", std::string(1000, 'y'))).status == 200);
}

TEST_CASE("A HEAD request that is refused gets no body either") {
  served_site site;
  site.routes.get("/", says("hello"));
  auto client = site.connect();
  client.send("HEAD / HTTP/1.1\r\n\r\n");
  const auto answer = client.receive(true);
  CHECK(answer->status == 400);
  CHECK_FALSE(client.receive(true).has_value());
}

TEST_CASE("Behind a proxy's TLS an answer has the fields for that, else not") {
  served_site site;
  site.settings.common_fields = "X-Common: 1\r\n";
  site.settings.common_fields_over_tls = "X-Common: 1\r\nStrict-Transport-Security: max-age=1\r\n";
  site.routes.get("/", says("hello"));
  CHECK_FALSE(site.answer_to(get("/")).header("Strict-Transport-Security").has_value());
  CHECK_FALSE(site.answer_to(get("/", "X-Forwarded-Proto: http\r\n")).header("Strict-Transport-Security").has_value());
  CHECK(site.answer_to(get("/", "X-Forwarded-Proto: https\r\n")).header("Strict-Transport-Security") == "max-age=1");
}

}  // namespace
}  // namespace cohort
