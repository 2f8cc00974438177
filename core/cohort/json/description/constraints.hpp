// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <cohort/json/description/described.hpp>

// Constraints on the members of a described struct. Define them beside the struct:
//
//     struct item {
//       std::string name;
//       int quantity = 1;
//     };
//     BOOST_DESCRIBE_STRUCT(item, (), (name, quantity))
//     constexpr auto constraints(json::type<item>) {
//       return json::constrain(json::member(&item::name, {.min_length = 1, .max_length = 40}),
//                              json::member(&item::quantity, {.min = 1, .max = 100, .fallback = 1}));
//     }
//
// `decode` checks the constraints, and `schema` documents them; request parameters use them in the same way. The
// function is found by argument-dependent lookup: declare it in the namespace of the struct, before the first use. A
// function in another namespace is ignored; to detect that, add `static_assert(json::has_constraints<item>)` after the
// function.
namespace cohort::json {

/// Tag argument of `constraints(type<T>)`, for argument-dependent lookup.
template <class T>
struct type {};

/// Whether argument-dependent lookup finds `constraints(type<T>)`.
template <class T>
concept has_constraints = requires { constraints(type<T>{}); };

// Members of all constraints:
//   name         the name in JSON, if it differs from the name of the member
//   description  the description in the schema
//   fallback     the value of an absent member; a member with a fallback is not required
//   required     if false, an absent member keeps its initial value. A `std::optional` is never required.

/// Constraints on `bool`.
struct bool_constraints {
  std::optional<bool> fallback{};
  bool required = true;
  std::string_view name{};
  std::string_view description{};
};

/// Constraints on integers. The bounds are inclusive; a missing bound is the limit of the type.
template <integer T>
struct integer_constraints {
  std::optional<T> min{};
  std::optional<T> max{};
  std::optional<T> fallback{};
  bool required = true;
  std::string_view name{};
  std::string_view description{};
};

/// Constraints on floating-point numbers. The bounds are inclusive.
struct number_constraints {
  std::optional<double> min{};
  std::optional<double> max{};
  std::optional<double> fallback{};
  bool required = true;
  std::string_view name{};
  std::string_view description{};
};

/// Constraints on durations. The JSON value of a duration is the number of its units. The bounds are inclusive.
template <integral_duration T>
struct duration_constraints {
  std::optional<T> min{};
  std::optional<T> max{};
  std::optional<T> fallback{};
  bool required = true;
  std::string_view name{};
  std::string_view description{};
};

/// Constraints on strings. Lengths are in characters (Unicode code points), as in JSON Schema.
struct string_constraints {
  std::size_t min_length = 0;
  std::optional<std::size_t> max_length{};
  /// The accepted characters, in the syntax of a character class of a regular expression: ASCII characters and ranges,
  /// such as `A-Za-z0-9_-`. A literal `-` must be first or last. If empty, all characters are accepted.
  std::string_view characters{};
  /// A custom check; `expected` completes the reason "must be …".
  bool (*check)(std::string_view) = nullptr;
  std::string_view expected = "valid";
  std::optional<std::string_view> fallback{};
  bool required = true;
  std::string_view name{};
  std::string_view description{};
};

/// Constraints on enumerations.
template <described_enum T>
struct enum_constraints {
  std::optional<T> fallback{};
  bool required = true;
  std::string_view name{};
  std::string_view description{};
};

/// Constraints on described structs and types with a `text_format`.
struct basic_constraints {
  bool required = true;
  std::string_view name{};
  std::string_view description{};
};

/// The type of the constraints for values of type `T`; specialize it only for wrappers of other types.
template <class T>
struct constraints_for {
  static_assert(text_formatted<T> || described_struct<T>,
                "this type cannot be described: use bool, an integer, double, std::string, std::optional, std::vector, "
                "std::array, std::map<std::string, T>, an enumeration with BOOST_DESCRIBE_ENUM, a struct with "
                "BOOST_DESCRIBE_STRUCT, a duration, a sys_time, or specialize cohort::json::text_format for it");
  using type = basic_constraints;
};
template <class T>
using constraints_of = typename constraints_for<value_type_of<T>>::type;

/// Constraints on `std::vector` and `std::array`.
template <list_like T>
struct list_constraints {
  std::size_t min_items = 0;
  std::optional<std::size_t> max_items{};
  /// Whether equal elements are rejected. Elements are equal if their JSON representations are equal.
  bool unique = false;
  /// The constraints on each element.
  constraints_of<typename detail::list_traits<T>::value_type> items{};
  bool required = true;
  std::string_view name{};
  std::string_view description{};
};

/// Constraints on maps with strings as keys.
template <map_like T>
struct map_constraints {
  std::size_t min_items = 0;
  std::optional<std::size_t> max_items{};
  /// The constraints on each value.
  constraints_of<typename detail::map_traits<T>::value_type> values{};
  /// Maximum length of a key in characters.
  std::optional<std::size_t> max_key_length{};
  bool required = true;
  std::string_view name{};
  std::string_view description{};
};

template <>
struct constraints_for<bool> {
  using type = bool_constraints;
};
template <integer T>
struct constraints_for<T> {
  using type = integer_constraints<T>;
};
template <std::floating_point T>
struct constraints_for<T> {
  using type = number_constraints;
};
template <integral_duration T>
struct constraints_for<T> {
  using type = duration_constraints<T>;
};
template <string_like T>
struct constraints_for<T> {
  using type = string_constraints;
};
template <described_enum T>
struct constraints_for<T> {
  using type = enum_constraints<T>;
};
template <list_like T>
struct constraints_for<T> {
  using type = list_constraints<T>;
};
template <map_like T>
struct constraints_for<T> {
  using type = map_constraints<T>;
};

/// The constraints on one member.
template <class Struct, class Member>
struct member_constraints {
  using member_pointer = Member Struct::*;
  member_pointer pointer;
  constraints_of<Member> constraints;
};

/// The constraints on one member, such as `member(&item::name, {.max_length = 40})`.
template <class Struct, class Member>
constexpr member_constraints<Struct, Member> member(Member Struct::* pointer, constraints_of<Member> constraints) {
  return {pointer, constraints};
}

/// The constraints on the members of a struct: the result of `constraints(type<T>)`.
template <class... Members>
constexpr std::tuple<Members...> constrain(Members... members) {
  return {members...};
}

namespace detail {
template <class Pointer>
struct owner;
template <class Member, class Class>
struct owner<Member Class::*> {
  using type = Class;
};

/// Sets `found` to the constraints on the member `Descriptor` in `constraints(type<T>)`.
template <class T, class Descriptor, class Constraints>
constexpr void find_constraints(Constraints& found) {
  if constexpr (has_constraints<T>) {
    std::apply(
        [&](const auto&... candidates) {
          const auto copy_if_same_member = [&](const auto& candidate) {
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(candidate.pointer)>,
                                         std::remove_cvref_t<decltype(Descriptor::pointer)>>) {
              if (candidate.pointer == Descriptor::pointer) found = candidate.constraints;
            }
          };
          (copy_if_same_member(candidates), ...);
        },
        constraints(type<T>{}));
  }
}

/// Returns the constraints on a member by its descriptor: those of `T`, otherwise those of the base class that has the
/// member, otherwise the defaults.
template <class T, class Descriptor>
constexpr auto find_constraints() {
  using base = typename owner<std::remove_cvref_t<decltype(Descriptor::pointer)>>::type;
  constraints_of<member_type<T, Descriptor>> found{};
  find_constraints<base, Descriptor>(found);
  if constexpr (!std::is_same_v<base, T>) find_constraints<T, Descriptor>(found);
  return found;
}
}  // namespace detail

/// The constraints on the member `Descriptor` of `T`.
template <class T, class Descriptor>
inline constexpr auto constraints_on = detail::find_constraints<T, Descriptor>();

/// The name of a member in JSON.
template <class T, class Descriptor>
constexpr std::string_view member_name() {
  constexpr auto custom_name = constraints_on<T, Descriptor>.name;
  return custom_name.empty() ? std::string_view{Descriptor::name} : custom_name;
}

/// Whether a value of type `T` with these constraints must be present.
template <class T>
constexpr bool is_required(const constraints_of<T>& constraints) {
  if constexpr (optional_like<T>) {
    return false;
  } else if constexpr (requires { constraints.fallback; }) {
    return constraints.required && !constraints.fallback;
  } else {
    return constraints.required;
  }
}

}  // namespace cohort::json
