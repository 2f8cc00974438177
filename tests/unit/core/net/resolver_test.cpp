#include "core/net/resolver.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "core/net/system_network.hpp"
#include "core/runtime/with_deadline.hpp"
#include "tests/unit/core/net/loopback.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using namespace std::chrono_literals;
using answer = net::resolver::addresses;
using found = result<std::vector<net::endpoint>>;

answer address(const char* text) { return std::vector{asio::ip::make_address(text)}; }
std::vector<net::endpoint> at(const char* text, std::uint16_t port) { return {{asio::ip::make_address(text), port}}; }

/// A system's resolver whose answers the test holds back and hands out. Shared with the resolver's threads, which may
/// outlive the test.
class held_lookup {
 public:
  net::resolver::lookup function() {
    return [shared = shared_](const std::string&) { return shared->ask(); };
  }
  /// For one question, which may have come already or not.
  void answer_with(answer what) {
    const std::lock_guard lock{shared_->mutex};
    shared_->answers.push_back(std::move(what));
    shared_->changed.notify_all();
  }
  void wait_for_questions(int count) {
    std::unique_lock lock{shared_->mutex};
    REQUIRE(shared_->changed.wait_for(lock, default_timeout, [&] { return shared_->questions >= count; }));
  }
  int questions() const {
    const std::lock_guard lock{shared_->mutex};
    return shared_->questions;
  }
  ~held_lookup() {
    const std::lock_guard lock{shared_->mutex};
    shared_->over = true;
    shared_->changed.notify_all();
  }

 private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<answer> answers;
    int questions = 0;
    bool over = false;

    answer ask() {
      std::unique_lock lock{mutex};
      ++questions;
      changed.notify_all();
      changed.wait(lock, [this] { return over || !answers.empty(); });
      if (answers.empty()) return error_code{asio::error::host_not_found};
      auto next = std::move(answers.front());
      answers.pop_front();
      return next;
    }
  };
  std::shared_ptr<state> shared_ = std::make_shared<state>();
};

net::resolver::settings holds(std::chrono::seconds fresh, std::chrono::seconds usable, std::chrono::seconds failure) {
  net::resolver::settings limits;
  limits.fresh = fresh;
  limits.usable = usable;
  limits.failure = failure;
  return limits;
}

TEST_CASE("Many who ask for one name at once cost one look-up, and all hear its answer") {
  real_time time;
  held_lookup system;
  net::resolver names{system.function(), holds(1h, 1h, 1h)};
  std::vector<task<found>> waiting;
  for (std::uint16_t port = 1; port <= 3; ++port) waiting.push_back(names.resolve("weather", port, time.late()));
  system.answer_with(address("10.0.0.1"));
  const auto all = time.run(when_all(std::move(waiting)));
  REQUIRE(all.size() == 3);
  for (std::uint16_t port = 1; port <= 3; ++port) CHECK(*all[port - 1U] == at("10.0.0.1", port));
  CHECK(system.questions() == 1);
}

TEST_CASE("An answer is remembered while it is fresh") {
  real_time time;
  held_lookup system;
  net::resolver names{system.function(), holds(1h, 1h, 1h)};
  system.answer_with(address("10.0.0.1"));
  CHECK(*time.run(names.resolve("weather", 80, time.late())) == at("10.0.0.1", 80));
  CHECK(*time.run(names.resolve("weather", 81, deadline{time.main_loop().now()})) == at("10.0.0.1", 81));
  CHECK(system.questions() == 1);
}

TEST_CASE("An old answer is given at once while one new question is asked") {
  real_time time;
  held_lookup system;
  net::resolver names{system.function(), holds(0s, 1h, 1h)};
  system.answer_with(address("10.0.0.1"));
  CHECK(time.run(names.resolve("weather", 80, time.late())).has_value());
  for (int i = 0; i < 3; ++i) {
    CHECK(*time.run(names.resolve("weather", 80, deadline{time.main_loop().now()})) == at("10.0.0.1", 80));
  }
  system.wait_for_questions(2);
  CHECK(system.questions() == 2);

  system.answer_with(address("10.0.0.2"));
  found next = time.run(names.resolve("weather", 80, time.late()));
  while (*next == at("10.0.0.1", 80)) next = time.run(names.resolve("weather", 80, time.late()));
  CHECK(*next == at("10.0.0.2", 80));
}

