// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/address_overrides.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>

#include <cohort/http/message/field.hpp>

namespace cohort::loadgen {
namespace {

bool matches(const connect_override& candidate, std::string_view host, std::uint16_t port) {
  return (candidate.host.empty() || http::iequals(candidate.host, host)) &&
         (candidate.port == 0 || candidate.port == port);
}

bool matches(const resolve_override& candidate, std::string_view host, std::uint16_t port) {
  return (candidate.host == "*" || http::iequals(candidate.host, host)) && candidate.port == port;
}

template <class Override>
const Override* find_override(const std::vector<Override>& overrides, std::string_view host, std::uint16_t port) {
  const auto found = std::find_if(overrides.begin(), overrides.end(),
                                  [&](const Override& candidate) { return matches(candidate, host, port); });
  return found == overrides.end() ? nullptr : &*found;
}

}  // namespace

task<result<std::vector<net::endpoint>>> overridden_network::resolve(std::string host, std::uint16_t port,
                                                                     deadline resolve_deadline) {
  if (const auto* change = find_override(overrides_.connect_to, host, port)) {
    if (!change->new_host.empty()) host = change->new_host;
    if (change->new_port != 0) port = change->new_port;
  }
  if (const auto* known = find_override(overrides_.resolve, host, port)) {
    std::vector<net::endpoint> endpoints;
    for (const auto& address : known->addresses) endpoints.emplace_back(address, port);
    co_return endpoints;
  }
  auto resolve_task = network_.resolve(std::move(host), port, resolve_deadline);
  co_return co_await std::move(resolve_task);
}

}  // namespace cohort::loadgen
