// SPDX-License-Identifier: BSL-1.0
#include "examples/live-feed/app.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cohort/testing/catch2.hpp>
#include <cohort/testing/server.hpp>

namespace cohort::test {
namespace {

TEST_CASE("live feed example: each client receives each event once, with its ID", "[examples]") {
  testing::server server{live_feed::app()};
  auto ann = server.events("/events");
  auto bob = server.events("/events");
  REQUIRE(ann);
  REQUIRE(bob);
  CHECK(server.post("/api/scores", "1:0", "text/plain")->body == R"({"id":1})");
  for (auto* client : {&*ann, &*bob}) {
    const auto event = client->next_event();
    REQUIRE(event);
    CHECK(event->data == "1:0");
    CHECK(event->type == "score");
    CHECK(event->id == "1");
  }
}

TEST_CASE("live feed example: a client that reconnects receives the missed events", "[examples]") {
  testing::server server{live_feed::app()};
  for (const std::string score : {"1:0", "1:1", "2:1"}) server.post("/api/scores", score, "text/plain");
  auto client = server.events("/events", "1");
  REQUIRE(client);
  CHECK(client->next_event()->data == "1:1");
  CHECK(client->next_event()->data == "2:1");
  server.post("/api/scores", "2:2", "text/plain");
  CHECK(client->next_event()->id == "4");
}

TEST_CASE("live feed example: an invalid Last-Event-ID starts the stream without missed events", "[examples]") {
  testing::server server{live_feed::app()};
  server.post("/api/scores", "1:0", "text/plain");
  const auto* id = GENERATE("0 x", "0x", "-1", " ", "99999999999999999999");
  auto client = server.events("/events", id);
  REQUIRE(client);
  server.post("/api/scores", "1:1", "text/plain");
  CHECK(client->next_event()->data == "1:1");
}

TEST_CASE("live feed example: a body of the wrong size is rejected", "[examples]") {
  testing::server server{live_feed::app()};
  CHECK(server.post("/api/scores", "", "text/plain")->status == http::status::bad_request);
  CHECK(server.post("/api/scores", std::string(201, 'x'), "text/plain")->status == http::status::bad_request);
}

}  // namespace
}  // namespace cohort::test
