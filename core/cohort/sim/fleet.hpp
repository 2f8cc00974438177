// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/client/client.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/time/virtual_time.hpp>
#include <cohort/service/instance.hpp>
#include <cohort/sim/call_result.hpp>
#include <cohort/sim/cpu/cpu_accounting.hpp>
#include <cohort/sim/cpu/processor.hpp>
#include <cohort/sim/event_log.hpp>
#include <cohort/sim/exchange_recorder.hpp>
#include <cohort/sim/network.hpp>

namespace cohort::sim {

/// The machine and the CPU costs of a service.
struct placement {
  /// The machine, created by `fleet::add_machine`. If null, the node runs on the loop of the simulation and uses no CPU
  /// time.
  machine* assigned_machine = nullptr;
  /// Threads of the process, each with its own loop.
  std::size_t threads = 1;
  cpu_costs costs;
};

/// A host and the service that runs on it. The service can be killed, stopped and restarted; each start creates a new
/// incarnation.
class node {
 public:
  /// Returns a new definition for each incarnation, because a definition holds the settings of one incarnation.
  using definition_factory = std::function<service::definition()>;

  /// The host's name: the service's name, followed by `-2`, `-3` … for further replicas.
  const std::string& name() const noexcept { return host_.name; }
  sim::host& host() noexcept { return host_; }
  const sim::host& host() const noexcept { return host_; }
  /// `http://` followed by the service's name and port. All replicas share this URL.
  std::string url() const;
  /// The port of the service.
  std::uint16_t port() const noexcept { return incarnation_->settings.port; }
  /// False once the service has been killed or has started to stop.
  bool is_running() const noexcept { return incarnation_ && !incarnation_->is_ending; }
  /// The process on its machine; null without a machine.
  const sim::process* process() const noexcept { return host_.program; }
  /// The metrics of the current incarnation, or of the last incarnation.
  const telemetry::registry& metrics() const { return incarnation_->instance->metrics(); }
  /// The state of the service's upstreams on the calling loop, which must be a loop of the service. A service without a
  /// machine runs on the loop of the simulation. Called in a task that the fleet runs.
  std::vector<http::upstream_status> upstreams() const { return incarnation_->instance->upstreams(); }

 private:
  friend class fleet;
  struct incarnation {
    service::common_settings settings;
    std::unique_ptr<service::instance> instance;
    bool is_ending = false;
    bool has_ended = false;
  };

  node(sim::host& machine, std::string service_name, definition_factory make_definition, config::environment variables,
       std::vector<std::string> flags)
      : host_(machine),
        service_name_(std::move(service_name)),
        make_definition_(std::move(make_definition)),
        variables_(std::move(variables)),
        flags_(std::move(flags)) {}

  sim::host& host_;
  std::string service_name_;
  definition_factory make_definition_;
  config::environment variables_;
  std::vector<std::string> flags_;
  std::optional<duration> blocking_cost_;
  std::unique_ptr<incarnation> incarnation_;
};

/// The value of `fleet::leaks` after a run without leaks. `CHECK(fleet.leaks() == sim::no_leaks)` prints the leaks if
/// it fails.
inline const std::vector<std::string> no_leaks{};

/// A fleet of services on a virtual clock and a simulated network. The seed determines all random values: the same seed
/// produces the same run, byte for byte. See README.md.
///
/// `run`, `run_for`, `call` and `shutdown` advance the clock and must be called from outside the fleet's tasks. All
/// other functions may be called from a test or from a task that the fleet runs.
class fleet {
 public:
  explicit fleet(std::uint64_t seed, event_log::mode log_mode = event_log::mode::hash);
  /// Calls `shutdown` with a drain timeout of 0 unless it has been called.
  ~fleet();
  fleet(const fleet&) = delete;
  fleet& operator=(const fleet&) = delete;

  /// Adds a machine on which services take CPU time (see `placement`). The threads of all services on the machine share
  /// its cores.
  machine& add_machine(std::string name, std::size_t cores) { return scheduler_.add_machine(std::move(name), cores); }
  /// The machines, in the order in which they were added.
  const std::deque<std::unique_ptr<machine>>& machines() const noexcept { return scheduler_.machines(); }
  /// Starts a service on a new host, with these environment variables and flags only. `name` resolves to all nodes that
  /// were added with this name. Throws `std::invalid_argument` with the program's error message if a setting is
  /// invalid.
  node& add_service(node::definition_factory make_definition, const std::string& name,
                    config::environment variables = {}, std::vector<std::string> flags = {},
                    placement service_placement = {});
  /// Starts a stub of an external server; `make_router` is called for each incarnation.
  node& add_stub_server(const std::string& name, std::uint16_t port, std::function<http::router()> make_router,
                        placement service_placement = {});
  /// Returns the node of that name, or nullptr.
  node* find(std::string_view name) noexcept;

