// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routes_file/routes_file.hpp"

#include <cohort/json/decode.hpp>
#include "services/gateway/routes_file/json_lines.hpp"
#include "services/gateway/routes_file/validation.hpp"

namespace cohort::gateway {
namespace {

constexpr std::size_t max_reported_errors = 8;

/// Whether the text is not JSON: such errors have no field and no line.
bool is_syntax_error(const json::decode_errors& errors) {
  return errors.list.size() == 1 && errors.list.front().field.empty();
}

std::string describe(const json::decode_errors& errors, std::string_view text, const std::string& path) {
  const json_lines lines{text};
  if (const auto at = lines.syntax_error(); at && is_syntax_error(errors)) {
    return path + ":" + std::to_string(at->line) + ":" + std::to_string(at->column) + ": the file " +
           errors.list.front().reason;
  }
  std::string message;
  std::size_t count = 0;
  for (const auto& [field, reason] : errors.list) {
    if (++count > max_reported_errors) break;
    message.append(message.empty() ? "" : "; ").append(path).append(":");
    message.append(std::to_string(lines.line_of(field))).append(": ");
    message.append(field.empty() ? "the file" : field).append(" ").append(reason);
  }
  if (errors.list.size() > max_reported_errors || errors.is_truncated) message.append("; and more");
  return message;
}

}  // namespace

result<routes_file, std::string> parse_routes(std::string_view text, const std::string& path) {
  auto decoded = json::decode<routes_file>(text, {.max_bytes = max_routes_file_bytes});
  if (!decoded) return describe(decoded.error(), text, path);
  if (auto errors = find_errors(*decoded); !errors.list.empty()) return describe(errors, text, path);
  return std::move(*decoded);
}

}  // namespace cohort::gateway
