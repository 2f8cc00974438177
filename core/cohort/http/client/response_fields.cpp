// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/response_fields.hpp>

#include <algorithm>

#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

/// Initial capacity of the string in bytes; sufficient for most responses.
constexpr std::size_t initial_text_capacity = 1000;

}  // namespace

response_fields::response_fields(const response_fields& other)
    : content_(other.content_ ? std::make_unique<content>(*other.content_) : nullptr) {}

response_fields::response_fields(std::string_view text, position_list positions)
    : content_(std::make_unique<content>()) {
  content_->positions = std::move(positions);
  content_->text.reserve(initial_text_capacity);
  content_->text.append(text);
}

void response_fields::emplace_back(std::string_view name, std::string_view value) {
  if (!content_) {
    content_ = std::make_unique<content>();
    content_->positions.reserve(initial_capacity);
    content_->text.reserve(initial_text_capacity);
  }
  auto& [text, positions] = *content_;
  const auto name_begin = static_cast<std::uint32_t>(text.size());
  const auto name_size = static_cast<std::uint32_t>(name.size());
  positions.push_back({name_begin, name_size, name_begin + name_size, static_cast<std::uint32_t>(value.size())});
  text.append(name).append(value);
}

void response_fields::erase(std::string_view name) {
  if (!content_) return;
  std::erase_if(content_->positions, [&](const position& field) {
    return iequals(std::string_view{content_->text}.substr(field.name_begin, field.name_size), name);
  });
}

bool operator==(const response_fields& a, const response_fields& b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace cohort::http
