// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/system/system_lookup.hpp>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstring>

namespace cohort::net {
namespace {

using address_list = std::vector<asio::ip::address>;

error_code to_error_code(int code) {
  switch (code) {
    case EAI_AGAIN: return asio::error::host_not_found_try_again;
    case EAI_FAIL: return asio::error::no_recovery;
    case EAI_MEMORY: return asio::error::no_memory;
    default: return asio::error::host_not_found;
  }
}

resolver::addresses call_getaddrinfo(const std::string& host, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* results = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &results); code != 0) return to_error_code(code);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{results, &::freeaddrinfo};
  address_list found;
  for (const auto* entry = results; entry; entry = entry->ai_next) {
    endpoint candidate;
    if (entry->ai_addrlen > candidate.capacity()) continue;
    std::memcpy(candidate.data(), entry->ai_addr, entry->ai_addrlen);
    candidate.resize(entry->ai_addrlen);
    if (std::find(found.begin(), found.end(), candidate.address()) == found.end()) found.push_back(candidate.address());
  }
  if (found.empty()) return error_code{asio::error::host_not_found};
  return found;
}

/// Whether an interface of the machine has the address.
bool is_local_address(const asio::ip::address& address) {
  const endpoint local{address, 0};
  const int descriptor = ::socket(local.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const bool is_bound = ::bind(descriptor, local.data(), static_cast<socklen_t>(local.size())) == 0;
  ::close(descriptor);
  return is_bound;
}

bool is_localhost(std::string host) {
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (host.ends_with('.')) host.pop_back();
  return host == "localhost" || host.ends_with(".localhost");
}

resolver::addresses look_up_localhost(const std::string& host) {
  // AI_ADDRCONFIG omits ::1 if it is the only IPv6 address of the machine.
  const auto result = call_getaddrinfo(host, 0);
  auto found = result ? *result : address_list{};
  const address_list loopback_addresses{asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};
  for (const auto& loopback : loopback_addresses) {
    if (std::find(found.begin(), found.end(), loopback) == found.end()) found.push_back(loopback);
  }
  std::erase_if(found, [](const auto& address) { return address.is_loopback() && !is_local_address(address); });
  if (found.empty()) return error_code{asio::error::host_not_found};
  return found;
}

}  // namespace

resolver::addresses system_lookup(const std::string& host) {
  if (is_localhost(host)) return look_up_localhost(host);
  auto found = call_getaddrinfo(host, AI_ADDRCONFIG);
  if (found || found.error() != asio::error::host_not_found) return found;
  // Resolves a name that has only loopback addresses, such as `ip6-localhost` on a machine without other IPv6
  // addresses.
  auto all_addresses = call_getaddrinfo(host, 0);
  const bool has_loopback_only =
      all_addresses && std::all_of(all_addresses->begin(), all_addresses->end(), [](const auto& address) {
        return address.is_loopback() && is_local_address(address);
      });
  return has_loopback_only ? all_addresses : found;
}

}  // namespace cohort::net
