// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/client_request.hpp>

#include <algorithm>

#include <cohort/config/http_url.hpp>
#include <cohort/http/client/connection/proxy.hpp>
#include <cohort/http/message/field_name_set.hpp>
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
constexpr auto fields_of_client = make_field_name_set("host", "content-length", "transfer-encoding");

void append_trace(recycled_string& text, const telemetry::trace_context& trace, std::uint64_t span_id) {
  if (!trace.id) return;
  const auto parent =
      telemetry::format_traceparent(trace, span_id != 0 ? span_id : telemetry::make_span_id(loop::current().random()));
  text.append("traceparent: ").append(parent.data(), parent.size()).append("\r\n");
  if (!trace.state.empty()) text.append("tracestate: ").append(trace.state).append("\r\n");
}

/// The Host of requests to a Unix domain socket, as curl and nginx send it.
constexpr std::string_view unix_socket_host = "localhost";

bool is_unix_socket_host(std::string_view encoded_host) noexcept {
  return encoded_host.starts_with("%2F") || encoded_host.starts_with("%2f");
}

/// Initial capacity; sufficient for most requests without a body.
constexpr std::size_t initial_head_capacity = 1024;

/// The request line and `Host`.
recycled_string start_of_head(const client_request& request, const proxy_server* proxy) {
  const bool is_unix_socket = is_unix_socket_host(request.url.encoded_host());
  const std::string_view host_and_port =
      is_unix_socket ? unix_socket_host : std::string_view{request.url.encoded_host_and_port()};
  recycled_string text;
  text.reserve(initial_head_capacity + request.body.size());
  text.append(boost::beast::http::to_string(request.method)).append(" ");
  if (proxy) text.append("http://").append(host_and_port);
  const std::string_view path = request.url.encoded_path();
  text.append(path.empty() ? "/" : path);
  if (request.url.has_query()) text.append("?").append(std::string_view{request.url.encoded_query()});
  text.append(" HTTP/1.1\r\nHost: ");
  text.append(request.host.empty() ? host_and_port : std::string_view{request.host}).append("\r\n");
  return text;
}

void append_fields(recycled_string& text, const client_request& request, extra_field extra, const proxy_server* proxy,
                   std::uint64_t span_id) {
  for (const auto& [name, value] : request.fields) text.append(name).append(": ").append(value).append("\r\n");
  if (!request.request_id.empty()) text.append("X-Request-Id: ").append(request.request_id).append("\r\n");
  append_trace(text, request.trace, span_id);
  if (proxy && !proxy->authorization.empty())
    text.append("Proxy-Authorization: ").append(proxy->authorization).append("\r\n");
  if (!extra.name.empty()) text.append(extra.name).append(": ").append(extra.value).append("\r\n");
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
  // Functions of the system read a name up to a NUL: `127.0.0.1%00.site.test` would be 127.0.0.1.
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
    return is_token(field.first) && is_field_value(field.second) && !fields_of_client.contains(field.first);
  });
}

recycled_string serialize(const client_request& request, extra_field extra, const proxy_server* proxy,
                          std::uint64_t span_id) {
  auto text = start_of_head(request, proxy);
  if (!has_field(request, "user-agent")) text.append("User-Agent: cohort/").append(version()).append("\r\n");
  if (!has_field(request, "accept-encoding")) text.append("Accept-Encoding: gzip\r\n");
  append_fields(text, request, extra, proxy, span_id);
  if (!request.body.empty() || request.method == method::post || request.method == method::put) {
    text.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  text.append("\r\n").append(request.body);
  return text;
}

recycled_string serialize_head(const client_request& request, streamed_framing framing, extra_field extra,
                               const proxy_server* proxy, std::uint64_t span_id) {
  auto text = start_of_head(request, proxy);
  append_fields(text, request, extra, proxy, span_id);
  if (framing.content_length) {
    text.append("Content-Length: ").append(std::to_string(*framing.content_length)).append("\r\n");
  } else if (framing.is_chunked) {
    text.append("Transfer-Encoding: chunked\r\n");
  }
  text.append("\r\n");
  return text;
}

}  // namespace cohort::http
