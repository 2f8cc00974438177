#include "tests/sim/stack.hpp"

#include <boost/url/parse.hpp>

#include "core/runtime/when_all.hpp"
#include "loadgen/load_run.hpp"
#include "services/dashboard/app.hpp"
#include "services/sysinfo/app.hpp"
#include "services/time/app.hpp"
#include "services/weather/app.hpp"
#include "tests/integration/open_meteo_samples.hpp"
#include "tests/integration/wttr_samples.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

/// A provider has its moods: mostly well, at times slow, broken or talking nonsense.
task<http::response> moody(std::shared_ptr<random_source> chance, std::string good) {
  const auto mood = chance->below(100);
  auto thinking = sleep_for(mood < 90 ? chance->between(1ms, 60ms) : chance->between(1s, 7s));
  co_await std::move(thinking);
  if (mood < 75 || mood >= 95) co_return http::json_response(std::move(good));
  if (mood < 82) co_return http::response{http::status::internal_server_error};
  if (mood < 86) co_return http::response{http::status::too_many_requests};
  co_return http::response{}.body("<html>come back later</html>", "text/html");
}

std::function<http::router()> site(std::uint64_t seed, std::vector<std::pair<std::string, std::string>> answers) {
  return [chance = std::make_shared<random_source>(seed), answers = std::move(answers)] {
    http::router routes;
    for (const auto& each : answers) {
      routes.get(each.first, [chance, good = each.second](http::request_context&) { return moody(chance, good); });
    }
    return routes;
  };
}

/// On a machine that is always the same: what this one is like would be in every hash.
service::definition sysinfo_of_no_machine() {
  static const sysinfo::machine_reader nowhere{"/no/such/machine", "x86_64"};
  auto made = sysinfo::definition();
  made.app = [](service::kit&, service::key_guard&) { return sysinfo::app("simulated", nowhere); };
  return made;
}

std::vector<sim::member*> replicas(sim::fleet& of, std::size_t count) {
  std::vector<sim::member*> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(&of.add_service(time_service::definition, "time-service"));
  return all;
}

config::environment weather_variables(const scenario& of) {
  return {{"WEATHER_UPSTREAM_URL", "http://wttr.test"},
          {"WEATHER_FALLBACK_URL", "http://meteo.test"},
          {"WEATHER_GEOCODING_URL", "http://meteo.test"},
          {"WEATHER_CACHE_SECONDS", std::to_string(of.cache_seconds)}};
}

config::environment dashboard_variables() {
  return {{"TIME_SERVICE_URL", "http://time-service:5001"},
          {"SYSINFO_SERVICE_URL", "http://system-info-service:5002"},
          {"WEATHER_SERVICE_URL", "http://weather-service:5003"},
          // Else it takes one from the system, another each time.
          {"DASHBOARD_SECRET_KEY", "simulated"}};
}

loadgen::target target_at(const char* name, const std::string& url, unsigned weight) {
  loadgen::target made;
  made.name = name;
  made.request.url = *boost::urls::parse_uri(url);
  made.weight = weight;
  return made;
}

task<loadgen::report> run_load(loadgen::stage where, const loadgen::load_settings& how) {
  loadgen::load_run running{where, how};
  co_await running.run();
  co_return running.take_findings();
}

}  // namespace

stack::stack(const scenario& of, sim::trace::keeping what)
    : how(of),
      fleet(of.seed, what),
      wttr(fleet.add_site("wttr.test", 80, site(of.seed, {{"/{place}", wttr_answer()}}))),
      meteo(fleet.add_site(
          "meteo.test", 80,
          site(of.seed + 1, {{"/v1/forecast", open_meteo_answer()}, {"/v1/search", geocoding_answer()}}))),
      time_services(replicas(fleet, of.time_replicas)),
      sysinfo(fleet.add_service(sysinfo_of_no_machine, "system-info-service")),
      weather(fleet.add_service(weather::definition, "weather-service", weather_variables(of))),
      dashboard(fleet.add_service(dashboard::definition, "dashboard-service", dashboard_variables())) {
  fleet.network().set_usual_conditions(of.links);
}

loadgen::report stack::load(task<> befall) {
  auto& generator = fleet.network().add_host("loadgen");
  loadgen::load_settings asked;
  asked.targets = {target_at("aggregate", dashboard.url() + "/api/aggregate", 4),
                   target_at("time-proxy", dashboard.url() + "/api/time-proxy", 3),
                   target_at("weather", weather.url() + "/api/weather", 2),
                   target_at("sysinfo", sysinfo.url() + "/api/sysinfo", 1)};
  asked.schedule.begin_phase("steady").add_constant(how.length,
                                                    loadgen::request_rate::per_second(how.requests_per_second));
  asked.spread = loadgen::arrival_kind::poisson;
  asked.seed = how.seed;
  asked.time_limit = how.time_limit;
  asked.timeout = how.patience;
  asked.keep_alive = how.keeps_connections;
  fleet.spawn(std::move(befall));
  const loadgen::stage where{
      fleet.home(), {&fleet.home()}, fleet.network().reach(generator), [] { return duration{}; }};
  return fleet.run(run_load(where, asked));
}

}  // namespace cohort::test
