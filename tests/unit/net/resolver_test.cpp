// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/resolver.hpp>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>

#include <cohort/net/system/system_network.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>
#include "tests/unit/net/loopback.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using namespace std::chrono_literals;
using addresses = net::resolver::addresses;
using endpoints = result<std::vector<net::endpoint>>;

addresses address(const char* text) { return std::vector{asio::ip::make_address(text)}; }
std::vector<net::endpoint> one_endpoint(const char* text, std::uint16_t port) {
  return {{asio::ip::make_address(text), port}};
}

/// A lookup function that blocks until the test provides a result. The state of the function is shared with the
/// resolver's threads, which can outlive the test.
class scripted_lookup {
 public:
  net::resolver::lookup_function function() {
    return [shared = shared_](const std::string&) { return shared->look_up(); };
  }
  /// Sets the result of one lookup, which may not have started yet.
  void complete_lookup(addresses result) {
    const std::lock_guard lock{shared_->mutex};
    shared_->results.push_back(std::move(result));
    shared_->changed.notify_all();
  }
  void wait_for_lookups(int count) {
    std::unique_lock lock{shared_->mutex};
    REQUIRE(shared_->changed.wait_for(lock, default_timeout, [&] { return shared_->lookups >= count; }));
  }
  int lookup_count() const {
    const std::lock_guard lock{shared_->mutex};
    return shared_->lookups;
  }
  ~scripted_lookup() {
    const std::lock_guard lock{shared_->mutex};
    shared_->is_stopped = true;
    shared_->changed.notify_all();
  }

 private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<addresses> results;
    int lookups = 0;
    bool is_stopped = false;

    addresses look_up() {
      std::unique_lock lock{mutex};
      ++lookups;
      changed.notify_all();
      changed.wait(lock, [this] { return is_stopped || !results.empty(); });
      if (results.empty()) return error_code{asio::error::host_not_found};
      auto next = std::move(results.front());
      results.pop_front();
      return next;
    }
  };
  std::shared_ptr<state> shared_ = std::make_shared<state>();
};

net::resolver::settings make_resolver_settings(std::chrono::seconds ttl, std::chrono::seconds max_stale_age,
                                               std::chrono::seconds negative_ttl) {
  net::resolver::settings settings;
  settings.ttl = ttl;
  settings.max_stale_age = max_stale_age;
  settings.negative_ttl = negative_ttl;
  return settings;
}

TEST_CASE("resolver: concurrent requests for one name share one lookup", "[net][resolver][threads]") {
  real_time_fixture time;
  scripted_lookup lookup;
  net::resolver resolver{lookup.function(), make_resolver_settings(1h, 1h, 1h)};
  std::vector<task<endpoints>> requests;
  for (std::uint16_t port = 1; port <= 3; ++port)
    requests.push_back(resolver.resolve("weather", port, time.long_deadline()));
  lookup.complete_lookup(address("10.0.0.1"));
  const auto results = time.run(when_all(std::move(requests)));
  REQUIRE(results.size() == 3);
  for (std::uint16_t port = 1; port <= 3; ++port) CHECK(*results[port - 1U] == one_endpoint("10.0.0.1", port));
  CHECK(lookup.lookup_count() == 1);
}

TEST_CASE("resolver: a result is cached for its TTL", "[net][resolver][threads]") {
  real_time_fixture time;
  scripted_lookup lookup;
  net::resolver resolver{lookup.function(), make_resolver_settings(1h, 1h, 1h)};
  lookup.complete_lookup(address("10.0.0.1"));
  CHECK(*time.run(resolver.resolve("weather", 80, time.long_deadline())) == one_endpoint("10.0.0.1", 80));
  CHECK(*time.run(resolver.resolve("weather", 81, deadline{time.event_loop().now()})) == one_endpoint("10.0.0.1", 81));
  CHECK(lookup.lookup_count() == 1);
}

TEST_CASE("resolver: a stale result is returned immediately while one lookup refreshes it",
          "[net][resolver][threads]") {
  real_time_fixture time;
  scripted_lookup lookup;
  net::resolver resolver{lookup.function(), make_resolver_settings(0s, 1h, 1h)};
  lookup.complete_lookup(address("10.0.0.1"));
  CHECK(time.run(resolver.resolve("weather", 80, time.long_deadline())).has_value());
  for (int i = 0; i < 3; ++i) {
    CHECK(*time.run(resolver.resolve("weather", 80, deadline{time.event_loop().now()})) ==
          one_endpoint("10.0.0.1", 80));
  }
  lookup.wait_for_lookups(2);
  CHECK(lookup.lookup_count() == 2);

  lookup.complete_lookup(address("10.0.0.2"));
  endpoints next = time.run(resolver.resolve("weather", 80, time.long_deadline()));
  while (*next == one_endpoint("10.0.0.1", 80)) next = time.run(resolver.resolve("weather", 80, time.long_deadline()));
  CHECK(*next == one_endpoint("10.0.0.2", 80));
}

TEST_CASE("resolver: a stale result is kept after a failed lookup", "[net][resolver][threads]") {
  real_time_fixture time;
  scripted_lookup lookup;
  net::resolver resolver{lookup.function(), make_resolver_settings(0s, 1h, 0s)};
  lookup.complete_lookup(address("10.0.0.1"));
  CHECK(time.run(resolver.resolve("weather", 80, time.long_deadline())).has_value());
  lookup.complete_lookup(error_code{asio::error::host_not_found_try_again});
  CHECK(time.run(resolver.resolve("weather", 80, time.long_deadline())).has_value());
  // The third lookup starts only after the failure of the second.
  while (lookup.lookup_count() < 3)
    CHECK(*time.run(resolver.resolve("weather", 80, time.long_deadline())) == one_endpoint("10.0.0.1", 80));
}

