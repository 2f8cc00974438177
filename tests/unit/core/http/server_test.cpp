#include "core/http/server.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/http/served_site.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

net::memory_pipe_settings cut_to(std::size_t bytes) {
  net::memory_pipe_settings how;
  how.largest_read = bytes;
  return how;
}

TEST_CASE("An answer has its status, date, type and length, and the fields that every answer has") {
  served_site site;
  site.settings.common_fields = "X-Frame-Options: DENY\r\n";
  site.routes.get("/", says("hello"));
  const auto answer = site.answer_to(get("/"));
  CHECK(answer.start_line == "HTTP/1.1 200 OK");
  CHECK(answer.header("Date") == "Mon, 01 Jun 2026 12:00:00 GMT");
  CHECK(answer.header("Content-Type") == "text/plain");
  CHECK(answer.header("Content-Length") == "5");
  CHECK(answer.header("X-Frame-Options") == "DENY");
  CHECK_FALSE(answer.header("Connection").has_value());
  CHECK(answer.body == "hello");
}

TEST_CASE("The date goes on with the clock, and follows when the calendar is set") {
  served_site site;
  site.routes.get("/", says(""));
  auto client = site.connect();
  const auto date = [&] {
    client.send(get("/"));
    return client.receive()->header("Date");
  };
  CHECK(date() == "Mon, 01 Jun 2026 12:00:00 GMT");
  site.time.run_for(999ms);
  CHECK(date() == "Mon, 01 Jun 2026 12:00:00 GMT");
  site.time.run_for(1ms);
  CHECK(date() == "Mon, 01 Jun 2026 12:00:01 GMT");
  site.time.step_wall_clock(-24h);
  CHECK(date() == "Sun, 31 May 2026 12:00:01 GMT");
}

TEST_CASE("A connection serves one request after the other, however the bytes are cut") {
  served_site site{cut_to(GENERATE(std::size_t{1} << 20, std::size_t{1}, std::size_t{7}))};
  site.routes.get("/", says("hello"));
  site.routes.post("/echo", echo);
  auto client = site.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/"));
    CHECK(client.receive()->body == "hello");
    client.send(post("/echo", "body " + std::to_string(i)));
    CHECK(client.receive()->body == "body " + std::to_string(i));
  }
  CHECK(site.series("cohort_server_connections_total") == 1);
}

TEST_CASE("Answers to a pipeline come in order and, if nothing has to be waited for, in one write") {
  served_site site;
  site.routes.get("/a", says("first"));
  site.routes.get("/b", says("second"));
  site.routes.post("/echo", echo);
  auto client = site.connect();
  client.send(get("/a") + post("/echo", "posted") + get("/b"));
  const auto bytes = client.read();
  REQUIRE(bytes.has_value());
  const auto first = bytes->find("\r\n\r\nfirst");
  const auto posted = bytes->find("\r\n\r\nposted");
  const auto second = bytes->find("\r\n\r\nsecond");
  REQUIRE(second != std::string::npos);
  CHECK(first < posted);
  CHECK(posted < second);
}

TEST_CASE("Earlier answers of a pipeline do not wait for a later one, and the order stays") {
  served_site site;
  site.routes.get("/quick", says("quick"));
  site.routes.get("/slow", waits(1s, "slow"));
  auto client = site.connect();
  client.send(get("/quick") + get("/slow") + get("/quick"));
  const auto start = site.time.now();
  CHECK(client.receive()->body == "quick");
  CHECK(site.time.now() == start);
  CHECK(client.receive()->body == "slow");
  CHECK(site.time.now() - start >= 1s);
  CHECK(client.receive()->body == "quick");
}

