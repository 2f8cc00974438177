// SPDX-License-Identifier: BSL-1.0
#include "tests/sim/invariants.hpp"

#include <algorithm>
#include <sstream>

#include "loadgen/measurement/request_outcome.hpp"
#include "tests/sim/metric_reader.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

/// A timer fires at most one tick after its expiry. The checked times include up to two consecutive timers.
constexpr duration two_ticks{2 << 14};
/// The deadline of `/api/aggregate`.
constexpr duration aggregate_deadline = 5s;

class invariant_checker {
 public:
  invariant_checker(simulated_stack& stack, const load_reports& reports)
      : stack_(stack), scenario_(stack.scenario), reports_(reports) {}

  std::vector<violation> check() {
    check_budget_balances();
    // Calls that the dashboard makes for clients that have disconnected end within this time.
    stack_.fleet.run_for(20s);
    stack_.fleet.shutdown();
    for (const auto& leak : stack_.fleet.leaks()) add_violation("leak", leak);
    for (const auto& violation : stack_.fleet.recorder().violations()) add_violation("protocol violation", violation);
    check_request_outcomes();
    for (const auto& exchange : stack_.fleet.recorder().exchanges()) {
      check_response(exchange);
      check_aggregate_duration(exchange);
      check_propagated_deadline(exchange);
      if (scenario_.is_lossless) check_weather_duration(exchange);
    }
    for (const auto* service : services()) check_request_count(*service);
    if (has_complete_counters(stack_.dashboard)) {
      const metric_reader metrics{stack_.dashboard.metrics()};
      check_retry_budgets(metrics);
      check_breakers(metrics);
      check_admission(metrics);
    }
    if (scenario_.is_lossless) check_successes();
    return std::move(violations_);
  }

 private:
  std::vector<const sim::node*> services() const {
    std::vector<const sim::node*> nodes{&stack_.dashboard};
    for (const auto& name : stack_.schedule.nodes) {
      const auto* const node = stack_.fleet.find(name);
      if (node && !simulated_stack::is_provider(node->host())) nodes.push_back(node);
    }
    return nodes;
  }
  bool is_faulty(const sim::host& host) const {
    return std::find(stack_.faulty_hosts.begin(), stack_.faulty_hosts.end(), &host) != stack_.faulty_hosts.end();
  }
  /// Returns whether the counters of the node are complete, that is, the node had no fault and was not restarted.
  bool has_complete_counters(const sim::node& node) const {
    const auto& restarted = stack_.restarted_nodes;
    return !is_faulty(node.host()) && std::find(restarted.begin(), restarted.end(), &node) == restarted.end();
  }
  template <class... Parts>
  void add_violation(std::string kind, const Parts&... parts) {
    std::ostringstream message;
    (message << ... << parts);
    violations_.push_back({std::move(kind), message.str()});
  }

  void check_request_outcomes() {
    for (const auto& [path, report] : reports_) {
      const auto outcomes = loadgen::total_count(report.totals.outcomes);
      if (outcomes == report.totals.planned) continue;
      add_violation("requests without an outcome", path, ": ", report.totals.planned, " planned requests have ",
                    outcomes, " outcomes");
    }
  }

  void check_response(const sim::exchange& exchange) {
    if (!exchange.response_started_at && !exchange.is_closed_without_response) {
      add_violation("request without a response", exchange.server->name,
                    " neither responded nor closed: ", exchange.path, " on #", exchange.connection_id);
    }
    // No client of the stack pipelines, so a pipelined request used a connection with a pending response.
    if (exchange.is_pipelined) {
      add_violation("connection used while a response is pending", exchange.client->name, " sent a second request to ",
                    exchange.server->name, " before the response on #", exchange.connection_id);
    }
    const bool is_response_lost = exchange.is_closed_without_response && !exchange.has_client_closed;
    if (is_response_lost && scenario_.is_lossless && !is_faulty(*exchange.server)) {
      add_violation("connection closed without a response", exchange.server->name,
                    " closed without a response: ", exchange.path, " on #", exchange.connection_id);
    }
  }

  void check_aggregate_duration(const sim::exchange& exchange) {
    if (exchange.server != &stack_.dashboard.host() || exchange.path != "/api/aggregate") return;
    if (!exchange.response_started_at) return;
    const auto limit = std::min(exchange.remaining_time.value_or(aggregate_deadline), aggregate_deadline);
    const auto elapsed = *exchange.response_started_at - exchange.received_at;
    if (elapsed > limit + two_ticks) {
      add_violation("aggregate after its deadline", "/api/aggregate took ", elapsed.count(), " ns; its deadline was ",
                    limit.count(), " ns");
    }
  }

