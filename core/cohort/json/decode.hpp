// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <cohort/json/description/checks.hpp>
#include <cohort/json/encode.hpp>
#include <cohort/json/field_error.hpp>
#include <cohort/json/parser.hpp>

namespace cohort::json {

/// Specifies how to handle members that the description does not contain.
enum class unknown_member_policy { reject, ignore };

struct decode_options {
  json::unknown_member_policy unknown_members = json::unknown_member_policy::reject;
  /// Decoding stops after this many errors.
  std::size_t max_errors = 32;
  /// Maximum nesting of described values; relevant for recursive types.
  std::size_t max_depth = 64;
  /// Maximum size of the text in bytes.
  std::size_t max_bytes = std::size_t{16} << 20U;
};

/// Reads the values of a document and collects their errors. Implements `decode`.
class decoder {
 public:
  explicit decoder(const decode_options& options) : options_(options) {}

  /// Parses `text`. Returns false, and reports an error, if the text is not valid JSON or exceeds a limit.
  bool parse(std::string_view text, simdjson::dom::element& root);
  /// Adds an error for the value, unless `reason` is empty.
  void report(const path& value_path, std::string reason);
  /// Whether there are more errors than `max_errors`, so that decoding must stop.
  bool has_too_many_errors() const noexcept { return errors_.is_truncated; }
  const decode_errors& errors() const noexcept { return errors_; }
  decode_errors take_errors() noexcept { return std::move(errors_); }

  template <class T>
  void read(simdjson::dom::element source, T& out, const constraints_of<T>& constraints, const path& value_path);

 private:
  template <integer T>
  void read_integer(simdjson::dom::element source, T& out, const integer_constraints<T>& constraints,
                    const path& value_path);
  template <class T>
  void read_list(simdjson::dom::element source, T& out, const list_constraints<T>& constraints, const path& value_path);
  template <class T>
  void read_map(simdjson::dom::element source, T& out, const map_constraints<T>& constraints, const path& value_path);
  template <class T>
  void read_object(simdjson::dom::element source, T& out, const path& value_path);
  /// Sets an absent member to its fallback value. Reports an error if the member is required.
  template <class T>
  void set_absent_member(T& out, const constraints_of<T>& constraints, const path& value_path);
  void report_unknown_member(const path& value_path, const std::string& known_names);
  /// Enters a nested value. Returns false, and reports an error, if the value is nested too deeply.
  bool enter(const path& value_path);

