// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::test {

/// A JSON Schema in the subset of draft 7 that valijson implements; unknown keywords are ignored.
class json_schema {
 public:
  /// Throws std::runtime_error if `text` is not a schema.
  explicit json_schema(std::string_view text);
  ~json_schema();
  json_schema(const json_schema&) = delete;
  json_schema& operator=(const json_schema&) = delete;

  /// Returns one line for each violation, with the JSON pointer of the value: `/phases/0/name: Value type not permitted
  /// …`. The result is empty if the document is valid. Throws std::runtime_error if `text` is not JSON.
  [[nodiscard]] std::vector<std::string> violations(std::string_view text) const;

 private:
  struct compiled_schema;
  std::unique_ptr<compiled_schema> schema_;
};

}  // namespace cohort::test
