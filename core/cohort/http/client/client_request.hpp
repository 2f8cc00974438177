// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/http/message/field.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>
#include <cohort/telemetry/trace_context.hpp>

namespace cohort::http {

/// A request to another server.
struct client_request {
  http::method method = http::method::get;
  /// The URL: http or https, with a host. The fragment is not sent. With http, a host that is a percent-encoded
  /// absolute path is a Unix domain socket: `http://%2Frun%2Fapp.sock/path`; see `config::parse_http_url`.
  boost::urls::url url;
  /// The value of `Host`: `uri-host[:port]`. If it is empty, the host and port of the URL are sent, or `localhost` for
  /// a Unix domain socket. After a redirect, it is not sent to another origin.
  std::string host{};
  /// Header fields. `Host`, `Content-Length` and `Transfer-Encoding` are set by the client and rejected here, as are
  /// invalid names and values with line breaks (`client_error::invalid_request`). The client adds `User-Agent` and
  /// `Accept-Encoding: gzip` unless they are given.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  /// Maximum number of redirects that are followed; GET and HEAD only. Only `Accept` and `User-Agent` are sent to
  /// another origin. Redirects from https to http are not followed.
  unsigned max_redirects = 0;
  /// The trace of the request, sent as `traceparent` and `tracestate`; not sent if its ID is zero. The objects that the
  /// trace refers to must outlive the call.
  telemetry::trace_context trace{};
  /// The request ID, sent as `X-Request-Id`; not sent if it is empty. Must outlive the call.
  std::string_view request_id{};
};

/// An origin: scheme, host and port (RFC 6454). Requests to the same origin share connections. `secure` means that the
/// scheme is https.
struct origin {
  bool secure = false;
  /// A name, an address, or the path of a Unix domain socket, which starts with a slash.
  std::string host;
  std::uint16_t port = 0;
  bool is_unix_socket() const noexcept { return host.starts_with('/'); }
  friend auto operator<=>(const origin&, const origin&) = default;
};

/// The origin of a URL; empty unless it is http or https and has a host, with a port from 1 to 65535 or none. A Unix
/// domain socket has no port and no https.
std::optional<origin> origin_of(const boost::urls::url& url);

/// Whether sending the request twice has the effect of sending it once (RFC 9110 section 9.2.2).
bool is_idempotent(method request_method) noexcept;

/// Whether `host` and all header fields may be sent: see `client_request`.
bool has_valid_fields(const client_request& request);

/// A header field that is added when the request is sent; not sent if its name is empty.
struct extra_field {
  std::string_view name{};
  std::string_view value{};
};

struct proxy_server;

/// The request as sent, body included; in absolute-form and with the proxy's authorization if it is sent to a proxy.
/// `span_id` is the parent ID in `traceparent`. By default, a new ID is generated, which requires that the function
/// runs on a loop. Precondition: `has_valid_fields(request)`.
recycled_string serialize(const client_request& request, extra_field extra = {}, const proxy_server* proxy = nullptr,
                          std::uint64_t span_id = 0);

/// The framing of a streamed request body. Without a body, neither member is set.
struct streamed_framing {
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false;
};

/// Like `serialize`, but returns the request line and the header section, without `request.body`, and adds only `Host`,
/// the framing fields, the trace and `extra`.
recycled_string serialize_head(const client_request& request, streamed_framing framing, extra_field extra,
                               const proxy_server* proxy, std::uint64_t span_id = 0);

}  // namespace cohort::http
