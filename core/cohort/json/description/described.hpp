// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cohort/json/description/text_format.hpp>

// The types that `decode`, `encode`, `schema` and the extraction of request parameters support, and their categories.
namespace cohort::json {

/// The integral types except `bool` and the character types.
template <class T>
concept integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                  !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

/// A struct with `BOOST_DESCRIBE_STRUCT` (or a class with `BOOST_DESCRIBE_CLASS`). Its JSON value is an object with the
/// public members.
template <class T>
concept described_struct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value && !text_formatted<T>;

/// An enumeration with `BOOST_DESCRIBE_ENUM` or `BOOST_DEFINE_ENUM_CLASS`. Its JSON value is the name of the
/// enumerator.
template <class T>
concept described_enum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value && !text_formatted<T>;

namespace detail {
template <class T>
struct is_duration : std::false_type {};
template <class Rep, class Period>
struct is_duration<std::chrono::duration<Rep, Period>> : std::bool_constant<integer<Rep>> {};

template <class T>
struct optional_value {
  using type = T;
};
template <class T>
struct optional_value<std::optional<T>> {
  using type = T;
};

/// `size` is the fixed number of elements; 0 if the number is variable.
template <class T>
struct list_traits {};
template <class T, class Allocator>
struct list_traits<std::vector<T, Allocator>> {
  using value_type = T;
  static constexpr std::size_t size = 0;
};
template <class T, std::size_t Size>
struct list_traits<std::array<T, Size>> {
  using value_type = T;
  static constexpr std::size_t size = Size;
};

template <class T>
struct map_traits {};
template <class T, class Less, class Allocator>
struct map_traits<std::map<std::string, T, Less, Allocator>> {
  using value_type = T;
};
template <class T, class Hash, class Equal, class Allocator>
struct map_traits<std::unordered_map<std::string, T, Hash, Equal, Allocator>> {
  using value_type = T;
};
}  // namespace detail

/// A duration with an integral representation. Its JSON value is the number of its units.
template <class T>
concept integral_duration = detail::is_duration<T>::value;
template <class T>
concept string_like = std::same_as<T, std::string> || std::same_as<T, std::string_view>;
/// `std::vector` or `std::array`.
template <class T>
concept list_like = requires { typename detail::list_traits<T>::value_type; };
/// `std::map` or `std::unordered_map` with strings as keys. Its JSON value is an object with arbitrary members.
template <class T>
concept map_like = requires { typename detail::map_traits<T>::value_type; };
template <class T>
concept optional_like = !std::same_as<T, typename detail::optional_value<T>::type>;

/// `T`, or the type of the value if `T` is a `std::optional`.
template <class T>
using value_type_of = typename detail::optional_value<T>::type;

/// Whether `BOOST_DESCRIBE_STRUCT` of a struct omits data members intentionally. Specialize it for such a struct,
/// before the first use; otherwise the omission is a compile-time error if the struct is an aggregate:
///
///     template <> inline constexpr bool cohort::json::omits_members<session> = true;
template <class T>
inline constexpr bool omits_members = false;

namespace detail {
/// An object that converts to every type except the base classes of `T`. Use it only as an initializer in unevaluated
/// expressions.
template <class T>
struct any_member {
  template <class Member>
    requires(!std::is_base_of_v<Member, T>)
  operator Member() const noexcept;  // NOLINT(google-explicit-constructor)
};

template <class T, std::size_t... Indices>
consteval bool accepts_initializers(std::index_sequence<Indices...>) {
  return requires { T{(static_cast<void>(Indices), any_member<T>{})...}; };
}

/// Returns whether an aggregate has more members than it describes, or false if that cannot be determined.
template <class T, std::size_t DescribedCount>
consteval bool has_undescribed_member() {
  if constexpr (omits_members<T> || !std::is_aggregate_v<T>) {
    return false;
  } else {
    return accepts_initializers<T>(std::make_index_sequence<DescribedCount + 1>{});
  }
}

template <class T>
struct described_members {
  using type = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
  static_assert(!has_undescribed_member<T, boost::mp11::mp_size<type>::value>(),
                "BOOST_DESCRIBE_STRUCT of this struct omits a data member, so JSON would not contain it: add it, or "
                "specialize cohort::json::omits_members");
};
}  // namespace detail

/// The descriptors of Boost.Describe for the members of `T`; members of base classes come first.
template <class T>
using members_of = typename detail::described_members<T>::type;

/// The type of a member by its descriptor.
template <class T, class Descriptor>
using member_type = std::remove_cvref_t<decltype(std::declval<T&>().*Descriptor::pointer)>;

/// The enumerator with this name; empty if there is none.
template <described_enum T>
std::optional<T> enum_from_name(std::string_view name) {
  std::optional<T> found;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
    if (name == enumerator.name) found = enumerator.value;
  });
  return found;
}

/// The name of an enumerator; empty if `value` is not an enumerator.
template <described_enum T>
std::string_view enum_name(T value) {
  std::string_view name;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
    if (value == enumerator.value && name.empty()) name = enumerator.name;
  });
  return name;
}

}  // namespace cohort::json
