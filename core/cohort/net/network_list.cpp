// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/network_list.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <charconv>
#include <string>

#include <cohort/net/network.hpp>

namespace cohort::net {
namespace {

constexpr unsigned short mapped_prefix_length = 96;
constexpr std::array<std::string_view, 2> loopback_networks{"127.0.0.0/8", "::1"};
constexpr std::array<std::string_view, 6> private_networks{"10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16",
                                                           "169.254.0.0/16", "fc00::/7",      "fe80::/10"};

asio::ip::address_v6 to_v6(const asio::ip::address& address) {
  if (address.is_v4()) return asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4());
  auto address_without_zone = address.to_v6();
  address_without_zone.scope_id(0);
  return address_without_zone;
}

bool contains_address(const asio::ip::network_v6& network, const asio::ip::address_v6& address) {
  return asio::ip::network_v6{address, network.prefix_length()}.canonical() == network;
}

}  // namespace

std::optional<asio::ip::address> parse_address(std::string_view text) {
  // `inet_pton` would ignore the text after a NUL byte.
  if (text.empty() || text.size() > 64 || text.find('\0') != std::string_view::npos) return std::nullopt;
  error_code error;
  const auto address = asio::ip::make_address(text.substr(0, text.find('%')), error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address;
}

std::optional<network_list> network_list::parse(std::string_view text) {
  network_list result;
  if (text.empty()) return result;
  for (std::size_t start = 0; start <= text.size();) {
    const auto end = std::min(text.find(',', start), text.size());
    auto entry = text.substr(start, end - start);
    entry.remove_prefix(std::min(entry.find_first_not_of(' '), entry.size()));
    entry = entry.substr(0, entry.find_last_not_of(' ') + 1);
    if (!result.add(entry)) return std::nullopt;
    start = end + 1;
  }
  return result;
}

bool network_list::add(std::string_view entry) {
  if (entry == "loopback")
    return std::all_of(loopback_networks.begin(), loopback_networks.end(),
                       [this](auto network) { return add(network); });
  if (entry == "private")
    return std::all_of(private_networks.begin(), private_networks.end(), [this](auto network) { return add(network); });
  if (entry == unix_peer_address) {
    contains_unix_ = true;
    return true;
  }
  const auto slash = entry.find('/');
  error_code error;
  const auto address = asio::ip::make_address(entry.substr(0, slash), error);
  if (error || entry.find('%') != std::string_view::npos) return false;
  const unsigned short max_length = address.is_v4() ? 32 : 128;
  auto length = max_length;
  if (slash != std::string_view::npos) {
    const auto digits = entry.substr(slash + 1);
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (failure != std::errc{} || end != digits.data() + digits.size() || length > max_length) return false;
  }
  const auto prefix = static_cast<unsigned short>(address.is_v4() ? mapped_prefix_length + length : length);
  const asio::ip::network_v6 network{to_v6(address), prefix};
  if (network.canonical() != network) return false;
  networks_.push_back(network);
  return true;
}

bool network_list::contains(const asio::ip::address& address) const {
  const auto v6_address = to_v6(address);
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const auto& network) { return contains_address(network, v6_address); });
}

bool network_list::contains(std::string_view address) const {
  if (address == unix_peer_address) return contains_unix_;
  const auto parsed = parse_address(address);
  return parsed && contains(*parsed);
}

}  // namespace cohort::net
