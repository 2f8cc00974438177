// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/monitored_fleet.hpp"

#include <boost/url/parse.hpp>
#include <cmath>
#include <numbers>

#include <cohort/faults/fault_injection.hpp>
#include <cohort/http/client/fetch.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/service/health/loop_monitor.hpp>
#include "services/dashboard/app.hpp"
#include "services/gateway/app.hpp"
#include "services/sysinfo/app.hpp"
#include "services/time/app.hpp"
#include "services/weather/app.hpp"

namespace cohort::simulation::alerts {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view wttr_body =
    R"({"current_condition":[{"FeelsLikeC":"20","FeelsLikeF":"68","cloudcover":"25","humidity":"64","temp_C":"21",)"
    R"("temp_F":"70","weatherCode":"116","weatherDesc":[{"value":"Partly cloudy"}],"windspeedKmph":"13"}],)"
    R"("nearest_area":[{"areaName":[{"value":"Haifa"}],"country":[{"value":"Israel"}],"region":[{"value":""}],)"
    R"("latitude":"32.817","longitude":"34.989"}],"weather":[]})";
constexpr std::string_view forecast_body =
    R"({"latitude":32.8125,"longitude":35.0,"current_units":{"time":"iso8601","temperature_2m":"°C",)"
    R"("relative_humidity_2m":"%","apparent_temperature":"°C","weather_code":"wmo code","wind_speed_10m":"km/h"},)"
    R"("current":{"time":"2026-06-01T12:00","interval":900,"temperature_2m":18.6,"relative_humidity_2m":57,)"
    R"("apparent_temperature":17.4,"weather_code":80,"wind_speed_10m":12.5}})";
constexpr std::string_view geocoding_body =
    R"({"results":[{"id":294801,"name":"Haifa","latitude":32.81,"longitude":34.98,"country_code":"IL",)"
    R"("country":"Israel"}]})";

/// CPU costs per request of a small service with JSON and logging.
sim::cpu_costs http_costs() {
  sim::cpu_costs costs;
  costs.read = sim::distribution::constant(100us);
  costs.other_routes = sim::distribution::lognormal(200us, 1ms);
  costs.call = sim::distribution::constant(50us);
  return costs;
}

/// Adds the metrics of the event loops. In production, these metrics are registered by the program instead of the
/// service instance.
class loop_metrics final : public service::extension {
 public:
  void install(const service::extension_context& context) override {
    for (auto* each : context.loops) {
      monitors_.push_back(
          std::make_unique<service::loop_monitor>(*each, std::vector<telemetry::registry*>{&context.metrics}));
      asio::post(each->get_executor(), [monitor = monitors_.back().get()] { monitor->start(); });
    }
    service::add_loop_metrics(context.metrics, monitors_);
  }

 private:
  std::vector<std::unique_ptr<service::loop_monitor>> monitors_;
};

sim::node::definition_factory with_loop_metrics(service::definition (*make)()) {
  return [make] {
    auto definition = make();
    definition.extensions.push_back(std::make_shared<loop_metrics>());
    return definition;
  };
}

sim::node::definition_factory with_monitoring(service::definition (*make)()) {
  return [make_definition = with_loop_metrics(make)] {
    auto definition = make_definition();
    faults::add_fault_injection(definition);
    return definition;
  };
}

/// Returns a service whose data does not depend on the machine that runs the simulation.
service::definition sysinfo_with_fixed_data() {
  auto definition = sysinfo::definition();
  definition.app = [](service::service_context&, service::api_key_authenticator&) {
    return sysinfo::app("simulated", sysinfo::system_info_reader{"/no/such/machine", "x86_64"});
  };
  return definition;
}

/// Posts a handler to a thread of the process, and wakes the thread.
template <class Handler>
void post_to(sim::node& node, std::size_t thread, Handler handler) {
  auto* const program = node.host().program;
  asio::post(program->loops().at(thread)->get_executor(), std::move(handler));
  program->wake();
}

}  // namespace

monitored_fleet::monitored_fleet(const incident& run)
    : run_(run),
      random_(run.seed ^ 0xA1E275U),
      fleet_(run.seed),
      broker_host_(fleet_.network().add_host("rabbitmq")),
      phase_(random_.uniform()) {
  add_external_systems();
  add_services();
}

void monitored_fleet::add_external_systems() {
  fleet_.add_stub_server("wttr.test", 80, server(providers, {{"/{place}", std::string{wttr_body}}}));
  fleet_.add_stub_server(
      "meteo.test", 80,
      server(providers, {{"/v1/forecast", std::string{forecast_body}}, {"/v1/search", std::string{geocoding_body}}}));
  fleet_.add_stub_server("legacy.test", 80, server(legacy_server, {{"/legacy", "{}"}}));
  discovery_ = &fleet_.add_stub_server("etcd", 2379, [this] { return registry_.router(); });
  start_broker();
}

