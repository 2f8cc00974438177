#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <stdexcept>

#include "core/http/body_writer.hpp"
#include "core/http/server.hpp"
#include "tests/unit/core/http/served_site.hpp"

// Bodies that are written bit by bit.
namespace cohort {
namespace {

using namespace cohort::test;

task<> write_three(body_writer& to) {
  for (const auto* part : {"one,", "two,", "three"}) {
    co_await to.write(part);
    co_await to.pause(1s);
  }
}

/// An event a second, until nobody wants more.
task<> tick_on(body_writer& to, journal* notes) {
  for (int i = 0; !to.draining(); ++i) {
    if (!co_await to.write(http::sse_event("tick", std::to_string(i)))) break;
    if (co_await to.pause(1s) == wait_status::cancelled) {
      notes->push_back("cancelled");
      co_return;
    }
  }
  notes->push_back(to.draining() ? "drained" : "not taken");
}

http::response three_parts(request_context&) { return http::response{}.stream(write_three, "text/plain"); }

auto ticks(journal& notes) {
  return [&notes](request_context&) {
    return http::response{}.stream([&notes](body_writer& to) { return tick_on(to, &notes); }, "text/event-stream");
  };
}

TEST_CASE("A streamed body goes in chunks as it is written, and the connection goes on after the last") {
  served_site site;
  site.routes.get("/parts", three_parts);
  auto client = site.connect();
  client.send(get("/parts"));
  const auto start = site.time.now();
  const auto head = client.read();
  REQUIRE(head.has_value());
  CHECK(head->find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(head->find("Content-Length") == std::string::npos);
  CHECK(client.read() == std::string{"4\r\none,\r\n"});
  CHECK(site.time.now() == start);
  CHECK(client.read() == std::string{"4\r\ntwo,\r\n"});
  CHECK(site.time.now() - start >= 1s);

  client.send(get("/parts"));
  CHECK(client.read() == std::string{"5\r\nthree\r\n"});
  CHECK(client.read() == std::string{"0\r\n\r\n"});
  CHECK(client.receive()->body == "one,two,three");
}

TEST_CASE("For HTTP/1.0 a streamed body is bare and lasts until the close") {
  served_site site;
  site.routes.get("/parts", three_parts);
  auto client = site.connect();
  client.send("GET /parts HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto answer = client.receive();
  CHECK_FALSE(answer->header("Transfer-Encoding").has_value());
  CHECK(answer->header("Connection") == "close");
  CHECK(answer->body == "one,two,three");
  CHECK(client.ended_by() == asio::error::eof);
}

TEST_CASE("HEAD of a stream has its header and writes nothing") {
  served_site site;
  journal notes;
  site.routes.get("/events", ticks(notes));
  auto client = site.connect();
  client.send("HEAD /events HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto answer = client.receive(true);
  CHECK(answer->header("Content-Type") == "text/event-stream");
  CHECK_FALSE(answer->header("Content-Length").has_value());
  CHECK(notes.empty());
  client.send("HEAD /events HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive(true)->status == 200);
}

TEST_CASE("Events come framed as such, for as long as the client stays; no request's limit ends them") {
  served_site site;
  journal notes;
  site.routes.get("/events", ticks(notes));
  auto client = site.connect();
  client.send(get("/events"));
  CHECK(client.read().has_value());
  for (int i = 0; i < 10; ++i) CHECK(client.read() == "15\r\nevent: tick\ndata: " + std::to_string(i) + "\n\n\r\n");
  site.time.run_for(120s);
  CHECK(notes.empty());

  client.stream().close();
  site.time.run_for(20ms);
  CHECK(notes.size() == 1);
  CHECK(site.series("cohort_server_connections") == 0);
}

TEST_CASE("A client that no longer takes what a stream writes is given up after the time to write") {
  net::memory_pipe_settings how;
  how.capacity = 400;
  served_site site{how};
  journal notes;
  site.routes.get("/events", ticks(notes));
  auto client = site.connect();
  client.send(get("/events"));
  site.time.run_for(60s);
  CHECK(notes == journal{"not taken"});
  CHECK(site.series("cohort_server_connections") == 0);
}

task<> write_and_fail(body_writer& to) {
  co_await to.write("half");
  throw std::runtime_error("secret");
}

TEST_CASE("A stream that fails is cut off without its last chunk, so that the client can tell") {
  served_site site;
  site.routes.get("/", [](request_context&) { return http::response{}.stream(write_and_fail, "text/plain"); });
  auto client = site.connect();
  client.send(get("/"));
  const auto all = client.read_to_end();
  CHECK(all.ends_with("\r\n\r\n4\r\nhalf\r\n"));
  CHECK(all.find("secret") == std::string::npos);
}

TEST_CASE("A stream ends in good order when the server drains") {
  served_site site;
  journal notes;
  site.routes.get("/events", ticks(notes));
  auto client = site.connect();
  client.send(get("/events"));
  site.time.run_for(1500ms);
  site.begin_drain(10s);
  const auto all = client.read_to_end();
  CHECK(all.ends_with("0\r\n\r\n"));
  CHECK(notes == journal{"drained"});
  client.stream().close();
  site.time.run_for(2s);
  CHECK(site.drained());
}

}  // namespace
}  // namespace cohort
