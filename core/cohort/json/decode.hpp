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

/// The handling of a member that the description does not have.
enum class unknown_members { reject, ignore };

struct decode_options {
  json::unknown_members unknown_members = json::unknown_members::reject;
  /// Decoding stops after this many errors.
  std::size_t max_errors = 32;
  /// Maximum nesting of described values; relevant for recursive types.
  std::size_t max_depth = 64;
  /// Maximum size of the text in bytes.
  std::size_t max_bytes = std::size_t{16} << 20U;
};

/// Reads the values of a document and collects the errors: the part of `decode` that does not depend on the type.
class decoder {
 public:
  explicit decoder(const decode_options& options) : options_(options) {}

  /// Parses `text`. Returns false after reporting why the text is not JSON or exceeds a limit.
  bool parse(std::string_view text, simdjson::dom::element& root);
  /// `reason` may be empty: then there is no error.
  void report(const path& at, std::string reason);
  /// Whether decoding should end: there are too many errors.
  bool is_full() const noexcept { return errors_.truncated; }
  const decode_errors& errors() const noexcept { return errors_; }
  decode_errors take_errors() noexcept { return std::move(errors_); }

  template <class T>
  void read(simdjson::dom::element source, T& out, const constraints_of<T>& constraints, const path& at);

 private:
  template <integer T>
  void read_integer(simdjson::dom::element source, T& out, const integer_constraints<T>& constraints, const path& at);
  template <class T>
  void read_list(simdjson::dom::element source, T& out, const list_constraints<T>& constraints, const path& at);
  template <class T>
  void read_map(simdjson::dom::element source, T& out, const map_constraints<T>& constraints, const path& at);
  template <class T>
  void read_object(simdjson::dom::element source, T& out, const path& at);
  /// Sets an absent member to its fallback, or reports it.
  template <class T>
  void complete(T& out, const constraints_of<T>& constraints, const path& at);
  void report_unknown_member(const path& at, const std::string& known_names);
  /// False after reporting that the value is nested too deeply.
  bool enter(const path& at);

  decode_options options_;
  decode_errors errors_;
  std::size_t depth_ = 0;
};

/// The value of a JSON number without a fraction, such as `3` or `3.0`.
struct integer_value {
  std::int64_t number = 0;
  /// Set instead of `number` if the value exceeds the range of `number`.
  std::uint64_t large_number = 0;
};
/// Empty if `source` is not an integer. A number with an exponent or a fraction of zeros counts as an integer up to
/// 2^53.
std::optional<integer_value> read_json_integer(simdjson::dom::element source);

template <integer T>
void decoder::read_integer(simdjson::dom::element source, T& out, const integer_constraints<T>& constraints,
                           const path& at) {
  const auto value = read_json_integer(source);
  if (!value) return report(at, integer_reason(constraints));
  const bool fits = value->large_number > 0 ? std::in_range<T>(value->large_number) : std::in_range<T>(value->number);
  if (!fits) return report(at, integer_reason(constraints, true));
  out = value->large_number > 0 ? static_cast<T>(value->large_number) : static_cast<T>(value->number);
  report(at, check_integer(out, constraints));
}