void monitored_fleet::add_services() {
  const config::environment registered{{"REGISTER", "etcd://etcd/services?ttl=10"}};
  add("time-service", with_monitoring(time_service::definition), 1, registered);
  add("time-service", with_monitoring(time_service::definition), 1, registered);
  add("system-info-service", with_monitoring(sysinfo_with_fixed_data), 2, {});
  add("weather-service", with_monitoring(weather::definition), 1,
      {{"WEATHER_UPSTREAM_URL", "http://wttr.test"},
       {"WEATHER_FALLBACK_URL", "http://meteo.test"},
       {"WEATHER_GEOCODING_URL", "http://meteo.test"},
       {"MESSAGING_URL", "amqp://guest:guest@rabbitmq"}});
  add("dashboard-service", with_monitoring(dashboard::definition), 1,
      {{"TIME_SERVICE_URL", "etcd://etcd/services/time-service"},
       {"SYSINFO_SERVICE_URL", "http://system-info-service:5002"},
       {"WEATHER_SERVICE_URL", "http://weather-service:5003"},
       {"DASHBOARD_SECRET_KEY", "simulated"},
       {"MESSAGING_URL", "amqp://guest:guest@rabbitmq"}});
  add("gateway-service", with_loop_metrics(gateway::definition), 1, {{"GATEWAY_ROUTES", files_.routes_file()}});
}

monitored_fleet::~monitored_fleet() { fleet_.shutdown(duration{0}); }

void monitored_fleet::add(const std::string& name, sim::node::definition_factory make_definition, std::size_t threads,
                          config::environment settings) {
  settings.emplace("ENABLE_FAULTS", "true");
  if (const auto found = run_.settings.find(name); found != run_.settings.end()) {
    for (const auto& [variable, value] : found->second) settings.insert_or_assign(variable, value);
  }
  auto& machine = fleet_.add_machine(name + "-" + std::to_string(nodes_.size()), threads);
  nodes_.push_back(&fleet_.add_service(std::move(make_definition), name, std::move(settings), {},
                                       {&machine, threads, http_costs()}));
  start_times_[nodes_.back()] = fleet_.elapsed();
}

std::function<http::router()> monitored_fleet::server(const server_state& state,
                                                      std::vector<std::pair<std::string, std::string>> bodies) {
  struct responder {
    static task<http::response> respond(random_generator& random, const server_state& state, std::string body) {
      const auto random_factor = std::exp(random.uniform() * 2 - 1);
      const auto delay = duration{static_cast<duration::rep>(static_cast<double>(state.delay.count()) * random_factor)};
      const bool is_failing = random.bernoulli(state.failure_ratio);
      auto sleep_task = sleep_for(delay);
      // The wait was cancelled at the deadline of the caller.
      if (co_await std::move(sleep_task) == wait_status::cancelled)
        co_return http::response{http::status::gateway_timeout};
      if (is_failing) co_return http::response{http::status::internal_server_error};
      co_return http::json_response(std::move(body));
    }
  };
  return [this, &state, bodies = std::move(bodies)] {
    http::router routes;
    for (const auto& response : bodies) {
      routes.get(response.first, [this, &state, body = response.second](http::request_context&) {
        return responder::respond(random_, state, body);
      });
    }
    return routes;
  };
}

std::vector<sim::node*> monitored_fleet::replicas(std::string_view service) const {
  std::vector<sim::node*> found;
  for (auto* node : nodes_) {
    if (node->name() == service || node->name().starts_with(std::string{service} + "-")) found.push_back(node);
  }
  return found;
}

std::string monitored_fleet::url_of(const sim::node& node) {
  return "http://" + node.host().address.to_string() + ":" + std::to_string(node.port());
}

void monitored_fleet::start() {
  fleet_.spawn(run_callers(*this));
  fleet_.spawn(run_pauses(*this));
  if (run_.inject) fleet_.spawn(run_injection(*this));
}

void monitored_fleet::kill(sim::node& node, bool is_deregistered) {
  fleet_.kill(node);
  if (is_deregistered) deregistered_nodes_.insert(&node);
}

void monitored_fleet::restart_process(sim::node& node) {
  fleet_.start(node);
  start_times_[&node] = fleet_.elapsed();
  deregistered_nodes_.erase(&node);
}

void monitored_fleet::stop_broker(bool is_machine_lost) {
  if (is_machine_lost) {
    fleet_.network().power_off(broker_host_);
  } else {
    fleet_.network().kill(broker_host_);
  }
}

void monitored_fleet::start_broker() {
  if (broker_host_.state != sim::host_state::up) fleet_.network().restart(broker_host_);
  fleet_.spawn(broker_.run(fleet_.network().listen(broker_host_, 5672)));
}

task<> monitored_fleet::deploy(sim::node& node) {
  auto stop_task = fleet_.stop(node, 10s);
  co_await std::move(stop_task);
  auto sleep_task = sleep_for(2s);
  co_await std::move(sleep_task);
  restart_process(node);
}

