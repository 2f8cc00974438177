// SPDX-License-Identifier: BSL-1.0
#include "tests/sim/simulated_stack.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <exception>
#include <stdexcept>

#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/sim/shrink/schedule_player.hpp>
#include "loadgen/engine/load_run.hpp"
#include "services/dashboard/app.hpp"
#include "services/sysinfo/app.hpp"
#include "services/time/app.hpp"
#include "services/weather/app.hpp"
#include "tests/integration/weather/open_meteo_samples.hpp"
#include "tests/integration/weather/wttr_samples.hpp"
#include "tests/sim/random_faults.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

/// Responds as an unreliable weather provider: usually with `body`, sometimes with a delay, an error or a body that is
/// not JSON.
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

/// Returns the sysinfo service with fixed data, because real data would change the hash.
service::definition sysinfo_with_fixed_data() {
  static const sysinfo::system_info_reader empty_system_info{"/no/such/machine", "x86_64"};
  auto definition = sysinfo::definition();
  definition.app = [](service::service_context&, service::api_key_authenticator&) {
    return sysinfo::app("simulated", empty_system_info);
  };
  return definition;
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
          // Without a key, the service would generate a random one, which would change the hash.
          {"DASHBOARD_SECRET_KEY", "simulated"}};
}

/// Returns a load profile with one request at each of these times, which are in ascending order.
loadgen::load_profile profile_of(const std::vector<duration>& times) {
  loadgen::load_profile profile;
  profile.begin_phase("requests");
  if (times.front() > duration{0}) profile.add_constant(times.front(), {});
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto next = i + 1 < times.size() ? times[i + 1] : times[i];
    profile.add_burst(1, std::max(next - times[i], duration{1}));
  }
  return profile;
}

task<loadgen::run_report> run_to_end(loadgen::run_environment environment, loadgen::load_settings settings) {
  loadgen::load_run load{environment, settings};
  co_await load.run();
  co_return load.take_report();
}

task<load_reports> run_all(const loadgen::run_environment& environment,
                           std::map<std::string, loadgen::load_settings, std::less<>> loads) {
  load_reports reports;
  task_group runs{[](const std::exception_ptr& error) { std::rethrow_exception(error); }};
  struct runner {
    static task<> run(const loadgen::run_environment& environment, loadgen::load_settings settings,
                      loadgen::run_report& report) {
      auto run_task = run_to_end(environment, std::move(settings));
      report = co_await std::move(run_task);
    }
  };
  for (auto& [path, settings] : loads) runs.spawn(runner::run(environment, std::move(settings), reports[path]));
  co_await runs.join();
  co_return reports;
}

}  // namespace

simulated_stack::simulated_stack(const sim::schedule& run, sim::event_log::mode recorded, bool is_audited)
    : schedule(run), scenario(scenario_of(run)), fleet(run.seed, recorded), dashboard(add_nodes(is_audited)) {
  fleet.network().add_host(load_host_name);
  fleet.network().set_default_conditions(scenario.links);
}

sim::node& simulated_stack::add_nodes(bool is_audited) {
  if (is_audited) {
    audit.emplace(fleet);
    // Requests share a fetch. A fetch has its own deadline and completes even if all requests were cancelled, to fill
    // the cache.
    for (const auto* provider : {wttr_name, open_meteo_name}) audit->expect_background_calls(weather_name, provider);
  }
  const auto add_provider = [&](const char* name, std::uint64_t seed,
                                std::vector<std::pair<std::string, std::string>> bodies) {
    if (schedule.has_node(name)) fleet.add_stub_server(name, 80, provider(seed, std::move(bodies)));
  };
  add_provider(wttr_name, schedule.seed, {{"/{place}", wttr_response()}});
  add_provider(open_meteo_name, schedule.seed + 1,
               {{"/v1/forecast", open_meteo_response()}, {"/v1/search", geocoding_response()}});
  for (std::size_t i = 0; i < scenario.time_replica_count; ++i) fleet.add_service(time_service::definition, time_name);
  if (schedule.has_node(sysinfo_name)) fleet.add_service(sysinfo_with_fixed_data, sysinfo_name);
  if (schedule.has_node(weather_name)) {
    fleet.add_service(weather::definition, weather_name, weather_variables(scenario));
  }
  return fleet.add_service(dashboard::definition, dashboard_name, dashboard_variables());
}

void simulated_stack::record_fault(const sim::scheduled_event& event) {
  if (event.action == sim::event_action::stop) restarted_nodes.push_back(fleet.find(event.node));
  if (may_lose_requests(event.action)) faulty_hosts.push_back(fleet.network().find(event.node));
}

load_reports simulated_stack::run_load() {
  std::map<std::string, std::vector<duration>, std::less<>> times;
  std::map<std::string, loadgen::load_settings, std::less<>> loads;
  for (const auto& event : schedule.events) {
    if (event.action != sim::event_action::request) continue;
    auto* const node = fleet.find(event.node);
    if (!node) throw std::invalid_argument("event \"" + sim::to_text(event) + "\": there is no node " + event.node);
    times[event.peer].push_back(event.at);
    auto& settings = loads[event.peer];
    if (!settings.targets.empty()) continue;
    auto& target = settings.targets.emplace_back();
    target.name = event.peer;
    target.request.url = *boost::urls::parse_uri(node->url() + event.peer);
    settings.seed = schedule.seed;
    settings.deadline = scenario.deadline;
    settings.timeout = scenario.client_timeout;
    settings.keep_alive = scenario.keep_alive;
  }
  for (auto& [path, settings] : loads) settings.profile = profile_of(times[path]);
  play(
      fleet, schedule,
      {.is_sequential = true, .on_fault = [this](const auto& event) { record_fault(event); }, .sends_requests = false});
  const loadgen::run_environment environment{fleet.event_loop(),
                                             {&fleet.event_loop()},
                                             fleet.network().network_for(*fleet.network().find(load_host_name)),
                                             [] { return duration{}; }};
  return fleet.run(run_all(environment, std::move(loads)));
}

}  // namespace cohort::test
