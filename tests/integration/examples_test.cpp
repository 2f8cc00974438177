// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/running_program.hpp"

using namespace cohort::test;

TEST_CASE("examples: the CRUD program serves books", "[integration][threads][examples]") {
  running_program books{"book-service"};
  const auto list = get(books.port(), "/api/books");
  CHECK(list.status == 200);
  CHECK(list.body == R"({"books":[],"total":0})");
  const auto rejected = get(books.port(), "/api/books?limit=101");
  CHECK(rejected.status == 400);
  CHECK(json_at(rejected.body, "/fields/0/reason") == "\"must be an integer from 1 to 100\"");
  CHECK(get(books.port(), "/health").status == 200);
  CHECK(books.stop() == 0);
}
