// SPDX-License-Identifier: BSL-1.0
#include <cohort/json/field_error.hpp>

#include <algorithm>
#include <stdexcept>

namespace cohort::json {
namespace {

/// Replaces control characters with `?`, so that an error message is one line.
std::string replace_control_characters(std::string text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  std::replace_if(text.begin(), text.end(), is_control, '?');
  return text;
}

}  // namespace

std::string decode_errors::text() const {
  std::string text;
  for (const auto& error : list) {
    if (!text.empty()) text += "; ";
    text.append(error.field.empty() ? "the document" : error.field).append(" ").append(error.reason);
  }
  if (is_truncated) text += "; and more";
  return text;
}

void throw_exception_from_error(const decode_errors& errors, const boost::source_location&) {
  throw std::invalid_argument{errors.text()};
}

std::string path::text() const {
  std::string text;
  append_to(text);
  return text;
}

void path::append_to(std::string& text) const {
  if (parent_ == nullptr) return;
  parent_->append_to(text);
  if (is_index_) {
    text.append("[").append(std::to_string(index_)).append("]");
    return;
  }
  if (!text.empty()) text += '.';
  text += shorten(member_);
}

std::string shorten(std::string_view text) {
  constexpr std::size_t max_bytes = 60;
  if (text.size() <= max_bytes) return replace_control_characters(std::string{text});
  auto end = max_bytes;
  // Does not split a character: continuation bytes are 10xxxxxx.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return replace_control_characters(std::string{text.substr(0, end)}).append("…");
}

}  // namespace cohort::json
