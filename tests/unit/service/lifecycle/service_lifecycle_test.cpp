// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/lifecycle/service_lifecycle.hpp>

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/sim/fleet.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using event_names = std::vector<std::string>;

using app_function = std::function<void(service::service_context&, http::router&)>;

service::definition make_definition(const app_function& add) {
  service::definition definition;
  definition.name = "sample";
  definition.metric_prefix = "sample";
  definition.port = 80;
  definition.app = [add](service::service_context& context, service::api_key_authenticator&) {
    http::router routes;
    routes.get("/", [](http::request_context&) { return http::response{}.body("page", "text/plain"); });
    add(context, routes);
    return routes;
  };
  return definition;
}

int status_of(sim::fleet& fleet, const char* path) {
  const auto response = fleet.call(std::string{"http://sample"} + path);
  return response ? static_cast<int>(response->status) : 0;
}

task<> record_after(duration span, event_names* events, std::string name) {
  if (span > 0s && co_await sleep_for(span) != wait_status::timed_out) co_return;
  events->push_back(std::move(name));
}
task<> record_sibling_count(const service::service_context& context, event_names* events) {
  events->push_back(std::to_string(context.sibling_urls.size()) + " siblings");
  co_return;
}
task<> fail_after(duration span, std::string reason) {
  co_await sleep_for(span);
  throw std::runtime_error(reason);
}

TEST_CASE("service: a service is not ready until its start hooks have ended", "[service][lifecycle][sim]") {
  sim::fleet fleet{1};
  event_names events;
  fleet.add_service(
      [&] {
        return make_definition([&](const service::service_context& context, http::router&) {
          context.on_start(record_after(5s, &events, "connect"));
          context.on_start(record_after(5s, &events, "load"));
        });
      },
      "sample");
  CHECK(status_of(fleet, "/readyz") == 503);
  CHECK(status_of(fleet, "/livez") == 200);
  CHECK(status_of(fleet, "/") == 503);
  fleet.run_for(6s);
  CHECK(events == event_names{"connect"});
  CHECK(status_of(fleet, "/readyz") == 503);
  fleet.run_for(5s);
  CHECK(events == event_names{"connect", "load"});
  CHECK(status_of(fleet, "/readyz") == 200);
  CHECK(status_of(fleet, "/") == 200);
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
}

TEST_CASE("service: handlers, tasks and stop hooks may refer to the service context of app()",
          "[service][lifecycle][sim]") {
  sim::fleet fleet{1};
  event_names events;
  auto& node = fleet.add_service(
      [&] {
        return make_definition([&](service::service_context& context, http::router& routes) {
          context.on_stop(record_sibling_count(context, &events));
          routes.get("/work", [&context, &events](http::request_context&) {
            context.background.spawn(record_sibling_count(context, &events));
            return http::response{http::status::accepted};
          });
        });
      },
      "sample");
  CHECK(status_of(fleet, "/work") == 202);
  CHECK(events == event_names{"0 siblings"});
  fleet.run(fleet.stop(node, 1s));
  CHECK(events == event_names{"0 siblings", "0 siblings"});
}

TEST_CASE("service: a service stops when a start hook fails", "[service][lifecycle][sim]") {
  sim::fleet fleet{1, sim::event_log::mode::timeline};
  auto& node = fleet.add_service(
      [] {
        return make_definition([](const service::service_context& context, http::router&) {
          context.on_start(fail_after(1s, "no database"));
        });
      },
      "sample");
  fleet.run_for(2s);
  CHECK_FALSE(node.is_running());
  CHECK(fleet.event_log().text().find("start of sample failed: no database") != std::string::npos);
  fleet.shutdown();
  CHECK(fleet.leaks() == std::vector<std::string>{"start of sample failed: no database"});
}

/// A hook that reports its cancellation as a failure.
task<> fail_when_cancelled() {
  if (co_await sleep_for(1h) == wait_status::cancelled) throw service::start_error{"the call was cancelled"};
}

