// SPDX-License-Identifier: BSL-1.0
// Tests of the weather service and the dashboard with a simulated RabbitMQ, in a fleet on a virtual clock.
#include <catch2/catch_test_macros.hpp>
#include <optional>

#include <cohort/sim/fleet.hpp>
#include <cohort/testing/spawned_task.hpp>
#include "services/dashboard/app.hpp"
#include "services/weather/app.hpp"
#include "simulation/external_systems/simulated_rabbitmq.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

struct broker_fixture {
  broker_fixture() { start_broker(); }
  ~broker_fixture() {
    fleet.shutdown();
    stop_broker();
  }
  broker_fixture(const broker_fixture&) = delete;
  broker_fixture& operator=(const broker_fixture&) = delete;

  void start_broker() { broker_task.emplace(fleet.time(), broker.run(fleet.network().listen(host, 5672))); }
  void stop_broker() {
    if (!broker_task) return;
    broker_task->cancel();
    fleet.run_for(1ms);
    broker_task.reset();
  }
  double metric(const sim::node& node, const std::string& name, const telemetry::label_set& labels) {
    // Returns the existing metric of the service, because the name and the labels are equal.
    return const_cast<telemetry::registry&>(node.metrics()).make_counter(name, "", labels).value();
  }
  double published_count(const std::string& result) {
    return metric(weather, "cohort_messaging_published_total", {{"publisher", "weather-service"}, {"result", result}});
  }
  double received_count() {
    return metric(dashboard, "cohort_messaging_received_total",
                  {{"consumer", "dashboard-service"}, {"result", "processed"}});
  }
  unsigned status(const std::string& url) {
    const auto response = fleet.call(url);
    return response ? response->status_code() : 0;
  }

  sim::fleet fleet{1};
  simulation::simulated_rabbitmq broker;
  sim::host& host = fleet.network().add_host("rabbitmq");
  std::optional<testing::spawned_task<>> broker_task;
  config::environment variables{{"WEATHER_SAMPLE", "true"},
                                {"WEATHER_CACHE_SECONDS", "1"},
                                {"MESSAGING_URL", "amqp://guest:guest@rabbitmq"},
                                {"WEATHER_SERVICE_URL", "http://weather:5003"}};
  sim::node& weather = fleet.add_service(weather::definition, "weather", variables);
  sim::node& dashboard = fleet.add_service(dashboard::definition, "dashboard", variables);
};

TEST_CASE("services: a new weather report reaches the dashboard through the broker", "[services][messaging]") {
  broker_fixture stack;
  stack.fleet.run_for(5s);
  const auto received_count_before = stack.received_count();
  CHECK(stack.status("http://weather:5003/api/weather") == 200);
  stack.fleet.run_for(100ms);
  CHECK(stack.received_count() == received_count_before + 1);
  CHECK(stack.published_count("confirmed") >= 1);
}

TEST_CASE("services: an unavailable broker does not delay requests, and receives the reports later",
          "[services][messaging][faults]") {
  broker_fixture stack;
  stack.fleet.run_for(5s);
  stack.stop_broker();
  for (int i = 0; i < 5; ++i) {
    const auto start = stack.fleet.elapsed();
    CHECK(stack.status("http://weather:5003/api/weather") == 200);
    CHECK(stack.fleet.elapsed() - start < 100ms);
    stack.fleet.run_for(2s);
  }
  const auto published_count_before = stack.published_count("confirmed");
  stack.start_broker();
  stack.fleet.run_for(10s);
  CHECK(stack.published_count("confirmed") >= published_count_before + 4);
  CHECK(stack.published_count("overloaded") == 0);
}

}  // namespace
}  // namespace cohort::test
