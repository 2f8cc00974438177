#include "core/http/client_request.hpp"

#include <algorithm>

#include "core/runtime/loop.hpp"

namespace cohort::http {
namespace {

bool has_field(const client_request& request, std::string_view name) {
  return std::any_of(request.fields.begin(), request.fields.end(),
                     [&](const auto& each) { return same_name(each.first, name); });
}

/// Whether a text could end its header line and begin another.
bool breaks_lines(std::string_view text) noexcept {
  return text.find_first_of("\r\n\0", 0, 3) != std::string_view::npos;
}

/// Whether a field says where the message ends or for whom it is: that is the client's own to say, once.
bool is_framing(std::string_view name) noexcept {
  return same_name(name, "host") || same_name(name, "content-length") || same_name(name, "transfer-encoding");
}

void append_trace(std::string& to, const telemetry::trace_context& trace) {
  if (!trace.id) return;
  const auto parent = telemetry::format_traceparent(trace, loop::current().random());
  to.append("traceparent: ").append(parent.data(), parent.size()).append("\r\n");
  if (!trace.state.empty()) to.append("tracestate: ").append(trace.state).append("\r\n");
}

}  // namespace

std::optional<origin> origin_of(const boost::urls::url& url) {
  const bool secure = url.scheme_id() == boost::urls::scheme::https;
  if ((!secure && url.scheme_id() != boost::urls::scheme::http) || url.host().empty()) return std::nullopt;
  std::string host = url.host_address();
  const std::uint16_t usual = secure ? 443 : 80;
  return origin{secure, std::move(host), url.has_port() ? url.port_number() : usual};
}

bool is_idempotent(method verb) noexcept {
  return verb == method::get || verb == method::head || verb == method::put || verb == method::delete_ ||
         verb == method::options || verb == method::trace;
}

bool is_safe(const client_request& request) {
  return std::none_of(request.fields.begin(), request.fields.end(), [](const auto& each) {
    return breaks_lines(each.first) || breaks_lines(each.second) || is_framing(each.first) ||
           each.first.find_first_of(" :\t") != std::string::npos;
  });
}

std::string serialised(const client_request& request, std::string_view more, std::string_view more_value) {
  std::string text;
  text.append(boost::beast::http::to_string(request.verb)).append(" ");
  const std::string path{request.url.encoded_path()};
  text.append(path.empty() ? "/" : path);
  if (request.url.has_query()) text.append("?").append(std::string{request.url.encoded_query()});
  text.append(" HTTP/1.1\r\nHost: ").append(std::string{request.url.encoded_host_and_port()}).append("\r\n");
  if (!has_field(request, "user-agent")) text.append("User-Agent: cohort/" COHORT_VERSION "\r\n");
  if (!has_field(request, "accept-encoding")) text.append("Accept-Encoding: gzip\r\n");
  for (const auto& [name, value] : request.fields) text.append(name).append(": ").append(value).append("\r\n");
  append_trace(text, request.trace);
  if (!more.empty()) text.append(more).append(": ").append(more_value).append("\r\n");
  if (!request.body.empty() || request.verb == method::post || request.verb == method::put) {
    text.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  text.append("\r\n").append(request.body);
  return text;
}

}  // namespace cohort::http