TEST_CASE("service: a start that the shutdown cancels is not a failure", "[service][lifecycle][sim]") {
  sim::fleet fleet{1, sim::event_log::mode::timeline};
  fleet.add_service(
      [] {
        return make_definition(
            [](const service::service_context& context, http::router&) { context.on_start(fail_when_cancelled()); });
      },
      "sample");
  fleet.run_for(1s);
  fleet.shutdown();
  CHECK(fleet.event_log().text().find("start of sample failed") == std::string::npos);
  CHECK(fleet.leaks() == sim::no_leaks);
}

TEST_CASE("service: a service can be stopped while a start hook runs", "[service][lifecycle][sim]") {
  sim::fleet fleet{1};
  event_names events;
  auto& node = fleet.add_service(
      [&] {
        return make_definition([&](const service::service_context& context, http::router&) {
          context.on_start(record_after(1h, &events, "load"));
        });
      },
      "sample");
  fleet.run_for(1s);
  const auto begin = fleet.elapsed();
  fleet.run(fleet.stop(node, 10s));
  CHECK(fleet.elapsed() - begin < 1s);
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
}

TEST_CASE("service: a task that is spawned while the router is built starts with the service",
          "[service][lifecycle][sim][case-6.4]") {
  event_names events;
  sim::fleet fleet{1};
  fleet.add_service(
      [&] {
        return make_definition([&](const service::service_context& context, http::router&) {
          context.background.spawn(record_after(1s, &events, "spawned"));
          CHECK(events.empty());
        });
      },
      "sample");
  fleet.run_for(2s);
  CHECK(events == event_names{"spawned"});
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
}

TEST_CASE("service: a script of a simulated fleet restarts a service that spawns tasks while its router is built",
          "[service][lifecycle][sim]") {
  struct fleet_scripts {
    static task<> restart(sim::fleet& fleet, sim::node& node) {
      fleet.kill(node);
      auto sleep_task = sleep_for(1s);
      co_await std::move(sleep_task);
      fleet.start(node);
    }
  };
  event_names events;
  sim::fleet fleet{1};
  // The loop of the service is not the loop on which the script runs.
  auto& machine = fleet.add_machine("machine", 1);
  auto& node = fleet.add_service(
      [&] {
        return make_definition([&](const service::service_context& context, http::router&) {
          context.background.spawn(record_after(1s, &events, "spawned"));
        });
      },
      "sample", {}, {}, {&machine});
  fleet.run_for(2s);
  fleet.spawn(fleet_scripts::restart(fleet, node));
  fleet.run_for(3s);
  CHECK(events == event_names{"spawned", "spawned"});
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
}

TEST_CASE("background_tasks: spawn on a thread without a loop is an error after the start",
          "[service][background][case-6.4]") {
  event_names events;
  virtual_time time;
  telemetry::log_sink sink;
  service::background_tasks tasks{{&time.event_loop()},
                                  {sink, "test", telemetry::log_level::off, telemetry::log_format::json}};
  tasks.spawn(record_after(0s, &events, "first"));
  asio::post(time.event_loop().get_executor(), [&] { tasks.start(); });
  time.run_until_idle();
  CHECK(events == event_names{"first"});
  CHECK_THROWS_AS(tasks.spawn(record_after(0s, &events, "second")), std::logic_error);
  time.run(tasks.stop());
}

TEST_CASE("background_tasks: threads without a loop can spawn concurrently before the start",
          "[service][background][threads]") {
  constexpr std::size_t count = 200;
  event_names events;
  virtual_time time;
  telemetry::log_sink sink;
  service::background_tasks tasks{{&time.event_loop()},
                                  {sink, "test", telemetry::log_level::off, telemetry::log_format::json}};
  {
    const auto spawn_tasks = [&] {
      for (std::size_t i = 0; i < count / 2; ++i) tasks.spawn(record_after(0s, &events, "spawned"));
    };
    const std::jthread first{spawn_tasks};
    const std::jthread second{spawn_tasks};
  }
  asio::post(time.event_loop().get_executor(), [&] { tasks.start(); });
  time.run_until_idle();
  CHECK(events == event_names(count, "spawned"));
  time.run(tasks.stop());
}