template <class T>
void decoder::read_list(simdjson::dom::element source, T& out, const list_constraints<T>& constraints, const path& at) {
  using element_type = typename detail::list_traits<T>::value_type;
  constexpr auto fixed_size = detail::list_traits<T>::size;
  simdjson::dom::array array;
  if (source.get(array) != simdjson::SUCCESS) return report(at, "must be an array");
  // `array.size()` is saturated at 2^24 - 1.
  std::size_t size = 0;
  for ([[maybe_unused]] const auto element : array) ++size;
  auto reason = fixed_size > 0 ? check_size(size, fixed_size, fixed_size, "item")
                               : check_size(size, constraints.min_items, constraints.max_items, "item");
  if (!reason.empty()) return report(at, std::move(reason));
  if constexpr (fixed_size == 0) out.clear();
  std::unordered_set<std::string> texts;
  std::size_t index = 0;
  for (const auto element : array) {
    if (is_full()) return;
    const path element_path{at, index};
    element_type value{};
    read<element_type>(element, value, constraints.items, element_path);
    if (constraints.unique && !texts.insert(encode(value)).second)
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
void decoder::read_map(simdjson::dom::element source, T& out, const map_constraints<T>& constraints, const path& at) {
  using value_type = typename detail::map_traits<T>::value_type;
  simdjson::dom::object object;
  if (source.get(object) != simdjson::SUCCESS) return report(at, "must be an object");
  out.clear();
  std::size_t size = 0;
  for ([[maybe_unused]] const auto field : object) ++size;
  auto reason = check_size(size, constraints.min_items, constraints.max_items, "member");
  if (!reason.empty()) return report(at, std::move(reason));
  for (const auto field : object) {
    if (is_full()) return;
    const path member_path{at, field.key};
    auto key_reason = check_string(field.key, {.max_length = constraints.max_key_length});
    if (!key_reason.empty()) report(member_path, "is a name that " + key_reason);
    value_type value{};
    read<value_type>(field.value, value, constraints.values, member_path);
    if (!out.emplace(std::string{field.key}, std::move(value)).second) report(member_path, "must not be repeated");
  }
}

template <class T>
void decoder::complete(T& out, const constraints_of<T>& constraints, const path& at) {
  if constexpr (requires { constraints.fallback; }) {
    if (constraints.fallback) {
      out = value_type_of<T>(*constraints.fallback);
      return;
    }
  }
  if (is_required<T>(constraints)) report(at, "is required");
}

template <class T>
void decoder::read_object(simdjson::dom::element source, T& out, const path& at) {
  using members = members_of<T>;
  constexpr auto member_count = boost::mp11::mp_size<members>::value;
  simdjson::dom::object object;
  if (source.get(object) != simdjson::SUCCESS) return report(at, "must be an object");
  std::array<bool, member_count + 1> is_present{};
  for (const auto field : object) {
    if (is_full()) return;
    const path member_path{at, field.key};
    bool is_known = false;
    boost::mp11::mp_for_each<boost::mp11::mp_iota_c<member_count>>([&](auto index) {
      using descriptor = boost::mp11::mp_at_c<members, decltype(index)::value>;
      if (is_known || field.key != member_name<T, descriptor>()) return;
      is_known = true;
      if (std::exchange(is_present[index], true)) return report(member_path, "must not be repeated");
      auto& member_value = out.*descriptor::pointer;
      read<member_type<T, descriptor>>(field.value, member_value, constraints_on<T, descriptor>, member_path);
    });
    if (is_known || options_.unknown_members == unknown_members::ignore) continue;
    std::string names;
    boost::mp11::mp_for_each<members>([&](auto descriptor) {
      names.append(names.empty() ? "" : ", ").append(member_name<T, decltype(descriptor)>());
    });
    report_unknown_member(member_path, names);
  }
  boost::mp11::mp_for_each<boost::mp11::mp_iota_c<member_count>>([&](auto index) {
    using descriptor = boost::mp11::mp_at_c<members, decltype(index)::value>;
    if (is_present[index]) return;
    complete<member_type<T, descriptor>>(out.*descriptor::pointer, constraints_on<T, descriptor>,
                                         path{at, member_name<T, descriptor>()});
  });
}

template <class T>
void decoder::read(simdjson::dom::element source, T& out, const constraints_of<T>& constraints, const path& at) {
  if constexpr (optional_like<T>) {
    if (source.is_null()) {
      out.reset();
    } else {
      read<value_type_of<T>>(source, out.emplace(), constraints, at);
    }
  } else if constexpr (std::same_as<T, bool>) {
    if (source.get(out) != simdjson::SUCCESS) report(at, "must be true or false");
  } else if constexpr (integer<T>) {
    read_integer<T>(source, out, constraints, at);
  } else if constexpr (std::floating_point<T>) {
    double number = 0;
    if (source.get(number) != simdjson::SUCCESS) return report(at, number_reason(constraints));
    out = static_cast<T>(number);
    report(at, check_number(number, constraints));
  } else if constexpr (integral_duration<T>) {
    typename T::rep count = 0;
    read_integer<typename T::rep>(source, count, count_constraints(constraints), at);
    out = T{count};
  } else if constexpr (list_like<T>) {
    if (enter(at)) read_list<T>(source, out, constraints, at), --depth_;
  } else if constexpr (map_like<T>) {
    if (enter(at)) read_map<T>(source, out, constraints, at), --depth_;
  } else if constexpr (described_struct<T>) {
    if (enter(at)) read_object<T>(source, out, at), --depth_;
  } else {
    std::string_view text;
    const bool is_string = source.get(text) == simdjson::SUCCESS;
    if constexpr (std::same_as<T, std::string>) {
      if (!is_string) return report(at, "must be a string");
      out = text;
      report(at, check_string(text, constraints));
    } else if constexpr (described_enum<T>) {
      const auto value = is_string ? enum_from_name<T>(text) : std::nullopt;
      if (!value) return report(at, enum_reason<T>());
      out = *value;
    } else {
      static_assert(text_formatted<T>, "json::decode: this type cannot be decoded; use std::string for strings");
      auto value = is_string ? text_format<T>::parse(text) : std::nullopt;
      if (!value) return report(at, text_format_reason<T>());
      out = std::move(*value);
    }
  }
}

/// Decodes JSON text into a described type: a struct with `BOOST_DESCRIBE_STRUCT`, nested as needed, of `bool`,
/// integers, floating-point numbers, `std::string`, enumerations with `BOOST_DESCRIBE_ENUM` (by their names), integral
/// durations, points in time (RFC 3339), types with a `text_format`, and `std::optional`, `std::vector`, `std::array`,
/// `std::map<std::string, …>` of these; `T` must be default-initializable. `constraints(type<T>)` defines the
/// constraints.
///
/// Rejects input that is not valid JSON in UTF-8 (RFC 8259), absent members unless they are optional, repeated members,
/// and unknown members unless they are ignored. On failure, the result contains all errors of the document, not only
/// the first. Integers outside 64 bits make the whole text invalid.
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
