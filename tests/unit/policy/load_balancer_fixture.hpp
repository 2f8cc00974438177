// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <vector>

#include <cohort/policy/load_balancer.hpp>
#include "tests/unit/policy/start_time.hpp"

namespace cohort::test {

inline auto approximately(int expected) { return Catch::Approx(expected).epsilon(0.05); }

using policy::load_balancer;
using endpoint = load_balancer::endpoint;
using outcome = load_balancer::outcome;

inline endpoint address(unsigned number) { return {boost::asio::ip::address_v4{0x0A000000U + number}, 80}; }
inline const endpoint a = address(1);
inline const endpoint b = address(2);
inline const endpoint c = address(3);

/// A load balancer with a manual clock.
class load_balancer_fixture {
 public:
  explicit load_balancer_fixture(std::vector<endpoint> addresses, load_balancer::settings settings = {})
      : balancer(settings) {
    balancer.update(addresses, now);
  }

  void update(std::vector<endpoint> addresses) { balancer.update(addresses, now); }
  std::optional<endpoint> pick(const std::vector<endpoint>& avoided_endpoints = {}) {
    return balancer.pick(avoided_endpoints, now, random);
  }
  /// Makes one request. Returns true if the request ejects the address.
  bool call(const endpoint& address, outcome result) {
    balancer.on_request_start(address);
    return balancer.on_request_end(address, result, now);
  }
  /// Makes `count` consecutive requests, of which only the last may eject the address. Returns true if the last request
  /// ejects the address.
  bool calls(int count, const endpoint& address, outcome result) {
    for (int i = 1; i < count; ++i) REQUIRE_FALSE(call(address, result));
    return call(address, result);
  }
  /// Returns the fraction of the picks of each address, in thousandths.
  std::map<endpoint, int> shares(int pick_count = 30'000, const std::vector<endpoint>& avoided_endpoints = {}) {
    std::map<endpoint, int> counts;
    for (int i = 0; i < pick_count; ++i) {
      const auto selected_endpoint = pick(avoided_endpoints);
      ++counts[*selected_endpoint];
      call(*selected_endpoint, outcome::ignored);
    }
    for (auto& [address, count] : counts) count = count * 1000 / pick_count;
    return counts;
  }
  /// Ejects the address by failures of this type and returns the length of the ejection.
  duration ejection_duration(const endpoint& address, outcome kind) {
    REQUIRE(calls(kind == outcome::connect_failure ? 2 : 5, address, kind));
    const auto ejected = now;
    while (balancer.ejected_count(now) > 0) now += std::chrono::seconds{1};
    return now - ejected;
  }

  load_balancer balancer;
  time_point now = start;
  random_generator random{1};
};

}  // namespace cohort::test
