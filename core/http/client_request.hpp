#pragma once

#include <boost/url/url.hpp>
#include <compare>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/http/message.hpp"
#include "core/telemetry/trace_context.hpp"

namespace cohort::http {

/// A call to another server.
struct client_request {
  method verb = method::get;
  boost::urls::url url;
  /// `Host`, `Content-Length` and `Transfer-Encoding` are the client's own and refused here, as are line breaks
  /// (`bad_url`); `User-Agent` and `Accept-Encoding` it adds where they are missing.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  /// How many redirects to follow, for GET and HEAD. To another origin only `Accept` and `User-Agent` go along;
  /// from https to http none is followed.
  unsigned redirects = 0;
  /// What it is part of, told as `traceparent` and `tracestate`; nothing is told if it has no id. What it refers to
  /// must outlive the call.
  telemetry::trace_context trace{};
};

/// What connections can be shared by (RFC 6454, with the scheme as whether it is secured).
struct origin {
  bool secure = false;
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const origin&, const origin&) = default;
};

/// Nothing for what is not http or https, or has no host.
std::optional<origin> origin_of(const boost::urls::url& url);

/// Safe to send again (RFC 9110 section 9.2.2).
bool is_idempotent(method verb) noexcept;

/// Whether no field is the client's own to say, breaks its line or is no field name.
bool is_safe(const client_request& request);

/// As it goes over the wire, body included, with one more field if that has a name. `request` must be safe. On a
/// loop if it has a trace: each time that it is sent, it gets a parent id of its own.
std::string serialised(const client_request& request, std::string_view name = {}, std::string_view value = {});

}  // namespace cohort::http
