#pragma once

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <vector>

#include "core/policy/load_balancer.hpp"

// What the tests of the load balancer share.
namespace cohort::test {

using policy::load_balancer;
using endpoint = load_balancer::endpoint;
using outcome = load_balancer::outcome;

constexpr time_point start{std::chrono::hours{1}};

inline endpoint address(unsigned number) { return {boost::asio::ip::address_v4{0x0A000000U + number}, 80}; }
inline const endpoint a = address(1);
inline const endpoint b = address(2);
inline const endpoint c = address(3);

/// A balancer with the clock in hand.
class balancer_stage {
 public:
  explicit balancer_stage(std::vector<endpoint> addresses, load_balancer::settings how = {}) : balancer(how) {
    balancer.update(addresses, now);
  }

  void update(std::vector<endpoint> addresses) { balancer.update(addresses, now); }
  std::optional<endpoint> pick(const std::vector<endpoint>& avoid = {}) { return balancer.pick(avoid, now, random); }
  bool call(const endpoint& where, outcome what) {
    balancer.begin(where);
    return balancer.end(where, what, now);
  }
  /// So many in a row, the last of which may eject it.
  bool calls(int count, const endpoint& where, outcome what) {
    for (int i = 1; i < count; ++i) REQUIRE_FALSE(call(where, what));
    return call(where, what);
  }
  /// How the picks are shared out, in thousandths.
  std::map<endpoint, int> shares(int picks = 30'000, const std::vector<endpoint>& avoid = {}) {
    std::map<endpoint, int> counts;
    for (int i = 0; i < picks; ++i) {
      const auto where = pick(avoid);
      ++counts[*where];
      call(*where, outcome::none);
    }
    for (auto& [where, count] : counts) count = count * 1000 / picks;
    return counts;
  }
  /// How long an address is ejected for what it does now.
  duration ejection(const endpoint& where) {
    REQUIRE(calls(2, where, outcome::connect_failure));
    const auto since = now;
    while (balancer.ejected(now) > 0) now += std::chrono::seconds{1};
    return now - since;
  }

  load_balancer balancer;
  time_point now = start;
  random_source random{1};
};

}  // namespace cohort::test