  /// HTTP client on the host of that name. The first call creates host and client.
  http::client& client(const std::string& host_name = "client");
  /// Sends a GET request from `client()` and runs the simulation until the request has ended.
  call_result call(std::string_view url, duration timeout = std::chrono::seconds{30});
  /// Like the overload above, but for a request of any method, with its fields and body.
  call_result call(http::client_request request, duration timeout = std::chrono::seconds{30});

  /// Terminates the service's process immediately, as SIGKILL does.
  void kill(node& target);
  /// Cuts the power of the service's machine immediately.
  void power_off(node& target);
  /// Sets the virtual time of each blocking job of the service, including after a restart. Default: 1 ms.
  void set_blocking_cost(node& target, duration cost);
  /// Starts the service again after `kill`, `power_off` or `stop`, and registers its name. Throws `std::logic_error` if
  /// the service is running.
  void start(node& target);
  /// Stops the service gracefully, as SIGTERM does, after its `--drain-delay`. If `deregisters` is true, the service's
  /// name stops resolving to the node immediately.
  task<> stop(node& target, duration drain_timeout, bool deregisters = true);
  /// Makes the service's name stop resolving to the node, until the node is restarted.
  void deregister(node& target) { network_.remove_address(target.service_name_, target.host_.address); }

  /// Runs `work` on the loop until it has ended, and returns its result. Rethrows its exception. Throws
  /// `std::logic_error` if no timer is armed that could resume it.
  template <class T>
  T run(task<T> work) {
    scheduler_.wake_all();
    return time_.run(std::move(work));
  }
  /// Runs the simulation for this virtual time.
  void run_for(duration span) {
    scheduler_.wake_all();
    time_.run_for(span);
  }
  /// Runs `script` concurrently. `shutdown` cancels the script; `leaks` reports an exception that the script throws.
  void spawn(task<> script);
  /// Calls `observe` with the record of each request that has an asynchronous handler, a body or a streamed response,
  /// when the request ends. Applies to all services, including services that are added or started later. An empty
  /// function removes the observer. `observe` runs on the loop of the request and must not throw.
  void observe_requests(std::function<void(const node&, const telemetry::request_record&)> observe) {
    request_observer_ = std::move(observe);
  }
  /// Time since the fleet was created.
  duration elapsed() const noexcept { return time_.now() - start_; }
  /// Adds a line to the event log.
  void note(std::string_view text);

  /// Cancels the scripts, closes the clients, then stops the services, the newest first, each with this drain timeout.
  void shutdown(duration drain_timeout = std::chrono::seconds{10});
  /// Returns, after `shutdown`, one message for each kind of leaked object (timers, suspended coroutines, connections,
  /// requests in flight) and for each exception of a script. Equal to `no_leaks` if the run was clean.
  std::vector<std::string> leaks();

  virtual_time& time() noexcept { return time_; }
  loop& event_loop() noexcept { return time_.event_loop(); }
  sim::network& network() noexcept { return network_; }
  const sim::event_log& event_log() const noexcept { return event_log_; }
  const exchange_recorder& recorder() const noexcept { return recorder_; }

 private:
  void start_incarnation(node& target);
  void terminate_incarnation(node& target);
  /// The first loop of the node.
  loop& loop_of(const node& target) noexcept;
  /// Posts `handler` to the first loop of the node.
  template <class Handler>
  void post_to(const node& target, Handler handler);
  /// Runs `work` on the first loop of the node.
  task<> run_on_node(node& target, task<> work);
  static task<> stop_incarnation(node::incarnation& target, duration drain_timeout);
  static task<> close_client(http::client& target);
  task<> stop_all(duration drain_timeout);
  static void add_gauge_leaks(const std::string& name, node::incarnation& incarnation, std::vector<std::string>& leaks);

  virtual_time time_;
  time_point start_;
  cpu_scheduler scheduler_;
  sim::event_log event_log_;
  sim::network network_;
  exchange_recorder recorder_;
  cpu_accounting accounting_;
  telemetry::logger log_;
  std::function<void(const node&, const telemetry::request_record&)> request_observer_;
  std::deque<std::unique_ptr<node>> nodes_;
  std::map<std::string, std::unique_ptr<http::client>, std::less<>> clients_;
  /// The incarnations of terminated processes, whose coroutines may still be unwinding.
  std::deque<std::unique_ptr<node::incarnation>> previous_incarnations_;
  task_group terminations_;
  task_group scripts_;
  std::vector<std::string> failures_;
  bool is_shut_down_ = false;
};

}  // namespace cohort::sim
