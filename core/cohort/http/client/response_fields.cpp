// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/response_fields.hpp>

#include <algorithm>

#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

/// Initial capacities; sufficient for most responses.
constexpr std::size_t initial_text_capacity = 1000;
constexpr std::size_t initial_entry_capacity = 16;

}  // namespace

response_fields::value_type response_fields::operator[](std::size_t index) const noexcept {
  const auto& found = entries_[index];
  const auto* const name = text_.data() + found.begin;
  return {{name, found.name_size}, {name + found.name_size, found.value_size}};
}

void response_fields::emplace_back(std::string_view name, std::string_view value) {
  if (entries_.capacity() == 0) {
    entries_.reserve(initial_entry_capacity);
    text_.reserve(initial_text_capacity);
  }
  entries_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())});
  text_.append(name).append(value);
}

void response_fields::erase(std::string_view name) {
  std::erase_if(entries_, [&](const entry& field) {
    return iequals(std::string_view{text_}.substr(field.begin, field.name_size), name);
  });
}

bool operator==(const response_fields& a, const response_fields& b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace cohort::http
