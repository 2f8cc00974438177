#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/http/client.hpp"
#include "core/runtime/task_group.hpp"
#include "core/runtime/virtual_time.hpp"
#include "core/service/instance.hpp"
#include "core/sim/exchange_watch.hpp"
#include "core/sim/network.hpp"
#include "core/sim/trace.hpp"

namespace cohort::sim {

/// A host with a service on it, which may die and live again.
class member {
 public:
  /// Told anew for each life: a definition holds the settings of one.
  using make_definition = std::function<service::definition()>;

  /// Of its host; the service's name, with a number from the second replica on.
  const std::string& name() const noexcept { return at_.name; }
  host& at() noexcept { return at_; }
  const host& at() const noexcept { return at_; }
  /// `http://` its service's name and port: how others of the fleet call it.
  std::string url() const;
  bool is_running() const noexcept { return life_ && !life_->is_ending; }
  /// Of its present life, or its last.
  const telemetry::registry& metrics() const { return life_->running->metrics(); }

 private:
  friend class fleet;
  struct life {
    service::common_settings settings;
    std::unique_ptr<service::instance> running;
    bool is_ending = false;
    bool has_ended = false;
  };

  member(host& at, std::string service, make_definition make, config::environment variables,
         std::vector<std::string> flags)
      : at_(at),
        service_(std::move(service)),
        make_(std::move(make)),
        variables_(std::move(variables)),
        flags_(std::move(flags)) {}

  host& at_;
  std::string service_;
  make_definition make_;
  config::environment variables_;
  std::vector<std::string> flags_;
  std::unique_ptr<life> life_;
};

/// Services as their programs run them, a network of hosts around them, and one virtual clock, all decided by a seed:
/// the same seed gives the same run, to the byte. See README.md.
///
/// What is not `task<>` may be called from a test and from within a task that the fleet runs alike, but for `run`,
/// `run_for`, `call` and `shutdown`, which make time pass.
class fleet {
 public:
  explicit fleet(std::uint64_t seed, trace::keeping what = trace::keeping::hash);
  /// Shuts down if nobody did.
  ~fleet();
  fleet(const fleet&) = delete;
  fleet& operator=(const fleet&) = delete;

  /// Runs it on a host of its own, with these environment variables and flags and no others; it is up at once.
  /// `name` leads to all that are added with it. Throws `std::invalid_argument` with what the program would have said
  /// of its settings.
  member& add_service(member::make_definition make, const std::string& name, config::environment variables = {},
                      std::vector<std::string> flags = {});
  /// A server outside: `routes` makes what it answers.
  member& add_site(const std::string& name, std::uint16_t port, std::function<http::router()> routes);
  member* find(std::string_view name) noexcept;

  /// A client on the host of that name, which is made when first asked for.
  http::client& client(const std::string& on_host = "client");
  /// One GET from `client()`, run to its end.
  http::client::outcome call(std::string_view url, duration at_most = std::chrono::seconds{30});

  /// Its process dies, now.
  void kill(member& which);
  /// Its machine loses power, now.
  void vanish(member& which);
  /// A new process on the same host, after the old one was killed, vanished or stopped. Its name leads to it.
  void start(member& which);
  /// As at SIGTERM. Whether its name still leads to it meanwhile is up to `is_forgotten`.
  task<> stop(member& which, duration drain_time, bool is_forgotten = true);

  template <class T>
  T run(task<T> work) {
    return time_.run(std::move(work));
  }
  void run_for(duration span) { time_.run_for(span); }
  /// Runs it beside everything else; `shutdown` cancels it. What it throws is among the leftovers.
  void spawn(task<> script);
  /// Since the fleet was made.
  duration elapsed() const noexcept { return time_.now() - made_; }
  /// Into the timeline.
  void note(std::string_view what);

  /// Ends everything in order: clients, then members, the newest first, each with so much time to drain.
  void shutdown(duration drain_time = std::chrono::seconds{10});
  /// After the shutdown: whatever should be gone and is not. Empty in a sound run.
  std::vector<std::string> leftovers();

  virtual_time& time() noexcept { return time_; }
  loop& home() noexcept { return time_.main_loop(); }
  sim::network& network() noexcept { return network_; }
  const trace& events() const noexcept { return trace_; }
  const exchange_watch& exchanges() const noexcept { return watch_; }

 private:
  void begin_life(member& which);
  void end_life(member& which);
  static task<> end(member::life& which, duration drain_time);
  static task<> close_client(http::client& which);
  task<> end_all(duration drain_time);
  static void look_at(const std::string& name, member::life& which, std::vector<std::string>& found);

  virtual_time time_;
  time_point made_;
  trace trace_;
  sim::network network_;
  exchange_watch watch_;
  telemetry::logger log_;
  std::deque<std::unique_ptr<member>> members_;
  std::map<std::string, std::unique_ptr<http::client>, std::less<>> clients_;
  /// Of killed processes, whose coroutines still unwind.
  std::deque<std::unique_ptr<member::life>> former_lives_;
  task_group burials_;
  task_group scripts_;
  std::vector<std::string> failures_;
  bool is_shut_down_ = false;
};

}  // namespace cohort::sim
