#include "tests/sim/invariants.hpp"

#include <algorithm>
#include <sstream>

#include "loadgen/outcome.hpp"
#include "tests/sim/metric_reader.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

/// Timers are late by a tick of the wheel at most; what takes two of them in a row, by two.
constexpr duration two_ticks{2 << 14};
constexpr duration longest_part = 5s;

class judge {
 public:
  judge(stack& all, const loadgen::report& found) : all_(all), found_(found) {}

  std::vector<std::string> verdict() {
    // The dashboard's own before it goes: what a caller that hung up left behind has ended by now.
    all_.fleet.run_for(20s);
    all_.fleet.shutdown();
    for (auto& each : all_.fleet.leftovers()) complain(std::move(each));
    for (const auto& each : all_.fleet.exchanges().violations()) complain(each);
    every_request_became_something();
    for (const auto& each : all_.fleet.exchanges().exchanges()) {
      every_exchange_ended(each);
      deadlines_were_kept(each);
      deadlines_were_inherited(each);
      if (all_.how.gentle) nobody_waited_for_nothing(each);
    }
    for (const auto* each : members()) counts_agree(*each);
    if (is_whole(all_.dashboard)) {
      const metric_reader counted{all_.dashboard.metrics()};
      budgets_were_kept(counted);
      policies_kept_their_rules(counted);
    }
    if (all_.how.gentle) nobody_lost_anything();
    return std::move(wrong_);
  }

 private:
  std::vector<const sim::member*> members() const {
    std::vector<const sim::member*> every{&all_.sysinfo, &all_.weather, &all_.dashboard};
    every.insert(every.end(), all_.time_services.begin(), all_.time_services.end());
    return every;
  }
  /// Whether it has lived one life, and nothing cut its connections.
  bool is_whole(const sim::member& which) const {
    return std::find(all_.broken.begin(), all_.broken.end(), &which.at()) == all_.broken.end() &&
           std::find(all_.restarted.begin(), all_.restarted.end(), &which) == all_.restarted.end();
  }
  template <class... Parts>
  void complain(const Parts&... parts) {
    std::ostringstream line;
    (line << ... << parts);
    wrong_.push_back(line.str());
  }

  void every_request_became_something() {
    const auto became = loadgen::total(found_.all.outcomes);
    if (became != found_.all.planned) complain("of ", found_.all.planned, " requests ", became, " became something");
  }

  void every_exchange_ended(const sim::exchange& one) {
    if (!one.answer_began && !one.closed_unanswered) {
      complain(one.at->name, " neither answered nor closed: ", one.path, " on #", one.connection);
    }
    // None of ours does: whoever it was, it used a connection whose answer was still to come.
    if (one.pipelined) complain(one.from->name, " asked ", one.at->name, " twice at once on #", one.connection);
    const bool was_broken = std::find(all_.broken.begin(), all_.broken.end(), one.at) != all_.broken.end();
    if (one.closed_unanswered && !one.client_left && !was_broken && all_.how.gentle) {
      complain(one.at->name, " closed without an answer: ", one.path, " on #", one.connection);
    }
  }

  /// Whatever the upstreams do: by the caller's deadline, or the longest part's.
  void deadlines_were_kept(const sim::exchange& one) {
    if (one.at != &all_.dashboard.at() || one.path != "/api/aggregate" || !one.answer_began) return;
    const auto limit = std::min(one.remaining.value_or(longest_part), longest_part);
    const auto took = *one.answer_began - one.read;
    if (took > limit + two_ticks) complain("/api/aggregate took ", took.count(), " ns of ", limit.count());
  }

  void deadlines_were_inherited(const sim::exchange& one) {
    if (one.from != &all_.dashboard.at()) return;
    const auto longest = std::min(all_.how.time_limit.value_or(longest_part), longest_part);
    if (!one.remaining) {
      complain(one.at->name, " was told no deadline on #", one.connection);
    } else if (*one.remaining > longest) {
      complain(one.at->name, " was told of ", one.remaining->count(), " ns, of ", longest.count());
    }
  }

  /// Who waits for the weather to the very end waits for a provider that is being asked.
  void nobody_waited_for_nothing(const sim::exchange& one) {
    constexpr duration nearly_all = 4900ms;
    if (one.at != &all_.weather.at() || !one.answer_began || *one.answer_began - one.read < nearly_all) return;
    const auto asked = all_.fleet.exchanges().count([&](const auto& other) {
      const bool is_of_provider = other.at == &all_.wttr.at() || other.at == &all_.meteo.at();
      return is_of_provider && other.read <= *one.answer_began &&
             other.answered.value_or(time_point::max()) > *one.answer_began - 500ms;
    });
    if (asked.requests == 0)
      complain("a wait for the weather outlasted all that it could be for, on #", one.connection);
  }

