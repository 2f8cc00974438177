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

/// Reads HTML as the XML that it is, too, if it is well-formed: every element closed in its place, every attribute in
/// quotes, and no `<` or `&` that is none.
class markup_check {
 public:
  explicit markup_check(std::string html) : html_(std::move(html)) { read(); }

  /// What is not well-formed; the first of them is worth reading.
  const std::vector<std::string>& problems() const noexcept { return problems_; }
  bool has_element(const std::string& name) const { return elements_.contains(name); }
  bool has_attribute(const std::string& name) const { return attributes_.contains(name); }
  /// What a reader reads, all of it on end.
  const std::string& text() const noexcept { return text_; }

 private:
  void problem(const std::string& what) { problems_.push_back(what + " at " + html_.substr(at_, 60)); }
  bool at_end() const noexcept { return at_ >= html_.size(); }
  std::string_view rest() const noexcept { return std::string_view{html_}.substr(at_); }

  void read() {
    constexpr std::string_view type = "<!doctype html>";
    if (!rest().starts_with(type)) problem("no document type");
    at_ += type.size();
    while (!at_end() && problems_.empty()) {
      if (html_[at_] == '<') {
        read_tag();
      } else {
        const auto end = std::min(html_.find('<', at_), html_.size());
        text_ += plain(html_.substr(at_, end - at_)) + ' ';
        at_ = end;
      }
    }
    if (problems_.empty() && !open_.empty()) problems_.push_back(open_.back() + " is not closed");
  }

  void read_tag() {
    const bool closing = rest().starts_with("</");
    at_ += closing ? 2 : 1;
    const auto name = word();
    if (name.empty()) return problem("a stray <");
    if (closing) {
      if (open_.empty() || open_.back() != name) return problem("</" + name + "> closes nothing");
      open_.pop_back();
    } else {
      elements_.insert(name);
      while (!at_end() && html_[at_] == ' ') read_attribute();
      if (rest().starts_with("/")) {
        ++at_;
      } else {
        open_.push_back(name);
      }
    }
    if (!rest().starts_with(">")) return problem("a tag without an end");
    ++at_;
  }

  void read_attribute() {
    ++at_;
    const auto name = word();
    attributes_.insert(name);
    if (name.empty() || !rest().starts_with("=\"")) return problem("an attribute without a value");
    at_ += 2;
    const auto end = std::min(html_.find('"', at_), html_.size());
    const auto value = html_.substr(at_, end - at_);
    if (value.find('<') != std::string::npos) problem("a < in an attribute");
    plain(value);
    at_ = end + 1;
  }

  std::string word() {
    const auto from = at_;
    while (!at_end() && (std::isalnum(static_cast<unsigned char>(html_[at_])) || html_[at_] == '-')) ++at_;
    return html_.substr(from, at_ - from);
  }

  /// With the entities read; all that may be there.
  std::string plain(const std::string& text) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> entities{
        {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}}};
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '&') {
        made += text[i];
        continue;
      }
      const auto found = std::find_if(entities.begin(), entities.end(), [&](const auto& each) {
        return std::string_view{text}.substr(i).starts_with(each.first);
      });
      if (found == entities.end()) {
        problem("a stray &");
        break;
      }
      made += found->second;
      i += found->first.size() - 1;
    }
    return made;
  }

  std::string html_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
  std::set<std::string> elements_;
  std::set<std::string> attributes_;
  std::string text_;
  std::vector<std::string> problems_;
};

}  // namespace cohort::loadgen
