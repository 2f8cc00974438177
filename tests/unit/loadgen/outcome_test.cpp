#include "loadgen/outcome.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace cohort::loadgen;

TEST_CASE("every outcome has a key and a text of its own") {
  std::set<std::string_view> keys;
  std::set<std::string_view> texts;
  for (std::size_t i = 0; i < outcome_count; ++i) {
    keys.insert(key_of(static_cast<outcome>(i)));
    texts.insert(text_of(static_cast<outcome>(i)));
  }
  CHECK(keys.size() == outcome_count);
  CHECK(texts.size() == outcome_count);
  CHECK_FALSE(keys.contains(""));
  CHECK(key_of(outcome::unfinished) == "unfinished");
}

TEST_CASE("2xx and 3xx are successes; a whole answer of any status is an answer") {
  outcome_counts counts{};
  for (std::size_t i = 0; i < outcome_count; ++i) counts[i] = 1;
  CHECK(successes(counts) == 2);
  CHECK(answers(counts) == 7);
  CHECK(total(counts) == outcome_count);
  CHECK(is_answer(outcome::body_check));
  CHECK_FALSE(is_answer(outcome::timeout));
  CHECK(is_local(outcome::local_port));
  CHECK_FALSE(is_local(outcome::connect_refused));
}
