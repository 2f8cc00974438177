// SPDX-License-Identifier: BSL-1.0
#include "loadgen/measurement/request_outcome.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace cohort::loadgen;

TEST_CASE("request outcome: every outcome has a unique key and a unique text", "[loadgen][measurement]") {
  std::set<std::string_view> keys;
  std::set<std::string_view> texts;
  for (std::size_t i = 0; i < outcome_count; ++i) {
    keys.insert(outcome_key(static_cast<request_outcome>(i)));
    texts.insert(outcome_label(static_cast<request_outcome>(i)));
  }
  CHECK(keys.size() == outcome_count);
  CHECK(texts.size() == outcome_count);
  CHECK_FALSE(keys.contains(""));
  CHECK(outcome_key(request_outcome::unfinished) == "unfinished");
}

TEST_CASE("request outcome: 2xx and 3xx are successes, and every outcome with a complete response counts as a response",
          "[loadgen][measurement]") {
  outcome_counts counts{};
  for (std::size_t i = 0; i < outcome_count; ++i) counts[i] = 1;
  CHECK(success_count(counts) == 2);
  CHECK(response_count(counts) == 7);
  CHECK(total_count(counts) == outcome_count);
  CHECK(is_response(request_outcome::body_check));
  CHECK_FALSE(is_response(request_outcome::timeout));
  CHECK(is_generator_limit(request_outcome::local_port));
  CHECK_FALSE(is_generator_limit(request_outcome::connect_refused));
}
