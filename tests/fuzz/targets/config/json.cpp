// SPDX-License-Identifier: BSL-1.0
// Fuzzes the JSON parser and writer.
#include <algorithm>
#include <cstring>
#include <string>

#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::json_target {
namespace {

void check_text(std::string_view text) {
  std::string written;
  json::writer{written}.open_array().value(text).close_array();
  simdjson::dom::element root;
  require(json::parse_document(written, root), "written text is valid JSON");
  std::string_view read;
  require(root.at(0).get(read) == simdjson::SUCCESS, "text is written as a JSON string");
  if (simdjson::validate_utf8(text.data(), text.size()))
    require(read == text, "a string is unchanged after writing and parsing");
}

void check_array(double number) {
  std::string written;
  json::writer{written}.open_array().fixed(number, 3).value(number > 0).null().value(number).close_array();
  simdjson::dom::parser parser;
  require(parser.parse(written).error() == simdjson::SUCCESS, "a written array is valid JSON");
}

/// Writes numbers by `prepare` and `finish`, and discards those that correspond to odd characters.
void check_prepared_writes(std::string_view text) {
  std::string written;
  json::writer out{written};
  out.open_array();
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto* space = out.prepare(3);
    const bool is_kept = text[i] % 2 == 0;
    if (is_kept) ++count;
    *space = '7';
    out.finish(is_kept ? space + 1 : nullptr);
  }
  out.close_array();
  simdjson::dom::element root;
  require(json::parse_document(written, root) && root.is_array(), "written numbers are valid JSON");
  require(simdjson::dom::array{root}.size() == count, "discarded numbers are not written");
}

void check_numbers(simdjson::dom::element element) {
  if (double number = 0; element.is_double() && element.get(number) == simdjson::SUCCESS) {
    std::string written;
    json::writer{written}.open_array().value(number).close_array();
    simdjson::dom::parser parser;
    double read = 0;
    require(parser.parse(written).at(0).get(read) == simdjson::SUCCESS && read == number,
            "a number is the same after writing and parsing");
  }
}

void run(std::string_view input) {
  check_text(input);
  double number = 0;
  if (!input.empty()) std::memcpy(&number, input.data(), std::min(input.size(), sizeof number));
  check_array(number);
  const auto minified_text = json::minify(input);
  require(minified_text.empty() || json::minify(minified_text) == minified_text, "minification is idempotent");
  const bool is_object = json::is_object(input);
  require(!minified_text.empty() || !is_object, "an object can be minified");
  check_prepared_writes(input);
  simdjson::dom::element root;
  if (!json::parse_document(input, root)) return;
  require(is_object == root.is_object(), "is_object agrees with the parser");
  check_numbers(root);
}

const registration fuzz_registration{{"json", run}};

}  // namespace
}  // namespace cohort::fuzz::json_target