  void check_propagated_deadline(const sim::exchange& exchange) {
    if (exchange.client != &stack_.dashboard.host()) return;
    const auto limit = std::min(scenario_.deadline.value_or(aggregate_deadline), aggregate_deadline);
    if (!exchange.remaining_time) {
      add_violation("call without a deadline", exchange.server->name, " received no deadline on #",
                    exchange.connection_id);
    } else if (*exchange.remaining_time > limit) {
      add_violation("deadline later than the caller's", exchange.server->name, " received a deadline of ",
                    exchange.remaining_time->count(), " ns; the caller's was at most ", limit.count(), " ns");
    }
  }

  /// A weather request that takes until its deadline must have been waiting for a provider's response.
  void check_weather_duration(const sim::exchange& exchange) {
    constexpr duration min_checked_duration = 4900ms;
    if (exchange.server->name != weather_name || !exchange.response_started_at) return;
    const auto end = *exchange.response_started_at;
    if (end - exchange.received_at < min_checked_duration) return;
    const auto pending = stack_.fleet.recorder().count([&](const sim::exchange& other) {
      return simulated_stack::is_provider(*other.server) && other.received_at <= end &&
             other.response_completed_at.value_or(time_point::max()) > end - 500ms;
    });
    if (pending.requests == 0) {
      add_violation("weather request without a provider request",
                    "a weather request waited for its deadline without a pending provider request, on #",
                    exchange.connection_id);
    }
  }

  void check_request_count(const sim::node& node) {
    if (!has_complete_counters(node)) return;
    const auto requests_on_wire =
        stack_.fleet.recorder().count([&](const auto& exchange) { return exchange.server == &node.host(); }).requests;
    const metric_reader metrics{node.metrics()};
    double counted = 0;
    for (const auto* prefix : {"time_service", "system_info_service", "weather_service", "dashboard_service"}) {
      const auto name = std::string{prefix} + "_http_requests_total";
      // The server counts an incomplete request as a 408; the recorder does not count it.
      counted += metrics.sum(name) - metrics.sum(name, {{"status", "408"}});
    }
    if (counted != static_cast<double>(requests_on_wire)) {
      add_violation("request counter does not match the wire", node.name(), " counted ", counted,
                    " requests, but received ", requests_on_wire);
    }
  }

  /// Checks that each retry and hedge is charged to the budget. The check is exact while the budget's window contains
  /// the entire run.
  void check_budget_balances() {
    constexpr duration max_checked_run_length = 9s;
    if (!has_complete_counters(stack_.dashboard) || stack_.fleet.elapsed() > max_checked_run_length) return;
    struct reader {
      static task<std::vector<http::upstream_status>> read(const sim::node& node) { co_return node.upstreams(); }
    };
    const metric_reader metrics{stack_.dashboard.metrics()};
    for (const auto& upstream : stack_.fleet.run(reader::read(stack_.dashboard))) {
      const auto calls = metrics.sum("cohort_client_requests_total", {{"upstream", upstream.name}}) +
                         static_cast<double>(upstream.in_flight);
      const auto extra = extra_attempts(metrics, upstream.name);
      constexpr double reserve = 10;
      constexpr double rounding_error = 1e-6;
      const auto limit = std::max(reserve + 0.2 * calls - extra, 0.0);
      if (upstream.retry_budget <= limit + rounding_error) continue;
      add_violation("retries and hedges are not charged to the budget", upstream.name, ": balance ",
                    upstream.retry_budget, " after ", calls, " calls and ", extra, " retries and hedges; at most ",
                    limit);
    }
  }
  static double extra_attempts(const metric_reader& metrics, std::string_view upstream) {
    return metrics.sum("cohort_client_retries_total", {{"upstream", upstream}, {"verdict", "again"}}) +
           metrics.sum("cohort_client_hedges_total", {{"upstream", upstream}, {"result", "sent"}});
  }

