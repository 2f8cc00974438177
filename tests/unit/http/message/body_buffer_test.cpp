// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body_buffer.hpp>

#include <catch2/catch_test_macros.hpp>
#include <utility>

namespace cohort {
namespace {

using namespace cohort::http;

TEST_CASE("body buffer: the memory of a sent body is reused for an empty buffer", "[http][message]") {
  take_body_buffer();
  std::string body(1000, 'x');
  const auto* const memory = body.data();
  recycle_body_buffer(std::move(body));
  auto reused = take_body_buffer();
  CHECK(reused.empty());
  CHECK(reused.data() == memory);
  CHECK(take_body_buffer().data() != memory);
}

TEST_CASE("body buffer: the memory of a large body is not kept", "[http][message]") {
  take_body_buffer();
  recycle_body_buffer(std::string(5000, 'x'));
  CHECK(take_body_buffer().capacity() < 100);
}

}  // namespace
}  // namespace cohort
