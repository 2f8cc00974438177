#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/loadgen/load_site.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

constexpr const char* hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Five requests, one after the other on one connection.
load_settings five_in_a_row() {
  auto settings = constant_load(10, 500ms);
  settings.connections = 1;
  settings.timeout = 50ms;
  return settings;
}

task<> then_close(net::stream& to, std::string bytes) {
  co_await say(to, std::move(bytes));
  to.close();
}

struct fault {
  const char* what;
  peer_script script;
  outcome becomes;
};

TEST_CASE("What goes wrong with an answer is told apart") {
  const std::vector<fault> faults{
      {"closed without a byte", [](net::stream& to, std::size_t) { return then_close(to, ""); }, outcome::early_eof},
      {"closed within the header", [](net::stream& to, std::size_t) { return then_close(to, "HTTP/1.1 200 OK\r\nCo"); },
       outcome::early_eof},
      {"closed within the body",
       [](net::stream& to, std::size_t) { return then_close(to, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"); },
       outcome::early_eof},
      {"reset",
       [](net::stream& to, std::size_t) -> task<> {
         net::reset_memory_stream(to);
         co_return;
       },
       outcome::reset},
      {"not HTTP", [](net::stream& to, std::size_t) { return say(to, "SSH-2.0-OpenSSH_9.2\r\n"); }, outcome::protocol},
      {"smuggled",
       [](net::stream& to, std::size_t) { return say(to, "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n"); },
       outcome::protocol},
      {"a header without end",
       [](net::stream& to, std::size_t) { return say(to, "HTTP/1.1 200 OK\r\nX: " + std::string(80 * 1024, 'x')); },
       outcome::protocol},
      {"switched protocols",
       [](net::stream& to, std::size_t) {
         return say(to, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
       },
       outcome::protocol},
      {"a status that is none",
       [](net::stream& to, std::size_t) { return say(to, "HTTP/1.1 000 Foo\r\nContent-Length: 2\r\n\r\nhi"); },
       outcome::protocol},
      {"interim answers without end",
       [](net::stream& to, std::size_t) {
         std::string hints;
         for (int i = 0; i < 101; ++i) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
         return say(to, hints);
       },
       outcome::protocol},
      {"silence", [](net::stream&, std::size_t) -> task<> { co_return; }, outcome::timeout},
      {"half an answer", [](net::stream& to, std::size_t) { return say(to, "HTTP/1.1 200 OK\r\n"); }, outcome::timeout},
  };
  for (const auto& each : faults) {
    CAPTURE(each.what);
    load_site site;
    site.script(each.script);
    const auto found = site.run(five_in_a_row());
    CHECK(count(found.all, each.becomes) == 5);
    CHECK(loadgen::total(found.all.outcomes) == 5);
    CHECK(found.all.sent == 5);
    // None of these connections is used again.
    CHECK(found.all.connections_opened == 5);
  }
}

TEST_CASE("Statuses have classes, and 429 and 503 are apart") {
  const auto [status, becomes] = GENERATE(table<int, outcome>({{200, outcome::status_2xx},
                                                               {204, outcome::status_2xx},
                                                               {301, outcome::status_3xx},
                                                               {404, outcome::status_4xx},
                                                               {429, outcome::status_429},
                                                               {500, outcome::status_5xx},
                                                               {503, outcome::status_503}}));
  load_site site;
  site.script([code = status](net::stream& to, std::size_t) {
    return say(to, "HTTP/1.1 " + std::to_string(code) + " x\r\nContent-Length: 0\r\n\r\n");
  });
  const auto found = site.run(five_in_a_row());
  CHECK(count(found.all, becomes) == 5);
  CHECK(found.all.statuses.at(static_cast<unsigned>(status)) == 5);
  CHECK(found.all.response.count() == 5);
  CHECK(found.all.connections_opened == 1);
}

TEST_CASE("An answer may come in any pieces, chunked, after interim ones, or end with its connection") {
  const auto [bytes, closes] = GENERATE(table<std::string, bool>({
      {hello, false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", false},
      {std::string{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"} + hello, false},
      {"HTTP/1.1 200 OK\r\n\r\nhello", true},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", true},
  }));
  CAPTURE(bytes);
  net::memory_pipe_settings how;
  how.largest_read = GENERATE(1U, 7U, 65536U);
  load_site site{how};
  site.script([text = bytes, ends = closes](net::stream& to, std::size_t) {
    return ends ? then_close(to, text) : say(to, text);
  });
  auto settings = five_in_a_row();
  settings.targets.front().expected_text = GENERATE("", "hello", "llo");
  const auto found = site.run(settings);
  CHECK(count(found.all, outcome::status_2xx) == 5);
  CHECK(found.all.connections_opened == (closes ? 5 : 1));
}

TEST_CASE("A good answer without the expected text is none; a bad status stays what it is") {
  load_site site;
  site.script([](net::stream& to, std::size_t number) {
    return say(to, number % 2 == 0 ? "HTTP/1.1 500 x\r\nContent-Length: 3\r\n\r\noh!" : hello);
  });
  auto settings = five_in_a_row();
  settings.targets.front().expected_text = "world";
  const auto found = site.run(settings);
  CHECK(count(found.all, outcome::body_check) == 3);
  CHECK(count(found.all, outcome::status_5xx) == 2);
}

TEST_CASE("A kept connection that the server closes as the request comes is stale, not a fault of the server") {
  load_site site;
  site.script(
      [](net::stream& to, std::size_t number) { return number % 2 == 1 ? say(to, hello) : then_close(to, ""); });
  const auto found = site.run(five_in_a_row());
  CHECK(count(found.all, outcome::status_2xx) == 3);
  CHECK(count(found.all, outcome::stale_reuse) == 2);
}

task<> answer_and_close_later(net::stream& to) {
  co_await say(to, hello);
  auto sleeping = sleep_for(20ms);
  co_await std::move(sleeping);
  to.close();
}

TEST_CASE("A kept connection that the server has closed while it was idle is replaced before it is used") {
  load_site site;
  site.script([](net::stream& to, std::size_t) { return answer_and_close_later(to); });
  const auto found = site.run(five_in_a_row());
  CHECK(count(found.all, outcome::status_2xx) == 5);
  CHECK(found.all.connections_opened == 5);
}

TEST_CASE("Without keep-alive each request has a connection of its own, and says so") {
  load_site site;
  std::size_t asked_to_close = 0;
  site.routes.get("/", [&](http::request_context& context) {
    asked_to_close += context.head().find("connection") == "close" ? 1 : 0;
    return http::response{}.body("hello", "text/plain");
  });
  site.serve();
  auto settings = five_in_a_row();
  settings.keep_alive = false;
  const auto found = site.run(settings);
  CHECK(count(found.all, outcome::status_2xx) == 5);
  CHECK(found.all.connections_opened == 5);
  CHECK(asked_to_close == 5);
}

TEST_CASE("What stands in the way of a connection is told apart") {
  load_site site;
  auto settings = five_in_a_row();
  const auto [url, becomes] = GENERATE(table<const char*, outcome>({
      {"http://192.0.2.80/", outcome::connect_refused},
      {"http://192.0.2.99/", outcome::connect_timeout},
      {"http://nowhere.test/", outcome::dns},
  }));
  site.network.black_hole({asio::ip::make_address("192.0.2.99"), 80});
  settings.targets = {target_at("site", url)};
  const auto found = site.run(settings);
  CHECK(count(found.all, becomes) == 5);
  CHECK(found.all.sent == 0);
}

TEST_CASE("Idle connections are used again before new ones are opened") {
  load_site site;
  site.serve_after([](duration) { return 30ms; });
  auto settings = constant_load(100, 5s);
  const auto found = site.run(settings);
  // 100 a second × 0.03 s each: three or four at a time.
  CHECK(found.all.connections_opened >= 3);
  CHECK(found.all.connections_opened <= 4);
}

TEST_CASE("A request with a body is sent whole, also through a narrow pipe") {
  net::memory_pipe_settings how;
  how.capacity = 16;
  load_site site{how};
  std::string got;
  site.routes.post("/", [&](http::request_context& context) {
    got = context.body();
    return http::response{}.body("hello", "text/plain");
  });
  site.serve();
  auto settings = five_in_a_row();
  settings.timeout = 10s;
  settings.targets.front().request.verb = http::method::post;
  settings.targets.front().request.body = std::string(1000, 'b');
  const auto found = site.run(settings);
  CHECK(count(found.all, outcome::status_2xx) == 5);
  CHECK(got == std::string(1000, 'b'));
}

}  // namespace
}  // namespace cohort
