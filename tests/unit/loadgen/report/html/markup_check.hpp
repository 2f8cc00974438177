// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cohort::loadgen {

/// Checks that an HTML page is well-formed XML: elements are nested correctly, attributes are quoted, and `<` and `&`
/// are escaped.
class markup_check {
 public:
  explicit markup_check(std::string html) : html_(std::move(html)) { read(); }

  const std::vector<std::string>& errors() const noexcept { return errors_; }
  bool has_element(const std::string& name) const { return elements_.contains(name); }
  bool has_attribute(const std::string& name) const { return attributes_.contains(name); }
  /// Returns the text content of all elements, unescaped.
  const std::string& text() const noexcept { return text_; }

 private:
  void add_error(const std::string& error) { errors_.push_back(error + " at " + html_.substr(position_, 60)); }
  bool at_end() const noexcept { return position_ >= html_.size(); }
  std::string_view rest() const noexcept { return std::string_view{html_}.substr(position_); }

  void read() {
    constexpr std::string_view document_type = "<!doctype html>";
    if (!rest().starts_with(document_type)) add_error("no document type");
    position_ += document_type.size();
    while (!at_end() && errors_.empty()) {
      if (html_[position_] == '<') {
        read_tag();
      } else {
        const auto end = std::min(html_.find('<', position_), html_.size());
        text_ += unescape(html_.substr(position_, end - position_)) + ' ';
        position_ = end;
      }
    }
    if (errors_.empty() && !open_elements_.empty()) errors_.push_back(open_elements_.back() + " is not closed");
  }

  void read_tag() {
    const bool is_end_tag = rest().starts_with("</");
    position_ += is_end_tag ? 2 : 1;
    const auto name = read_name();
    if (name.empty()) return add_error("unescaped <");
    if (is_end_tag) {
      if (open_elements_.empty() || open_elements_.back() != name) return add_error("unexpected </" + name + ">");
      open_elements_.pop_back();
    } else {
      elements_.insert(name);
      while (!at_end() && html_[position_] == ' ') read_attribute();
      if (rest().starts_with("/")) {
        ++position_;
      } else {
        open_elements_.push_back(name);
      }
    }
    if (!rest().starts_with(">")) return add_error("unterminated tag");
    ++position_;
  }

  void read_attribute() {
    ++position_;
    const auto name = read_name();
    attributes_.insert(name);
    if (name.empty() || !rest().starts_with("=\"")) return add_error("attribute without a quoted value");
    position_ += 2;
    const auto end = std::min(html_.find('"', position_), html_.size());
    const auto value = html_.substr(position_, end - position_);
    if (value.find('<') != std::string::npos) add_error("unescaped < in an attribute");
    unescape(value);
    position_ = end + 1;
  }

  std::string read_name() {
    const auto start = position_;
    while (!at_end() && (std::isalnum(static_cast<unsigned char>(html_[position_])) || html_[position_] == '-')) {
      ++position_;
    }
    return html_.substr(start, position_ - start);
  }

  std::string unescape(const std::string& escaped) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> entities{
        {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}}};
    std::string text;
    for (std::size_t i = 0; i < escaped.size(); ++i) {
      if (escaped[i] != '&') {
        text += escaped[i];
        continue;
      }
      const auto entity = std::find_if(entities.begin(), entities.end(), [&](const auto& candidate) {
        return std::string_view{escaped}.substr(i).starts_with(candidate.first);
      });
      if (entity == entities.end()) {
        add_error("unescaped &");
        break;
      }
      text += entity->second;
      i += entity->first.size() - 1;
    }
    return text;
  }

  std::string html_;
  std::size_t position_ = 0;
  std::vector<std::string> open_elements_;
  std::set<std::string> elements_;
  std::set<std::string> attributes_;
  std::string text_;
  std::vector<std::string> errors_;
};

}  // namespace cohort::loadgen