  /// Retries and hedges are limited to 20 % of the calls plus one for each second of the budget's 10 s window, which is
  /// longer than any run. The budget does not limit requests that are resent because of stale connections.
  void check_retry_budgets(const metric_reader& metrics) {
    for (const auto& [upstream, host] : {std::pair{"time", "time-service"}, std::pair{"sysinfo", "system-info-service"},
                                         std::pair{"weather", "weather-service"}}) {
      const auto calls = metrics.sum("cohort_client_requests_total", {{"upstream", upstream}});
      const auto attempts = metrics.sum("cohort_client_attempts_total", {{"upstream", upstream}});
      // A request on a stale connection is resent once, and is not charged to the budget.
      const auto stale = metrics.sum("cohort_client_stale_connections_total", {{"upstream", upstream}});
      const auto allowed = 1.2 * calls + 10 + stale;
      const auto requests_on_wire = requests_from_dashboard(host);
      if (requests_on_wire > allowed)
        add_violation("too many retries and hedges", host, " received ", requests_on_wire, " requests for ", calls,
                      " calls");
      if (attempts > allowed)
        add_violation("too many retries and hedges", upstream, ": ", attempts, " attempts for ", calls, " calls");
      if (requests_on_wire > attempts)
        add_violation("more requests than attempts", host, " received ", requests_on_wire, " requests of ", attempts,
                      " attempts");
      const auto extra = extra_attempts(metrics, upstream);
      if (attempts > calls + extra + stale) {
        add_violation("attempts that are neither retries nor hedges", upstream, ": ", attempts, " attempts for ", calls,
                      " calls, ", extra, " retries and hedges, ", stale, " stale connections");
      }
      if (stale > calls) {
        add_violation("request resent more than once", upstream, ": ", stale,
                      " requests resent after stale connections, ", calls, " calls");
      }
      if (metrics.sum("cohort_client_in_flight", {{"upstream", upstream}}) != 0) {
        add_violation("calls in flight after the end", upstream, ": calls in flight after the end");
      }
    }
  }
  double requests_from_dashboard(std::string_view host_prefix) const {
    const auto counts = stack_.fleet.recorder().count([&](const sim::exchange& exchange) {
      return exchange.client == &stack_.dashboard.host() && exchange.server->name.starts_with(host_prefix);
    });
    return static_cast<double>(counts.requests);
  }

  void check_breakers(const metric_reader& metrics) {
    for (const auto* upstream : {"time", "sysinfo", "weather"}) {
      const auto transitions_to = [&](const char* state) {
        return metrics.sum("cohort_client_breaker_transitions_total", {{"upstream", upstream}, {"to", state}});
      };
      const auto open_transitions = transitions_to("open");
      const auto half_open_transitions = transitions_to("half_open");
      const auto closed_transitions = transitions_to("closed");
      if (half_open_transitions > open_transitions || closed_transitions > half_open_transitions) {
        add_violation("impossible breaker transitions", upstream,
                      ": impossible breaker transitions: ", open_transitions, " to open, ", half_open_transitions,
                      " to half-open, ", closed_transitions, " to closed");
      }
      const auto states = metrics.sum("cohort_client_breaker_state", {{"upstream", upstream}});
      if (states > 1) add_violation("one breaker in several states", upstream, ": one breaker in ", states, " states");
      const auto rejected = metrics.sum("cohort_client_requests_total", {{"upstream", upstream}, {"outcome", "open"}});
      if (rejected > 0 && open_transitions == 0)
        add_violation("calls rejected by a closed breaker", upstream,
                      ": calls rejected by a breaker that never opened");
    }
  }

  void check_admission(const metric_reader& metrics) {
    const auto limit = metrics.sum("cohort_server_concurrency_limit", {{"endpoint", "/api/aggregate"}});
    if (limit < 8 || limit > 4000)
      add_violation("concurrency limit out of range", "the concurrency limit is ", limit, ", outside 8 to 4000");
    const auto shed = metrics.sum("cohort_server_shed_total");
    if (shed > 0) add_violation("requests shed at a low rate", shed, " requests shed at a low rate");
  }

  /// Lossless faults must not fail a request of a client without a deadline.
  void check_successes() {
    if (scenario_.client_timeout < 10s) return;
    check_all_succeeded("/api/aggregate");
    // The time proxy needs a second replica and the time to try it.
    if (scenario_.time_replica_count >= 2 && !scenario_.deadline) check_all_succeeded("/api/time-proxy");
  }
  void check_all_succeeded(std::string_view path) {
    const auto report = reports_.find(path);
    if (report == reports_.end()) return;
    const auto& totals = report->second.totals;
    const auto successes = loadgen::success_count(totals.outcomes);
    if (successes != totals.planned) {
      add_violation("failed request without a fault", path, ": ", successes, " of ", totals.planned,
                    " requests succeeded");
    }
  }

  simulated_stack& stack_;
  const scenario& scenario_;
  const load_reports& reports_;
  std::vector<violation> violations_;
};

}  // namespace

std::vector<violation> check_invariants(simulated_stack& stack, const load_reports& reports) {
  return invariant_checker{stack, reports}.check();
}

}  // namespace cohort::test
