#pragma once

#include <simdjson.h>

#include <boost/system/errc.hpp>
#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace cohort::json {

/// This thread's parser. A document that it made dies with the next one, so it never leaves `read`.
simdjson::dom::parser& thread_parser();

/// Parses `text` and gives `visit(simdjson::dom::element)`, a `boost::system::result<T>`: what is wanted of the
/// document has to be copied out there, since nothing of it may be kept across a `co_await`. `bad_message` if it is no
/// JSON.
template <class Visit>
auto read(std::string_view text, Visit&& visit) -> decltype(visit(std::declval<simdjson::dom::element>())) {
  using answer = decltype(visit(std::declval<simdjson::dom::element>()));
  simdjson::dom::element root;
  // An empty view may be null, from which simdjson would copy.
  if (text.empty() || thread_parser().parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) {
    // Said in full: a `result<bool>` cannot be made from an error code alone, which converts to bool.
    return answer(boost::system::in_place_error, boost::system::errc::bad_message, boost::system::generic_category());
  }
  return std::forward<Visit>(visit)(root);
}

/// Whether `text` is one JSON object and nothing else.
bool is_object(std::string_view text);

/// The same JSON without white space between its tokens, so on one line. `text` must be JSON.
std::string minified(std::string_view text);

}  // namespace cohort::json
