// SPDX-License-Identifier: BSL-1.0
// The session cookie of the dashboard. Each line is a `Cookie` field, in which `SESSION` stands for a valid value.
#include <algorithm>
#include <optional>
#include <string>

#include "services/dashboard/session.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz {
namespace {

constexpr std::string_view placeholder = "SESSION";
constexpr std::string_view cookie_name = "cohort_session=";

const config::api_key_set& api_keys() {
  static const config::api_key_set keys{"key"};
  return keys;
}

/// The value of the first session cookie whose value is valid (RFC 6265bis sections 4.1.1 and 5.8.3), in quotes or not.
std::optional<std::string> first_value(const std::vector<std::string>& fields) {
  for (const auto& field : fields) {
    std::size_t begin = 0;
    while (begin <= field.size()) {
      const auto end = std::min(field.find(';', begin), field.size());
      auto pair = field.substr(begin, end - begin);
      pair.erase(0, pair.find_first_not_of(" \t"));
      pair.erase(pair.find_last_not_of(" \t") + 1);
      if (pair.starts_with(cookie_name)) {
        auto value = pair.substr(cookie_name.size());
        if (value.size() > 1 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        const auto is_invalid = [](char c) {
          return c < '!' || c > '~' || std::string_view{"\",;\\"}.find(c) != std::string_view::npos;
        };
        if (std::find_if(value.begin(), value.end(), is_invalid) == value.end()) return value;
      }
      begin = end + 1;
    }
  }
  return std::nullopt;
}

void run(std::string_view input) {
  static const dashboard::session_cookies sessions{"secret", api_keys()};
  const wall_time now{std::chrono::hours{1}};
  static const auto issued = sessions.issue(api_keys().get().front(), now, false);
  const auto valid = issued.substr(cookie_name.size(), issued.find(';') - cookie_name.size());
  std::vector<std::string> fields;
  for (const auto line : lines(input)) {
    auto& field = fields.emplace_back(line);
    for (auto at = field.find(placeholder); at != std::string::npos; at = field.find(placeholder, at + valid.size())) {
      field.replace(at, placeholder.size(), valid);
    }
  }
  http::request_head head;
  for (const auto& field : fields) head.fields.push_back({http::field::cookie, "Cookie", field});
  const http::request_context context{head, "127.0.0.1"};
  require(sessions.find(context, now).has_value() == (first_value(fields) == valid),
          "only the issued value is a session");
  require(!sessions.find(context, now + dashboard::session_cookies::cookie_lifetime), "a cookie expires");
}

const registration fuzz_registration{{"session_cookie", run}};

}  // namespace
}  // namespace cohort::fuzz
