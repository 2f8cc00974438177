// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routes_file/json_lines.hpp"

namespace cohort::gateway {
namespace {

/// Maximum nesting depth; deeper values are not located.
constexpr std::size_t max_depth = 64;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Returns the path of the value that contains the value at `path`; empty for the document.
std::string_view parent_of(std::string_view path) noexcept {
  const auto end = path.find_last_of(".[");
  return end == std::string_view::npos ? std::string_view{} : path.substr(0, end);
}

}  // namespace

json_lines::json_lines(std::string_view text) : text_(text) {
  const json::path root;
  if (!read_value(root, 0)) return;
  skip_space();
  if (offset_ < text_.size()) fail();
}

std::size_t json_lines::line_of(std::string_view path) const {
  for (;; path = parent_of(path)) {
    if (const auto found = lines_.find(path); found != lines_.end()) return found->second;
    if (path.empty()) return 1;
  }
}

json_lines::position json_lines::current_position() const noexcept { return {line_, offset_ - line_start_ + 1}; }

bool json_lines::fail() noexcept {
  error_ = current_position();
  return false;
}

void json_lines::skip_space() noexcept {
  for (; offset_ < text_.size(); ++offset_) {
    const char c = text_[offset_];
    if (c == '\n') {
      ++line_;
      line_start_ = offset_ + 1;
    } else if (c != ' ' && c != '\t' && c != '\r') {
      return;
    }
  }
}

bool json_lines::take(char c) {
  skip_space();
  if (!at(c)) return fail();
  ++offset_;
  return true;
}

bool json_lines::read_value(const json::path& path, std::size_t depth) {
  skip_space();
  if (depth > max_depth || offset_ >= text_.size()) return fail();
  lines_.insert_or_assign(path.text(), line_);
  switch (text_[offset_]) {
    case '{': return read_object(path, depth);
    case '[': return read_array(path, depth);
    case 't': return read_word("true");
    case 'f': return read_word("false");
    case 'n': return read_word("null");
    case '"': {
      std::string_view content;
      return read_string(content);
    }
    default: return read_number();
  }
}

bool json_lines::read_object(const json::path& path, std::size_t depth) {
  ++offset_;
  skip_space();
  if (at('}')) return take('}');
  for (;;) {
    skip_space();
    std::string_view name;
    if (!read_string(name) || !take(':')) return false;
    if (!read_value(json::path{path, name}, depth + 1)) return false;
    skip_space();
    if (at('}')) return take('}');
    if (!take(',')) return false;
  }
}

bool json_lines::read_array(const json::path& path, std::size_t depth) {
  ++offset_;
  skip_space();
  if (at(']')) return take(']');
  for (std::size_t index = 0;; ++index) {
    if (!read_value(json::path{path, index}, depth + 1)) return false;
    skip_space();
    if (at(']')) return take(']');
    if (!take(',')) return false;
  }
}

bool json_lines::read_string(std::string_view& content) {
  if (!at('"')) return fail();
  const auto start = ++offset_;
  for (; offset_ < text_.size(); ++offset_) {
    const char c = text_[offset_];
    if (c == '"') {
      content = text_.substr(start, offset_ - start);
      ++offset_;
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) return fail();
    if (c != '\\') continue;
    ++offset_;
    if (offset_ >= text_.size() || std::string_view{"\"\\/bfnrtu"}.find(text_[offset_]) == std::string_view::npos) {
      return fail();
    }
  }
  return fail();
}

bool json_lines::read_number() {
  const auto digits = [this] {
    const auto start = offset_;
    while (offset_ < text_.size() && is_digit(text_[offset_])) ++offset_;
    return offset_ > start;
  };
  if (at('-')) ++offset_;
  const bool starts_with_zero = at('0');
  const auto start = offset_;
  if (!digits() || (starts_with_zero && offset_ - start > 1)) return fail();
  if (at('.')) {
    ++offset_;
    if (!digits()) return fail();
  }
  if (!at('e') && !at('E')) return true;
  ++offset_;
  if (at('+') || at('-')) ++offset_;
  if (!digits()) return fail();
  return true;
}

bool json_lines::read_word(std::string_view word) {
  if (!text_.substr(offset_).starts_with(word)) return fail();
  offset_ += word.size();
  return true;
}

}  // namespace cohort::gateway
