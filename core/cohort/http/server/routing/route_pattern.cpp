// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/routing/route_pattern.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

template <class Integer>
bool is_integer(std::string_view text) noexcept {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_hyphen_position = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_hyphen_position ? text[i] != '-' : !is_hex_digit(text[i])) return false;
  }
  return true;
}

bool is_name(std::string_view text) noexcept {
  const auto is_name_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_character);
}

}  // namespace

bool is_parameter_value(parameter_type type, std::string_view segment) noexcept {
  switch (type) {
    case parameter_type::uuid: return is_uuid(segment);
    case parameter_type::uint: return is_integer<std::uint64_t>(segment);
    case parameter_type::integer: return is_integer<std::int64_t>(segment);
    case parameter_type::text: return !segment.empty();
  }
  return false;
}

route_pattern::route_pattern(std::string text) : text_(std::move(text)) {
  if (!text_.starts_with('/')) {
    throw std::invalid_argument{"route pattern \"" + text_ + "\" must start with '/'"};
  }
  const auto is_forbidden = [](char c) {
    return c == '?' || c == '#' || c == '%' || static_cast<unsigned char>(c) < ' ' || c == 0x7F;
  };
  if (const auto found = std::ranges::find_if(text_, is_forbidden); found != text_.end()) {
    throw std::invalid_argument{"route pattern \"" + text_ + "\" is compared with decoded paths: it must not have a " +
                                "query, a fragment, percent-encoding or control characters"};
  }
  for (std::string_view rest = text_; !rest.empty();) {
    rest.remove_prefix(1);
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    add_segment(segment, rest.empty());
  }
}

void route_pattern::add_segment(std::string_view segment, bool is_last) {
  const bool is_parameter = segment.size() >= 2 && segment.front() == '{' && segment.back() == '}';
  const auto content = is_parameter ? segment.substr(1, segment.size() - 2) : segment;
  if (content.find_first_of("{}") != std::string_view::npos) {
    throw std::invalid_argument{"route pattern \"" + text_ +
                                "\": a parameter must be an entire path segment, such as " +
                                "/{name}/, but one segment is \"" + std::string{segment} + "\""};
  }
  if (is_parameter) {
    add_parameter(content, is_last);
    return;
  }
  if (segment == "*") {
    throw std::invalid_argument{"route pattern \"" + text_ + "\": \"*\" is not supported; use {name...} for the rest " +
                                "of the path"};
  }
  if (segment == "." || segment == "..") {
    throw std::invalid_argument{"route pattern \"" + text_ + "\" has a dot segment, which clients remove"};
  }
  if (segment.empty() && !is_last) {
    throw std::invalid_argument{"route pattern \"" + text_ + "\" has an empty segment (\"//\")"};
  }
  segments_.push_back({pattern_segment::kind::literal, parameter_type::text, std::string{segment}});
}

void route_pattern::add_parameter(std::string_view declaration, bool is_last) {
  pattern_segment segment{pattern_segment::kind::parameter, parameter_type::text, {}};
  auto name = declaration;
  if (declaration.ends_with("...")) {
    segment.segment_kind = pattern_segment::kind::rest;
    name.remove_suffix(3);
    if (!is_last) {
      throw std::invalid_argument{"route pattern \"" + text_ + "\": {" + std::string{declaration} +
                                  "} must be the last segment"};
    }
  } else if (const auto colon = declaration.find(':'); colon != std::string_view::npos) {
    const auto type = declaration.substr(colon + 1);
    name = declaration.substr(0, colon);
    if (type == "int") {
      segment.type = parameter_type::integer;
    } else if (type == "uint") {
      segment.type = parameter_type::uint;
    } else if (type == "uuid") {
      segment.type = parameter_type::uuid;
    } else {
      throw std::invalid_argument{"route pattern \"" + text_ + "\": the type of {" + std::string{declaration} +
                                  "} must be int, uint or uuid"};
    }
  }
  if (!is_name(name)) {
    throw std::invalid_argument{"route pattern \"" + text_ + "\": the name of {" + std::string{declaration} +
                                "} must consist of letters, digits and '_'"};
  }
  if (std::find(parameter_names_.begin(), parameter_names_.end(), name) != parameter_names_.end()) {
    throw std::invalid_argument{"route pattern \"" + text_ + "\" has two parameters named {" + std::string{name} + "}"};
  }
  segment.text = name;
  parameter_names_.emplace_back(name);
  segments_.push_back(std::move(segment));
}

}  // namespace cohort::http
