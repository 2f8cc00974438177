// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <string>

#include <cohort/http/client/response_fields.hpp>

namespace cohort::http {
namespace {

std::string text_of(const response_fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) text.append(name).append("=").append(value).append(";");
  return text;
}

TEST_CASE("response_fields: fields keep their order and their exact bytes", "[http][client]") {
  response_fields fields;
  CHECK(fields.empty());
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    const auto name = "X-" + std::to_string(i);
    const std::string value(static_cast<std::size_t>(i * 7), 'v');
    fields.emplace_back(name, value);
    expected += name + "=" + value + ";";
  }
  CHECK(fields.size() == 40);
  CHECK(text_of(fields) == expected);
  CHECK(fields[2] == response_fields::value_type{"X-2", "vvvvvvvvvvvvvv"});
}

TEST_CASE("response_fields: erase removes all fields of a name, ignoring case", "[http][client]") {
  response_fields fields{{"A", "1"}, {"B", "2"}, {"a", "3"}, {"AB", ""}};
  fields.erase("a");
  CHECK(text_of(fields) == "B=2;AB=;");
  fields.erase("missing");
  CHECK(fields == response_fields{{"B", "2"}, {"AB", ""}});
  CHECK_FALSE(fields == response_fields{{"B", "2"}, {"A", "B"}});
}

TEST_CASE("response_fields: a change of a copy does not affect the original", "[http][client]") {
  response_fields fields{{"A", "1"}};
  auto copy = fields;
  copy.emplace_back("B", "2");
  const auto moved_fields = std::move(fields);
  CHECK(text_of(moved_fields) == "A=1;");
  CHECK(text_of(copy) == "A=1;B=2;");
}

}  // namespace
}  // namespace cohort::http
