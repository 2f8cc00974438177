#include "core/json/reader.hpp"

namespace cohort::json {

simdjson::dom::parser& thread_parser() {
  thread_local simdjson::dom::parser parser;
  return parser;
}

bool is_object(std::string_view text) {
  simdjson::dom::element root;
  return !text.empty() && thread_parser().parse(text.data(), text.size()).get(root) == simdjson::SUCCESS &&
         root.is_object();
}

std::string minified(std::string_view text) {
  simdjson::dom::element root;
  if (thread_parser().parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) return {};
  return simdjson::minify(root);
}

}  // namespace cohort::json
