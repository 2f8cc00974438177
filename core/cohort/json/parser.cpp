// SPDX-License-Identifier: BSL-1.0
#include <cohort/json/parser.hpp>

namespace cohort::json {

simdjson::dom::parser& thread_local_parser() {
  thread_local simdjson::dom::parser parser;
  return parser;
}

std::string_view strip_byte_order_mark(std::string_view text) noexcept {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

simdjson::error_code try_parse_document(std::string_view text, simdjson::dom::element& root) {
  const auto document = strip_byte_order_mark(text);
  // The data of an empty view can be null, which simdjson would pass to memcpy.
  if (document.empty()) return simdjson::EMPTY;
  // Newer versions of simdjson skip a byte order mark themselves, so a second byte order mark would be accepted.
  if (strip_byte_order_mark(document).size() != document.size()) return simdjson::TAPE_ERROR;
  return thread_local_parser().parse(document.data(), document.size()).get(root);
}

bool parse_document(std::string_view text, simdjson::dom::element& root) {
  return try_parse_document(text, root) == simdjson::SUCCESS;
}

bool is_object(std::string_view text) {
  simdjson::dom::element root;
  return parse_document(text, root) && root.is_object();
}

std::string minify(std::string_view text) {
  simdjson::dom::element root;
  return parse_document(text, root) ? simdjson::minify(root) : std::string{};
}

}  // namespace cohort::json