TEST_CASE("An old answer survives a failure to refresh it") {
  real_time time;
  held_lookup system;
  net::resolver names{system.function(), holds(0s, 1h, 0s)};
  system.answer_with(address("10.0.0.1"));
  CHECK(time.run(names.resolve("weather", 80, time.late())).has_value());
  system.answer_with(error_code{asio::error::host_not_found_try_again});
  CHECK(time.run(names.resolve("weather", 80, time.late())).has_value());
  // Only once the failure is told can there be a third question.
  while (system.questions() < 3) CHECK(*time.run(names.resolve("weather", 80, time.late())) == at("10.0.0.1", 80));
}

TEST_CASE("An answer that is too old to use is waited for anew") {
  real_time time;
  held_lookup system;
  net::resolver names{system.function(), holds(0s, 0s, 1h)};
  system.answer_with(address("10.0.0.1"));
  CHECK(time.run(names.resolve("weather", 80, time.late())).has_value());
  system.answer_with(address("10.0.0.2"));
  CHECK(*time.run(names.resolve("weather", 80, time.late())) == at("10.0.0.2", 80));
}

TEST_CASE("A failure is remembered for its time, and asked again after") {
  real_time time;
  held_lookup system;
  const bool remembered = GENERATE(true, false);
  net::resolver names{system.function(), holds(1h, 1h, remembered ? 1h : 0h)};
  system.answer_with(error_code{asio::error::host_not_found});
  CHECK(time.run(names.resolve("weather", 80, time.late())).error() == asio::error::host_not_found);
  if (remembered) {
    CHECK(time.run(names.resolve("weather", 80, time.late())).error() == asio::error::host_not_found);
    CHECK(system.questions() == 1);
  } else {
    system.answer_with(address("10.0.0.1"));
    CHECK(time.run(names.resolve("weather", 80, time.late())).has_value());
    CHECK(system.questions() == 2);
  }
}

TEST_CASE("A waiter leaves at its deadline, or when cancelled, while the look-up hangs; the others get its answer") {
  real_time time;
  held_lookup system;
  net::resolver names{system.function(), holds(1h, 1h, 1h)};
  CHECK(time.run(names.resolve("weather", 80, time.soon())).error() == asio::error::timed_out);
  const auto cancelled = time.run(with_deadline(time.soon(), names.resolve("weather", 80, deadline::never())));
  CHECK(cancelled.error() == asio::error::timed_out);
  system.answer_with(address("10.0.0.1"));
  CHECK(*time.run(names.resolve("weather", 80, time.late())) == at("10.0.0.1", 80));
  CHECK(system.questions() == 1);
}

TEST_CASE("A look-up that hangs holds no other name up") {
  real_time time;
  held_lookup hanging;
  const auto hang = hanging.function();
  net::resolver names{[hang](const std::string& host) { return host == "slow" ? hang(host) : address("10.0.0.1"); },
                      net::resolver::settings{}};
  CHECK(time.run(names.resolve("slow", 80, time.soon())).error() == asio::error::timed_out);
  CHECK(time.run(names.resolve("quick", 80, time.late())).has_value());
}

TEST_CASE("The resolver may go while a look-up hangs") {
  real_time time;
  held_lookup system;
  {
    net::resolver names{system.function(), net::resolver::settings{}};
    CHECK(time.run(names.resolve("weather", 80, time.soon())).error() == asio::error::timed_out);
  }
  system.answer_with(address("10.0.0.1"));
  time.run(rest(time.soon()));
}

TEST_CASE("An address needs no look-up") {
  real_time time;
  held_lookup system;
  net::system_network network{system.function()};
  CHECK(*time.run(network.resolve("127.0.0.1", 80, time.late())) == at("127.0.0.1", 80));
  CHECK(*time.run(network.resolve("::1", 80, time.late())) == at("::1", 80));
  CHECK(system.questions() == 0);
}

TEST_CASE("The machine's own resolver knows localhost, and its network connects there") {
  real_time time;
  net::system_network network;
  auto listener = *net::listen_tcp(time.main_loop(), loopback());
  const auto port = listener->local_endpoint().port();
  const found all = time.run(network.resolve("localhost", port, time.late()));
  REQUIRE(all.has_value());
  CHECK(std::find(all->begin(), all->end(), loopback(port)) != all->end());
  CHECK(time.run(network.connect(loopback(port), time.late())).has_value());
}

}  // namespace
}  // namespace cohort
