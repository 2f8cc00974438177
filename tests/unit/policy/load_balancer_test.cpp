// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/load_balancer.hpp>

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>

#include "tests/unit/policy/load_balancer_fixture.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;
using Catch::Approx;

TEST_CASE("load balancer: pick returns no address if there is none", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{}};
  CHECK_FALSE(fixture.pick().has_value());
  CHECK_FALSE(fixture.pick({a}).has_value());
  CHECK(fixture.balancer.address_count() == 0);
  fixture.update({a});
  fixture.update({});
  CHECK_FALSE(fixture.pick().has_value());
}

TEST_CASE("load balancer: distinguishes addresses by protocol version, bytes, scope and port",
          "[policy][load_balancer]") {
  const auto at = [](const char* text, boost::asio::ip::port_type port) {
    return endpoint{boost::asio::ip::make_address(text), port};
  };
  const std::vector<endpoint> addresses{at("192.0.2.1", 80),   at("192.0.2.2", 80),   at("192.0.2.1", 81),
                                        at("2001:db8::1", 80), at("2001:db8::2", 80), at("2001:db8::1", 81),
                                        at("fe80::1%1", 80),   at("fe80::1%2", 80),   at("::", 80)};
  load_balancer_fixture fixture{addresses};
  REQUIRE(fixture.balancer.address_count() == addresses.size());
  for (const auto& address : addresses) {
    fixture.balancer.on_request_start(address);
    for (const auto& other : addresses) CHECK(fixture.balancer.in_flight(other) == (other == address ? 1 : 0));
    fixture.balancer.on_request_end(address, outcome::success, fixture.now);
  }
}

TEST_CASE("load balancer: a single address is always picked", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a}};
  CHECK(fixture.pick() == a);
  CHECK(fixture.pick({a}) == a);
  CHECK(fixture.pick({b}) == a);
}

TEST_CASE("load balancer: idle addresses receive equal shares", "[policy][load_balancer]") {
  const auto count = GENERATE(2U, 3U, 7U);
  std::vector<endpoint> addresses;
  for (unsigned i = 0; i < count; ++i) addresses.push_back(address(i));
  load_balancer_fixture fixture{addresses};
  auto shares = fixture.shares();
  REQUIRE(shares.size() == count);
  for (const auto& [endpoint, share] : shares) CHECK(share == Approx(1000.0 / count).epsilon(0.06));
}

TEST_CASE("load balancer: a duplicate address counts once", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b, a, a}};
  CHECK(fixture.balancer.address_count() == 2);
  auto shares = fixture.shares();
  CHECK(shares[a] == approximately(500));
}

TEST_CASE("load balancer: picks the address with fewer requests in flight, of two random addresses",
          "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b, c}};
  for (int i = 0; i < 5; ++i) fixture.balancer.on_request_start(a);
  CHECK(fixture.balancer.in_flight(a) == 5);
  auto shares = fixture.shares();
  CHECK(shares[a] == 0);
  CHECK(shares[b] == approximately(500));
  fixture.balancer.on_request_start(b);
  shares = fixture.shares();
  CHECK(shares[b] == approximately(333));  // b is picked if the two random addresses are a and b
  CHECK(shares[c] == approximately(667));
  for (int i = 0; i < 5; ++i) fixture.balancer.on_request_end(a, outcome::ignored, fixture.now);
  fixture.balancer.on_request_end(b, outcome::ignored, fixture.now);
  CHECK(fixture.balancer.in_flight(a) == 0);
  CHECK(fixture.shares()[a] == approximately(333));
}

TEST_CASE("load balancer: a slow address receives a smaller share", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b, c}};
  std::vector<std::pair<endpoint, int>> in_flight_requests;
  std::map<endpoint, int> counts;
  for (int i = 0; i < 30'000; ++i) {
    const auto selected_endpoint = *fixture.pick();
    ++counts[selected_endpoint];
    fixture.balancer.on_request_start(selected_endpoint);
    in_flight_requests.emplace_back(selected_endpoint, i + (selected_endpoint == a ? 40 : 4));
    std::erase_if(in_flight_requests, [&](const auto& request) {
      if (request.second > i) return false;
      fixture.balancer.on_request_end(request.first, outcome::success, fixture.now);
      return true;
    });
  }
  CHECK(counts[a] < 6'000);
  CHECK(counts[a] > 500);
  CHECK(counts[b] == Approx(counts[c]).epsilon(0.05));
}

