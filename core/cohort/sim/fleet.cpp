// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/fleet.hpp>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <ranges>
#include <stdexcept>
#include <utility>

#include <cohort/http/client/fetch.hpp>
#include <cohort/runtime/concurrency/run_on.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::sim {
namespace {

/// The port of a service whose definition has no port.
constexpr std::uint16_t default_port = 80;

/// The services' log lines are discarded.
telemetry::log_sink& discarding_sink() {
  static telemetry::log_sink sink;
  return sink;
}

}  // namespace

std::string node::url() const { return "http://" + service_name_ + ":" + std::to_string(incarnation_->settings.port); }

fleet::fleet(std::uint64_t seed, sim::event_log::mode log_mode)
    : time_(seed),
      start_(time_.now()),
      scheduler_(time_),
      event_log_(start_, log_mode),
      network_(time_.event_loop(), event_log_),
      recorder_(time_.event_loop()),
      log_(discarding_sink(), "fleet", telemetry::log_level::off, telemetry::log_format::text,
           time_.event_loop().time_source()),
      terminations_([this](const std::exception_ptr& error) {
        failures_.push_back("unhandled exception in a terminated service: " + exception_message(error));
      }),
      scripts_([this](const std::exception_ptr& error) {
        failures_.push_back("unhandled exception in a script: " + exception_message(error));
      }) {
  network_.add_observer(recorder_);
  network_.add_observer(accounting_);
  recorder_.set_observer(&accounting_);
}

fleet::~fleet() {
  if (!is_shut_down_) shutdown(duration{0});
}

node& fleet::add_service(node::definition_factory make_definition, const std::string& name,
                         config::environment variables, std::vector<std::string> flags, placement service_placement) {
  const auto replicas =
      std::ranges::count_if(nodes_, [&](const auto& candidate) { return candidate->service_name_ == name; });
  auto& machine = network_.add_host(replicas == 0 ? name : name + "-" + std::to_string(replicas + 1));
  if (service_placement.assigned_machine) {
    machine.program = &scheduler_.add_process(*service_placement.assigned_machine, service_placement.threads,
                                              std::move(service_placement.costs));
  }
  nodes_.push_back(std::unique_ptr<node>{
      new node{machine, name, std::move(make_definition), std::move(variables), std::move(flags)}});
  start_incarnation(*nodes_.back());
  return *nodes_.back();
}

node& fleet::add_stub_server(const std::string& name, std::uint16_t port, std::function<http::router()> make_router,
                             placement service_placement) {
  const auto make_definition = [name, port, make_router = std::move(make_router)] {
    service::definition stub;
    stub.name = name;
    stub.metric_prefix = "stub";
    stub.port = port;
    stub.app = [make_router](service::service_context&, service::api_key_authenticator&) { return make_router(); };
    return stub;
  };
  return add_service(make_definition, name, {}, {}, std::move(service_placement));
}

loop& fleet::loop_of(const node& target) noexcept {
  return target.host_.program ? target.host_.program->threads().front()->event_loop() : event_loop();
}

template <class Handler>
void fleet::post_to(const node& target, Handler handler) {
  asio::post(loop_of(target).get_executor(), std::move(handler));
  if (target.host_.program) target.host_.program->wake();
}

task<> fleet::run_on_node(node& target, task<> work) {
  if (!target.host_.program) co_return co_await std::move(work);
  // The process is woken before the work is posted, because the machines run after this handler.
  target.host_.program->wake();
  auto run_task = run_on(loop_of(target), std::move(work));
  co_await std::move(run_task);
}

node* fleet::find(std::string_view name) noexcept {
  const auto found = std::ranges::find_if(nodes_, [&](const auto& candidate) { return candidate->name() == name; });
  return found == nodes_.end() ? nullptr : found->get();
}

http::client& fleet::client(const std::string& host_name) {
  auto& client = clients_[host_name];
  if (!client) {
    auto* machine = network_.find(host_name);
    if (!machine) machine = &network_.add_host(host_name);
    client = std::make_unique<http::client>(network_.network_for(*machine), 1);
  }
  return *client;
}

call_result fleet::call(std::string_view url, duration timeout) {
  http::client_request request;
  request.url = *boost::urls::parse_uri(url);
  return call(std::move(request), timeout);
}

call_result fleet::call(http::client_request request, duration timeout) {
  return run(http::fetch(client(), std::move(request), deadline::after(time_.now(), timeout)));
}

void fleet::start_incarnation(node& target) {
  auto new_incarnation = std::make_unique<node::incarnation>();
  auto definition = target.make_definition_();
  new_incarnation->settings.port = definition.port;
  config::options options{definition.name, definition.description, definition.version};
  service::add_common_options(options, new_incarnation->settings, "Port to listen on");
  service::add_service_options(options, definition);
  std::vector<const char*> arguments{definition.name.c_str()};
  for (const auto& flag : target.flags_) arguments.push_back(flag.c_str());
  if (const auto exit_request =
          options.parse(static_cast<int>(arguments.size()), arguments.data(), target.variables_)) {
    throw std::invalid_argument(exit_request->text);
  }
  if (new_incarnation->settings.port == 0) new_incarnation->settings.port = default_port;
  auto* const program = target.host_.program;
  new_incarnation->instance = std::make_unique<service::instance>(
      std::move(definition), program ? program->loops() : std::vector<loop*>{&event_loop()},
      network_.listen(target.host_, new_incarnation->settings.port));
  new_incarnation->instance->build({network_.network_for(target.host_), new_incarnation->settings, log_, {}});
  if (request_observer_) {
    new_incarnation->instance->observe_requests([this, &target](const auto& record) {
      if (request_observer_) request_observer_(target, record);
    });
  }
  if (target.blocking_cost_)
    new_incarnation->instance->lifecycle().blocking().set_simulated_cost(*target.blocking_cost_);
  post_to(target, [this, &target, instance = new_incarnation->instance.get()] {
    instance->start([this, &target](const std::exception_ptr& failure) {
      if (!failure) return;
      failures_.push_back("start of " + target.name() + " failed: " + exception_message(failure));
      note(failures_.back());
      kill(target);
    });
  });
  target.incarnation_ = std::move(new_incarnation);
  network_.add_address(target.service_name_, target.host_.address);
}

