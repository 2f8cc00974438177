// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/debug/debug_access.hpp>

#include <array>
#include <boost/asio/ip/address.hpp>

namespace cohort::service {
namespace {

/// Header fields that proxies add.
constexpr std::array<std::string_view, 4> forwarding_fields{"forwarded", "x-forwarded-for", "x-forwarded-host", "via"};

/// The host without its port, and an IPv6 address without brackets.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.rfind(':'));
}

/// A page of another site whose host name resolves to this address (DNS rebinding) sends that host name.
bool is_loopback_host(std::string_view host) {
  const auto name = host_name(host);
  if (http::iequals(name, "localhost")) return true;
  boost::system::error_code invalid;
  const auto address = boost::asio::ip::make_address(name, invalid);
  return !invalid && address.is_loopback();
}

}  // namespace

bool is_local_request(const http::request_context& context) {
  const auto& head = context.head();
  const bool is_forwarded =
      std::ranges::any_of(forwarding_fields, [&](std::string_view name) { return head.find(name).has_value(); });
  const auto host = head.find("host");
  return !is_forwarded && host && is_loopback_host(*host);
}

std::optional<http::response> reject_debug_request(const http::request_context& context,
                                                   const api_key_authenticator& authenticator, bool is_loopback) {
  if (context.head().find("origin")) {
    return http::error_response(http::status::forbidden, "The debug routes are unavailable to web pages");
  }
  if (authenticator.is_enabled()) {
    const auto method = context.head().method;
    const bool is_read_only = method == http::method::get || method == http::method::head;
    return is_read_only ? authenticator.authenticate(context, context.endpoint())
                        : authenticator.authenticate_key(context, context.endpoint());
  }
  if (is_loopback && is_local_request(context)) return std::nullopt;
  return http::error_response(http::status::not_found, "Not found");
}

}  // namespace cohort::service
