// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/response_fields.hpp>

#include <algorithm>

#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

/// Initial capacity of the string in bytes; sufficient for most responses.
constexpr std::size_t initial_text_capacity = 1000;

}  // namespace

response_fields::response_fields(std::string_view text, position_list positions) : positions_(std::move(positions)) {
  text_.reserve(initial_text_capacity);
  text_.append(text);
}

void response_fields::emplace_back(std::string_view name, std::string_view value) {
  if (positions_.capacity() == 0) {
    positions_.reserve(initial_capacity);
    text_.reserve(initial_text_capacity);
  }
  const auto name_begin = static_cast<std::uint32_t>(text_.size());
  const auto name_size = static_cast<std::uint32_t>(name.size());
  positions_.push_back({name_begin, name_size, name_begin + name_size, static_cast<std::uint32_t>(value.size())});
  text_.append(name).append(value);
}

void response_fields::erase(std::string_view name) {
  std::erase_if(positions_, [&](const position& field) {
    return iequals(std::string_view{text_}.substr(field.name_begin, field.name_size), name);
  });
}

bool operator==(const response_fields& a, const response_fields& b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace cohort::http
