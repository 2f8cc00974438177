// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <cohort/json/description/constraints.hpp>
#include <cohort/json/encode.hpp>

// JSON Schema (2020-12) of described types, with their constraints. OpenAPI 3.1 uses the same dialect.
namespace cohort::json {

namespace detail {
/// The name of a type as the compiler writes it, such as `shop::order`.
template <class T>
constexpr std::string_view compiler_type_name() {
  // Clang: "… [T = shop::order]"; GCC: "… [with T = shop::order; std::string_view = …]".
  constexpr std::string_view function = __PRETTY_FUNCTION__;
  constexpr auto start = function.find("T = ") + 4;
  constexpr auto end = function.find_first_of(";]", start);
  return function.substr(start, end - start);
}
}  // namespace detail

/// The schemas of structs and enumerations, by their names, and references to them.
class schema_definitions {
 public:
  /// `reference_prefix` is `#/components/schemas/` in OpenAPI. If `is_closed`, objects do not allow other members.
  explicit schema_definitions(std::string reference_prefix = "#/$defs/", bool is_closed = true)
      : reference_prefix_(std::move(reference_prefix)), is_closed_(is_closed) {}

  /// Returns the schema of a value: `{"$ref":…}` for a struct or an enumeration, whose schema is added to
  /// `definitions`.
  template <class T>
  std::string schema_of(const constraints_of<T>& constraints = {}) {
    std::string text;
    writer out{text};
    write<T>(out, constraints);
    return text;
  }
  /// JSON schemas by names such as `order`. If two types have the same name, the name of the second type includes its
  /// namespaces.
  const std::map<std::string, std::string, std::less<>>& definitions() const noexcept { return definitions_; }

 private:
  template <class T>
  void write(writer& out, const constraints_of<T>& constraints);
  template <class T>
  void write_keywords(writer& out, const constraints_of<T>& constraints);
  template <class T>
  void define_struct(const std::string& name);
  /// Returns a reference to the type. If the type is new, sets `name`; the caller must then define the type.
  std::string reference(std::string_view type_name, std::string& name);
  static void write_string_keywords(writer& out, const string_constraints& constraints);

  std::string reference_prefix_;
  bool is_closed_;
  std::map<std::string, std::string, std::less<>> definitions_;
  std::map<std::string, std::string, std::less<>> names_;  // keyed by the type names that the compiler prints
};

/// Adds `description` to the schema of a `text_format`, unless `description` is empty.
std::string add_description(std::string_view schema, std::string_view description);

template <class T>
void schema_definitions::write(writer& out, const constraints_of<T>& constraints) {
  if constexpr (optional_like<T>) {
    out.open_object().key("anyOf").open_array();
    write<value_type_of<T>>(out, constraints);
    out.open_object().field("type", "null").close_object().close_array().close_object();
  } else if constexpr (text_formatted<T>) {
    out.raw(add_description(text_format<T>::schema, constraints.description));
  } else {
    out.open_object();
    write_keywords<T>(out, constraints);
    if (!constraints.description.empty()) out.field("description", constraints.description);
    if constexpr (requires { constraints.fallback; }) {
      if (constraints.fallback) write_value(out.key("default"), *constraints.fallback);
    }
    out.close_object();
  }
}

template <class T>
void schema_definitions::write_keywords(writer& out, const constraints_of<T>& constraints) {
  if constexpr (std::same_as<T, bool>) {
    out.field("type", "boolean");
  } else if constexpr (integer<T> || integral_duration<T>) {
    out.field("type", "integer");
    using bound_type =
        typename std::conditional_t<integer<T>, std::type_identity<T>, std::type_identity<std::int64_t>>::type;
    // Without constraints, an integer of less than 64 bits has the bounds of its type.
    constexpr bool is_narrow = integer<T> && (sizeof(T) < 8 || std::is_unsigned_v<T>);
    if (constraints.min || is_narrow)
      write_value(out.key("minimum"), constraints.min ? *constraints.min : T{std::numeric_limits<bound_type>::min()});
    if (constraints.max || is_narrow)
      write_value(out.key("maximum"), constraints.max ? *constraints.max : T{std::numeric_limits<bound_type>::max()});
  } else if constexpr (std::floating_point<T>) {
    out.field("type", "number");
    if (constraints.min) out.field("minimum", *constraints.min);
    if (constraints.max) out.field("maximum", *constraints.max);
  } else if constexpr (string_like<T>) {
    write_string_keywords(out, constraints);
  } else if constexpr (list_like<T>) {
    constexpr auto size = detail::list_traits<T>::size;
    out.field("type", "array").key("items");
    write<typename detail::list_traits<T>::value_type>(out, constraints.items);
    if (const auto min = size > 0 ? size : constraints.min_items; min > 0) out.field("minItems", min);
    if (const auto max = size > 0 ? std::optional{size} : constraints.max_items) out.field("maxItems", *max);
    if (constraints.unique) out.field("uniqueItems", true);
  } else if constexpr (map_like<T>) {
    out.field("type", "object").key("additionalProperties");
    write<typename detail::map_traits<T>::value_type>(out, constraints.values);
    if (constraints.min_items > 0) out.field("minProperties", constraints.min_items);
    if (constraints.max_items) out.field("maxProperties", *constraints.max_items);
    if (constraints.max_key_length)
      out.key("propertyNames").open_object().field("maxLength", *constraints.max_key_length).close_object();
  } else {
    std::string name;
    out.field("$ref", reference(detail::compiler_type_name<T>(), name));
    if (name.empty()) return;
    if constexpr (described_enum<T>) {
      std::string text;
      writer definition{text};
      definition.open_object().field("type", "string").key("enum").open_array();
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
          [&](auto enumerator) { definition.value(enumerator.name); });
      definition.close_array().close_object();
      definitions_[name] = std::move(text);
    } else {
      define_struct<T>(name);
    }
  }
}

template <class T>
void schema_definitions::define_struct(const std::string& name) {
  std::string text;
  writer out{text};
  out.open_object().field("type", "object").key("properties").open_object();
  boost::mp11::mp_for_each<members_of<T>>([&](auto descriptor) {
    using descriptor_type = decltype(descriptor);
    out.key(member_name<T, descriptor_type>());
    write<member_type<T, descriptor_type>>(out, constraints_on<T, descriptor_type>);
  });
  out.close_object().key("required").open_array();
  boost::mp11::mp_for_each<members_of<T>>([&](auto descriptor) {
    using descriptor_type = decltype(descriptor);
    if (is_required<member_type<T, descriptor_type>>(constraints_on<T, descriptor_type>))
      out.value(member_name<T, descriptor_type>());
  });
  out.close_array();
  if (is_closed_) out.field("additionalProperties", false);
  out.close_object();
  definitions_[name] = std::move(text);
}

/// The JSON Schema document of a described type; nested structs and enumerations are in `$defs`.
template <class T>
std::string schema(bool is_closed = true) {
  schema_definitions definitions{"#/$defs/", is_closed};
  auto root = definitions.schema_of<T>();
  std::string text;
  writer out{text};
  out.open_object().field("$schema", "https://json-schema.org/draft/2020-12/schema");
  out.raw(std::string_view{root}.substr(1, root.size() - 2));
  if (!definitions.definitions().empty()) {
    out.key("$defs").open_object();
    for (const auto& [name, definition] : definitions.definitions()) out.key(name).raw(definition);
    out.close_object();
  }
  out.close_object();
  return text;
}

}  // namespace cohort::json
