// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <cohort/http/message/form/urlencoded.hpp>
#include <cohort/http/server/input/input_error.hpp>
#include <cohort/http/server/input/text_value.hpp>
#include <cohort/http/server/request_context.hpp>
#include <cohort/json/decode.hpp>

namespace cohort::http {

/// Reads typed values from a request, and collects every error:
///
///     http::input in{context};
///     const auto id = in.path<std::int64_t>("id", {.min = 1});
///     const auto limit = in.query<int>("limit", {.min = 1, .max = 100, .fallback = 20});
///     const auto tags = in.query<std::vector<std::string>>("tag", {.max_items = 8});    // tag=a&tag=b
///     auto order = in.body<shop::order>();
///     if (!in) co_return in.error_response();
///
/// A value with an error is value-initialized; do not use the values before the check. A value is required unless it
/// has a fallback, or is a `std::optional` or a `std::vector`. A scalar that is given more than once is an error. See
/// `<cohort/json/description/constraints.hpp>` for the types and constraints.
class input {
 public:
  /// The context must outlive this object.
  explicit input(const request_context& context) : context_(context) {}

  /// The decoded path segment `{name}`. Throws `std::logic_error` if the route's pattern has none.
  template <class T>
  T path(std::string_view name, const json::constraints_of<T>& constraints = {});
  /// The query parameter; for a `std::vector`, all parameters with this name. Unknown parameters are ignored.
  template <class T>
  T query(std::string_view name, const json::constraints_of<T>& constraints = {});
  /// The header field; for a `std::vector`, the elements of the comma-separated lists of all fields of this name.
  template <class T>
  T header(std::string_view name, const json::constraints_of<T>& constraints = {});
  template <class T>
  T cookie(std::string_view name, const json::constraints_of<T>& constraints = {});
  /// The JSON body: see `json::decode`. A media type other than `application/json` or `…+json` is an error with status
  /// 415.
  template <class T>
  T body(const json::decode_options& options = {});
  /// The body of an HTML form, `application/x-www-form-urlencoded`, with a field for each member of the described
  /// struct. Unknown fields are errors. Another media type is an error with status 415.
  template <json::described_struct T>
  T form();
  /// The fields of an HTML form, in the order received.
  form_fields form();
  /// The offered media type that the client prefers; an error with status 406 if the client accepts none of the offers.
  std::string_view accept(std::initializer_list<std::string_view> offers);

  /// Adds the error of an application's check; `in` is `path`, `query`, `header`, `cookie` or `body`.
  void reject(std::string_view in, std::string_view field, std::string reason);
  /// Whether there is no error.
  explicit operator bool() const noexcept { return errors_.empty(); }
  const std::vector<input_error>& errors() const noexcept { return errors_; }
  /// The response that lists all errors: 415 or 406 if an error has that status, otherwise 400. Precondition: there is
  /// an error.
  response error_response() const;

 private:
  using text_list = std::vector<std::string_view>;

  template <class T>
  T read(std::string_view in, std::string_view name, const text_list& values,
         const json::constraints_of<T>& constraints);
  template <class T>
  T read_list(std::string_view in, std::string_view name, const text_list& values,
              const json::constraints_of<T>& constraints);
  const form_fields& query_fields();
  text_list header_values(std::string_view name, bool is_list) const;
  static text_list find_all(const form_fields& fields, std::string_view name);
  /// Both functions return false after they have reported an error with status 415.
  bool expect_json();
  bool expect_no_coding();
  void reject_unknown_fields(const form_fields& fields, const std::vector<std::string_view>& known);
  void set_status(status code) noexcept { status_ = code; }

  const request_context& context_;
  std::optional<form_fields> query_fields_;
  std::vector<input_error> errors_;
  bool is_truncated_ = false;
  status status_ = status::bad_request;
};

template <class T>
T input::read_list(std::string_view in, std::string_view name, const text_list& values,
                   const json::constraints_of<T>& constraints) {
  using element_type = typename T::value_type;
  static_assert(json::detail::list_traits<T>::size == 0, "use std::vector for a list of parameters");
  T list;
  reject(in, name, json::check_size(values.size(), constraints.min_items, constraints.max_items, "value"));
  if (constraints.max_items && values.size() > *constraints.max_items) return list;
  std::unordered_set<std::string_view> seen;
  for (const auto text : values) {
    element_type value{};
    reject(in, name, parse_text<element_type>(text, value, constraints.items));
    if (constraints.unique && !seen.insert(text).second) reject(in, name, "must not have equal values");
    list.push_back(std::move(value));
  }
  return list;
}

template <class T>
T input::read(std::string_view in, std::string_view name, const text_list& values,
              const json::constraints_of<T>& constraints) {
  if constexpr (json::list_like<T>) {
    return read_list<T>(in, name, values, constraints);
  } else {
    T value{};
    if (values.size() > 1) {
      reject(in, name, "must not be repeated");
    } else if (values.size() == 1) {
      reject(in, name, parse_text<T>(values.front(), value, constraints));
    } else if constexpr (requires { constraints.fallback; }) {
      if (constraints.fallback) {
        value = json::value_type_of<T>(*constraints.fallback);
      } else if (json::is_required<T>(constraints)) {
        reject(in, name, "is required");
      }
    } else if (json::is_required<T>(constraints)) {
      reject(in, name, "is required");
    }
    return value;
  }
}

template <class T>
T input::path(std::string_view name, const json::constraints_of<T>& constraints) {
  return read<T>("path", name, {context_.parameter(name)}, constraints);
}

template <class T>
T input::query(std::string_view name, const json::constraints_of<T>& constraints) {
  return read<T>("query", name, find_all(query_fields(), name), constraints);
}

template <class T>
T input::header(std::string_view name, const json::constraints_of<T>& constraints) {
  return read<T>("header", name, header_values(name, json::list_like<T>), constraints);
}

std::optional<std::string_view> find_cookie(const request_context& context, std::string_view name);

template <class T>
T input::cookie(std::string_view name, const json::constraints_of<T>& constraints) {
  const auto value = find_cookie(context_, name);
  return read<T>("cookie", name, value ? text_list{*value} : text_list{}, constraints);
}

template <class T>
T input::body(const json::decode_options& options) {
  if (!expect_json()) return T{};
  auto decoded = json::decode<T>(context_.body(), options);
  if (decoded) return std::move(*decoded);
  for (auto& [field, reason] : decoded.error().list) reject("body", field, std::move(reason));
  is_truncated_ = is_truncated_ || decoded.error().is_truncated;
  return T{};
}

template <json::described_struct T>
T input::form() {
  T value{};
  const auto previous_error_count = errors_.size();
  const auto fields = form();
  if (errors_.size() > previous_error_count) return value;
  std::vector<std::string_view> known;
  boost::mp11::mp_for_each<json::members_of<T>>([&](auto descriptor) {
    using descriptor_type = decltype(descriptor);
    using member_type = json::member_type<T, descriptor_type>;
    constexpr auto name = json::member_name<T, descriptor_type>();
    const auto& constraints = json::constraints_on<T, descriptor_type>;
    known.push_back(name);
    const auto values = find_all(fields, name);
    if (values.empty() && !constraints.required) return;
    value.*descriptor_type::pointer = read<member_type>("body", name, values, constraints);
  });
  reject_unknown_fields(fields, known);
  return value;
}

}  // namespace cohort::http
