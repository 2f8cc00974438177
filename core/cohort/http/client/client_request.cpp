// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/client_request.hpp>

#include <algorithm>

#include <cohort/config/http_url.hpp>
#include <cohort/http/client/connection/proxy.hpp>
#include <cohort/http/message/field_name_set.hpp>
#include <cohort/http/message/head_writer.hpp>
#include <cohort/http/message/request/target.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/version.hpp>

namespace cohort::http {
namespace {

bool has_field(const client_request& request, std::string_view name) {
  return std::any_of(request.fields.begin(), request.fields.end(),
                     [&](const auto& field) { return iequals(field.first, name); });
}

/// Fields that the client sets itself: they frame the message or name its target.
constexpr auto client_fields = make_field_name_set("host", "content-length", "transfer-encoding");

/// Upper bound of the size of a header section without its variable parts.
constexpr std::size_t max_fixed_size = 512;

void append_trace(head_writer& head, const telemetry::trace_context& trace, std::uint64_t span_id) {
  if (!trace.id) return;
  const auto parent =
      telemetry::format_traceparent(trace, span_id != 0 ? span_id : telemetry::make_span_id(loop::current().random()));
  head.field("traceparent", {parent.data(), parent.size()});
  if (!trace.state.empty()) head.field("tracestate", trace.state);
}

/// The Host of requests to a Unix domain socket, as curl and nginx send it.
constexpr std::string_view unix_socket_host = "localhost";

bool is_unix_socket_host(std::string_view encoded_host) noexcept {
  return encoded_host.starts_with("%2F") || encoded_host.starts_with("%2f");
}

/// Upper bound of the size of the header section.
std::size_t max_head_size(const client_request& request, extra_field extra, const proxy_server* proxy) noexcept {
  constexpr std::size_t separator_size = std::string_view{": \r\n"}.size();
  // The host can be in the request line and in `Host`.
  auto size = max_fixed_size + 2 * request.url.buffer().size() + request.host.size() + request.request_id.size() +
              request.trace.state.size() + extra.name.size() + extra.value.size();
  for (const auto& [name, value] : request.fields) size += name.size() + value.size() + separator_size;
  return size + (proxy ? proxy->authorization.size() : 0);
}

/// Appends the request line and `Host`.
void append_request_line(head_writer& head, const client_request& request, const proxy_server* proxy) {
  const bool is_unix_socket = is_unix_socket_host(request.url.encoded_host());
  const std::string_view host_and_port =
      is_unix_socket ? unix_socket_host : std::string_view{request.url.encoded_host_and_port()};
  head.text(std::string_view{boost::beast::http::to_string(request.method)});
  head.text(" ");
  if (proxy) {
    head.text("http://");
    head.text(host_and_port);
  }
  const std::string_view path = request.url.encoded_path();
  head.text(path.empty() ? "/" : path);
  if (request.url.has_query()) {
    head.text("?");
    head.text(std::string_view{request.url.encoded_query()});
  }
  head.text(" HTTP/1.1\r\n");
  head.field("Host", request.host.empty() ? host_and_port : std::string_view{request.host});
}

void append_fields(head_writer& head, const client_request& request, extra_field extra, const proxy_server* proxy,
                   std::uint64_t span_id) {
  for (const auto& [name, value] : request.fields) head.field(name, value);
  if (!request.request_id.empty()) head.field("X-Request-Id", request.request_id);
  append_trace(head, request.trace, span_id);
  if (proxy && !proxy->authorization.empty()) head.field("Proxy-Authorization", proxy->authorization);
  if (!extra.name.empty()) head.field(extra.name, extra.value);
}

void append_content_length(head_writer& head, std::uint64_t length) {
  head.text("Content-Length: ");
  head.number(length);
  head.text("\r\n");
}

}  // namespace

std::optional<origin> origin_of(const boost::urls::url& url) {
  const bool secure = url.scheme_id() == boost::urls::scheme::https;
  if ((!secure && url.scheme_id() != boost::urls::scheme::http) || url.encoded_host().empty()) {
    return std::nullopt;
  }
  // Boost.URL 1.81 parses the text after an invalid port, as in `http://host:x/`, as a path.
  const auto path = url.encoded_path();
  if (!path.empty() && path.front() != '/') return std::nullopt;
  auto host = url.host_address();
  // System functions read a name up to a NUL: they would read `127.0.0.1%00.site.test` as 127.0.0.1.
  if (!is_field_value(host)) return std::nullopt;
  if (is_unix_socket_host(url.encoded_host())) {
    if (secure || url.has_port()) return std::nullopt;
    return origin{false, std::move(host), 0};
  }
  const std::uint16_t default_port = secure ? 443 : 80;
  const auto port = url.port().empty() ? default_port : config::parse_port(url.port());
  if (!port) return std::nullopt;
  return origin{secure, std::move(host), *port};
}

bool is_idempotent(method request_method) noexcept {
  switch (request_method) {
    case method::get:
    case method::head:
    case method::put:
    case method::delete_:
    case method::options:
    case method::trace: return true;
    default: return false;
  }
}

bool has_valid_fields(const client_request& request) {
  if (!request.host.empty() && !is_host_and_port(request.host)) return false;
  if (!is_field_value(request.request_id)) return false;
  return std::all_of(request.fields.begin(), request.fields.end(), [](const auto& field) {
    return is_token(field.first) && is_field_value(field.second) && !client_fields.contains(field.first);
  });
}

recycled_string serialize(const client_request& request, extra_field extra, const proxy_server* proxy,
                          std::uint64_t span_id) {
  const auto max_size = max_head_size(request, extra, proxy);
  recycled_string text;
  text.reserve(max_size + request.body.size());
  {
    head_writer head{text, max_size};
    append_request_line(head, request, proxy);
    if (!has_field(request, "user-agent")) {
      head.text("User-Agent: cohort/");
      head.text(version());
      head.text("\r\n");
    }
    if (!has_field(request, "accept-encoding")) head.text("Accept-Encoding: gzip\r\n");
    append_fields(head, request, extra, proxy, span_id);
    if (!request.body.empty() || request.method == method::post || request.method == method::put)
      append_content_length(head, request.body.size());
    head.text("\r\n");
  }
  text.append(request.body);
  return text;
}

recycled_string serialize_head(const client_request& request, streamed_framing framing, extra_field extra,
                               const proxy_server* proxy, std::uint64_t span_id) {
  recycled_string text;
  {
    head_writer head{text, max_head_size(request, extra, proxy)};
    append_request_line(head, request, proxy);
    append_fields(head, request, extra, proxy, span_id);
    if (framing.content_length) append_content_length(head, *framing.content_length);
    if (framing.is_chunked) head.text("Transfer-Encoding: chunked\r\n");
    head.text("\r\n");
  }
  return text;
}

}  // namespace cohort::http
