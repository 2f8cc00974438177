#include "tests/support/json_schema.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace cohort::test {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::array<std::string_view, 4> annotations{"$schema", "title", "description", "$defs"};
constexpr std::array<std::string_view, 10> checked{
    "type", "enum", "const", "minimum", "maximum", "properties", "required", "additionalProperties", "items", "$ref"};
constexpr std::array<std::string_view, 7> types{"null", "boolean", "integer", "number", "string", "array", "object"};

template <std::size_t Size>
bool is_one_of(std::string_view word, const std::array<std::string_view, Size>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

[[noreturn]] void no_schema(const std::string& why) { throw std::runtime_error("not a schema: " + why); }

element parse(simdjson::dom::parser& parser, std::string_view text) {
  element root;
  if (const auto failed = parser.parse(text.data(), text.size()).get(root)) {
    throw std::runtime_error(std::string{"not JSON: "} + simdjson::error_message(failed));
  }
  return root;
}

object members(element of, const std::string& where) {
  object found;
  if (of.get(found) != simdjson::SUCCESS) no_schema(where + " is no object");
  return found;
}

/// One or several, as `type` has them.
std::vector<std::string_view> type_names(element type) {
  std::vector<std::string_view> names;
  if (array several; type.get(several) == simdjson::SUCCESS) {
    for (const element each : several) names.push_back(std::string_view{each});
  } else {
    names.push_back(std::string_view{type});
  }
  return names;
}

bool is_of_type(element value, std::string_view type) {
  switch (value.type()) {
    case simdjson::dom::element_type::NULL_VALUE: return type == "null";
    case simdjson::dom::element_type::BOOL: return type == "boolean";
    case simdjson::dom::element_type::STRING: return type == "string";
    case simdjson::dom::element_type::ARRAY: return type == "array";
    case simdjson::dom::element_type::OBJECT: return type == "object";
    case simdjson::dom::element_type::DOUBLE:
      return type == "number" || (type == "integer" && std::trunc(double{value}) == double{value});
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64: return type == "number" || type == "integer";
  }
  return false;
}

bool is_number(element value) { return is_of_type(value, "number"); }

/// Of what enumerations are made of here: strings, and numbers that a double holds.
bool equal(element a, element b) {
  if (is_number(a) && is_number(b)) return double{a} == double{b};
  return a.type() == b.type() && simdjson::minify(a) == simdjson::minify(b);
}

/// Goes through all of a schema, whatever of it a document will meet.
class schema_check {
 public:
  explicit schema_check(element root) : root_(root) {
    if (element found; root["$defs"].get(found) == simdjson::SUCCESS) check_each(found, "#/$defs");
    check(root, "#");
  }

 private:
  void check_each(element of, const std::string& where) {
    for (const auto [name, schema] : members(of, where)) check(schema, where + "/" + std::string{name});
  }

  void check(element schema, const std::string& where) {
    for (const auto [keyword, value] : members(schema, where)) {
      const auto here = where + "/" + std::string{keyword};
      if (!is_one_of(keyword, annotations) && !is_one_of(keyword, checked)) no_schema(here + " would not be checked");
      if (keyword == "properties") check_each(value, here);
      if (keyword == "items" || (keyword == "additionalProperties" && !value.is_bool())) check(value, here);
      if (keyword == "type") check_types(value, here);
      if (keyword == "$ref") check_reference(value, here);
    }
  }

  static void check_types(element type, const std::string& where) {
    for (const auto each : type_names(type)) {
      if (!is_one_of(each, types)) no_schema(where + " has the unknown type " + std::string{each});
    }
  }

  void check_reference(element to, const std::string& where) const {
    const std::string_view pointer{to};
    if (!pointer.starts_with("#/$defs/") || root_.at_pointer(pointer.substr(1)).error()) {
      no_schema(where + " leads nowhere: " + std::string{pointer});
    }
  }

  element root_;
};

class validation {
 public:
  explicit validation(element schema) : root_(schema) {}

  std::vector<std::string> run(element value) {
    check(value, root_, "");
    return std::move(violations_);
  }

 private:
  void violation(const std::string& where, const std::string& what) { violations_.push_back(where + ": " + what); }

  void check(element value, element schema, const std::string& where) {
    for (const auto [keyword, wanted] : object{schema}) {
      if (keyword == "$ref") check(value, root_.at_pointer(std::string_view{wanted}.substr(1)).value(), where);
      if (keyword == "type") check_type(value, wanted, where);
      if (keyword == "enum") check_enumeration(value, array{wanted}, where);
      if (keyword == "const" && !equal(value, wanted)) violation(where, "is not " + simdjson::minify(wanted));
      if (keyword == "minimum" && is_number(value) && double{value} < double{wanted}) violation(where, "is too small");
      if (keyword == "maximum" && is_number(value) && double{value} > double{wanted}) violation(where, "is too great");
    }
    if (value.is_object()) check_members(object{value}, object{schema}, where);
    if (element items; value.is_array() && object{schema}["items"].get(items) == simdjson::SUCCESS) {
      std::size_t index = 0;
      for (const element each : array{value}) check(each, items, where + "/" + std::to_string(index++));
    }
  }

  void check_type(element value, element wanted, const std::string& where) {
    const auto names = type_names(wanted);
    if (std::any_of(names.begin(), names.end(), [&](std::string_view name) { return is_of_type(value, name); })) return;
    violation(where, "is no " + simdjson::minify(wanted));
  }

  void check_enumeration(element value, array wanted, const std::string& where) {
    if (std::none_of(wanted.begin(), wanted.end(), [&](element each) { return equal(value, each); })) {
      violation(where, "is none of " + simdjson::minify(wanted));
    }
  }

  void check_members(object value, object schema, const std::string& where) {
    if (array required; schema["required"].get(required) == simdjson::SUCCESS) {
      for (const element name : required) {
        if (value[std::string_view{name}].error()) violation(where, "lacks " + std::string{std::string_view{name}});
      }
    }
    for (const auto [name, member] : value) {
      const auto here = where + "/" + std::string{name};
      element found;
      if (schema["properties"][name].get(found) == simdjson::SUCCESS) {
        check(member, found, here);
      } else if (schema["additionalProperties"].get(found) == simdjson::SUCCESS) {
        if (!found.is_bool()) check(member, found, here);
        if (found.is_bool() && !bool{found}) violation(here, "is not foreseen");
      }
    }
  }

  element root_;
  std::vector<std::string> violations_;
};

}  // namespace

struct json_schema::document {
  simdjson::dom::parser parser;
  element root;
};

json_schema::json_schema(std::string_view text) : schema_(std::make_unique<document>()) {
  schema_->root = parse(schema_->parser, text);
  schema_check{schema_->root};
}

json_schema::~json_schema() = default;

std::vector<std::string> json_schema::violations(std::string_view text) const {
  simdjson::dom::parser parser;
  return validation{schema_->root}.run(parse(parser, text));
}

}  // namespace cohort::test
