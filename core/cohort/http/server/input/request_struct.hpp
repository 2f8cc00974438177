// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/http/server/input/input.hpp>
#include <cohort/http/server/routing/operation_description.hpp>
#include <cohort/json/schema.hpp>

// A struct that is filled from the parts of a request, described once:
//
//     struct list_orders {
//       http::from_path<std::int64_t> customer;
//       http::from_query<int> limit;
//       http::from_header<std::optional<std::string>> if_none_match;   // If-None-Match
//     };
//     BOOST_DESCRIBE_STRUCT(list_orders, (), (customer, limit, if_none_match))
//     constexpr auto constraints(json::type<list_orders>) {
//       return json::constrain(json::member(&list_orders::limit, {.min = 1, .max = 100, .fallback = 20}));
//     }
//     router.get("/customers/{customer}/orders", http::typed<list_orders>([](const list_orders& request) { … }));
namespace cohort::http {

namespace input_detail {
/// A value with its source in a request; converts to the value.
template <class T>
struct sourced_value {
  using value_type = T;
  T value{};

  operator const T&() const noexcept { return value; }
  const T& operator*() const noexcept { return value; }
  const T* operator->() const noexcept { return &value; }
};
}  // namespace input_detail

template <class T>
struct from_path : input_detail::sourced_value<T> {
  static constexpr std::string_view source = "path";
};
template <class T>
struct from_query : input_detail::sourced_value<T> {
  static constexpr std::string_view source = "query";
};
/// The name of the field is the name of the member with `-` instead of `_`.
template <class T>
struct from_header : input_detail::sourced_value<T> {
  static constexpr std::string_view source = "header";
};
template <class T>
struct from_cookie : input_detail::sourced_value<T> {
  static constexpr std::string_view source = "cookie";
};
/// The entire body, as JSON.
template <class T>
struct from_body : input_detail::sourced_value<T> {
  static constexpr std::string_view source = "body";
};

/// A struct whose members are all `from_…`.
template <class T>
concept request_struct = json::described_struct<T>;

namespace input_detail {
template <class T>
concept has_source = requires {
  typename T::value_type;
  { T::source } -> std::convertible_to<std::string_view>;
};

/// The name of a parameter: from the constraints of the member, otherwise the name of the member.
template <class T, class Descriptor>
std::string parameter_name() {
  std::string name{json::member_name<T, Descriptor>()};
  if (json::member_type<T, Descriptor>::source != "header") return name;
  for (char& c : name)
    if (c == '_') c = '-';
  return name;
}

template <class Member>
void read_member(input& in, Member& member, const std::string& name,
                 const json::constraints_of<typename Member::value_type>& constraints) {
  using T = typename Member::value_type;
  if constexpr (Member::source == "path") {
    member.value = in.path<T>(name, constraints);
  } else if constexpr (Member::source == "query") {
    member.value = in.query<T>(name, constraints);
  } else if constexpr (Member::source == "header") {
    member.value = in.header<T>(name, constraints);
  } else if constexpr (Member::source == "cookie") {
    member.value = in.cookie<T>(name, constraints);
  } else {
    member.value = in.body<T>();
  }
}
}  // namespace input_detail

/// Fills a request struct; errors are in `in`.
template <request_struct T>
T extract(input& in) {
  T request{};
  boost::mp11::mp_for_each<json::members_of<T>>([&](auto descriptor) {
    using descriptor_type = decltype(descriptor);
    static_assert(input_detail::has_source<json::member_type<T, descriptor_type>>,
                  "each member of a request struct is a from_path, from_query, from_header, from_cookie or from_body");
    input_detail::read_member(in, request.*descriptor_type::pointer, input_detail::parameter_name<T, descriptor_type>(),
                              json::constraints_on<T, descriptor_type>);
  });
  return request;
}

/// Describes a request struct. The schemas of structs and enumerations are added to `definitions`.
template <json::described_struct T>
request_description describe_request(json::schema_definitions& definitions) {
  request_description description;
  boost::mp11::mp_for_each<json::members_of<T>>([&](auto descriptor) {
    using descriptor_type = decltype(descriptor);
    using member_type = json::member_type<T, descriptor_type>;
    using value_type = typename member_type::value_type;
    const auto& constraints = json::constraints_on<T, descriptor_type>;
    auto schema = definitions.schema_of<json::value_type_of<value_type>>(constraints);
    if constexpr (member_type::source == "body") {
      description.body_schema = std::move(schema);
    } else {
      bool is_required = json::is_required<value_type>(constraints);
      if constexpr (json::list_like<value_type>) is_required = constraints.min_items > 0;
      description.parameters.push_back({.name = input_detail::parameter_name<T, descriptor_type>(),
                                        .in = std::string{member_type::source},
                                        .required = is_required || member_type::source == "path",
                                        .description = std::string{constraints.description},
                                        .schema = std::move(schema)});
    }
  });
  return description;
}

}  // namespace cohort::http

namespace cohort::json {

/// A parameter or body has the constraints of its value.
template <http::input_detail::has_source T>
struct constraints_for<T> {
  using type = constraints_of<typename T::value_type>;
};

}  // namespace cohort::json