TEST_CASE("resolver: after stale_while_revalidate, a stale result is used only if the lookup takes too long",
          "[net][resolver][threads]") {
  const bool is_slow = GENERATE(false, true);
  real_time_fixture time;
  scripted_lookup lookup;
  auto settings = make_resolver_settings(0s, 1h, 1h);
  settings.stale_while_revalidate = 0s;
  settings.client_response_timer = is_slow ? 1ms : 1h;
  net::resolver resolver{lookup.function(), settings};
  lookup.complete_lookup(address("10.0.0.1"));
  CHECK(time.run(resolver.resolve("weather", 80, time.long_deadline())).has_value());
  if (!is_slow) lookup.complete_lookup(address("10.0.0.2"));
  CHECK(*time.run(resolver.resolve("weather", 80, time.long_deadline())) ==
        one_endpoint(is_slow ? "10.0.0.1" : "10.0.0.2", 80));
}

TEST_CASE("resolver: a result older than max_stale_age is not used", "[net][resolver][threads]") {
  real_time_fixture time;
  scripted_lookup lookup;
  net::resolver resolver{lookup.function(), make_resolver_settings(0s, 0s, 1h)};
  lookup.complete_lookup(address("10.0.0.1"));
  CHECK(time.run(resolver.resolve("weather", 80, time.long_deadline())).has_value());
  lookup.complete_lookup(address("10.0.0.2"));
  CHECK(*time.run(resolver.resolve("weather", 80, time.long_deadline())) == one_endpoint("10.0.0.2", 80));
}

TEST_CASE("resolver: a failure is cached for negative_ttl", "[net][resolver][threads]") {
  real_time_fixture time;
  scripted_lookup lookup;
  const bool is_cached = GENERATE(true, false);
  net::resolver resolver{lookup.function(), make_resolver_settings(1h, 1h, is_cached ? 1h : 0h)};
  lookup.complete_lookup(error_code{asio::error::host_not_found});
  CHECK(time.run(resolver.resolve("weather", 80, time.long_deadline())).error() == asio::error::host_not_found);
  if (is_cached) {
    CHECK(time.run(resolver.resolve("weather", 80, time.long_deadline())).error() == asio::error::host_not_found);
    CHECK(lookup.lookup_count() == 1);
  } else {
    lookup.complete_lookup(address("10.0.0.1"));
    CHECK(time.run(resolver.resolve("weather", 80, time.long_deadline())).has_value());
    CHECK(lookup.lookup_count() == 2);
  }
}

TEST_CASE("resolver: a request times out or is cancelled while its lookup hangs", "[net][resolver][threads]") {
  real_time_fixture time;
  scripted_lookup lookup;
  net::resolver resolver{lookup.function(), make_resolver_settings(1h, 1h, 1h)};
  CHECK(time.run(resolver.resolve("weather", 80, time.short_deadline())).error() == asio::error::timed_out);
  const auto cancelled =
      time.run(with_deadline(time.short_deadline(), resolver.resolve("weather", 80, deadline::never())));
  CHECK(cancelled.error() == asio::error::timed_out);
  lookup.complete_lookup(address("10.0.0.1"));
  CHECK(*time.run(resolver.resolve("weather", 80, time.long_deadline())) == one_endpoint("10.0.0.1", 80));
  CHECK(lookup.lookup_count() == 1);
}

TEST_CASE("resolver: a lookup that hangs does not block other names", "[net][resolver][threads]") {
  real_time_fixture time;
  scripted_lookup pending_lookup;
  const auto hanging_lookup = pending_lookup.function();
  net::resolver resolver{
      [hanging_lookup](const std::string& host) { return host == "slow" ? hanging_lookup(host) : address("10.0.0.1"); },
      net::resolver::settings{}};
  CHECK(time.run(resolver.resolve("slow", 80, time.short_deadline())).error() == asio::error::timed_out);
  CHECK(time.run(resolver.resolve("fast", 80, time.long_deadline())).has_value());
}

TEST_CASE("resolver: the resolver can be destroyed while a lookup hangs", "[net][resolver][threads]") {
  real_time_fixture time;
  scripted_lookup lookup;
  {
    net::resolver resolver{lookup.function(), net::resolver::settings{}};
    CHECK(time.run(resolver.resolve("weather", 80, time.short_deadline())).error() == asio::error::timed_out);
  }
  lookup.complete_lookup(address("10.0.0.1"));
  time.run(sleep_task(time.short_deadline()));
}

TEST_CASE("resolver: an IP address needs no lookup", "[net][resolver][threads]") {
  real_time_fixture time;
  scripted_lookup lookup;
  net::system_network network{lookup.function()};
  CHECK(*time.run(network.resolve("127.0.0.1", 80, time.long_deadline())) == one_endpoint("127.0.0.1", 80));
  CHECK(*time.run(network.resolve("::1", 80, time.long_deadline())) == one_endpoint("::1", 80));
  CHECK(lookup.lookup_count() == 0);
}

TEST_CASE("system network: resolves localhost with the system resolver and connects to it",
          "[net][resolver][threads]") {
  real_time_fixture time;
  net::system_network network;
  auto listener = *net::listen_tcp(time.event_loop(), loopback_endpoint());
  const auto port = listener->local_endpoint().port();
  const endpoints resolved_endpoints = time.run(network.resolve("localhost", port, time.long_deadline()));
  REQUIRE(resolved_endpoints.has_value());
  CHECK(std::find(resolved_endpoints->begin(), resolved_endpoints->end(), loopback_endpoint(port)) !=
        resolved_endpoints->end());
  CHECK(time.run(network.connect(loopback_endpoint(port), time.long_deadline())).has_value());
}

}  // namespace
}  // namespace cohort
