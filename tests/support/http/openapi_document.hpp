// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::test {

/// An OpenAPI 3.1 document, read independently of the code that writes it.
class openapi_document {
 public:
  /// Throws std::runtime_error if `text` is not a JSON object.
  explicit openapi_document(std::string_view text);
  ~openapi_document();
  openapi_document(const openapi_document&) = delete;
  openapi_document& operator=(const openapi_document&) = delete;

  /// Returns one line for each violation of the specification or of Cohort's own rules. Violations are a missing
  /// member, undescribed path parameters, an unknown or duplicate operation ID or tag, and an unresolved reference. An
  /// object schema must disallow additional properties and list its required members.
  [[nodiscard]] std::vector<std::string> problems() const;

  /// Returns the reason why a response does not conform; the result is empty if the response conforms. `method` is in
  /// lower case, and `path` is a template.
  [[nodiscard]] std::vector<std::string> violations(std::string_view method, std::string_view path, int status,
                                                    std::string_view content_type, std::string_view body) const;

  /// Returns the mutations of a body that still conform, such as `/location/city: removed`. A mutation removes or
  /// replaces one member of one object, or adds an unknown member.
  [[nodiscard]] std::vector<std::string> undetected_mutations(std::string_view method, std::string_view path,
                                                              int status, std::string_view content_type,
                                                              std::string_view body) const;

  /// Returns the status codes of an operation's responses.
  [[nodiscard]] std::vector<std::string> statuses(std::string_view method, std::string_view path) const;

 private:
  struct parsed_document;
  std::unique_ptr<parsed_document> document_;
};

}  // namespace cohort::test
