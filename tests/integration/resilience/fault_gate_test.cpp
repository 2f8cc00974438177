// SPDX-License-Identifier: BSL-1.0
// Tests the dashboard in a faulty network: the fault gate is in front of one upstream.
#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include "tests/integration/process_resources.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/scripted_upstream.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;
using steady_clock = std::chrono::steady_clock;

/// The fault gate with one link.
class fault_gate_link {
 public:
  explicit fault_gate_link(std::uint16_t target)
      : gate_{"fault-gate", {"--link", "weather=127.0.0.1:" + std::to_string(target)}},
        url_{json_at(gate_.process().wait_for_line("\"msg\":\"link\""), "/url")} {
    url_ = url_.substr(1, url_.size() - 2);
  }

  const std::string& url() const noexcept { return url_; }
  running_program& program() noexcept { return gate_; }
  void inject(const std::string& fault) {
    const auto response = request(gate_.port(), "PUT", "/api/links/weather", {}, fault);
    REQUIRE(response.status == 200);
  }
  std::string state(const std::string& name) {
    return json_at(get(gate_.port(), "/api/links").body, "/links/0/" + name);
  }

 private:
  running_program gate_;
  std::string url_;
};

struct aggregate {
  std::string state;
  steady_clock::duration elapsed;
};

aggregate fetch_aggregate(std::uint16_t dashboard, const std::string& remaining_ms) {
  const auto start = steady_clock::now();
  const auto response = get(dashboard, "/api/aggregate", {{"x-envoy-expected-rq-timeout-ms", remaining_ms}});
  REQUIRE(response.status == 200);
  CHECK(json_at(response.body, "/meta/time_service/state") == "\"fresh\"");
  return {json_at(response.body, "/meta/weather_service/state"), steady_clock::now() - start};
}

TEST_CASE("fault gate: the aggregate reports each fault of a link within its deadline, and recovers",
          "[integration][threads][gate]") {
  scripted_upstream weather;
  weather.set_default_behavior(
      canned_response{.body = R"({"service":"weather-service","text":")" + std::string(2000, 'x') + "\"}"});
  fault_gate_link link{weather.port()};
  running_program time{"time-service"};
  // The circuit breaker is disabled, so that each request reaches the link. A hedge, which is sent if the machine is
  // slow, would keep its connection.
  running_program dashboard{"dashboard-service",
                            {"--threads", "1"},
                            {{"TIME_SERVICE_URL", time.url()},
                             {"TIME_SERVICE_POLICY", "hedge=off"},
                             {"SYSINFO_SERVICE_URL", time.url()},
                             {"SYSINFO_SERVICE_POLICY", "hedge=off"},
                             {"WEATHER_SERVICE_URL", link.url()},
                             {"WEATHER_SERVICE_POLICY", "breaker=off,hedge=off"}}};
  const auto port = dashboard.port();
  REQUIRE(fetch_aggregate(port, "5000").state == "\"fresh\"");
  const auto descriptors = open_descriptors(dashboard.process().pid());
  struct example {
    std::string fault;
    std::string state;
  };
  for (const auto& test_case : {
           example{"latency 50ms", "fresh"},
           example{"latency 2s", "timeout"},
           example{"bandwidth 500", "timeout"},
           example{"slice 64", "fresh"},
           example{"slice 1", "timeout"},
           example{"reset", "error"},
           example{"reset 30", "error"},
           example{"half-open", "timeout"},
           example{"black-hole", "timeout"},
           example{"black-hole 500", "timeout"},
           example{"garbage", "error"},
           example{"cut-header", "error"},
           example{"cut-body", "error"},
       }) {
    CAPTURE(test_case.fault);
    const auto injected = std::stoi(link.state("injected"));
    link.inject(test_case.fault);
    const auto during = fetch_aggregate(port, "400");
    CHECK(during.state == "\"" + test_case.state + "\"");
    CHECK(during.elapsed < 1s);
    CHECK(std::stoi(link.state("injected")) > injected);
    link.inject("none");
    CHECK(fetch_aggregate(port, "5000").state == "\"fresh\"");
  }
  // A connection that was interrupted by a fault is closed at both ends.
  CHECK(eventually([&] { return open_descriptors(dashboard.process().pid()) <= descriptors; }, 5s));
  CHECK(eventually([&] { return std::stoi(link.state("connections")) <= 1; }, 5s));
  CHECK(metric(port, "cohort_client_in_flight{upstream=\"weather\"}") == 0);
  CHECK(dashboard.stop() == 0);
  CHECK(link.program().stop() == 0);
}

TEST_CASE("fault gate: a script changes the faults of a link over time", "[integration][threads][gate]") {
  scripted_upstream server;
  server.set_default_behavior(canned_response{.body = "ok"});
  fault_gate_link link{server.port()};
  const auto gate = link.program().port();
  const auto link_port = static_cast<std::uint16_t>(std::stoi(link.url().substr(link.url().rfind(':') + 1)));
  CHECK(get(link_port, "/").body == "ok");
  CHECK(request(gate, "PUT", "/api/script", {}, "0s 1s other reset").status == 400);
  CHECK(request(gate, "PUT", "/api/script", {}, "0s 1s weather explode").status == 400);
  REQUIRE(request(gate, "PUT", "/api/script", {}, "0s 300ms weather reset\n300ms 200ms weather garbage").status == 200);
  CHECK(json_at(link.program().process().wait_for_line("\"msg\":\"fault\""), "/fault") == "\"reset 0\"");
  CHECK_THROWS(get(link_port, "/"));
  link.program().process().wait_for_line("\"fault\":\"garbage\"");
  CHECK_THROWS(get(link_port, "/"));
  CHECK(eventually([&] { return link.state("fault") == "\"none\""; }, 5s));
  CHECK(get(link_port, "/").body == "ok");
}

TEST_CASE("fault gate: the error for an invalid script file contains the line number", "[integration][threads][gate]") {
  const auto result = run_program("fault-gate", {"--port", "0", "--script", "/nonexistent"});
  CHECK(result.status == 2);
  CHECK(result.error == "fault-gate: --script is \"/nonexistent\", which cannot be read\n");
}

}  // namespace
}  // namespace cohort::test