/// Unwinds the coroutines of the terminated process. The network discards the bytes that these coroutines send.
void fleet::terminate_incarnation(node& target) {
  auto* const ending = target.incarnation_.get();
  if (!ending || ending->has_ended || std::exchange(ending->is_ending, true)) return;
  ending->instance->lifecycle().discard_stop_hooks();
  asio::post(event_loop().get_executor(), [this, &target, ending] {
    terminations_.spawn(run_on_node(target, stop_incarnation(*ending, duration{0})));
  });
}

task<> fleet::stop_incarnation(node::incarnation& target, duration drain_timeout) {
  co_await target.instance->stop(drain_timeout);
  target.has_ended = true;
}

void fleet::kill(node& target) {
  network_.kill(target.host_);
  terminate_incarnation(target);
}

void fleet::power_off(node& target) {
  network_.power_off(target.host_);
  terminate_incarnation(target);
}

void fleet::set_blocking_cost(node& target, duration cost) {
  target.blocking_cost_ = cost;
  if (target.incarnation_) target.incarnation_->instance->lifecycle().blocking().set_simulated_cost(cost);
}

void fleet::start(node& target) {
  const bool is_up = target.host_.state == host_state::up;
  if (is_up && target.incarnation_ && !target.incarnation_->has_ended) {
    throw std::logic_error(target.name() + " is still running");
  }
  if (!is_up) network_.restart(target.host_);
  if (target.incarnation_) previous_incarnations_.push_back(std::move(target.incarnation_));
  start_incarnation(target);
}

task<> fleet::stop(node& target, duration drain_timeout, bool deregisters) {
  if (!target.is_running()) co_return;
  note("stopping " + target.name());
  auto& ending = *target.incarnation_;
  ending.is_ending = true;
  ending.instance->begin_drain();
  if (deregisters) deregister(target);
  if (const auto delay = ending.settings.drain_delay; delay > delay.zero()) co_await sleep_for(delay);
  co_await run_on_node(target, stop_incarnation(ending, drain_timeout));
}

void fleet::spawn(task<> script) {
  asio::post(event_loop().get_executor(),
             [this, script = std::move(script)]() mutable { scripts_.spawn(std::move(script)); });
}

void fleet::note(std::string_view text) { event_log_.add({time_.now(), event_kind::note, "fleet", {}, 0, text}); }

task<> fleet::close_client(http::client& target) {
  target.close_idle();
  co_return;
}

task<> fleet::stop_all(duration drain_timeout) {
  scripts_.cancel();
  co_await scripts_.join();
  for (auto& [host_name, client] : clients_) co_await close_client(*client);
  co_await terminations_.join();
  for (auto& node : nodes_ | std::views::reverse) {
    co_await stop(*node, drain_timeout, false);
    // Cancelling a script may have interrupted its `stop`.
    auto* const last = node->incarnation_.get();
    if (last && !last->has_ended) co_await run_on_node(*node, stop_incarnation(*last, drain_timeout));
  }
}

void fleet::shutdown(duration drain_timeout) {
  is_shut_down_ = true;
  run(stop_all(drain_timeout));
  run_for(duration{0});
}

void fleet::add_gauge_leaks(const std::string& name, node::incarnation& incarnation, std::vector<std::string>& leaks) {
  for (const auto* gauge : {"cohort_server_connections", "cohort_server_requests_in_flight"}) {
    const auto value = incarnation.instance->metrics().make_gauge(gauge, {}).value();
    if (value != 0) leaks.push_back(name + ": " + gauge + " " + std::to_string(value));
  }
}

std::vector<std::string> fleet::leaks() {
  auto leaks = failures_;
  const auto add_count = [&](std::size_t count, const std::string& description) {
    if (count > 0) leaks.push_back(description + ": " + std::to_string(count));
  };
  const auto add_loop_leaks = [&](loop& loop, const std::string& owner) {
    add_count(loop.poll(), owner + "ready handlers");
    add_count(loop.timers().armed_count(), owner + "armed timers");
    // Each suspended coroutine counts as outstanding work of the loop.
    if (!loop.context().stopped()) leaks.push_back(owner + "suspended coroutines");
  };
  add_loop_leaks(event_loop(), "");
  for (const auto& node : nodes_) {
    if (!node->host_.program) continue;
    for (auto* program_loop : node->host_.program->loops()) add_loop_leaks(*program_loop, node->name() + ": ");
  }
  add_count(network_.open_connections(), "open connections");
  for (const auto& node : nodes_) {
    if (node->incarnation_) add_gauge_leaks(node->name(), *node->incarnation_, leaks);
  }
  for (const auto& incarnation : previous_incarnations_) add_gauge_leaks("terminated process", *incarnation, leaks);
  return leaks;
}

}  // namespace cohort::sim
