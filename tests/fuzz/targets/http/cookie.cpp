// SPDX-License-Identifier: BSL-1.0
// Fuzzes cookies. The first lines are the name, the value, the path and the domain of a cookie that is set. The other
// lines are `Cookie` fields.
#include <array>
#include <string>

#include <cohort/http/message/cookie.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::cookie_target {
namespace {

void check_set_cookie(const std::vector<std::string_view>& values) {
  const auto value_at = [&](std::size_t index) { return std::string{index < values.size() ? values[index] : ""}; };
  http::set_cookie cookie{.name = value_at(0), .value = value_at(1), .path = value_at(2), .domain = value_at(3)};
  cookie.secure = values.size() % 2 == 0;
  cookie.http_only = hash(cookie.value) % 2 == 0;
  constexpr std::array policies{http::same_site::strict, http::same_site::lax, http::same_site::none};
  cookie.same_site = policies[hash(cookie.value) / 2 % policies.size()];
  if (cookie.http_only) cookie.max_age = std::chrono::seconds{cookie.value.size()};
  const auto field = cookie.field_value();
  if (!field) {
    require(!field.error().empty(), "an error has a message");
    return;
  }
  require(http::is_token(cookie.name) && http::is_field_value(*field), "a field is one line");
  // The browser sends the pair back.
  const auto pair = field->substr(0, field->find(';'));
  http::request_head head;
  head.fields.push_back({http::field::cookie, "Cookie", pair});
  const auto sent = http::cookie_value(head, cookie.name);
  require(sent.has_value(), "a cookie that was set can be read");
  require(*sent == cookie.value || '"' + std::string{*sent} + '"' == cookie.value, "a cookie keeps its value");
}

void check_cookies(const std::vector<std::string_view>& values) {
  http::request_head head;
  for (const auto value : values) head.fields.push_back({http::field::cookie, "Cookie", value});
  for (const auto* name : {"a", "session", "__Host-id"}) {
    const auto value = http::cookie_value(head, name);
    require(!value || value->find_first_of(" \t,;\\\"") == std::string_view::npos, "a value has no delimiter");
  }
}

void run(std::string_view input) {
  const auto values = lines(input);
  check_set_cookie(values);
  check_cookies(values);
}

const registration fuzz_registration{{"cookie", run}};

}  // namespace
}  // namespace cohort::fuzz::cookie_target