TEST_CASE("load balancer: avoids tried addresses while there is an untried address", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b, c}};
  auto shares = fixture.shares(30'000, {a});
  CHECK(shares[a] == 0);
  CHECK(shares[b] == approximately(500));
  for (int i = 0; i < 100; ++i) fixture.balancer.on_request_start(b);
  CHECK(fixture.shares(100, {a, c})[b] == 1000);
  shares = fixture.shares(30'000, {a, b, c});
  CHECK(shares[a] == approximately(500));
  CHECK(shares[b] == 0);
}

TEST_CASE("load balancer: prefers an untried ejected address to a tried address, and an untried active address to both",
          "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b, c}};
  REQUIRE(fixture.calls(2, b, outcome::connect_failure));
  CHECK(fixture.shares(1000, {a})[c] == 1000);
  CHECK(fixture.shares(1000, {a, c})[b] == 1000);
  const auto shares = fixture.shares(1000, {a, b, c});
  CHECK_FALSE(shares.contains(b));
}

TEST_CASE("load balancer: initial addresses start at full share, and added addresses start slowly",
          "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a}};
  fixture.now += 1min;
  fixture.update({a, b});
  CHECK(fixture.shares()[b] == Approx(50).epsilon(0.1));
  fixture.now += 5s;
  fixture.update({b, a});
  CHECK(fixture.shares()[b] == approximately(250));
  fixture.now += 5s;
  CHECK(fixture.shares()[b] == approximately(500));
}

TEST_CASE("load balancer: slow start limits an added address even if the others are busy", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  for (int i = 0; i < 10; ++i) fixture.balancer.on_request_start(a);
  fixture.update({a, b, c});
  fixture.update({a, c});
  CHECK(fixture.shares()[c] == approximately(100));
}

TEST_CASE("load balancer: addresses that replace all others start at full share", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a}};
  fixture.balancer.on_request_start(a);
  fixture.update({});
  fixture.now += 1min;
  fixture.update({b});
  fixture.update({b, c});
  CHECK(fixture.shares()[c] == Approx(50).epsilon(0.1));
  CHECK(fixture.shares()[b] == Approx(950).epsilon(0.1));
}

TEST_CASE("load balancer: with a slow_start_window of zero, added addresses start at full share",
          "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a}, {.slow_start_window = 0s}};
  fixture.now += 1min;
  fixture.update({a, b});
  CHECK(fixture.shares()[b] == approximately(500));
}

TEST_CASE("load balancer: an update keeps the state of known addresses", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b, c}};
  fixture.balancer.on_request_start(b);
  REQUIRE(fixture.calls(2, a, outcome::connect_failure));
  REQUIRE_FALSE(fixture.calls(4, c, outcome::failure));
  fixture.update({c, b, a});
  CHECK(fixture.balancer.in_flight(b) == 1);
  CHECK(fixture.balancer.ejected_count(fixture.now) == 1);
  CHECK(fixture.call(c, outcome::failure));
}

TEST_CASE("load balancer: a removed address is not selected, but is tracked until its requests have ended",
          "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  fixture.balancer.on_request_start(a);
  fixture.balancer.on_request_start(a);
  fixture.update({b});
  CHECK(fixture.balancer.address_count() == 1);
  CHECK_FALSE(fixture.balancer.contains(a));
  CHECK(fixture.shares(100)[b] == 1000);
  CHECK(fixture.shares(100, {b})[b] == 1000);
  CHECK(fixture.balancer.in_flight(a) == 2);
  CHECK_FALSE(fixture.balancer.on_request_end(a, outcome::connect_failure, fixture.now));
  CHECK(fixture.balancer.in_flight(a) == 1);
  CHECK_FALSE(fixture.balancer.on_request_end(a, outcome::connect_failure, fixture.now));
  CHECK(fixture.balancer.in_flight(a) == 0);
}

TEST_CASE(
    "load balancer: an address that is added again keeps its requests in flight, starts slowly and has no failures",
    "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  REQUIRE_FALSE(fixture.call(a, outcome::connect_failure));
  REQUIRE_FALSE(fixture.calls(3, a, outcome::failure));
  fixture.balancer.on_request_start(a);
  fixture.update({b});
  fixture.update({a, b});
  CHECK(fixture.balancer.in_flight(a) == 1);
  CHECK(fixture.balancer.contains(a));
  CHECK_FALSE(fixture.balancer.on_request_end(a, outcome::connect_failure, fixture.now));
  CHECK(fixture.shares()[a] == Approx(50).epsilon(0.1));
}

