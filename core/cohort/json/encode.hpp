// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include <cohort/json/description/constraints.hpp>
#include <cohort/json/writer.hpp>

namespace cohort::json {

namespace detail {

/// The JSON text of a member's key, such as `"name":`. Valid only if the name needs no escapes (`is_plain`).
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

/// A member whose JSON text has a known maximum size.
template <class T>
concept bounded_member = std::same_as<T, bool> || integer<T> || std::floating_point<T> || string_like<T>;

/// Whether a struct has only bounded members, as most small responses do.
template <class T>
constexpr bool is_flat = [] {
  bool flat = true;
  boost::mp11::mp_for_each<members_of<T>>([&]<class Descriptor>(Descriptor) {
    flat = flat && key_text<T, Descriptor>::is_plain && bounded_member<member_type<T, Descriptor>>;
  });
  return flat;
}();

/// The maximum size of the JSON text of a flat struct if no string needs an escape.
template <class T>
std::size_t max_flat_size(const T& value) {
  std::size_t size = 2;
  boost::mp11::mp_for_each<members_of<T>>([&]<class Descriptor>(Descriptor) {
    size += key_text<T, Descriptor>::characters.size() + 1;
    if constexpr (string_like<member_type<T, Descriptor>>) {
      size += (value.*Descriptor::pointer).size() + 2;
    } else {
      size += max_number_size;
    }
  });
  return size;
}

inline char* copy_characters(char* out, std::string_view text) noexcept {
  return std::copy_n(text.data(), text.size(), out);
}

/// Writes a member's value to `out`. Returns the end of the text, or null if the value is a string that needs an
/// escape.
template <bounded_member T>
char* write_flat_member(char* out, const T& value) noexcept {
  if constexpr (std::same_as<T, bool>) {
    return copy_characters(out, value ? "true" : "false");
  } else if constexpr (integer<T>) {
    return std::to_chars(out, out + max_number_size, value).ptr;
  } else if constexpr (std::floating_point<T>) {
    return write_number(out, static_cast<double>(value));
  } else {
    *out++ = '"';
    if (!copy_unescaped(value, out)) return nullptr;
    out += value.size();
    *out++ = '"';
    return out;
  }
}

/// Writes a flat struct, and reserves memory once. Returns false, without any output, if a string needs an escape.
template <class T>
bool write_flat(writer& out, const T& value) {
  auto* end = out.prepare(max_flat_size(value));
  char separator = '{';
  boost::mp11::mp_for_each<members_of<T>>([&]<class Descriptor>(Descriptor) {
    if (!end) return;
    *end++ = std::exchange(separator, ',');
    constexpr auto& key = key_text<T, Descriptor>::characters;
    end = write_flat_member(std::copy(key.begin(), key.end(), end), value.*Descriptor::pointer);
  });
  if (end) *end++ = '}';
  out.finish(end);
  return end != nullptr;
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
    static_assert(described_struct<T>,
                  "json::encode: this type is not described; see <cohort/json/description/described.hpp>");
    if constexpr (detail::is_flat<T> && boost::mp11::mp_size<members_of<T>>::value > 0) {
      if (detail::write_flat(out, value)) return;
    }
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

/// Returns the JSON text of a value of a type that `decode` supports. The members have the order of the description. A
/// member that is an empty `std::optional` is omitted; in a list, it is `null`. Numbers that JSON cannot represent and
/// enumerators without a name are `null`. Constraints are not checked.
template <class T>
std::string encode(const T& value) {
  std::string text;
  writer out{text};
  write_value(out, value);
  return text;
}

}  // namespace cohort::json