  void counts_agree(const sim::member& which) {
    if (!is_whole(which)) return;
    const auto seen = all_.fleet.exchanges().count([&](const auto& one) { return one.at == &which.at(); }).requests;
    const metric_reader counted{which.metrics()};
    double requests = 0;
    for (const auto* prefix : {"time_service", "system_info_service", "weather_service", "dashboard_service"}) {
      const auto name = std::string{prefix} + "_http_requests_total";
      // A request that never came to its end is none for the network, and a 408 for the server.
      requests += counted.sum(name) - counted.sum(name, {{"status", "408"}});
    }
    if (requests != static_cast<double>(seen)) {
      complain(which.name(), " counted ", requests, " requests, the network saw ", seen);
    }
  }

  /// As the network has seen it: 20 % of the calls, and one for each of the window's ten seconds, which no run
  /// outlasts.
  void budgets_were_kept(const metric_reader& counted) {
    for (const auto& [label, host] : {std::pair{"time", "time-service"}, std::pair{"sysinfo", "system-info-service"},
                                      std::pair{"weather", "weather-service"}}) {
      const auto calls = counted.sum("cohort_client_requests_total", {{"upstream", label}});
      const auto attempts = counted.sum("cohort_client_attempts_total", {{"upstream", label}});
      const auto allowed = 1.2 * calls + 10;
      const auto seen = requests_from_dashboard(host);
      if (seen > allowed) complain(host, " was asked ", seen, " times for ", calls, " calls");
      if (attempts > allowed) complain(host, ": ", attempts, " attempts for ", calls, " calls");
      if (seen > attempts) complain(host, " was asked ", seen, " times in ", attempts, " attempts");
      const auto extra = counted.sum("cohort_client_retries_total", {{"upstream", label}, {"verdict", "again"}}) +
                         counted.sum("cohort_client_hedges_total", {{"upstream", label}, {"result", "sent"}});
      if (attempts > calls + extra)
        complain(label, ": ", attempts, " attempts for ", calls, " calls and ", extra, " more");
      if (counted.sum("cohort_client_in_flight", {{"upstream", label}}) != 0) complain(label, ": calls are in flight");
    }
  }
  double requests_from_dashboard(std::string_view to) const {
    const auto seen = all_.fleet.exchanges().count([&](const auto& one) {
      return one.from == &all_.dashboard.at() && std::string_view{one.at->name}.starts_with(to);
    });
    return static_cast<double>(seen.requests);
  }

  void policies_kept_their_rules(const metric_reader& counted) {
    for (const auto* label : {"time", "sysinfo", "weather"}) {
      const auto went = [&](const char* to) {
        return counted.sum("cohort_client_breaker_transitions_total", {{"upstream", label}, {"to", to}});
      };
      if (went("half_open") > went("open") || went("closed") > went("half_open")) {
        complain(label, ": the breaker went ", went("open"), " times to open, ", went("half_open"), " to half-open, ",
                 went("closed"), " to closed");
      }
      const auto is = counted.sum("cohort_client_breaker_state", {{"upstream", label}});
      if (is > 1) complain(label, ": one breaker in ", is, " states");
      const auto refused = counted.sum("cohort_client_requests_total", {{"upstream", label}, {"outcome", "open"}});
      if (refused > 0 && went("open") == 0) complain(label, ": refused by a breaker that never opened");
    }
    const auto limit = counted.sum("cohort_server_concurrency_limit", {{"endpoint", "/api/aggregate"}});
    if (limit < 8 || limit > 4000) complain("a limit of ", limit, " requests at once");
    const auto shed = counted.sum("cohort_server_shed_total");
    if (shed > 0) complain(shed, " requests were shed, of so few");
  }

  /// Where nothing was broken: a drain, a slow name, a provider's mood are no reason to lose a request.
  void nobody_lost_anything() {
    if (all_.how.patience < 10s) return;
    const auto& aggregate = found_.phases.at(0).targets.at(static_cast<std::size_t>(asked_for::aggregate));
    if (loadgen::successes(aggregate.outcomes) != aggregate.planned) {
      complain("of ", aggregate.planned, " aggregates ", loadgen::successes(aggregate.outcomes), " came");
    }
    // With another replica to go to, and time to do it.
    if (all_.time_services.size() < 2 || all_.how.time_limit) return;
    const auto& proxied = found_.phases.at(0).targets.at(static_cast<std::size_t>(asked_for::time_proxy));
    if (loadgen::successes(proxied.outcomes) != proxied.planned) {
      complain("of ", proxied.planned, " proxied times ", loadgen::successes(proxied.outcomes), " came");
    }
  }

  stack& all_;
  const loadgen::report& found_;
  std::vector<std::string> wrong_;
};

}  // namespace

std::vector<std::string> broken_invariants(stack& all, const loadgen::report& found) {
  return judge{all, found}.verdict();
}

}  // namespace cohort::test
