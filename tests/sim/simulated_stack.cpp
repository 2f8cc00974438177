// SPDX-License-Identifier: BSL-1.0
#include "tests/sim/simulated_stack.hpp"

#include <boost/url/parse.hpp>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include "loadgen/engine/load_run.hpp"
#include "services/dashboard/app.hpp"
#include "services/sysinfo/app.hpp"
#include "services/time/app.hpp"
#include "services/weather/app.hpp"
#include "tests/integration/open_meteo_samples.hpp"
#include "tests/integration/wttr_samples.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

/// The response of a weather provider: mostly `body`, at times late, an error or not JSON.
task<http::response> respond_unreliably(std::shared_ptr<random_generator> random, std::string body) {
  const auto percentile = random->uniform_below(100);
  auto delay = sleep_for(percentile < 90 ? random->uniform_between(1ms, 60ms) : random->uniform_between(1s, 7s));
  co_await std::move(delay);
  if (percentile < 75 || percentile >= 95) co_return http::json_response(std::move(body));
  if (percentile < 82) co_return http::response{http::status::internal_server_error};
  if (percentile < 86) co_return http::response{http::status::too_many_requests};
  co_return http::response{}.body("<html>come back later</html>", "text/html");
}

/// A weather provider with these routes and their bodies.
std::function<http::router()> provider(std::uint64_t seed, std::vector<std::pair<std::string, std::string>> bodies) {
  return [random = std::make_shared<random_generator>(seed), bodies = std::move(bodies)] {
    http::router routes;
    for (const auto& response : bodies) {
      routes.get(response.first,
                 [random, body = response.second](http::request_context&) { return respond_unreliably(random, body); });
    }
    return routes;
  };
}

/// The sysinfo service with fixed data, because real data would change the hash.
service::definition sysinfo_with_fixed_data() {
  static const sysinfo::system_info_reader no_machine{"/no/such/machine", "x86_64"};
  auto definition = sysinfo::definition();
  definition.app = [](service::service_context&, service::api_key_authenticator&) {
    return sysinfo::app("simulated", no_machine);
  };
  return definition;
}

std::vector<sim::node*> add_time_services(sim::fleet& fleet, std::size_t count) {
  std::vector<sim::node*> replicas;
  for (std::size_t i = 0; i < count; ++i) {
    replicas.push_back(&fleet.add_service(time_service::definition, "time-service"));
  }
  return replicas;
}

config::environment weather_variables(const scenario& parameters) {
  return {{"WEATHER_UPSTREAM_URL", "http://wttr.test"},
          {"WEATHER_FALLBACK_URL", "http://meteo.test"},
          {"WEATHER_GEOCODING_URL", "http://meteo.test"},
          {"WEATHER_CACHE_SECONDS", std::to_string(parameters.cache_seconds)}};
}

config::environment dashboard_variables() {
  return {{"TIME_SERVICE_URL", "http://time-service:5001"},
          {"SYSINFO_SERVICE_URL", "http://system-info-service:5002"},
          {"WEATHER_SERVICE_URL", "http://weather-service:5003"},
          // Without one, the service draws a key from the system, which would change the hash.
          {"DASHBOARD_SECRET_KEY", "simulated"}};
}

loadgen::target make_target(const char* name, const std::string& url, unsigned weight) {
  loadgen::target target;
  target.name = name;
  target.request.url = *boost::urls::parse_uri(url);
  target.weight = weight;
  return target;
}

task<loadgen::run_report> run_to_end(loadgen::run_environment environment, const loadgen::load_settings& settings) {
  loadgen::load_run load{environment, settings};
  co_await load.run();
  co_return load.take_report();
}

}  // namespace

simulated_stack::simulated_stack(const test::scenario& parameters, sim::event_log::mode recorded)
    : scenario(parameters),
      fleet(parameters.seed, recorded),
      wttr(fleet.add_stub_server("wttr.test", 80, provider(parameters.seed, {{"/{place}", wttr_response()}}))),
      open_meteo(fleet.add_stub_server("meteo.test", 80,
                                       provider(parameters.seed + 1, {{"/v1/forecast", open_meteo_response()},
                                                                      {"/v1/search", geocoding_response()}}))),
      time_services(add_time_services(fleet, parameters.time_replicas)),
      sysinfo(fleet.add_service(sysinfo_with_fixed_data, "system-info-service")),
      weather(fleet.add_service(weather::definition, "weather-service", weather_variables(parameters))),
      dashboard(fleet.add_service(dashboard::definition, "dashboard-service", dashboard_variables())) {
  fleet.network().set_default_conditions(parameters.links);
}

loadgen::run_report simulated_stack::run_load(task<> faults) {
  auto& generator = fleet.network().add_host("loadgen");
  loadgen::load_settings settings;
  settings.targets = {make_target("aggregate", dashboard.url() + "/api/aggregate", 4),
                      make_target("time-proxy", dashboard.url() + "/api/time-proxy", 3),
                      make_target("weather", weather.url() + "/api/weather", 2),
                      make_target("sysinfo", sysinfo.url() + "/api/sysinfo", 1)};
  settings.profile.begin_phase("steady").add_constant(scenario.length,
                                                      loadgen::request_rate::per_second(scenario.requests_per_second));
  settings.arrivals = loadgen::arrival_process::poisson;
  settings.seed = scenario.seed;
  settings.deadline = scenario.deadline;
  settings.timeout = scenario.client_timeout;
  settings.keep_alive = scenario.keep_alive;
  fleet.spawn(std::move(faults));
  const loadgen::run_environment environment{
      fleet.event_loop(), {&fleet.event_loop()}, fleet.network().network_for(generator), [] { return duration{}; }};
  return fleet.run(run_to_end(environment, settings));
}

}  // namespace cohort::test
