// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/response.hpp>

#include <cassert>

#include <cohort/http/message/field_line.hpp>
#include <cohort/json/writer.hpp>

namespace cohort::http {
namespace {

/// Initial capacity in bytes, sufficient for the fields of most responses.
constexpr std::size_t initial_lines_capacity = 250;

/// The server writes these fields: a second field would contradict the framing of the message or close the connection
/// early.
bool is_server_field(std::string_view name) noexcept {
  switch (name.size()) {
    case 4: return iequals(name, "date");
    case 7: return iequals(name, "trailer") || iequals(name, "upgrade");
    case 10: return iequals(name, "connection") || iequals(name, "keep-alive");
    case 14: return iequals(name, "content-length");
    case 16: return iequals(name, "proxy-connection");
    case 17: return iequals(name, "transfer-encoding");
    default: return false;
  }
}

/// Whether `lines` fulfill the precondition of `response::append_lines`.
[[maybe_unused]] bool are_valid_lines(std::string_view lines) noexcept {
  while (!lines.empty()) {
    const auto field = take_field_line(lines);
    if (!field || is_server_field(field->name) || iequals(field->name, "content-type")) return false;
  }
  return true;
}

}  // namespace

response& response::body(std::string text, media_type type) {
  own_body_ = std::move(text);
  static_body_ = {};
  producer_ = nullptr;
  set_content_type(type);
  return *this;
}

response& response::static_body(std::string_view bytes, media_type type) {
  static_body_ = bytes;
  own_body_.clear();
  producer_ = nullptr;
  set_content_type(type);
  return *this;
}

response& response::stream(body_producer producer, media_type type, std::optional<std::uint64_t> content_length) {
  producer_ = std::move(producer);
  stream_length_ = content_length;
  own_body_.clear();
  static_body_ = {};
  set_content_type(type);
  return *this;
}

void response::set_content_type(media_type type) {
  if (!type.is_static() && !is_field_value(type.text())) {
    reject_field("Content-Type");
    return;
  }
  if (const auto existing_value = find("content-type")) {
    const auto value_start = static_cast<std::size_t>(existing_value->data() - header_lines_.data());
    const auto line_start = value_start - std::string_view{"Content-Type: "}.size();
    header_lines_.erase(line_start, header_lines_.find("\r\n", value_start) + 2 - line_start);
  }
  static_content_type_ = type.is_static() ? type.text() : std::string_view{};
  const auto own_text = type.is_static() ? std::string_view{} : trimmed(type.text());
  if (!own_text.empty()) header_lines_.append("Content-Type: ").append(own_text).append("\r\n");
}

std::string_view response::content_type() const noexcept {
  return static_content_type_.empty() ? find("content-type").value_or(std::string_view{}) : static_content_type_;
}

void response::reject_field(std::string_view name) {
  if (!rejected_field().empty()) return;
  auto changed = rare_ ? *rare_ : rare_properties{};
  changed.rejected_field = name.empty() ? "(empty name)" : name;
  rare_ = std::make_shared<const rare_properties>(std::move(changed));
}

response& response::upgrade(std::string_view protocol, upgrade_handler function) {
  auto changed = rare_ ? *rare_ : rare_properties{};
  changed.upgrade = std::move(function);
  rare_ = std::make_shared<const rare_properties>(std::move(changed));
  code_ = http::status::switching_protocols;
  return offer_upgrade(protocol);
}

response& response::offer_upgrade(std::string_view protocol) {
  if (!is_field_value(protocol)) {
    reject_field("Upgrade");
    return *this;
  }
  header_lines_.append("Connection: Upgrade\r\nUpgrade: ").append(protocol).append("\r\n");
  return *this;
}

response& response::set(std::string_view name, std::string_view value) {
  if (iequals(name, "content-type")) {
    set_content_type(value);
  } else if (is_token(name) && is_field_value(value) && !is_server_field(name)) {
    if (header_lines_.empty()) header_lines_.reserve(initial_lines_capacity);
    header_lines_.append(name).append(": ").append(value).append("\r\n");
  } else {
    reject_field(name);
  }
  return *this;
}

response& response::append_lines(recycled_string lines) {
  assert(are_valid_lines(lines));
  if (header_lines_.empty()) {
    header_lines_ = std::move(lines);
  } else {
    header_lines_.append(lines);
  }
  return *this;
}

std::optional<std::string_view> response::find(std::string_view name) const noexcept {
  for (std::string_view remaining = header_lines_; !remaining.empty();) {
    // Names and values contain no carriage return, and names contain no colon.
    const auto line = remaining.substr(0, remaining.find('\r'));
    remaining.remove_prefix(line.size() + 2);
    const bool may_match = line.size() > name.size() && line[name.size()] == ':';
    if (may_match && iequals(line.substr(0, name.size()), name)) return trimmed(line.substr(name.size() + 1));
  }
  return std::nullopt;
}

response& response::erase(std::string_view name) {
  for (std::size_t start = 0; start < header_lines_.size();) {
    const auto size = header_lines_.find("\r\n", start) + 2 - start;
    const auto line = std::string_view{header_lines_}.substr(start, size);
    if (iequals(line.substr(0, line.find(':')), name)) {
      header_lines_.erase(start, size);
    } else {
      start += size;
    }
  }
  return *this;
}

bool response::lists(std::string_view name, std::string_view element) const noexcept {
  for (std::string_view remaining = header_lines_; !remaining.empty();) {
    const auto line = remaining.substr(0, remaining.find("\r\n"));
    remaining.remove_prefix(line.size() + 2);
    const auto colon = line.find(':');
    if (!iequals(line.substr(0, colon), name)) continue;
    if (has_list_element(line.substr(colon + 1), element)) return true;
  }
  return false;
}

response json_response(std::string body, status code) {
  response json{code};
  json.body(std::move(body), "application/json");
  return json;
}

response error_response(status code, std::string_view error, std::string_view message) {
  std::string body;
  json::writer{body}.open_object().field("error", error).field("message", message).close_object();
  return json_response(std::move(body), code);
}

response error_response(status code, std::string_view message) {
  return error_response(code, boost::beast::http::obsolete_reason(code), message);
}

void set_retry_after(response& to, duration delay) {
  to.set("Retry-After", std::to_string(std::chrono::ceil<std::chrono::seconds>(delay).count()));
}

response overload_response(std::string_view message, duration retry_after) {
  auto result = error_response(status::service_unavailable, message);
  set_retry_after(result, retry_after);
  return result;
}

}  // namespace cohort::http
