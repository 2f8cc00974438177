// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/http/message/request/request_head.hpp>

namespace cohort::http {

using field_list = std::vector<std::pair<std::string, std::string>>;

/// The header fields that belong to one connection and are not forwarded (RFC 9110 section 7.6.1): `Connection`, the
/// fields that it names, and these fields, which always apply to one connection: `Keep-Alive`, `Proxy-Connection`,
/// `Proxy-Authenticate`, `Proxy-Authentication-Info`, `Proxy-Authorization`, `TE`, `Trailer`, `Transfer-Encoding`,
/// `Upgrade` and `HTTP2-Settings`.
class hop_by_hop_fields {
 public:
  /// Adds the names in a value of `Connection`. `value` must outlive this object.
  void add_connection(std::string_view value);
  bool contains(std::string_view name) const noexcept;

 private:
  /// The names in `Connection`.
  std::vector<std::string_view> connection_options_;
};

/// The sender of a request that is forwarded, for `Forwarded` and `X-Forwarded-*`.
struct forwarding_peer {
  /// The IP address of the peer.
  std::string_view address;
  /// Whether the connection to this server is encrypted.
  bool is_secure = false;
  /// Whether the peer is a trusted proxy. The `Forwarded` and `X-Forwarded-*` fields of a trusted proxy are kept, and
  /// this hop is added to them. The fields of any other peer are dropped, because a client can forge them.
  bool is_trusted_proxy = false;
};

/// Appends `Forwarded` (RFC 7239), `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` to `fields`.
void append_forwarded_fields(field_list& fields, const request_head& head, const forwarding_peer& client);
/// Whether a field must not be forwarded as received: `append_forwarded_fields` sets it, or it also describes the
/// client (`X-Real-IP`, `X-Forwarded-Port` and `X-Forwarded-Server`).
bool is_forwarded_field(std::string_view name) noexcept;

/// Whether an upstream may treat two names as equal. The comparison ignores case, and `_` equals `-`: servers with CGI
/// variables, such as WSGI, do not distinguish these characters (RFC 3875 section 4.1.18).
bool is_same_cgi_name(std::string_view first, std::string_view second);
/// `name` with `-` instead of `_`; `storage` keeps the result if it differs.
std::string_view with_hyphens(std::string_view name, std::string& storage);

/// The value of `Via` with this hop (RFC 9110 section 7.6.3). `previous` is empty if the message had no such field.
std::string via_value(std::string_view previous, bool is_http_1_0, std::string_view pseudonym);

}  // namespace cohort::http
