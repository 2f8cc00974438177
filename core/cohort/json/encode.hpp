// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <cohort/json/description/constraints.hpp>
#include <cohort/json/writer.hpp>

namespace cohort::json {

namespace detail {

/// `"name":`, the JSON text of a member's key, if the name needs no escapes; otherwise empty.
template <class T, class Descriptor>
struct key_text {
  static constexpr auto name = member_name<T, Descriptor>();
  static constexpr bool is_plain = [] {
    for (const char c : name)
      if (c < 0x20 || c > 0x7E || c == '"' || c == '\\') return false;
    return true;
  }();
  static constexpr auto characters = [] {
    std::array<char, name.size() + 3> text{};
    text.front() = text[name.size() + 1] = '"';
    std::copy(name.begin(), name.end(), text.begin() + 1);
    text.back() = ':';
    return text;
  }();
};

template <class T, class Descriptor>
writer& write_key(writer& out) {
  using text = key_text<T, Descriptor>;
  if constexpr (!text::is_plain) return out.key(text::name);
  return out.raw_key({text::characters.data(), text::characters.size()});
}

}  // namespace detail

/// Writes a value of a described type: see `encode`.
template <class T>
void write_value(writer& out, const T& value) {
  if constexpr (std::same_as<T, bool> || integer<T> || string_like<T>) {
    out.value(value);
  } else if constexpr (std::floating_point<T>) {
    out.value(static_cast<double>(value));
  } else if constexpr (integral_duration<T>) {
    out.value(value.count());
  } else if constexpr (text_formatted<T>) {
    out.value(std::string_view{std::string{text_format<T>::print(value)}});
  } else if constexpr (described_enum<T>) {
    const auto name = enum_name(value);
    if (name.empty()) {
      out.null();
    } else {
      out.value(name);
    }
  } else if constexpr (optional_like<T>) {
    if (value) {
      write_value(out, *value);
    } else {
      out.null();
    }
  } else if constexpr (list_like<T>) {
    out.open_array();
    for (const typename T::value_type& element : value) write_value(out, element);
    out.close_array();
  } else if constexpr (map_like<T>) {
    out.open_object();
    for (const auto& [key, element] : value) write_value(out.key(key), element);
    out.close_object();
  } else {
    static_assert(described_struct<T>, "json::encode: describe this type, see <cohort/json/description/described.hpp>");
    out.open_object();
    boost::mp11::mp_for_each<members_of<T>>([&](auto descriptor) {
      using descriptor_type = decltype(descriptor);
      const auto& member_value = value.*descriptor_type::pointer;
      if constexpr (optional_like<member_type<T, descriptor_type>>) {
        if (!member_value) return;
      }
      write_value(detail::write_key<T, descriptor_type>(out), member_value);
    });
    out.close_object();
  }
}

/// The JSON text of a value of a described type (`BOOST_DESCRIBE_STRUCT`, and all that `decode` reads): the members in
/// the order of the description. A `std::optional` without a value is omitted as a member and `null` in a list; numbers
/// that JSON cannot represent and enumerators without a name are `null`. Constraints are not checked.
template <class T>
std::string encode(const T& value) {
  std::string text;
  writer out{text};
  write_value(out, value);
  return text;
}

}  // namespace cohort::json
