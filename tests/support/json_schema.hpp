#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::test {

/// As much of JSON Schema (draft 2020-12) as this repository's schemas are written in: `type`, `enum`, `const`,
/// `minimum`, `maximum`, `properties`, `required`, `additionalProperties`, `items`, and `$ref` to `#/$defs/…`.
class json_schema {
 public:
  /// Throws std::runtime_error if it is no schema, or has a keyword that would not be checked.
  explicit json_schema(std::string_view text);
  ~json_schema();
  json_schema(const json_schema&) = delete;
  json_schema& operator=(const json_schema&) = delete;

  /// A line for each place that is not as the schema has it, such as `/phases/0/name: is no string`; none if all is.
  /// Throws std::runtime_error if `text` is no JSON.
  [[nodiscard]] std::vector<std::string> violations(std::string_view text) const;

 private:
  struct document;
  std::unique_ptr<document> schema_;
};

}  // namespace cohort::test
