// SPDX-License-Identifier: BSL-1.0
// Publishes to a real broker, or consumes from it, and counts:
//   queue-peer publish URL TOPIC COUNT [BODY-BYTES]   messages with the IDs 0 to COUNT-1, by the outbox, until all are
//                                                     confirmed
//   queue-peer poison URL TOPIC COUNT                 the same, of messages that consumers cannot process
//   queue-peer consume URL TOPIC GROUP COUNT          until the messages 0 to COUNT-1 have been received and for 2 s
//                                                     more, or until SIGTERM
// The result is one line of JSON on standard output. Exit status 1: not all messages arrived within the time limit of 1
// ms per message, at least 300 s.
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/messaging/broker_url.hpp>
#include <cohort/messaging/consumer.hpp>
#include <cohort/messaging/publisher.hpp>
#include <cohort/net/system/system_network.hpp>
#include <cohort/runtime/completion_handler.hpp>
#include <cohort/runtime/concurrency/race.hpp>

#ifdef COHORT_KAFKA
#include <cohort/kafka/url.hpp>
#endif

using namespace cohort;
using namespace std::chrono_literals;

namespace {

/// Time limit for a small number of messages.
constexpr duration min_time_limit = 300s;

duration time_limit_of(std::size_t count) { return std::max<duration>(min_time_limit, count * 1ms); }

struct peer {
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  telemetry::logger log{sink, "queue-peer", telemetry::log_level::info, telemetry::log_format::text};
  net::system_network network;
  std::shared_ptr<messaging::broker> broker;
};

/// Returns the user and system time of this process in microseconds.
double cpu_time() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto microseconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
}

task<bool> enqueue_all(std::shared_ptr<messaging::publisher> outbox, std::string topic, std::size_t count,
                       std::string body) {
  const call_context context{.deadline = deadline::after(loop::current().now(), time_limit_of(count))};
  for (std::size_t i = 0; i < count; ++i) {
    messaging::message next{.topic = topic, .body = body, .id = std::to_string(i)};
    if (outbox->size() < messaging::publisher_settings{}.max_messages) {
      if (!outbox->try_enqueue(context, std::move(next))) co_return false;
      continue;
    }
    auto enqueue_task = messaging::publisher::enqueue(outbox, context, std::move(next));
    if (!co_await std::move(enqueue_task)) co_return false;
  }
  // Waits until the last messages are confirmed: polls every 10 ms, until the deadline at the latest.
  while (outbox->size() > 0 && !context.deadline.expired(loop::current().now())) {
    auto pause = sleep_for(10ms);
    co_await std::move(pause);
  }
  co_return outbox->size() == 0;
}

task<int> publish(peer& self, std::string topic, std::size_t count, std::string body) {
  auto outbox = messaging::publisher::make(self.broker, self.metrics, self.log, {}, "peer");
  auto run_task = self.broker->run();
  const auto start = loop::current().now();
  const auto initial_cpu_time = cpu_time();
  auto all = race(enqueue_all(outbox, std::move(topic), count, std::move(body)), std::move(run_task),
                  messaging::publisher::run(outbox));
  const auto ended = co_await std::move(all);
  const auto cpu_used = cpu_time() - initial_cpu_time;
  const auto seconds = to_seconds(loop::current().now() - start);
  const messaging::publisher_metrics counted{self.metrics, "peer"};
  std::cout << R"({"confirmed":)" << counted.confirmed.value() << R"(,"sent_again":)" << counted.retries.value()
            << R"(,"seconds":)" << seconds << R"(,"cpu_us_per_message":)" << cpu_used / static_cast<double>(count)
            << "}" << std::endl;
  co_return ended.index() == 0 && std::get<0>(ended) ? 0 : 1;
}

struct received_counts {
  explicit received_counts(std::size_t expected) : seen(expected) {}
  std::vector<bool> seen;
  std::size_t distinct_count = 0;
  event complete;
};

task<messaging::result<void>> count(std::shared_ptr<received_counts> counts, messaging::message_pointer message) {
  if (message->body.starts_with('!')) co_return messaging::error{messaging::errc::invalid, "poison"};
  const auto number = static_cast<std::size_t>(std::strtoull(message->id.c_str(), nullptr, 10));
  if (number < counts->seen.size() && !counts->seen[number]) {
    counts->seen[number] = true;
    if (++counts->distinct_count == counts->seen.size()) counts->complete.set();
  }
  co_return messaging::result<void>{};
}

