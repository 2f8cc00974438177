// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/page/page_template.hpp"

namespace cohort::dashboard {
namespace {

constexpr std::string_view slot_begin = "<!--=";
constexpr std::string_view name_end = "-->";
constexpr std::string_view slot_end = "<!--/-->";

}  // namespace

page_template::page_template(std::string_view html) {
  for (;;) {
    const auto begin = html.find(slot_begin);
    const auto content = begin == html.npos ? html.npos : html.find(name_end, begin);
    const auto end = content == html.npos ? html.npos : html.find(slot_end, content);
    if (end == html.npos) break;
    const auto name = begin + slot_begin.size();
    const auto preset = content + name_end.size();
    parts_.push_back({html.substr(0, begin), html.substr(name, content - name), html.substr(preset, end - preset)});
    html.remove_prefix(end + slot_end.size());
  }
  parts_.push_back({html, {}, {}});
}

std::string page_template::render(const std::function<std::string(std::string_view slot)>& fill) const {
  std::string html;
  for (const auto& part : parts_) {
    html += part.text;
    if (part.slot.empty()) continue;
    const auto content = fill(part.slot);
    html += content.empty() ? part.preset : std::string_view{content};
  }
  return html;
}

}  // namespace cohort::dashboard