task<> monitored_fleet::set_faults(std::string_view service, std::string json) {
  for (auto* node : replicas(service)) {
    http::client_request request;
    request.method = json.empty() ? http::method::delete_ : http::method::put;
    request.url = *boost::urls::parse_uri(url_of(*node) + "/api/faults");
    request.body = json;
    if (!run_.load.api_key.empty()) request.fields.emplace_back("X-API-Key", run_.load.api_key);
    auto fetch_task =
        http::fetch(fleet_.client("operator"), std::move(request), deadline::after(loop::current().now(), 10s));
    const auto response = co_await std::move(fetch_task);
    if (!response || response->status != http::status::ok) {
      throw std::logic_error("the faults of " + node->name() + " cannot be set: " +
                             (response ? response->body : std::string{http::error_class(response.error())}));
    }
  }
}

void monitored_fleet::block(sim::node& node, std::size_t thread, duration cost) {
  if (node.is_running()) post_to(node, thread, [cost] { sim::spend_cpu(cost); });
}

task<> monitored_fleet::call(std::string host, std::string url, std::vector<std::pair<std::string, std::string>> fields,
                             duration timeout) {
  http::client_request request;
  request.url = *boost::urls::parse_uri(url);
  request.fields = std::move(fields);
  auto fetch_task =
      http::fetch(fleet_.client(host), std::move(request), deadline::after(loop::current().now(), timeout));
  co_await std::move(fetch_task);
}

task<> monitored_fleet::wait_until(duration since_start) const {
  const auto remaining = since_start - fleet_.elapsed();
  if (remaining <= duration{0}) co_return;
  auto sleep_task = sleep_for(remaining);
  co_await std::move(sleep_task);
}

/// The rate of the callers varies by ±30 % with a period of 40 minutes, and is multiplied by a random factor for each
/// minute.
double monitored_fleet::current_rate() {
  const auto elapsed = to_seconds(fleet_.elapsed());
  if (const auto minute = static_cast<std::int64_t>(elapsed / 60); minute != minute_) {
    minute_ = minute;
    // A triangular distribution from -1 to 1.
    minute_factor_ = std::exp(0.3 * (random_.uniform() + random_.uniform() - 1));
  }
  const double wave = 1 + 0.3 * std::sin(2 * std::numbers::pi * (elapsed / 2400 + phase_));
  return run_.load.requests_per_second * wave * minute_factor_ * traffic_factor;
}

std::string monitored_fleet::next_gateway_path(std::vector<std::pair<std::string, std::string>>& fields) {
  const auto random_percent = random_.uniform_below(100);
  if (random_percent < 75) return "/api/aggregate";
  if (random_percent < 85) return "/legacy";
  const auto key_id = random_.bernoulli(unknown_key_ratio) ? std::string_view{"2026-06"} : gateway_files::known_key;
  fields.emplace_back("Authorization", "Bearer " + gateway_files::token(fleet_.event_loop().wall_now(), key_id));
  return "/partners/api/time";
}

std::pair<std::string, std::vector<std::pair<std::string, std::string>>> monitored_fleet::next_request() {
  std::vector<std::pair<std::string, std::string>> fields;
  if (!run_.load.api_key.empty()) fields.emplace_back("X-API-Key", run_.load.api_key);
  const auto random_percent = random_.uniform_below(100);
  if (random_percent < 30) {
    auto path = next_gateway_path(fields);
    return {"http://gateway-service:5004" + path, std::move(fields)};
  }
  std::string url;
  if (random_percent < 48) {
    url = "http://dashboard-service:5000/api/aggregate";
  } else if (random_percent < 57) {
    url = "http://dashboard-service:5000/api/time-proxy";
  } else if (random_percent < 68) {
    url = "http://time-service:5001/api/time";
  } else if (random_percent < 77) {
    url = "http://system-info-service:5002/api/sysinfo";
  } else {
    const auto place = random_.uniform_below(run_.load.place_count);
    url = "http://weather-service:5003/api/weather?location=Town" + std::to_string(place) + ",Israel";
  }
  return {std::move(url), std::move(fields)};
}

task<> monitored_fleet::run_callers(monitored_fleet& self) {
  for (;;) {
    const double rate = self.current_rate();
    const auto gap = rate > 0 ? std::min(self.random_.exponential() / rate, 60.0) : 1.0;
    auto sleep_task = sleep_for(duration{static_cast<duration::rep>(gap * 1e9)});
    co_await std::move(sleep_task);
    if (rate <= 0) continue;
    auto [url, fields] = self.next_request();
    auto host = "caller-" + std::to_string(++self.call_count_ % 8);
    self.fleet_.spawn(self.call(std::move(host), std::move(url), std::move(fields)));
  }
}

/// Pauses random services briefly, to simulate other processes on the same machine.
task<> monitored_fleet::run_pauses(monitored_fleet& self) {
  for (;;) {
    auto sleep_task = sleep_for(self.random_.uniform_between(1s, 40s));
    co_await std::move(sleep_task);
    auto& node = *self.nodes_.at(self.random_.uniform_below(self.nodes_.size()));
    block(node, 0, self.random_.uniform_between(5ms, 60ms));
  }
}

task<> monitored_fleet::run_injection(monitored_fleet& self) {
  auto wait_task = self.wait_until(self.run_.fault_start);
  co_await std::move(wait_task);
  auto inject_task = self.run_.inject(self);
  co_await std::move(inject_task);
}

}  // namespace cohort::simulation::alerts
