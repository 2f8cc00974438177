// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/input/input_error.hpp>

#include <cohort/json/encode.hpp>

namespace cohort::http {
namespace {

std::string summary(const std::vector<input_error>& errors, bool truncated) {
  const auto& first = errors.front();
  const auto text = (first.field.empty() ? "the " + first.in : first.field) + " " + first.reason;
  if (errors.size() == 1) return text;
  const auto others = errors.size() - 1;
  return text + " (and " + (truncated ? "more than " : "") + std::to_string(others) + " other error" +
         (others == 1 ? ")" : "s)");
}

}  // namespace

response input_error_response(const std::vector<input_error>& errors, bool truncated, status code) {
  const auto reason_phrase = boost::beast::http::obsolete_reason(code);
  return json_response(json::encode(input_error_body{.error = std::string{reason_phrase.data(), reason_phrase.size()},
                                                     .message = summary(errors, truncated),
                                                     .fields = errors}),
                       code);
}

response input_error_response(const json::decode_errors& errors) {
  std::vector<input_error> list;
  for (const auto& [field, reason] : errors.list) list.push_back({field, "body", reason});
  return input_error_response(list, errors.is_truncated);
}

}  // namespace cohort::http
