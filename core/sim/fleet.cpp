#include "core/sim/fleet.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <ranges>
#include <stdexcept>

namespace cohort::sim {
namespace {

/// What a fleet's services log goes nowhere: what they do is in the trace.
telemetry::log_sink& unheard() {
  static telemetry::log_sink sink;
  return sink;
}

}  // namespace

std::string member::url() const { return "http://" + service_ + ":" + std::to_string(life_->settings.port); }

fleet::fleet(std::uint64_t seed, trace::keeping what)
    : time_(seed),
      made_(time_.now()),
      trace_(made_, what),
      network_(time_.main_loop(), trace_),
      watch_(time_.main_loop()),
      log_(unheard(), "fleet", telemetry::log_level::off, telemetry::log_format::text, time_.main_loop().time_source()),
      burials_([this](const std::exception_ptr& why) {
        failures_.push_back("a killed service ended by an exception: " + what_of(why));
      }),
      scripts_([this](const std::exception_ptr& why) {
        failures_.push_back("a script ended by an exception: " + what_of(why));
      }) {
  network_.observe(watch_);
}

fleet::~fleet() {
  if (!is_shut_down_) shutdown(duration{0});
}

member& fleet::add_service(member::make_definition make, const std::string& name, config::environment variables,
                           std::vector<std::string> flags) {
  const auto replicas = std::ranges::count_if(members_, [&](const auto& each) { return each->service_ == name; });
  auto& at = network_.add_host(replicas == 0 ? name : name + "-" + std::to_string(replicas + 1));
  members_.push_back(
      std::unique_ptr<member>{new member{at, name, std::move(make), std::move(variables), std::move(flags)}});
  begin_life(*members_.back());
  return *members_.back();
}

member& fleet::add_site(const std::string& name, std::uint16_t port, std::function<http::router()> routes) {
  const auto make = [name, port, routes = std::move(routes)] {
    service::definition site;
    site.name = name;
    site.metric_prefix = "site";
    site.port = port;
    site.app = [routes](service::kit&, service::key_guard&) { return routes(); };
    return site;
  };
  return add_service(make, name);
}

member* fleet::find(std::string_view name) noexcept {
  const auto found = std::ranges::find_if(members_, [&](const auto& each) { return each->name() == name; });
  return found == members_.end() ? nullptr : found->get();
}

http::client& fleet::client(const std::string& on_host) {
  auto& made = clients_[on_host];
  if (!made) {
    auto* at = network_.find(on_host);
    if (!at) at = &network_.add_host(on_host);
    made = std::make_unique<http::client>(network_.reach(*at), 1);
  }
  return *made;
}

http::client::outcome fleet::call(std::string_view url, duration at_most) {
  http::client_request request;
  request.url = *boost::urls::parse_uri(url);
  return run(client().call(std::move(request), deadline::after(time_.now(), at_most)));
}

void fleet::begin_life(member& which) {
  auto begun = std::make_unique<member::life>();
  auto what = which.make_();
  begun->settings.port = what.port;
  config::options options{what.name, what.about, COHORT_VERSION};
  service::add_common_options(options, begun->settings, "Port to listen on");
  what.add_options(options);
  std::vector<const char*> arguments{what.name.c_str()};
  for (const auto& each : which.flags_) arguments.push_back(each.c_str());
  if (const auto refused = options.parse(static_cast<int>(arguments.size()), arguments.data(), which.variables_)) {
    throw std::invalid_argument(refused->text);
  }
  auto& home = time_.main_loop();
  begun->running = std::make_unique<service::instance>(std::move(what), std::vector<loop*>{&home},
                                                       network_.listen(which.at_, begun->settings.port));
  begun->running->build({network_.reach(which.at_), begun->settings, log_, {}});
  asio::post(home.get_executor(), [running = begun->running.get()] { running->start(); });
  which.life_ = std::move(begun);
  network_.add_address(which.service_, which.at_.address);
}

/// Its coroutines hear of the end and unwind; what they still try does not leave the host.
void fleet::end_life(member& which) {
  if (!which.life_ || which.life_->has_ended || std::exchange(which.life_->is_ending, true)) return;
  asio::post(home().get_executor(), [this, life = which.life_.get()] { burials_.spawn(end(*life, duration{0})); });
}

task<> fleet::end(member::life& which, duration drain_time) {
  co_await which.running->stop(drain_time);
  which.has_ended = true;
}

void fleet::kill(member& which) {
  network_.kill(which.at_);
  end_life(which);
}

void fleet::vanish(member& which) {
  network_.vanish(which.at_);
  end_life(which);
}

void fleet::start(member& which) {
  if (which.life_ && !which.life_->has_ended && which.at_.is == host::condition::up) {
    throw std::logic_error(which.name() + " is still running");
  }
  if (which.at_.is != host::condition::up) network_.revive(which.at_);
  if (which.life_) former_lives_.push_back(std::move(which.life_));
  begin_life(which);
}

task<> fleet::stop(member& which, duration drain_time, bool is_forgotten) {
  if (!which.is_running()) co_return;
  note(which.name() + " is stopped");
  auto& ending = *which.life_;
  ending.is_ending = true;
  ending.running->begin_drain();
  if (is_forgotten) network_.remove_address(which.service_, which.at_.address);
  co_await end(ending, drain_time);
}

void fleet::spawn(task<> script) {
  asio::post(home().get_executor(), [this, moved = std::move(script)]() mutable { scripts_.spawn(std::move(moved)); });
}

void fleet::note(std::string_view what) { trace_.add({time_.now(), event_kind::note, "fleet", {}, 0, what}); }

task<> fleet::close_client(http::client& which) {
  which.close_idle();
  co_return;
}

task<> fleet::end_all(duration drain_time) {
  scripts_.cancel();
  co_await scripts_.join();
  for (auto& [name, each] : clients_) co_await close_client(*each);
  co_await burials_.join();
  for (auto& each : members_ | std::views::reverse) {
    co_await stop(*each, drain_time, false);
    // The script that stopped it may have been cancelled over that.
    if (each->life_ && !each->life_->has_ended) co_await end(*each->life_, drain_time);
  }
}

void fleet::shutdown(duration drain_time) {
  is_shut_down_ = true;
  time_.run(end_all(drain_time));
  time_.run_for(duration{0});
}

/// What its own gauges say.
void fleet::look_at(const std::string& name, member::life& which, std::vector<std::string>& found) {
  for (const auto* series : {"cohort_server_connections", "cohort_server_requests_in_flight"}) {
    const auto value = which.running->metrics().make_gauge(series, {}).value();
    if (value != 0) found.push_back(name + ": " + series + " " + std::to_string(value));
  }
}

std::vector<std::string> fleet::leftovers() {
  auto found = failures_;
  const auto count = [&](std::size_t left, const std::string& what) {
    if (left > 0) found.push_back(std::to_string(left) + " " + what);
  };
  count(home().poll(), "steps that were ready");
  count(home().timers().armed_count(), "armed timers");
  // Each coroutine that waits counts as work of the loop, whatever it waits for.
  if (!home().context().stopped()) found.emplace_back("coroutines that wait");
  count(network_.open_connections(), "open connections");
  for (const auto& each : members_) {
    if (each->life_) look_at(each->name(), *each->life_, found);
  }
  for (const auto& each : former_lives_) look_at("a former process", *each, found);
  return found;
}

}  // namespace cohort::sim
