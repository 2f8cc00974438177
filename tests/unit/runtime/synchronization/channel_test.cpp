// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/synchronization/channel.hpp>

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>
#include <vector>

#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/time/virtual_time.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using test::deadline_in;
using test::sleep_task;

task<> send_numbers(channel<int>& target, int first, int count) {
  for (int i = 0; i < count; ++i) {
    const auto sent = co_await target.send(first + i, deadline::never());
    REQUIRE(sent.has_value());
    CHECK(target.size() <= 2);
  }
}
task<std::vector<int>> receive_numbers(channel<int>& source, int count) {
  std::vector<int> received_values;
  for (int i = 0; i < count; ++i) {
    const auto value = co_await source.receive(deadline::never());
    REQUIRE(value.has_value());
    received_values.push_back(*value);
  }
  co_return received_values;
}

TEST_CASE("channel: keeps the order of the values, and suspends senders while it is full", "[runtime][sync]") {
  virtual_time time;
  channel<int> numbers{2};
  const auto results = time.run(when_all(send_numbers(numbers, 1, 6), receive_numbers(numbers, 6)));
  CHECK(std::get<1>(results) == std::vector<int>{1, 2, 3, 4, 5, 6});
}

task<> check_timeouts(channel<std::unique_ptr<int>>& values) {
  const auto timeout_result = co_await values.receive(deadline_in(5ms));
  CHECK(timeout_result.error() == asio::error::timed_out);
  REQUIRE((co_await values.send(std::make_unique<int>(1), deadline::never())).has_value());
  const auto full = co_await values.send(std::make_unique<int>(2), deadline_in(5ms));
  CHECK(full.error() == asio::error::timed_out);
  const auto received_value = co_await values.receive(deadline::never());
  REQUIRE(received_value.has_value());
  CHECK(**received_value == 1);
  CHECK_FALSE(values.try_receive().has_value());
}

TEST_CASE("channel: waits time out at their deadline, and the unsent value is dropped", "[runtime][sync]") {
  virtual_time time;
  channel<std::unique_ptr<int>> values{1};
  time.run(check_timeouts(values));
}

task<> close_after(channel<int>& target, duration span) {
  co_await sleep_for(span);
  target.close();
}
task<error_code> send_one(channel<int>& target, int value) {
  const auto sent = co_await target.send(value, deadline::never());
  co_return sent ? error_code{} : sent.error();
}
task<error_code> receive_error(channel<int>& source) {
  const auto receive_result = co_await source.receive(deadline::never());
  co_return receive_result ? error_code{} : receive_result.error();
}

TEST_CASE("channel: waiting senders fail after close, and stored values can still be received", "[runtime][sync]") {
  virtual_time time;
  channel<int> numbers{1};
  REQUIRE(numbers.try_send(1));
  const auto results = time.run(when_all(send_one(numbers, 2), close_after(numbers, 1ms)));
  CHECK(std::get<0>(results) == asio::error::broken_pipe);
  CHECK(time.run(send_one(numbers, 3)) == asio::error::broken_pipe);
  CHECK(time.run(receive_numbers(numbers, 1)) == std::vector<int>{1});
  CHECK(time.run(receive_error(numbers)) == asio::error::eof);
}

TEST_CASE("channel: waiting receivers return eof after close", "[runtime][sync]") {
  virtual_time time;
  channel<int> numbers{1};
  const auto results = time.run(when_all(receive_error(numbers), close_after(numbers, 1ms)));
  CHECK(std::get<0>(results) == asio::error::eof);
}

task<> select_each(channel<int>& numbers, channel<std::string>& texts) {
  auto first = co_await select(deadline::never(), numbers, texts);
  REQUIRE(first.has_value());
  CHECK(std::get<1>(*first) == "text");
  REQUIRE(numbers.try_send(1));
  REQUIRE(texts.try_send("second"));
  auto select_result = co_await select(deadline::never(), numbers, texts);
  REQUIRE(select_result.has_value());
  CHECK(std::get<0>(*select_result) == 1);
  CHECK(texts.size() == 1);
  auto second_select_result = co_await select(deadline::never(), numbers, texts);
  REQUIRE(second_select_result.has_value());
  CHECK(std::get<1>(*second_select_result) == "second");
  const auto timeout_result = co_await select(deadline_in(5ms), numbers, texts);
  CHECK(timeout_result.error() == asio::error::timed_out);
  numbers.close();
  texts.close();
  const auto closed_result = co_await select(deadline::never(), numbers, texts);
  CHECK(closed_result.error() == asio::error::eof);
}
task<> send_text(channel<std::string>& texts) {
  co_await sleep_for(3ms);
  REQUIRE((co_await texts.send("text", deadline::never())).has_value());
}

TEST_CASE("select: receives one value from the first channel that has a value", "[runtime][sync]") {
  virtual_time time;
  channel<int> numbers{1};
  channel<std::string> texts{1};
  time.run(when_all(select_each(numbers, texts), send_text(texts)));
}

task<> produce(channel<int>& target, int& sent) {
  auto& random = loop::current().random();
  for (int i = 0; i < 30; ++i) {
    co_await sleep_for(std::chrono::microseconds{random.uniform_below(20)});
    const auto result = co_await target.send(1, deadline_in(std::chrono::microseconds{random.uniform_below(40)}));
    if (result) ++sent;
  }
}
task<> consume(channel<int>& a, channel<int>& b, int& received_count) {
  auto& random = loop::current().random();
  for (int i = 0; i < 60; ++i) {
    const auto limit = deadline_in(std::chrono::microseconds{random.uniform_below(40)});
    if (random.bernoulli(0.5)) {
      if ((co_await a.receive(limit)).has_value()) ++received_count;
    } else {
      if ((co_await select(limit, a, b)).has_value()) ++received_count;
    }
  }
}

TEST_CASE("channel: no value is lost or duplicated when waits end at random times", "[runtime][sync]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    virtual_time time{seed};
    channel<int> a{2};
    channel<int> b{1};
    int sent = 0;
    int received_count = 0;
    time.run(when_all(produce(a, sent), produce(b, sent), produce(a, sent), consume(a, b, received_count),
                      consume(a, b, received_count)));
    REQUIRE(sent > 0);
    REQUIRE(sent == received_count + static_cast<int>(a.size() + b.size()));
  }
}

task<> wait_for_value(channel<int>& source, bool& is_resumed) {
  static_cast<void>(co_await source.receive(deadline::never()));
  is_resumed = true;
}

TEST_CASE("channel: a cancelled receiver does not remove a value", "[runtime][sync]") {
  virtual_time time;
  channel<int> numbers{1};
  bool is_resumed = false;
  time.run(race(wait_for_value(numbers, is_resumed), sleep_task(1ms)));
  REQUIRE(numbers.try_send(7));
  CHECK(numbers.size() == 1);
}

}  // namespace
}  // namespace cohort
