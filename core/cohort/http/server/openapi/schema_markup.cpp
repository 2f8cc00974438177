// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/openapi/schema_markup.hpp>

#include <algorithm>

#include <cohort/http/message/html.hpp>

namespace cohort::http {
namespace {

constexpr std::string_view reference_prefix = R"("#/components/schemas/)";
constexpr std::string_view reference_object_prefix = R"({"$ref":"#/components/schemas/)";
constexpr std::string_view whitespace = " \t\r\n";
constexpr std::size_t max_line = 72;
/// Maximum nesting level that is formatted; deeper values are copied unchanged.
constexpr int max_depth = 32;

/// Formats JSON text. The text need not be valid JSON: unrecognized characters are copied.
class formatter {
 public:
  explicit formatter(std::string_view text) : remaining_(text) {}

  std::string format() {
    write_value(0);
    return html_ + escape_html(remaining_);
  }

 private:
  void skip_whitespace() {
    remaining_.remove_prefix(std::min(remaining_.find_first_not_of(whitespace), remaining_.size()));
  }

  /// The length of the string at the start of `text`, with its quotes.
  static std::size_t string_length(std::string_view text) {
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == '\\') {
        ++i;
      } else if (text[i] == '"') {
        return i + 1;
      }
    }
    return text.size();
  }

  /// The length of the object, array, string or other value at the start of the text.
  std::size_t value_length() const {
    int depth = 0;
    for (std::size_t i = 0; i < remaining_.size(); ++i) {
      const char c = remaining_[i];
      if (c == '"') {
        i += string_length(remaining_.substr(i)) - 1;
      } else if (c == '{' || c == '[') {
        ++depth;
        continue;
      } else if (c == '}' || c == ']') {
        if (depth == 0) return i;
        --depth;
      } else if (depth > 0 || (c != ',' && whitespace.find(c) == whitespace.npos)) {
        continue;
      } else {
        return i;
      }
      if (depth == 0) return i + 1;
    }
    return remaining_.size();
  }

  void write_link(std::string_view name) {
    const auto text = escape_html(name);
    html_ += "<a href=\"#schema-" + text + "\">" + text + "</a>";
  }

  void write_string(std::string_view css_class) {
    const auto text = remaining_.substr(0, string_length(remaining_));
    remaining_.remove_prefix(text.size());
    if (text.starts_with(reference_prefix) && text.ends_with('"')) {
      write_link(text.substr(reference_prefix.size(), text.size() - reference_prefix.size() - 1));
    } else {
      html_.append("<span class=\"").append(css_class).append("\">").append(escape_html(text)).append("</span>");
    }
  }

  /// Writes an object that consists only of a reference as a link. Returns false if the text does not start with such
  /// an object.
  bool write_reference() {
    if (!remaining_.starts_with(reference_object_prefix)) return false;
    const auto object = remaining_.substr(0, value_length());
    const auto name = object.substr(reference_object_prefix.size());
    const auto end = name.find('"');
    if (name.substr(std::min(end, name.size())) != "\"}") return false;
    write_link(name.substr(0, end));
    remaining_.remove_prefix(object.size());
    return true;
  }

  void write_value(int depth) {
    skip_whitespace();
    if (write_reference()) return;
    if (depth < max_depth && (remaining_.starts_with('{') || remaining_.starts_with('['))) {
      write_container(depth);
    } else if (remaining_.starts_with('"')) {
      write_string("text");
    } else {
      const auto length = value_length();
      html_ += escape_html(remaining_.substr(0, length));
      remaining_.remove_prefix(length);
    }
  }

  /// Writes a member of an object, or an element of an array.
  void write_entry(int depth) {
    skip_whitespace();
    if (remaining_.starts_with('"')) {
      const auto name_length = string_length(remaining_);
      const auto colon = remaining_.find_first_not_of(whitespace, name_length);
      if (colon != remaining_.npos && remaining_[colon] == ':') {
        write_string("name");
        remaining_.remove_prefix(colon - name_length + 1);
        html_ += ": ";
      }
    }
    write_value(depth);
  }

  void write_container(int depth) {
    const bool has_lines = value_length() > max_line;
    const char end = remaining_.front() == '{' ? '}' : ']';
    html_ += remaining_.front();
    remaining_.remove_prefix(1);
    const auto indent = [&](int levels) { html_ += has_lines ? "\n" + std::string(2 * levels, ' ') : ""; };
    skip_whitespace();
    const bool is_empty = remaining_.starts_with(end);
    while (!remaining_.empty() && remaining_.front() != end) {
      indent(depth + 1);
      const auto previous_size = remaining_.size();
      write_entry(depth + 1);
      skip_whitespace();
      if (remaining_.starts_with(',')) {
        html_ += has_lines ? "," : ", ";
        remaining_.remove_prefix(1);
        skip_whitespace();
      } else if (remaining_.size() == previous_size) {
        return;  // not JSON
      }
    }
    if (!is_empty) indent(depth);
    if (remaining_.starts_with(end)) {
      html_ += end;
      remaining_.remove_prefix(1);
    }
  }

  std::string_view remaining_;
  std::string html_;
};

}  // namespace

std::string schema_markup(std::string_view schema) { return formatter{schema}.format(); }

}  // namespace cohort::http
