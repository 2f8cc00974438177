// SPDX-License-Identifier: BSL-1.0
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <sstream>
#include <string_view>

#include <cohort/testing/text.hpp>

namespace cohort::testing {
namespace {

constexpr std::size_t max_printed_body_size = 2000;

void append_body(std::string& text, std::string_view body) {
  text += '\n';
  text += body.substr(0, max_printed_body_size);
  if (body.size() > max_printed_body_size) text += "… (" + std::to_string(body.size()) + " bytes)";
}

}  // namespace

std::string to_text(duration span) {
  if (span == duration::max()) return "never";
  struct unit {
    double nanoseconds;
    std::string_view name;
  };
  constexpr unit units[] = {{1e9, " s"}, {1e6, " ms"}, {1e3, " us"}};
  const auto count = static_cast<double>(span.count());
  const auto magnitude = count < 0 ? -count : count;
  for (const auto& [nanoseconds, name] : units) {
    if (span != duration::zero() && magnitude < nanoseconds) continue;
    std::ostringstream text;
    text.precision(12);
    text << count / nanoseconds << name;
    return text.str();
  }
  return std::to_string(span.count()) + " ns";
}

std::string to_text(http::status status) {
  auto text = std::to_string(static_cast<unsigned>(status));
  text += ' ';
  text += std::string_view{boost::beast::http::obsolete_reason(status)};
  return text;
}

std::string to_text(const http::client_response& response) {
  auto text = to_text(response.status);
  for (const auto& [name, value] : response.fields) text.append("\n").append(name).append(": ").append(value);
  text += '\n';
  append_body(text, response.body);
  return text;
}

std::string to_text(const http::response& response) {
  auto text = to_text(response.code());
  if (!response.content_type().empty()) text.append("\nContent-Type: ").append(response.content_type());
  std::string_view lines = response.header_lines();
  for (auto end = lines.find("\r\n"); end != std::string_view::npos; end = lines.find("\r\n")) {
    if (!http::iequals(lines.substr(0, lines.find(':')), "content-type"))
      text.append("\n").append(lines.substr(0, end));
    lines.remove_prefix(end + 2);
  }
  text += '\n';
  if (response.producer()) {
    text += "\n(streamed body)";
  } else {
    append_body(text, response.content());
  }
  return text;
}

std::string to_text(const error_code& error) {
  return error.message() + " (" + error.category().name() + ":" + std::to_string(error.value()) + ")";
}

std::string to_text(http::websocket_error error) {
  switch (error) {
    case http::websocket_error::closed: return "the connection is closed";
    case http::websocket_error::timed_out: return "timeout";
    case http::websocket_error::cancelled: return "cancelled";
    case http::websocket_error::invalid_text: return "the text is not valid UTF-8";
  }
  return "unknown WebSocket error";
}

}  // namespace cohort::testing
