// SPDX-License-Identifier: BSL-1.0
#include <cmath>

#include <cohort/json/decode.hpp>

namespace cohort::json {

bool decoder::parse(std::string_view text, simdjson::dom::element& root) {
  if (text.size() > options_.max_bytes) {
    report(path{}, "must have at most " + std::to_string(options_.max_bytes) + " bytes");
    return false;
  }
  const auto error = try_parse_document(text, root);
  switch (error) {
    case simdjson::SUCCESS: return true;
    case simdjson::UTF8_ERROR: report(path{}, "must be JSON, but is not valid UTF-8"); break;
    case simdjson::DEPTH_ERROR: report(path{}, "must be JSON, but is nested too deeply"); break;
    case simdjson::EMPTY: report(path{}, "must be JSON, but is empty"); break;
    case simdjson::UNCLOSED_STRING: report(path{}, "must be JSON, but contains an unclosed string"); break;
    case simdjson::NUMBER_ERROR: report(path{}, "must be JSON, but contains a malformed or out-of-range number"); break;
    default: report(path{}, "must be JSON, but is malformed"); break;
  }
  return false;
}

void decoder::report(const path& value_path, std::string reason) {
  if (reason.empty() || errors_.is_truncated) return;
  if (errors_.list.size() == options_.max_errors) {
    errors_.is_truncated = true;
    return;
  }
  errors_.list.push_back({value_path.text(), std::move(reason)});
}

void decoder::report_unknown_member(const path& value_path, const std::string& known_names) {
  report(value_path, "is unknown; known: " + known_names);
}

bool decoder::enter(const path& value_path) {
  if (depth_ < options_.max_depth) {
    ++depth_;
    return true;
  }
  report(value_path, "is nested too deeply");
  return false;
}

// `get` returns an error if the requested type cannot represent the number.
std::optional<integer_value> read_json_integer(simdjson::dom::element source) {
  std::int64_t number = 0;
  if (source.get(number) == simdjson::SUCCESS) return integer_value{.number = number};
  std::uint64_t large_number = 0;
  if (source.get(large_number) == simdjson::SUCCESS) return integer_value{.large_number = large_number};
  double floating_number = 0;
  constexpr double max_exact_integer = 0x1p53;
  if (source.get(floating_number) != simdjson::SUCCESS) return std::nullopt;
  if (std::trunc(floating_number) != floating_number || std::abs(floating_number) > max_exact_integer)
    return std::nullopt;
  return integer_value{.number = static_cast<std::int64_t>(floating_number)};
}

}  // namespace cohort::json