TEST_CASE("HEAD is answered as GET is, without the body") {
  served_site site;
  site.routes.get("/now", says("hello"));
  site.routes.get("/later", waits(1s, "hello"));
  auto client = site.connect();
  const auto path = GENERATE(as<std::string>{}, "/now", "/later");
  client.send("HEAD " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto answer = client.receive(true);
  CHECK(answer->status == 200);
  CHECK(answer->header("Content-Length") == "5");
  CHECK(client.left_over().empty());
  client.send(get(path));
  CHECK(client.receive()->body == "hello");
}

TEST_CASE("204 and 304 have neither body nor length") {
  served_site site;
  const auto code = GENERATE(http::status::no_content, http::status::not_modified);
  site.routes.get("/", [code](request_context&) { return http::response{code}.body("x", "text/plain"); });
  auto client = site.connect();
  client.send(get("/") + get("/"));
  CHECK_FALSE(client.receive()->header("Content-Length").has_value());
  CHECK(client.receive()->start_line.starts_with("HTTP/1.1 " + std::to_string(static_cast<int>(code))));
  CHECK(client.left_over().empty());
}

TEST_CASE("Unknown path, wrong method, unknown method: 404, 405 with Allow, 501; the connection goes on") {
  served_site site;
  site.routes.get("/a", says("a"));
  site.routes.get("/things/{id}", [](request_context& context) { return plain(std::string{context.parameter("id")}); });
  auto client = site.connect();
  client.send("GET /b HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive()->status == 404);
  client.send("DELETE /a HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto wrong = client.receive();
  CHECK(wrong->status == 405);
  CHECK(wrong->header("Allow") == "GET, HEAD");
  client.send("get /a HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive()->status == 501);
  client.send("BREW /a HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive()->status == 501);
  client.send(get("http://other/things/a%20b?c"));
  CHECK(client.receive()->body == "a b");
}

TEST_CASE("An empty line before a request is skipped, however it is cut") {
  served_site site{cut_to(GENERATE(std::size_t{1} << 20, std::size_t{1}))};
  site.routes.get("/", says("hello"));
  auto client = site.connect();
  client.send("\r\n" + get("/") + "\r\n" + get("/"));
  CHECK(client.receive()->status == 200);
  CHECK(client.receive()->status == 200);
  client.send("\r\n");
  site.time.run_for(1s);
  client.send(get("/"));
  CHECK(client.receive()->status == 200);
}

TEST_CASE("HTTP/1.0 ends with its answer, unless it asks to go on") {
  served_site site;
  site.routes.get("/", says("hello"));
  auto client = site.connect();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(client.receive()->header("Connection") == "keep-alive");
  client.send("GET / HTTP/1.0\r\n\r\n");
  const auto last = client.receive();
  CHECK(last->header("Connection") == "close");
  CHECK(last->body == "hello");
  CHECK(client.at_end());
}

TEST_CASE("Connection: close ends the connection after its answer, and what follows is not served") {
  served_site site;
  int served = 0;
  site.routes.get("/", [&served](request_context&) {
    ++served;
    return plain("hello");
  });
  auto client = site.connect();
  client.send(get("/", "Connection: close\r\n") + get("/"));
  CHECK(client.receive()->header("Connection") == "close");
  CHECK(client.at_end());
  CHECK(served == 1);
}

TEST_CASE("A handler may end the connection") {
  served_site site;
  site.routes.get("/", [](request_context&) { return plain("bye").close(); });
  auto client = site.connect();
  client.send(get("/"));
  CHECK(client.receive()->header("Connection") == "close");
  CHECK(client.at_end());
}

TEST_CASE("A body comes whole to its handler, of a known length or in chunks, and its trailers do not") {
  served_site site{cut_to(GENERATE(std::size_t{1} << 20, std::size_t{1}, std::size_t{1000}))};
  site.routes.post("/echo", [](request_context& context) {
    CHECK(context.head().find("host") == "test");
    CHECK_FALSE(context.head().find("x-trailer").has_value());
    return echo(context);
  });
  std::string large;
  for (int i = 0; large.size() < 40'000; ++i) large += std::to_string(i) + ",";
  auto client = site.connect();
  client.send(post("/echo", large) + post("/echo", "") + get("/none"));
  CHECK(client.receive()->body == large);
  CHECK(client.receive()->body.empty());
  CHECK(client.receive()->status == 404);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n1;x=\"y\"\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: forged\r\n\r\n" +
      get("/none"));
  CHECK(client.receive()->body == "hello world");
  CHECK(client.receive()->status == 404);
}

TEST_CASE("A large answer comes whole, in its turn") {
  served_site site;
  const std::string large(300'000, 'x');
  site.routes.get("/large", says(large));
  site.routes.get("/small", says("small"));
  auto client = site.connect();
  client.send(get("/small") + get("/large") + get("/small"));
  CHECK(client.receive()->body == "small");
  CHECK(client.receive()->body == large);
  CHECK(client.receive()->body == "small");
}

TEST_CASE("A client that asks first is told to continue, and only then") {
  served_site site;
  site.routes.post("/echo", echo);
  auto client = site.connect();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-Continue\r\n\r\n";
  client.send(head);
  CHECK(client.receive()->status == 100);
  client.send("body");
  CHECK(client.receive()->body == "body");

  client.send(head + "body");  // it did not wait: nothing is left to say
  CHECK(client.receive()->status == 200);
}

TEST_CASE("A body that is refused is not asked for") {
  served_site site;
  site.routes.post("/echo", echo);
  struct row {
    const char* what;
    std::string head;
    int status;
  };
  const auto each = GENERATE(values<row>({
      {"too large", "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n",
       413},
      {"no such path", "POST /none HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", 404},
      {"wrong method", "PUT /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", 405},
  }));
  CAPTURE(each.what);
  auto client = site.connect();
  client.send(each.head);
  const auto answer = client.receive();
  CHECK(answer->status == each.status);
  CHECK(answer->header("Connection") == "close");
  CHECK(client.at_end());
}

TEST_CASE("An expectation in HTTP/1.0 is none") {
  served_site site;
  site.routes.post("/echo", echo);
  auto client = site.connect();
  client.send("POST /echo HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  client.send("body");
  CHECK(client.receive()->status == 200);
}

TEST_CASE("A filter that answers early ends the connection if a body was still to come, and else keeps it") {
  served_site site;
  std::vector<std::string> seen;
  site.routes.post("/echo", echo);
  auto& probe = site.routes.get("/health", says("healthy"));
  probe.is_probe = true;
  site.routes.add_filter(
      [&seen](const request_context& context, std::string_view endpoint) -> std::optional<http::response> {
        seen.emplace_back(endpoint);
        if (context.head().find("x-api-key")) return std::nullopt;
        return http::error_response(http::status::unauthorized, "API key required");
      });
  auto client = site.connect();
  client.send(get("/none"));
  CHECK(client.receive()->status == 401);
  client.send(get("/health"));
  CHECK(client.receive()->status == 200);
  client.send(post("/echo", "body", "X-API-Key: x\r\n"));
  CHECK(client.receive()->body == "body");
  client.send(post("/echo", "body"));
  const auto refused = client.receive();
  CHECK(refused->status == 401);
  CHECK(refused->header("Connection") == "close");
  CHECK(client.at_end());
  CHECK(seen == std::vector<std::string>{"unmatched", "/echo", "/echo"});
}

}  // namespace
}  // namespace cohort
