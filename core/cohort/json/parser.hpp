// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <simdjson.h>

#include <boost/system/errc.hpp>
#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace cohort::json {

/// Returns the parser of the calling thread. The next `parse` on the thread invalidates the previous document.
simdjson::dom::parser& thread_local_parser();

/// Returns `text` without a leading byte order mark, which some servers send (RFC 8259 section 8.1). All functions of
/// this header ignore one byte order mark. A program that forwards the text must remove it.
std::string_view strip_byte_order_mark(std::string_view text) noexcept;

/// Parses `text`; `root` is valid until the next parse on this thread. Returns `SUCCESS`, or the error if `text` is not
/// valid JSON.
simdjson::error_code try_parse_document(std::string_view text, simdjson::dom::element& root);

/// Like `try_parse_document`, but returns false if `text` is not valid JSON.
bool parse_document(std::string_view text, simdjson::dom::element& root);

/// Parses `text` and returns `visitor(root)`, where `root` is a `simdjson::dom::element` and the visitor returns a
/// `boost::system::result<T>`. If `text` is not valid JSON, returns `errc::bad_message` without calling the visitor.
/// The visitor must copy the values that it needs: the document is invalid after the call and must not be kept across a
/// `co_await`.
template <class Visitor>
auto parse(std::string_view text, Visitor&& visitor) -> decltype(visitor(std::declval<simdjson::dom::element>())) {
  using result_type = decltype(visitor(std::declval<simdjson::dom::element>()));
  simdjson::dom::element root;
  if (!parse_document(text, root)) {
    // The tag is required for `result<bool>`, because an error code converts to bool.
    return result_type(boost::system::in_place_error, boost::system::errc::bad_message,
                       boost::system::generic_category());
  }
  return std::forward<Visitor>(visitor)(root);
}

/// True if `text` is exactly one JSON object.
bool is_object(std::string_view text);

/// Minifies `text`: removes the whitespace between tokens, so that the result is one line. Returns an empty string if
/// `text` is not valid JSON.
std::string minify(std::string_view text);

}  // namespace cohort::json
