// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/page/page_markup.hpp"

#include <cohort/http/message/html.hpp>

namespace cohort::dashboard {

std::string badge_html(badge_style style, std::string_view label) {
  std::string html = R"(<span class="badge" data-tone=")";
  html.append(style.tone).append(R"("><svg class="icon" aria-hidden="true"><use href="#icon-)").append(style.icon);
  html.append(R"("></use></svg><span class="badge-label">)").append(http::escape_html(label)).append("</span></span>");
  return html;
}

std::string pluralize(std::size_t count, std::string_view noun) {
  return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}

std::string truncate(std::string_view text, std::size_t max_characters) {
  std::size_t characters = 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (starts_character && ++characters == max_characters) kept = i;
  }
  return characters <= max_characters ? std::string{text} : std::string{text.substr(0, kept)} + "…";
}

}  // namespace cohort::dashboard