  decode_options options_;
  decode_errors errors_;
  std::size_t depth_ = 0;
};

/// The value of a JSON number without a fraction, such as `3` or `3.0`.
struct integer_value {
  std::int64_t number = 0;
  /// The value if it exceeds the range of `number`; otherwise 0.
  std::uint64_t large_number = 0;
};
/// Returns the value of `source`, or an empty optional if `source` is not an integer. Up to 2^53, an integer may be
/// written with an exponent or with zeros after the decimal point.
std::optional<integer_value> read_json_integer(simdjson::dom::element source);

template <integer T>
void decoder::read_integer(simdjson::dom::element source, T& out, const integer_constraints<T>& constraints,
                           const path& value_path) {
  const auto value = read_json_integer(source);
  if (!value) return report(value_path, integer_reason(constraints));
  const bool fits = value->large_number > 0 ? std::in_range<T>(value->large_number) : std::in_range<T>(value->number);
  if (!fits) return report(value_path, integer_reason(constraints, true));
  out = value->large_number > 0 ? static_cast<T>(value->large_number) : static_cast<T>(value->number);
  report(value_path, check_integer(out, constraints));
}

template <class T>
void decoder::read_list(simdjson::dom::element source, T& out, const list_constraints<T>& constraints,
                        const path& value_path) {
  using element_type = typename detail::list_traits<T>::value_type;
  constexpr auto fixed_size = detail::list_traits<T>::size;
  simdjson::dom::array array;
  if (source.get(array) != simdjson::SUCCESS) return report(value_path, "must be an array");
  // `array.size()` saturates at 2^24 - 1.
  std::size_t size = 0;
  for ([[maybe_unused]] const auto element : array) ++size;
  auto reason = fixed_size > 0 ? check_size(size, fixed_size, fixed_size, "item")
                               : check_size(size, constraints.min_items, constraints.max_items, "item");
  if (!reason.empty()) return report(value_path, std::move(reason));
  if constexpr (fixed_size == 0) out.clear();
  std::unordered_set<std::string> encoded_items;
  std::size_t index = 0;
  for (const auto element : array) {
    if (has_too_many_errors()) return;
    const path element_path{value_path, index};
    element_type value{};
    read<element_type>(element, value, constraints.items, element_path);
    if (constraints.unique && !encoded_items.insert(encode(value)).second)
      report(element_path, "must not repeat an earlier item");
    if constexpr (fixed_size == 0) {
      out.push_back(std::move(value));
    } else {
      out[index] = std::move(value);
    }
    ++index;
  }
}

template <class T>
void decoder::read_map(simdjson::dom::element source, T& out, const map_constraints<T>& constraints,
                       const path& value_path) {
  using value_type = typename detail::map_traits<T>::value_type;
  simdjson::dom::object object;
  if (source.get(object) != simdjson::SUCCESS) return report(value_path, "must be an object");
  out.clear();
  std::size_t size = 0;
  for ([[maybe_unused]] const auto field : object) ++size;
  auto reason = check_size(size, constraints.min_items, constraints.max_items, "member");
  if (!reason.empty()) return report(value_path, std::move(reason));
  for (const auto field : object) {
    if (has_too_many_errors()) return;
    const path member_path{value_path, field.key};
    auto key_reason = check_string(field.key, {.max_length = constraints.max_key_length});
    if (!key_reason.empty()) report(member_path, "is a name that " + key_reason);
    value_type value{};
    read<value_type>(field.value, value, constraints.values, member_path);
    if (!out.emplace(std::string{field.key}, std::move(value)).second) report(member_path, "must not be repeated");
  }
}

template <class T>
void decoder::set_absent_member(T& out, const constraints_of<T>& constraints, const path& value_path) {
  if constexpr (requires { constraints.fallback; }) {
    if (constraints.fallback) {
      out = value_type_of<T>(*constraints.fallback);
      return;
    }
  }
  if (is_required<T>(constraints)) report(value_path, "is required");
}

template <class T>
void decoder::read_object(simdjson::dom::element source, T& out, const path& value_path) {
  using members = members_of<T>;
  constexpr auto member_count = boost::mp11::mp_size<members>::value;
  simdjson::dom::object object;
  if (source.get(object) != simdjson::SUCCESS) return report(value_path, "must be an object");
  std::array<bool, member_count + 1> is_present{};
  for (const auto field : object) {
    if (has_too_many_errors()) return;
    const path member_path{value_path, field.key};
    bool is_known = false;
    boost::mp11::mp_for_each<boost::mp11::mp_iota_c<member_count>>([&](auto index) {
      using descriptor = boost::mp11::mp_at_c<members, decltype(index)::value>;
      if (is_known || field.key != member_name<T, descriptor>()) return;
      is_known = true;
      if (std::exchange(is_present[index], true)) return report(member_path, "must not be repeated");
      auto& member_value = out.*descriptor::pointer;
      read<member_type<T, descriptor>>(field.value, member_value, constraints_on<T, descriptor>, member_path);
    });
    if (is_known || options_.unknown_members == unknown_member_policy::ignore) continue;
    std::string names;
    boost::mp11::mp_for_each<members>([&](auto descriptor) {
      names.append(names.empty() ? "" : ", ").append(member_name<T, decltype(descriptor)>());
    });
    report_unknown_member(member_path, names);
  }
  boost::mp11::mp_for_each<boost::mp11::mp_iota_c<member_count>>([&](auto index) {
    using descriptor = boost::mp11::mp_at_c<members, decltype(index)::value>;
    if (is_present[index]) return;
    set_absent_member<member_type<T, descriptor>>(out.*descriptor::pointer, constraints_on<T, descriptor>,
                                                  path{value_path, member_name<T, descriptor>()});
  });
}

template <class T>
void decoder::read(simdjson::dom::element source, T& out, const constraints_of<T>& constraints,
                   const path& value_path) {
  if constexpr (optional_like<T>) {
    if (source.is_null()) {
      out.reset();
    } else {
      read<value_type_of<T>>(source, out.emplace(), constraints, value_path);
    }
  } else if constexpr (std::same_as<T, bool>) {
    if (source.get(out) != simdjson::SUCCESS) report(value_path, "must be true or false");
  } else if constexpr (integer<T>) {
    read_integer<T>(source, out, constraints, value_path);
  } else if constexpr (std::floating_point<T>) {
    double number = 0;
    if (source.get(number) != simdjson::SUCCESS) return report(value_path, number_reason(constraints));
    out = static_cast<T>(number);
    report(value_path, check_number(number, constraints));
  } else if constexpr (integral_duration<T>) {
    typename T::rep count = 0;
    read_integer<typename T::rep>(source, count, count_constraints(constraints), value_path);
    out = T{count};
  } else if constexpr (list_like<T>) {
    if (enter(value_path)) read_list<T>(source, out, constraints, value_path), --depth_;
  } else if constexpr (map_like<T>) {
    if (enter(value_path)) read_map<T>(source, out, constraints, value_path), --depth_;
  } else if constexpr (described_struct<T>) {
    if (enter(value_path)) read_object<T>(source, out, value_path), --depth_;
  } else {
    std::string_view text;
    const bool is_string = source.get(text) == simdjson::SUCCESS;
    if constexpr (std::same_as<T, std::string>) {
      if (!is_string) return report(value_path, "must be a string");
      out = text;
      report(value_path, check_string(text, constraints));
    } else if constexpr (described_enum<T>) {
      const auto value = is_string ? enum_from_name<T>(text) : std::nullopt;
      if (!value) return report(value_path, enum_reason<T>());
      out = *value;
    } else {
      static_assert(text_formatted<T>, "json::decode: this type cannot be decoded; use std::string for strings");
      auto value = is_string ? text_format<T>::parse(text) : std::nullopt;
      if (!value) return report(value_path, text_format_reason<T>());
      out = std::move(*value);
    }
  }
}

/// Decodes JSON text into a value of a described type: a struct with `BOOST_DESCRIBE_STRUCT`. Its members can be
/// `bool`, integers, floating-point numbers, `std::string`, enumerations with `BOOST_DESCRIBE_ENUM` (by their names),
/// integral durations, time points (RFC 3339), types with a `text_format`, other described structs, and
/// `std::optional`, `std::vector`, `std::array`, `std::map<std::string, …>` of these; `T` must be
/// default-initializable. `constraints(type<T>)` defines the constraints.
///
/// Rejects input that is not valid JSON in UTF-8 (RFC 8259), absent members unless they are optional, repeated members,
/// and unknown members unless they are ignored. On failure, the result contains all errors of the document, not only
/// the first. A document with an integer that exceeds 64 bits is invalid.
template <class T>
boost::system::result<T, decode_errors> decode(std::string_view text, const decode_options& options = {}) {
  decoder decoder{options};
  T value{};
  simdjson::dom::element root;
  if (decoder.parse(text, root)) decoder.read<T>(root, value, constraints_of<T>{}, path{});
  if (!decoder.errors().list.empty()) return decoder.take_errors();
  return value;
}

}  // namespace cohort::json
