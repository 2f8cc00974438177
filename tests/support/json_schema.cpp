// SPDX-License-Identifier: BSL-1.0
#include "tests/support/json_schema.hpp"

#include <boost/json/src.hpp>

// Without exceptions, valijson aborts the process.
#define VALIJSON_USE_EXCEPTIONS 1
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <stdexcept>

namespace cohort::test {
namespace {

boost::json::value parse(std::string_view text) {
  boost::json::error_code error;
  auto value = boost::json::parse(boost::json::string_view{text.data(), text.size()}, error);
  if (error) throw std::runtime_error("not JSON: " + error.message());
  return value;
}

/// Converts valijson's context, such as "<root>", "[phases]", "[0]", to a JSON pointer.
std::string json_pointer(const std::vector<std::string>& context) {
  std::string pointer;
  for (auto part = context.begin() + 1; part < context.end(); ++part) {
    pointer += "/" + part->substr(1, part->size() - 2);
  }
  return pointer;
}

}  // namespace

struct json_schema::compiled_schema {
  valijson::Schema schema;
};

json_schema::json_schema(std::string_view text) : schema_(std::make_unique<compiled_schema>()) {
  const auto document = parse(text);
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::BoostJsonAdapter{document}, schema_->schema);
}

json_schema::~json_schema() = default;

std::vector<std::string> json_schema::violations(std::string_view text) const {
  const auto document = parse(text);
  valijson::Validator validator;
  valijson::ValidationResults results;
  validator.validate(schema_->schema, valijson::adapters::BoostJsonAdapter{document}, &results);
  std::vector<std::string> lines;
  for (const auto& error : results) {
    // valijson reports a violation again for every value that contains it, as "Failed to validate item #0 in array.".
    const bool contains_another =
        error.description.starts_with("Failed to validate ") &&
        std::any_of(results.begin(), results.end(), [&](const auto& other) {
          return other.context.size() > error.context.size() &&
                 std::equal(error.context.begin(), error.context.end(), other.context.begin());
        });
    if (!contains_another) lines.push_back(json_pointer(error.context) + ": " + error.description);
  }
  return lines;
}

}  // namespace cohort::test
