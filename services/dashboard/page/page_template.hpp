// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::dashboard {

/// An HTML text with slots: `<!--=name-->default<!--/-->`.
class page_template {
 public:
  /// `html` must outlive this object. A slot without an end is plain text.
  explicit page_template(std::string_view html);

  /// The text with the content of its slots. `fill` returns HTML by the name of a slot, or empty for the default.
  std::string render(const std::function<std::string(std::string_view slot)>& fill) const;

 private:
  struct part {
    std::string_view text;  // before the slot
    std::string_view slot;  // empty after the last one
    std::string_view preset;
  };
  std::vector<part> parts_;
};

}  // namespace cohort::dashboard
