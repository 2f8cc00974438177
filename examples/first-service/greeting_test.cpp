// SPDX-License-Identifier: BSL-1.0
#include "greeting.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cohort/sim/fleet.hpp>

using namespace cohort;

TEST_CASE("greeting: the greeting is repeated the requested number of times") {
  sim::fleet fleet{1};
  auto& service = fleet.add_service(greeting_service, "greeting");
  const auto response = fleet.call(service.url() + "/api/greeting/Ann?times=2");
  CHECK(response->status == http::status::ok);
  CHECK(response->body == R"({"lines":["Hello, Ann","Hello, Ann"]})");
}

TEST_CASE("greeting: the greeting word is configurable") {
  sim::fleet fleet{1};
  auto& service = fleet.add_service(greeting_service, "greeting", {{"GREETING_WORD", "Shalom"}});
  CHECK(fleet.call(service.url() + "/api/greeting/Ann")->body == R"({"lines":["Shalom, Ann"]})");
}

TEST_CASE("greeting: an invalid number is rejected with an error that contains the number") {
  sim::fleet fleet{1};
  auto& service = fleet.add_service(greeting_service, "greeting");
  const auto response = fleet.call(service.url() + "/api/greeting/Ann?times=11");
  CHECK(response->status == http::status::bad_request);
  CHECK(response->body.find("times must be an integer from 1 to 10") != std::string::npos);
}
