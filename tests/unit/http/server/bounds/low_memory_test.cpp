// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <limits>
#include <new>

#include <cohort/runtime/platform/memory_reserve.hpp>
#include "tests/support/sanitizers.hpp"
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// The state after a failed allocation: a part of the reserve has been released.
class low_memory_scope {
 public:
  low_memory_scope() {
    memory_reserve::install();
    std::get_new_handler()();
  }
  ~low_memory_scope() { memory_reserve::refill(); }
  low_memory_scope(const low_memory_scope&) = delete;
  low_memory_scope& operator=(const low_memory_scope&) = delete;
};

TEST_CASE(
    "low memory: requests with a body or an asynchronous handler are rejected with 503, and other requests are served",
    "[http][server]") {
  server_fixture server;
  server.routes.get("/sync", text_handler("sync"));
  server.routes.get("/async", delayed_handler(1ms));
  server.routes.post("/echo", echo_handler);
  auto uploading_client = server.connect();
  auto waiting_client = server.connect();
  auto client_with_body = server.connect();
  // Only the start of the body has arrived.
  uploading_client.send(post("/echo", std::string(1000, 'x')).substr(0, 500));
  server.time.run_for(1ms);
  {
    const low_memory_scope state;
    REQUIRE(memory_reserve::is_low());
    uploading_client.send("x");
    CHECK(uploading_client.receive()->status == 503);
    client_with_body.send(post("/echo", "body"));
    const auto body_rejection = client_with_body.receive();
    CHECK(body_rejection->status == 503);
    CHECK(body_rejection->header("Retry-After") == "1");
    waiting_client.send(get("/async"));
    const auto shed = waiting_client.receive();
    CHECK(shed->status == 503);
    CHECK(shed->header("Retry-After") == "1");
    waiting_client.send(get("/sync"));
    CHECK(waiting_client.receive()->status == 200);
  }
  CHECK_FALSE(memory_reserve::is_low());
  waiting_client.send(get("/async"));
  CHECK(waiting_client.receive()->status == 200);
  CHECK(server.response_to(post("/echo", "body")).body == "body");
}

#ifndef COHORT_SANITIZED
TEST_CASE("low memory: a failed allocation in Asio calls the new-handler, like operator new", "[runtime][platform]") {
  memory_reserve::install();
  static int calls = 0;
  struct new_handler_scope {
    std::new_handler previous = std::set_new_handler([] {
      if (++calls == 2) throw std::bad_alloc{};
    });
    ~new_handler_scope() { std::set_new_handler(previous); }
  };
  const new_handler_scope scope;
  CHECK_THROWS_AS(asio::aligned_new(16, std::numeric_limits<std::size_t>::max() / 4), std::bad_alloc);
  CHECK(calls == 2);
}
#endif

}  // namespace
}  // namespace cohort
