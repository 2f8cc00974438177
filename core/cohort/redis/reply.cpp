// SPDX-License-Identifier: BSL-1.0
#include <cohort/redis/reply.hpp>

#include <charconv>

namespace cohort::redis {
namespace {

error mismatch_error(const reply& value, std::string_view expected_type) {
  std::string message{"the reply is of the type "};
  message += to_string(value.type);
  message += ", not ";
  message += expected_type;
  return {errc::type_mismatch, std::move(message)};
}

template <class T>
std::optional<T> parse(std::string_view text) {
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string_view to_string(reply::kind type) noexcept {
  switch (type) {
    case reply::kind::null: return "null";
    case reply::kind::simple_string: return "simple string";
    case reply::kind::blob_string: return "blob string";
    case reply::kind::verbatim_string: return "verbatim string";
    case reply::kind::error: return "error";
    case reply::kind::number: return "number";
    case reply::kind::real: return "double";
    case reply::kind::boolean: return "boolean";
    case reply::kind::big_number: return "big number";
    case reply::kind::array: return "array";
    case reply::kind::set: return "set";
    case reply::kind::map: return "map";
    case reply::kind::push: return "push";
  }
  return "unknown";
}

result<std::string> reply::as_string() const {
  if (!is_string()) return mismatch_error(*this, "a string");
  return text;
}

result<std::optional<std::string>> reply::as_optional_string() const {
  if (is_null()) return std::optional<std::string>{};
  if (!is_string()) return mismatch_error(*this, "a string");
  return std::optional{text};
}

result<std::int64_t> reply::as_integer() const {
  if (type == kind::number) return number;
  const auto parsed = is_string() ? parse<std::int64_t>(text) : std::nullopt;
  if (!parsed) return mismatch_error(*this, "an integer");
  return *parsed;
}

result<double> reply::as_double() const {
  if (type == kind::real) return real;
  if (type == kind::number) return static_cast<double>(number);
  const auto parsed = is_string() ? parse<double>(text) : std::nullopt;
  if (!parsed) return mismatch_error(*this, "a number");
  return *parsed;
}

result<bool> reply::as_bool() const {
  const bool is_boolean = type == kind::boolean || (type == kind::number && (number == 0 || number == 1));
  if (!is_boolean) return result<bool>(boost::system::in_place_error, mismatch_error(*this, "a boolean"));
  return result<bool>(boost::system::in_place_value, number == 1);
}

result<std::vector<std::string>> reply::as_strings() const {
  if (type != kind::array && type != kind::set) return mismatch_error(*this, "an array of strings");
  std::vector<std::string> strings;
  for (const auto& item : items) {
    if (!item.is_string()) return mismatch_error(item, "a string");
    strings.push_back(item.text);
  }
  return strings;
}

const reply* reply::find(std::string_view key) const noexcept {
  if (type != kind::map) return nullptr;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].is_string() && items[i].text == key) return &items[i + 1];
  }
  return nullptr;
}

}  // namespace cohort::redis
