#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/http/upstream.hpp"
#include "core/runtime/when_all.hpp"
#include "tests/unit/core/service/service_stage.hpp"

// An upstream's replicas, each a whole server, and calls to it, on one virtual clock.
namespace cohort::test {

/// What a replica does with its requests: `plan` first, one after the other, then `usual`.
struct replica_script {
  struct step {
    int status = 200;
    duration delay{};
    std::string retry_after;
  };
  std::deque<step> plan;
  step usual;

  std::size_t asked = 0;
  std::vector<std::string> told_remaining;
  std::vector<std::string> told_ids;
  /// How waits ended: `answered` or `cancelled`.
  journal ends;

  step next() {
    if (plan.empty()) return usual;
    const auto taken = plan.front();
    plan.pop_front();
    return taken;
  }
};

inline task<http::response> play(replica_script* script, replica_script::step what) {
  if (what.delay > 0s) {
    auto waiting = sleep_for(what.delay);
    const auto how = co_await std::move(waiting);
    script->ends.push_back(how == wait_status::cancelled ? "cancelled" : "answered");
    // Goes on, as a handler would, and learns that it is over.
    auto next_step = sleep_for(1ms);
    if (how == wait_status::cancelled) co_await std::move(next_step);
  }
  auto made = http::json_response("{}", static_cast<http::status>(what.status));
  if (!what.retry_after.empty()) made.set("Retry-After", what.retry_after);
  co_return made;
}

inline http::router routes_of(replica_script& script) {
  http::router routes;
  const auto handle = [&script](request_context& context) {
    ++script.asked;
    const auto field = [&](std::string_view name) {
      return std::string{context.head().find(name).value_or(std::string_view{})};
    };
    script.told_remaining.push_back(field("x-envoy-expected-rq-timeout-ms"));
    script.told_ids.push_back(field("x-request-id"));
    return play(&script, script.next());
  };
  routes.get("/", handle);
  routes.post("/", handle);
  return routes;
}

/// Retries and hedges off, unless a test is about them.
inline http::upstream_settings single_attempts() {
  http::upstream_settings how;
  how.retry.most_attempts = 1;
  how.hedge.enabled = false;
  return how;
}

class upstream_stage {
 public:
  explicit upstream_stage(http::upstream_settings how = single_attempts(), std::size_t replicas = 1,
                          net::memory_pipe_settings link = {})
      : network(link), client(network, 1), called(client, metrics, log, "there", how) {
    std::vector<asio::ip::address> all;
    for (std::size_t i = 0; i < replicas; ++i) {
      all.push_back(address(i));
      scripts.emplace_back();
      sites_.push_back(serve(i));
    }
    network.add_name("there.test", all);
  }
  ~upstream_stage() {
    for (auto& each : sites_) each.reset();
    time.run(close_idle_connections(client));
  }
  upstream_stage(const upstream_stage&) = delete;
  upstream_stage& operator=(const upstream_stage&) = delete;

  virtual_time time;
  net::memory_network network;
  http::client client;
  telemetry::registry metrics{1};
  telemetry::log_sink unheard;
  telemetry::logger log{unheard, "test", telemetry::log_level::off, telemetry::log_format::json};
  http::upstream called;
  std::deque<replica_script> scripts;
  http::server_timing timing;

  replica_script& script() { return scripts.front(); }
  std::size_t asked_in_all() const {
    std::size_t sum = 0;
    for (const auto& each : scripts) sum += each.asked;
    return sum;
  }

  /// Connections to it are refused from now on.
  void stop(std::size_t replica) { sites_[replica].reset(); }

  task<http::upstream::answer> asking(std::optional<duration> callers_time = {},
                                      http::method verb = http::method::get) {
    http::client_request request;
    request.verb = verb;
    request.url = url_of("http://there.test/");
    const auto until = callers_time ? deadline::after(time.now(), *callers_time) : deadline::never();
    const http::caller who{until, "request-1", &timing};
    return called.call(std::move(request), who);
  }
  http::upstream::answer ask(std::optional<duration> callers_time = {}, http::method verb = http::method::get) {
    return time.run(asking(callers_time, verb));
  }
  /// At once.
  std::vector<http::upstream::answer> ask_many(std::size_t calls, std::optional<duration> callers_time = {}) {
    std::vector<task<http::upstream::answer>> all;
    for (std::size_t i = 0; i < calls; ++i) all.push_back(asking(callers_time));
    return time.run(when_all(std::move(all)));
  }

  double series(const std::string& name, const std::string& labels) const {
    const auto text = "\n" + metrics.text();
    const auto line = "\ncohort_client_" + name + "{upstream=\"there\"" + (labels.empty() ? "" : "," + labels) + "} ";
    const auto at = text.find(line);
    if (at == std::string::npos) throw std::runtime_error("there is no series" + line);
    return std::stod(text.substr(at + line.size()));
  }

 private:
  static asio::ip::address address(std::size_t replica) {
    return asio::ip::make_address("198.51.100." + std::to_string(replica + 1));
  }
  std::unique_ptr<site_on> serve(std::size_t replica) {
    return std::make_unique<site_on>(time, network, net::endpoint{address(replica), 80}, routes_of(scripts[replica]));
  }

  std::vector<std::unique_ptr<site_on>> sites_;
};

inline bool is_ok(const http::upstream::answer& of) { return of.outcome && of.outcome->code_number == 200; }
inline std::optional<http::client_error> error_of(const http::upstream::answer& of) {
  return of.outcome ? std::nullopt : std::optional{of.outcome.error()};
}

}  // namespace cohort::test
