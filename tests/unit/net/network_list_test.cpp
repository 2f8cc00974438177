// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/network_list.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

namespace cohort::net {
namespace {

TEST_CASE("network list: contains the addresses of its networks", "[net][proxies]") {
  const auto [networks, address, expected] = GENERATE(table<std::string, std::string, bool>({
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.1", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.8", false},
      {"192.0.2.0/31", "192.0.2.1", true},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/32", "2001:db9::1", false},
      {"2001:db8::1", "2001:db8::1", true},
      {"loopback", "127.9.9.9", true},
      {"loopback", "::1", true},
      {"loopback", "10.0.0.1", false},
      {"unix", "unix", true},
      {"loopback", "unix", false},
      {"unix", "127.0.0.1", false},
      {"private", "10.0.0.1", true},
      {"private", "172.31.255.255", true},
      {"private", "172.32.0.1", false},
      {"private", "192.168.1.1", true},
      {"private", "169.254.1.1", true},
      {"private", "fd00::1", true},
      {"private", "fe80::1%eth0", true},
      {"private", "127.0.0.1", false},
      {"private", "8.8.8.8", false},
      {"192.0.2.1, loopback,2001:db8::/64", "2001:db8::9", true},
      {"192.0.2.1, loopback,2001:db8::/64", "127.0.0.1", true},
      {"", "127.0.0.1", false},
      {"0.0.0.0/0", "unknown", false},
  }));
  CAPTURE(networks, address);
  const auto list = network_list::parse(networks);
  REQUIRE(list);
  CHECK(list->contains(address) == expected);
  CHECK(list->empty() == networks.empty());
}

TEST_CASE("network list: invalid entries are rejected", "[net][proxies]") {
  const std::string text = GENERATE("10.0.0.0/33", "10.0.0.1/8", "2001:db8::1/32", "::/129", "10.0.0.0/", "10.0.0.0/-1",
                                    "10.0.0.0/8x", "/8", "10.0.0", "example.org", "LOOPBACK!", ",", "10.0.0.1,",
                                    "10.0.0.1,,10.0.0.2", "fe80::1%eth0", " ", "010.0.0.1", "10.0.0.1:80", "[::1]");
  CAPTURE(text);
  CHECK_FALSE(network_list::parse(text));
}

}  // namespace
}  // namespace cohort::net