/// Runs until SIGTERM.
task<> wait_for_signal() {
  asio::signal_set signals{loop::current().context(), SIGTERM};
  auto wait_task = async_operation<int>([&signals](completion_handler<int> handler) {
    auto shared = std::make_shared<completion_handler<int>>(std::move(handler));
    signals.async_wait([shared](const error_code&, int signal) { shared->post(signal); });
    // The cancellation slot of the coroutine cancels the wait.
    if (auto slot = shared->get_cancellation_slot(); slot.is_connected()) {
      slot.assign([&signals](asio::cancellation_type) { signals.cancel(); });
    }
  });
  co_await std::move(wait_task);
}

task<bool> wait_for_all(std::shared_ptr<received_counts> counts) {
  auto wait_task = counts->complete.wait(deadline::after(loop::current().now(), time_limit_of(counts->seen.size())));
  const bool is_complete = co_await std::move(wait_task) == wait_status::notified;
  // Waits for duplicates that the broker delivers with a delay.
  auto pause = sleep_for(2s);
  co_await std::move(pause);
  co_return is_complete;
}

task<int> consume(peer& self, std::string topic, std::string group, std::size_t expected) {
  auto counts = std::make_shared<received_counts>(expected);
  messaging::consumer_settings settings;
  settings.duplicate_window = 100'000;
  messaging::consumer::handler handler = [counts](messaging::message_pointer message, call_context) {
    return count(counts, std::move(message));
  };
  auto source = std::make_shared<messaging::consumer>(
      self.broker, messaging::subscription_settings{std::move(topic), std::move(group), 512}, std::move(handler),
      self.metrics, self.log, settings, "peer");
  auto all = race(wait_for_all(counts), self.broker->run(), messaging::consumer::run(source), wait_for_signal());
  const auto ended = co_await std::move(all);
  const messaging::consumer_metrics counted{self.metrics, "peer"};
  std::cout << R"({"received":)" << counts->distinct_count << R"(,"processed":)" << counted.processed.value()
            << R"(,"duplicates":)" << counted.duplicates.value() << R"(,"dead_letters":)"
            << counted.dead_letters.value() << "}" << std::endl;
  co_return ended.index() == 0 && std::get<0>(ended) ? 0 : 1;
}

task<int> run_peer(peer& self, messaging::broker_endpoint endpoint, std::vector<std::string> arguments) {
  const messaging::broker_dependencies dependencies{self.network, self.metrics, self.log, "queue-peer"};
  self.broker = endpoint.make_client(dependencies);
  const auto number = [&](std::size_t index) { return static_cast<std::size_t>(std::stoull(arguments.at(index))); };
  const bool is_poison = arguments.at(0) == "poison";
  std::string body(arguments.at(0) == "publish" && arguments.size() > 4 ? number(4) : 200, is_poison ? '!' : 'x');
  auto run_task = arguments.at(0) != "consume" ? publish(self, arguments.at(2), number(3), std::move(body))
                                               : consume(self, arguments.at(2), arguments.at(3), number(4));
  const auto status = co_await std::move(run_task);
  self.broker->close();
  co_return status;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 4 || (arguments[0] == "consume" && arguments.size() < 5)) {
    std::cerr
        << "usage: queue-peer publish URL TOPIC COUNT [BODY-BYTES] | poison URL TOPIC COUNT | consume URL TOPIC GROUP COUNT\n";
    return 2;
  }
  std::vector<messaging::broker_scheme> optional_schemes;
#ifdef COHORT_KAFKA
  optional_schemes = messaging::kafka::schemes();
#endif
  auto endpoint = messaging::parse_broker_url(arguments[1], optional_schemes);
  if (!endpoint) {
    std::cerr << "queue-peer: invalid URL: " << endpoint.error().message << '\n';
    return 2;
  }
  loop event_loop;
  peer self;
  int status = 1;
  asio::co_spawn(event_loop.get_executor(), run_peer(self, *endpoint, arguments),
                 [&](const std::exception_ptr& failure, int result) {
                   if (failure) std::cerr << "queue-peer: " << exception_message(failure) << '\n';
                   if (!failure) status = result;
                   event_loop.stop();
                 });
  event_loop.run();
  self.broker.reset();
  return status;
}