TEST_CASE("load balancer: the state of a removed address without requests in flight is discarded",
          "[policy][load_balancer]") {
  const bool has_request_in_flight = GENERATE(false, true);
  load_balancer_fixture fixture{{a, b}};
  CHECK(fixture.ejection_duration(a, outcome::failure) == 30s);
  if (has_request_in_flight) fixture.balancer.on_request_start(a);
  fixture.update({b});
  if (has_request_in_flight) fixture.balancer.on_request_end(a, outcome::ignored, fixture.now);
  fixture.update({a, b});
  CHECK(fixture.ejection_duration(a, outcome::failure) == 30s);
}

TEST_CASE("load balancer: a request may start after its address was removed", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  fixture.update({b});
  fixture.balancer.on_request_start(a);
  CHECK(fixture.balancer.in_flight(a) == 1);
  CHECK_FALSE(fixture.balancer.contains(a));
  CHECK(fixture.balancer.address_count() == 1);
  CHECK(fixture.shares(100)[b] == 1000);
  CHECK_FALSE(fixture.balancer.on_request_end(a, outcome::success, fixture.now));
  CHECK(fixture.balancer.in_flight(a) == 0);
}

TEST_CASE("load balancer: contains returns false for an unknown address, which has no requests in flight",
          "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a}};
  CHECK_FALSE(fixture.balancer.contains(b));
  CHECK(fixture.balancer.in_flight(b) == 0);
}

TEST_CASE("load balancer: random event sequences pick only listed addresses, and never eject all addresses",
          "[policy][load_balancer]") {
  random_generator random{GENERATE(range(std::uint64_t{0}, std::uint64_t{40}))};
  load_balancer balancer{{}};
  std::vector<endpoint> endpoints;
  std::vector<endpoint> in_flight_requests;
  std::map<endpoint, int> failures;
  auto now = start;
  const auto update = [&] {
    endpoints.clear();
    for (unsigned i = 0; i < 6; ++i) {
      if (random.bernoulli(0.6)) endpoints.push_back(address(i));
    }
    balancer.update(endpoints, now);
  };
  update();
  for (int i = 0; i < 3000; ++i) {
    now += random.bernoulli(0.01) ? random.uniform_between(0s, 60s) : random.uniform_between(0s, 200ms);
    if (random.bernoulli(0.02)) update();
    REQUIRE(balancer.address_count() == endpoints.size());
    REQUIRE((endpoints.empty() || balancer.ejected_count(now) < endpoints.size()));
    const auto selected_endpoint = balancer.pick({}, now, random);
    REQUIRE(selected_endpoint.has_value() == !endpoints.empty());
    if (selected_endpoint) {
      REQUIRE(std::ranges::find(endpoints, *selected_endpoint) != endpoints.end());
      balancer.on_request_start(*selected_endpoint);
      in_flight_requests.push_back(*selected_endpoint);
    }
    while (in_flight_requests.size() > 8 || (!in_flight_requests.empty() && random.bernoulli(0.4))) {
      std::swap(in_flight_requests[random.uniform_below(in_flight_requests.size())], in_flight_requests.back());
      const auto ended_request = in_flight_requests.back();
      in_flight_requests.pop_back();
      const auto result = static_cast<outcome>(random.uniform_below(4));
      auto& consecutive = failures[ended_request];
      if (result == outcome::success) consecutive = 0;
      if (result == outcome::failure || result == outcome::connect_failure) ++consecutive;
      const auto ejected_count_before = balancer.ejected_count(now);
      const bool ejects = balancer.on_request_end(ended_request, result, now);
      const auto ejected_count_after = balancer.ejected_count(now);
      // Without an ejection, the failure of the last active address can end the ejections of the other addresses.
      REQUIRE(
          (ejected_count_after == ejected_count_before + (ejects ? 1 : 0) || (ejected_count_after == 0 && !ejects)));
      if (ejects) REQUIRE(consecutive >= 2);
    }
    for (unsigned number = 0; number < 6; ++number) {
      REQUIRE(balancer.in_flight(address(number)) ==
              static_cast<std::size_t>(std::ranges::count(in_flight_requests, address(number))));
    }
  }
}

}  // namespace
}  // namespace cohort::test