TEST_CASE("service: stop hooks run after the requests and jobs, in reverse order, each with a timeout",
          "[service][lifecycle][sim]") {
  sim::fleet fleet{1};
  event_names events;
  auto& node = fleet.add_service(
      [&] {
        return make_definition([&](service::service_context& context, http::router&) {
          context.every("job", 1s, [&](call_context) { return record_after(2s, &events, "job"); });
          context.on_stop(record_after(0s, &events, "close"));
          context.on_stop(record_after(1h, &events, "never"));
          context.on_stop(fail_after(1s, "cannot flush"));
          context.on_stop(record_after(1s, &events, "flush"));
        });
      },
      "sample");
  fleet.run_for(1500ms);
  const auto begin = fleet.elapsed();
  fleet.run(fleet.stop(node, 10s));
  CHECK(events == event_names{"job", "flush", "close"});
  CHECK(fleet.elapsed() - begin >= 10s);
  CHECK(fleet.elapsed() - begin < 12s);
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
}

TEST_CASE("service: a killed process runs no stop hooks", "[service][lifecycle][sim]") {
  sim::fleet fleet{1};
  event_names events;
  auto& node = fleet.add_service(
      [&] {
        return make_definition([&](const service::service_context& context, http::router&) {
          context.on_stop(record_after(0s, &events, "flush"));
        });
      },
      "sample");
  fleet.run_for(1s);
  fleet.kill(node);
  fleet.run_for(1s);
  CHECK(events.empty());
}

task<http::response> respond_from_blocking(blocking_pool& blocking, http::request_context& context) {
  const auto text = co_await blocking.run(context, [] { return std::string{"from the disk"}; }, "read file");
  if (!text) co_return http::error_response(http::status::gateway_timeout, text.error().message());
  auto response = http::response{}.body(*text, "text/plain");
  co_return response;
}

TEST_CASE("service: blocking work is simulated with the duration that the test sets", "[service][lifecycle][sim]") {
  sim::fleet fleet{1};
  auto& node = fleet.add_service(
      [] {
        return make_definition([](service::service_context& context, http::router& routes) {
          routes.get("/file", [&blocking = context.blocking](http::request_context& request) {
            return respond_from_blocking(blocking, request);
          });
        });
      },
      "sample");
  fleet.set_blocking_cost(node, 2s);
  const auto begin = fleet.elapsed();
  CHECK(status_of(fleet, "/file") == 200);
  CHECK(fleet.elapsed() - begin >= 2s);
  CHECK(fleet.elapsed() - begin < 3s);
  const auto metrics = node.metrics().prometheus_text();
  CHECK(metrics.find("cohort_blocking_duration_seconds_count 1") != std::string::npos);
  CHECK(metrics.find("cohort_blocking_running 0") != std::string::npos);
  CHECK(metrics.find("cohort_blocking_queued 0") != std::string::npos);
  CHECK(metrics.find("cohort_blocking_rejected_total 0") != std::string::npos);
}

TEST_CASE("service: an invalid cron expression is reported when the router is built", "[service][lifecycle][sim]") {
  sim::fleet fleet{1};
  CHECK_THROWS_AS(fleet.add_service(
                      [] {
                        return make_definition([](const service::service_context& context, http::router&) {
                          context.cron("report", "99 * * * *", [](call_context) -> task<> { co_return; });
                        });
                      },
                      "sample"),
                  std::invalid_argument);
  fleet.shutdown();
}

}  // namespace
}  // namespace cohort
