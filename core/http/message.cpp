#include "core/http/message.hpp"

#include <algorithm>

#include "core/json/writer.hpp"

namespace cohort::http {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view next_item(std::string_view& list) noexcept {
  const auto comma = list.find(',');
  const auto item = trimmed(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return item;
}

std::optional<std::string_view> request_head::find(field id) const noexcept {
  for (const auto& each : fields)
    if (each.id == id) return each.value;
  return std::nullopt;
}

std::optional<std::string_view> request_head::find(std::string_view name) const noexcept {
  for (const auto& each : fields)
    if (same_name(each.name, name)) return each.value;
  return std::nullopt;
}

void request_head::clear() noexcept {
  method = http::method::unknown;
  method_text = target = path = query = {};
  http_1_0 = false;
  fields.clear();
}

response& response::set(std::string_view name, std::string_view value) {
  if (value.find_first_of("\r\n") != std::string_view::npos) return *this;
  extra_fields_.append(name).append(": ").append(value).append("\r\n");
  return *this;
}

std::optional<std::string_view> response::find(std::string_view name) const noexcept {
  for (std::string_view rest = extra_fields_; !rest.empty();) {
    const auto line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(line.size() + 2);
    const auto colon = line.find(':');
    if (same_name(line.substr(0, colon), name)) return trimmed(line.substr(colon + 1));
  }
  return std::nullopt;
}

response json_response(std::string body, status code) {
  response made{code};
  made.body(std::move(body), "application/json");
  return made;
}

response error_response(status code, std::string_view error, std::string_view message) {
  std::string body;
  json::writer{body}.open_object().field("error", error).field("message", message).close_object();
  return json_response(std::move(body), code);
}

response error_response(status code, std::string_view message) {
  return error_response(code, boost::beast::http::obsolete_reason(code), message);
}

}  // namespace cohort::http
