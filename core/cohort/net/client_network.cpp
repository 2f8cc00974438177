// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/client_network.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <cohort/runtime/task.hpp>

namespace cohort::net {
namespace {

constexpr unsigned short client_prefix_length = 64;

/// Returns the IPv4 address in the last four bytes.
std::string embedded_ipv4(const asio::ip::address_v6::bytes_type& bytes) {
  return asio::ip::address_v4{{bytes[12], bytes[13], bytes[14], bytes[15]}}.to_string();
}

bool is_translated_ipv4(const asio::ip::address_v6::bytes_type& bytes) {
  constexpr std::array<unsigned char, 12> prefix{0x00, 0x64, 0xff, 0x9b};
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

}  // namespace

std::string client_network(std::string_view address) {
  if (address.find(':') == std::string_view::npos) return std::string{address};
  error_code error;
  const auto parsed = asio::ip::make_address_v6(address, error);
  if (error) return std::string{address};
  const auto bytes = parsed.to_bytes();
  if (parsed.is_v4_mapped() || is_translated_ipv4(bytes)) return embedded_ipv4(bytes);
  if (parsed.is_link_local()) return parsed.to_string();
  return asio::ip::network_v6{asio::ip::address_v6{bytes}, client_prefix_length}.canonical().to_string();
}

}  // namespace cohort::net
