// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/input/input.hpp>

#include <simdjson.h>

#include <algorithm>

#include <cohort/http/message/body/content_negotiation.hpp>
#include <cohort/http/message/cookie.hpp>
#include <cohort/http/message/request/unique_field.hpp>
#include <cohort/http/server/input/content_coding.hpp>

namespace cohort::http {
namespace {

constexpr std::size_t max_errors = 32;

/// The media type of the body without its parameters; empty if there is none, or several.
std::string_view media_type_of(const request_context& context) {
  const auto type = find_unique(context.head(), field::content_type).value_or(std::string_view{});
  return trimmed(type.substr(0, type.find(';')));
}

/// `application/json`, or a structured syntax suffix as in `application/merge-patch+json` (RFC 6839 section 3.1).
bool is_json(std::string_view type) {
  constexpr std::string_view suffix = "+json";
  return iequals(type, "application/json") ||
         (type.size() > suffix.size() && iequals(type.substr(type.size() - suffix.size()), suffix));
}

}  // namespace

bool is_plain_text(std::string_view text) noexcept {
  const auto is_control = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
  };
  return std::ranges::none_of(text, is_control) && simdjson::validate_utf8(text.data(), text.size());
}

std::optional<std::string_view> find_cookie(const request_context& context, std::string_view name) {
  return cookie_value(context.head(), name);
}

void input::reject(std::string_view in, std::string_view field, std::string reason) {
  if (reason.empty()) return;
  if (errors_.size() == max_errors) {
    is_truncated_ = true;
    return;
  }
  errors_.push_back({std::string{field}, std::string{in}, std::move(reason)});
}

response input::error_response() const {
  auto response = input_error_response(errors_, is_truncated_, status_);
  // A 415 response lists the accepted content codings or media types (RFC 9110 section 15.5.16).
  if (status_ != status::unsupported_media_type) return response;
  if (errors_.front().field == "Content-Encoding") {
    response.set("Accept-Encoding", "identity");
  } else if (errors_.front().reason.find("JSON") != std::string::npos) {
    response.set("Accept", "application/json");
  }
  return response;
}

const form_fields& input::query_fields() {
  if (!query_fields_) {
    auto parsed = parse_urlencoded(context_.head().query);
    if (!parsed) reject("query", "", parsed.error());
    query_fields_ = parsed ? std::move(*parsed) : form_fields{};
  }
  return *query_fields_;
}

input::text_list input::find_all(const form_fields& fields, std::string_view name) {
  text_list values;
  for (const auto& [key, value] : fields)
    if (key == name) values.push_back(value);
  return values;
}

input::text_list input::header_values(std::string_view name, bool is_list) const {
  text_list values;
  for (const auto& header : context_.head().fields) {
    if (!iequals(header.name, name)) continue;
    if (!is_list) values.push_back(header.value);
    for (auto remaining = header.value; is_list && !remaining.empty();) {
      // Empty elements are ignored (RFC 9110 section 5.6.1.2).
      if (const auto element = next_list_element(remaining); !element.empty()) values.push_back(element);
    }
  }
  return values;
}

bool input::expect_json() {
  if (!is_json(media_type_of(context_))) {
    set_status(status::unsupported_media_type);
    reject("header", "Content-Type", "must be application/json, since the body must be JSON");
    return false;
  }
  return expect_no_coding();
}

bool input::expect_no_coding() {
  const auto reason = content_coding_error(context_.head());
  if (reason.empty()) return true;
  set_status(status::unsupported_media_type);
  reject("header", "Content-Encoding", std::string{reason});
  return false;
}

form_fields input::form() {
  if (!iequals(media_type_of(context_), "application/x-www-form-urlencoded")) {
    set_status(status::unsupported_media_type);
    reject("header", "Content-Type", "must be application/x-www-form-urlencoded");
    return {};
  }
  if (!expect_no_coding()) return {};
  auto parsed = parse_urlencoded(context_.body());
  if (parsed) return std::move(*parsed);
  reject("body", "", parsed.error());
  return {};
}

void input::reject_unknown_fields(const form_fields& fields, const std::vector<std::string_view>& known) {
  std::string names;
  for (const auto name : known) names.append(names.empty() ? "" : ", ").append(name);
  for (const auto& [name, value] : fields) {
    if (std::ranges::find(known, name) == known.end())
      reject("body", json::shorten(name), "is unknown; known: " + names);
  }
}

std::string_view input::accept(std::initializer_list<std::string_view> offers) {
  const std::span<const std::string_view> list{offers.begin(), offers.size()};
  if (const auto index = acceptable_media_type(context_.head(), list)) return list[*index];
  std::string names;
  for (const auto offer : offers) names.append(names.empty() ? "" : ", ").append(offer);
  set_status(status::not_acceptable);
  reject("header", "Accept", "must accept one of " + names);
  return *offers.begin();
}

}  // namespace cohort::http
