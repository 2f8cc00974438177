// SPDX-License-Identifier: BSL-1.0
#include <simdjson.h>

#include <algorithm>

#include "simulation/lab/lab.hpp"

namespace cohort::simulation::labs {
namespace {

using simdjson::dom::element;

class comparison {
 public:
  explicit comparison(const std::vector<std::string>& allowed) : allowed_paths_(allowed) {}

  std::optional<std::string> difference_of(element a, element b, const std::string& path) const {
    if (is_allowed(path)) return std::nullopt;
    if (a.is_object() && b.is_object()) return object_difference(a.get_object(), b.get_object(), path);
    if (a.is_array() && b.is_array()) return array_difference(a.get_array(), b.get_array(), path);
    if (simdjson::minify(a) == simdjson::minify(b)) return std::nullopt;
    return path;
  }

 private:
  bool is_allowed(const std::string& path) const {
    return std::find(allowed_paths_.begin(), allowed_paths_.end(), path) != allowed_paths_.end();
  }

  std::optional<std::string> object_difference(simdjson::dom::object a, simdjson::dom::object b,
                                               const std::string& path) const {
    const auto path_of = [&](std::string_view key) { return path + (path.empty() ? "" : ".") + std::string{key}; };
    for (const auto& [key, value] : a) {
      element other;
      if (b.at_key(key).get(other) == simdjson::SUCCESS) {
        if (auto found = difference_of(value, other, path_of(key))) return found;
      } else if (!is_allowed(path_of(key))) {
        return path_of(key);
      }
    }
    for (const auto& [key, value] : b) {
      element other;
      if (a.at_key(key).get(other) != simdjson::SUCCESS && !is_allowed(path_of(key))) return path_of(key);
    }
    return std::nullopt;
  }

  std::optional<std::string> array_difference(simdjson::dom::array a, simdjson::dom::array b,
                                              const std::string& path) const {
    auto i = a.begin();
    auto j = b.begin();
    for (std::size_t index = 0; i != a.end() || j != b.end(); ++index, ++i, ++j) {
      const auto at = path + "[" + std::to_string(index) + "]";
      if (!(i != a.end()) || !(j != b.end())) return at;
      if (auto found = difference_of(*i, *j, at)) return found;
    }
    return std::nullopt;
  }

  const std::vector<std::string>& allowed_paths_;
};

}  // namespace

std::optional<std::string> find_difference(std::string_view text, std::string_view reference,
                                           const std::vector<std::string>& allowed) {
  simdjson::dom::parser first;
  simdjson::dom::parser second;
  return comparison{allowed}.difference_of(first.parse(simdjson::padded_string{text}).value(),
                                           second.parse(simdjson::padded_string{reference}).value(), "");
}

}  // namespace cohort::simulation::labs
