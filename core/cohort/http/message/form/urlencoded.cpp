// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/form/urlencoded.hpp>

#include <simdjson.h>

#include <optional>

#include <cohort/http/message/request/target.hpp>

namespace cohort::http {

boost::system::result<form_fields, std::string> parse_urlencoded(std::string_view text, std::size_t max_fields) {
  const auto is_valid = [](const std::optional<std::string>& part) {
    return part && part->find('\0') == std::string::npos && simdjson::validate_utf8(part->data(), part->size());
  };
  form_fields fields;
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto parameter = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (parameter.empty()) continue;
    if (fields.size() == max_fields) return "must have at most " + std::to_string(max_fields) + " parameters";
    const auto equals = parameter.find('=');
    auto name = decode_query_component(parameter.substr(0, equals));
    auto value = equals == std::string_view::npos ? std::optional{std::string{}}
                                                  : decode_query_component(parameter.substr(equals + 1));
    if (!is_valid(name) || !is_valid(value)) return std::string{"must be percent-encoded UTF-8 without NUL"};
    fields.emplace_back(std::move(*name), std::move(*value));
  }
  return fields;
}

}  // namespace cohort::http
