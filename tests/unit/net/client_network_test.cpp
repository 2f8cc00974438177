// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/client_network.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

namespace cohort::net {
namespace {

TEST_CASE(
    "client network: the network of an IPv6 client is its /64 prefix, and the network of an IPv4 client is its address",
    "[net][case-5.3]") {
  const auto [address, network] = GENERATE(table<std::string, std::string>({
      {"2001:db8:1:2::1", "2001:db8:1:2::/64"},
      {"2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"},
      {"2001:db8:1:3::1", "2001:db8:1:3::/64"},
      {"2001:DB8:1:2:0:0:0:1", "2001:db8:1:2::/64"},
      {"fd00::1:2:3:4", "fd00::/64"},
      {"::1", "::/64"},
      {"192.0.2.1", "192.0.2.1"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"::ffff:c000:201", "192.0.2.1"},
      {"64:ff9b::192.0.2.1", "192.0.2.1"},
      {"64:ff9b:1::192.0.2.1", "64:ff9b:1::/64"},
      {"fe80::1", "fe80::1"},
      {"fe80::2", "fe80::2"},
      {"unknown", "unknown"},
      {"", ""},
      {"a:b", "a:b"},
  }));
  CHECK(client_network(address) == network);
}

}  // namespace
}  // namespace cohort::net
