// SPDX-License-Identifier: BSL-1.0
// The JSON parser and writer.
#include <algorithm>
#include <cstring>
#include <string>

#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz {
namespace {

void check_text(std::string_view text) {
  std::string written;
  json::writer{written}.open_array().value(text).close_array();
  simdjson::dom::element root;
  require(json::parse_document(written, root), "a written text is valid JSON");
  std::string_view read;
  require(root.at(0).get(read) == simdjson::SUCCESS, "a written text is a string");
  if (simdjson::validate_utf8(text.data(), text.size())) require(read == text, "a written text is the same text");
}

void check_fixed(double number) {
  std::string written;
  json::writer{written}.open_array().fixed(number, 3).value(number > 0).null().value(number).close_array();
  simdjson::dom::parser parser;
  require(parser.parse(written).error() == simdjson::SUCCESS, "a written array is valid JSON");
}

void check_numbers(simdjson::dom::element element) {
  if (double number = 0; element.is_double() && element.get(number) == simdjson::SUCCESS) {
    std::string written;
    json::writer{written}.open_array().value(number).close_array();
    simdjson::dom::parser parser;
    double read = 0;
    require(parser.parse(written).at(0).get(read) == simdjson::SUCCESS && read == number,
            "a written number is the same number");
  }
}

void run(std::string_view input) {
  check_text(input);
  double number = 0;
  if (!input.empty()) std::memcpy(&number, input.data(), std::min(input.size(), sizeof number));
  check_fixed(number);
  const auto minified = json::minify(input);
  require(minified.empty() || json::minify(minified) == minified, "minified text is not changed");
  require(!minified.empty() || !json::is_object(input), "an object can be minified");
  simdjson::dom::element root;
  if (json::parse_document(input, root)) check_numbers(root);
}

const registration fuzz_registration{{"json", run}};

}  // namespace
}  // namespace cohort::fuzz
