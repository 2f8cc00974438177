// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/plan/plan.hpp>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <set>

#include <cohort/json/decode.hpp>
#include <cohort/sim/plan/plan_document.hpp>
#include <cohort/sim/plan/plan_error.hpp>
#include <cohort/sim/plan/random_scenarios.hpp>

namespace cohort::sim {
namespace {

bool stops_instances(const planned_fault& fault) noexcept { return fault.killed + fault.powered_off > 0; }

/// Maximum loss. Above this limit, TCP's window reductions, which are not modeled, affect the results.
constexpr double max_modeled_loss = 0.05;
/// Limits the recursion of the search for cycles.
constexpr std::size_t max_services = 1000;
/// Limits the product with the longest CPU time, which must fit a `duration`.
constexpr double max_slowdown = 1000;
constexpr std::int64_t max_random_scenarios = 10'000;

/// Converts the document of a plan. Throws `plan_error`.
class plan_reader {
 public:
  plan_reader(const std::filesystem::path& directory, const std::vector<std::string>& programs)
      : directory_(directory), programs_(programs) {}

  plan read(const plan_document::plan& document) {
    if (document.services.empty()) throw plan_error{"services must have at least one service"};
    if (document.services.size() > max_services) {
      throw plan_error{"services must have at most " + std::to_string(max_services) + " services"};
    }
    for (const auto& service : document.services) names_.insert(service.name);
    if (names_.size() != document.services.size()) throw plan_error{"services must have different names"};
    for (std::size_t i = 0; i < document.services.size(); ++i) {
      plan_.services.push_back(read_service(document.services[i], "services[" + std::to_string(i) + "]"));
    }
    for (const auto& service : plan_.services) reject_cycles(service);
    if (document.links) read_links(*document.links);
    if (const auto& pauses = document.pauses) {
      plan_.pauses = read_pauses(pauses->per_second, read_distribution(pauses->length, "pauses.length"));
    }
    if (document.idle_slowdown) plan_.slowdown_after_idle = read_idle_slowdown(*document.idle_slowdown);
    read_load(document.load);
    read_scenarios(document.scenarios.value_or(std::vector<plan_document::scenario>{}));
    if (document.random_scenarios) add_random_scenarios(*document.random_scenarios);
    if (plan_.scenarios.empty()) plan_.scenarios.push_back({"no fault", {}, {}});
    const auto spaces = document.tune.value_or(std::vector<plan_document::search_space>{});
    for (std::size_t i = 0; i < spaces.size(); ++i) read_search_space(spaces[i], "tune[" + std::to_string(i) + "]");
    if (document.objective) read_objective(*document.objective);
    const auto alerts = document.alerts.value_or(std::vector<plan_document::alert>{});
    for (std::size_t i = 0; i < alerts.size(); ++i) read_alert(alerts[i], "alerts[" + std::to_string(i) + "]");
    if (document.rehearsal) read_rehearsal(*document.rehearsal);
    return std::move(plan_);
  }

 private:
  distribution read_distribution(const std::optional<std::string>& text, const std::string& field) {
    if (!text) return {};
    auto read = parse_distribution(*text, directory_);
    if (!read) reject(field + ":", read.error());
    if (read->overflow_fraction() > 0.001) {
      plan_.warnings.push_back(field + ": " + std::to_string(read->overflow_fraction() * 100).substr(0, 4) +
                               " % of the values are above the highest bucket; longer waits are not simulated");
    }
    return *read;
  }
  void require_service(const std::string& name, const std::string& field) const {
    if (names_.contains(name)) return;
    std::string names;
    for (const auto& each : names_) names.append(names.empty() ? "" : ", ").append(each);
    reject(field, "names the service \"" + name + "\", but the services are " + names);
  }

  planned_service read_service(const plan_document::service& source, const std::string& field) {
    planned_service service;
    service.name = source.name;
    service.program = source.program.value_or("");
    service.real_program = source.real_program.value_or(service.program);
    if (!service.program.empty() && std::find(programs_.begin(), programs_.end(), service.program) == programs_.end()) {
      std::string names;
      for (const auto& each : programs_) names.append(names.empty() ? "" : ", ").append(each);
      reject(field + ".program", "is \"" + service.program + "\", but must be one of: " + names);
    }
    service.instances = read_count(source.instances, 1000, field + ".instances");
    service.cores = read_count(source.cores, 256, field + ".cores");
    service.threads = read_count(source.threads, 256, field + ".threads");
    service.machine = source.machine.value_or("");
    if (service.threads > service.cores && service.machine.empty()) {
      plan_.warnings.push_back(field + ": more threads than cores; the time slices of the system are not simulated");
    }
    if (source.costs) service.costs = read_costs(*source.costs, field + ".costs");
    if (source.environment) {
      for (const auto& [key, value] : *source.environment) service.environment.emplace(key, value);
    }
    service.model = read_model(source, field);
    return service;
  }

  std::shared_ptr<const service_model> read_model(const plan_document::service& source, const std::string& field) {
    auto model = std::make_shared<service_model>();
    model->name = source.name;
    model->cpu = read_distribution(source.cpu, field + ".cpu");
    model->latency = read_distribution(source.latency, field + ".latency");
    model->needs_all_calls = source.needs_all_calls.value_or(true);
    const auto calls = source.calls.value_or(std::vector<plan_document::call>{});
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const auto at = field + ".calls[" + std::to_string(i) + "]";
      require_service(calls[i].to, at + ".to");
      modeled_call call{calls[i].to, calls[i].policy_variable.value_or(policy_variable_for(calls[i].to)), {}, {}};
      if (calls[i].policy) {
        const auto parser = http::upstream_policy({});
        const auto policy = parser.parse(*calls[i].policy);
        if (!policy) reject(at + ".policy", "is \"" + *calls[i].policy + "\", but must be " + parser.accepted_values);
        call.default_policy = *policy;
      }
      if (calls[i].cache) call.cache = read_cache(*calls[i].cache, at + ".cache");
      model->calls.push_back(std::move(call));
    }
    return model;
  }

  /// Calls in a cycle would never end.
  void reject_cycles(const planned_service& service) {
    if (acyclic_services_.contains(service.name)) return;
    const auto is_caller = std::find(callers_.begin(), callers_.end(), service.name) != callers_.end();
    callers_.push_back(service.name);
    if (is_caller) {
      std::string path;
      for (const auto& name : callers_) path.append(path.empty() ? "" : " -> ").append(name);
      throw plan_error{"services must not call each other in a cycle: " + path};
    }
    for (const auto& call : service.model->calls) reject_cycles(*plan_.find(call.upstream));
    callers_.pop_back();
    acyclic_services_.insert(service.name);
  }

  static call_cache_settings read_cache(const plan_document::cache& source, const std::string& field) {
    call_cache_settings cache;
    cache.ttl = read_duration(source.ttl, field + ".ttl");
    if (cache.ttl <= duration{0}) reject(field + ".ttl", "must be longer than 0");
    if (const auto& time = source.stale_while_revalidate) {
      cache.stale_while_revalidate = read_duration(*time, field + ".stale_while_revalidate");
    }
    if (source.stale_if_error) cache.stale_if_error = read_duration(*source.stale_if_error, field + ".stale_if_error");
    cache.single_flight = source.single_flight.value_or(true);
    return cache;
  }

  cpu_costs read_costs(const plan_document::costs& source, const std::string& field) {
    cpu_costs costs;
    costs.wake_up = read_distribution(source.wake_up, field + ".wake_up");
    costs.connection = read_distribution(source.connection, field + ".connection");
    costs.read = read_distribution(source.read, field + ".read");
    costs.other_routes = read_distribution(source.response, field + ".response");
    costs.call = read_distribution(source.call, field + ".call");
    if (source.routes) {
      for (const auto& [path, cost] : *source.routes) {
        costs.routes.push_back({path, read_distribution(cost, field + ".routes." + path)});
      }
    }
    return costs;
  }

  void read_links(const plan_document::links& source) {
    auto& links = plan_.links;
    if (source.min_latency) links.min_latency = read_duration(*source.min_latency, "links.min_latency");
    if (source.max_latency) links.max_latency = read_duration(*source.max_latency, "links.max_latency");
    if (links.max_latency < links.min_latency) reject("links.max_latency", "must not be less than min_latency");
    if (source.jitter) links.jitter = read_duration(*source.jitter, "links.jitter");
    links.loss = read_ratio(source.loss, "links.loss");
    if (links.loss > max_modeled_loss) {
      plan_.warnings.emplace_back(
          "links.loss: above 5 %, TCP's congestion control, which is not simulated, affects the results");
    }
    if (source.bytes_per_second) {
      if (*source.bytes_per_second < 1) reject("links.bytes_per_second", "must be an integer of at least 1");
      links.bytes_per_second = static_cast<std::size_t>(*source.bytes_per_second);
    }
  }

  void read_load(const plan_document::load& source) {
    require_service(source.service, "load.service");
    plan_.load_service = source.service;
    plan_.load_path = source.path.value_or("/");
    auto& load = plan_.load;
    if (!(source.rate > 0) || source.rate > 1e6) reject("load.rate", "must be a number of calls per second up to 1e6");
    load.calls_per_second = source.rate;
    load.length = read_duration(source.length, "load.length");
    if (load.length <= duration{0}) reject("load.length", "must be longer than 0");
    if (source.patience) load.patience = read_duration(*source.patience, "load.patience");
    load.attempts = static_cast<unsigned>(read_count(source.attempts, 100, "load.attempts"));
    if (source.backoff) load.backoff = read_duration(*source.backoff, "load.backoff");
    if (source.deadline) load.deadline = read_duration(*source.deadline, "load.deadline");
    load.sends_deadline = source.sends_deadline.value_or(false);
    load.partial_result_text = source.partial_result_text.value_or("");
    load.complete_result_text = source.complete_result_text.value_or("");
    const auto text = "http://" + source.service + plan_.load_path;
    const auto url = boost::urls::parse_uri(text);
    if (!url) reject("load.path", "is \"" + plan_.load_path + "\", but must be a path such as /api/report");
    load.url = *url;
  }

  void read_scenarios(const std::vector<plan_document::scenario>& scenarios) {
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
      reject_duplicate_name(scenarios[i].name, "scenarios[" + std::to_string(i) + "].name");
      auto& scenario = plan_.scenarios.emplace_back(planned_scenario{scenarios[i].name, {}, {}});
      for (std::size_t j = 0; j < scenarios[i].faults.size(); ++j) {
        const auto field = "scenarios[" + std::to_string(i) + "].faults[" + std::to_string(j) + "]";
        scenario.faults.push_back(read_fault(scenarios[i].faults[j], field));
        reject_overlap(scenario.faults, field);
      }
      const auto deploys = scenarios[i].deploys.value_or(std::vector<plan_document::deploy>{});
      for (std::size_t j = 0; j < deploys.size(); ++j) {
        const auto field = "scenarios[" + std::to_string(i) + "].deploys[" + std::to_string(j) + "]";
        scenario.deploys.push_back(read_deploy(deploys[j], scenario, field));
      }
    }
  }

  void add_random_scenarios(const plan_document::random_scenarios& source) {
    if (plan_.load.length < std::chrono::seconds{1}) reject("load.length", "must be at least 1s for random_scenarios");
    if (source.services.empty()) reject("random_scenarios.services", "must have at least one service");
    for (const auto& service : source.services) require_service(service, "random_scenarios.services");
    plan_.random_scenarios = {source.services, read_count(source.count, max_random_scenarios, "random_scenarios.count"),
                              read_count(source.seed, INT64_MAX, "random_scenarios.seed")};
    for (auto& scenario : draw_scenarios(plan_, *plan_.random_scenarios)) {
      reject_duplicate_name(scenario.name, "scenarios");
      plan_.scenarios.push_back(std::move(scenario));
    }
  }

  void reject_duplicate_name(const std::string& name, const std::string& field) const {
    const auto has_name = [&](const planned_scenario& other) { return other.name == name; };
    if (std::none_of(plan_.scenarios.begin(), plan_.scenarios.end(), has_name)) return;
    reject(field, "is \"" + name + "\", which is also the name of another scenario");
  }

  planned_deploy read_deploy(const plan_document::deploy& source, const planned_scenario& scenario,
                             const std::string& field) const {
    require_service(source.service, field + ".service");
    planned_deploy deploy;
    deploy.service = source.service;
    deploy.at = read_duration(source.at, field + ".at");
    if (deploy.at >= plan_.load.length) reject(field + ".at", "must be before the end of the load");
    const auto instances = static_cast<std::int64_t>(plan_.find(source.service)->instances);
    deploy.batch = read_count(source.batch, instances, field + ".batch");
    if (source.drain_timeout) deploy.drain_timeout = read_duration(*source.drain_timeout, field + ".drain_timeout");
    if (source.deregistration) deploy.deregistration = read_duration(*source.deregistration, field + ".deregistration");
    if (source.startup) deploy.startup = read_duration(*source.startup, field + ".startup");
    if (source.pause) deploy.pause = read_duration(*source.pause, field + ".pause");
    // A fault and a deploy, or two deploys, would start the same process twice.
    const auto is_deployed = [&](const auto& each) { return each.service == deploy.service; };
    const auto is_stopped = [&](const auto& each) { return is_deployed(each) && stops_instances(each); };
    if (std::any_of(scenario.deploys.begin(), scenario.deploys.end(), is_deployed) ||
        std::any_of(scenario.faults.begin(), scenario.faults.end(), is_stopped)) {
      reject(field + ".service",
             "is \"" + deploy.service + "\", which the scenario deploys, kills or powers off a second time");
    }
    return deploy;
  }

  planned_fault read_fault(const plan_document::fault& source, const std::string& field) {
    require_service(source.service, field + ".service");
    planned_fault fault;
    fault.service = source.service;
    fault.at = read_duration(source.at, field + ".at");
    fault.length = read_duration(source.lasts, field + ".lasts");
    if (fault.at >= plan_.load.length) reject(field + ".at", "must be before the end of the load");
    fault.effects.slowdown = source.slowdown.value_or(1);
    if (!(fault.effects.slowdown > 0 && fault.effects.slowdown <= max_slowdown)) {
      reject(field + ".slowdown", "must be a number greater than 0 and at most 1000");
    }
    if (source.extra_latency) {
      fault.effects.extra_latency = read_duration(*source.extra_latency, field + ".extra_latency");
    }
    fault.effects.failure_ratio = read_ratio(source.failure_ratio, field + ".failure_ratio");
    fault.effects.hang_ratio = read_ratio(source.hang_ratio, field + ".hang_ratio");
    const auto* const target = plan_.find(source.service);
    const auto instances = static_cast<std::int64_t>(target->instances);
    if (source.killed) fault.killed = read_count(source.killed, instances, field + ".killed");
    if (source.powered_off) fault.powered_off = read_count(source.powered_off, instances, field + ".powered_off");
    if (source.killed && source.powered_off) reject(field, "must not have both `killed` and `powered_off`");
    const bool affects_handlers =
        fault.effects.slowdown != 1 || source.extra_latency || source.failure_ratio || source.hang_ratio;
    if (affects_handlers && !target->program.empty()) {
      reject(field,
             "can only be `killed` or `powered_off`, because " + target->name + " is a program, not a modeled service");
    }
    return fault;
  }

  /// When a fault ends, all effects on its service end, and the processes that it stopped are restarted.
  static void reject_overlap(const std::vector<planned_fault>& faults, const std::string& field) {
    const auto& last = faults.back();
    const auto overlaps_last_fault = [&](const planned_fault& each) {
      const bool overlaps = each.at <= last.at + last.length && last.at <= each.at + each.length;
      return &each != &last && each.service == last.service && overlaps;
    };
    if (std::any_of(faults.begin(), faults.end(), overlaps_last_fault)) {
      reject(field, "overlaps another fault of " + last.service + ", but must start after its end, or end before it");
    }
  }

  void read_search_space(const plan_document::search_space& source, const std::string& field) {
    require_service(source.service, field + ".service");
    const auto& calls = plan_.find(source.service)->model->calls;
    const auto call =
        std::find_if(calls.begin(), calls.end(), [&](const auto& each) { return each.upstream == source.to; });
    if (call == calls.end())
      reject(field + ".to", "is \"" + source.to + "\", which " + source.service + " does not call");
    policy_search_space policy{source.service, call->policy_variable, {}};
    const auto parser = http::upstream_policy({});
    for (const auto& [key, values] : source.values) {
      if (values.empty()) reject(field + ".values." + key, "must have at least one value");
      for (const auto& value : values) {
        if (parser.parse(key + "=" + value)) continue;
        reject(field + ".values." + key, "has \"" + value + "\", but a policy is " + parser.accepted_values);
      }
      policy.choices.emplace_back(key, values);
    }
    if (policy.choices.empty()) reject(field + ".values", "must have at least one key of a policy, such as timeout");
    plan_.search_spaces.push_back(std::move(policy));
  }

  void read_objective(const plan_document::objective& source) {
    if (source.min_goodput) plan_.objective.min_goodput = read_ratio(source.min_goodput, "objective.min_goodput");
    if (source.max_p99) plan_.objective.max_p99 = read_duration(*source.max_p99, "objective.max_p99");
    plan_.objective.max_amplification = source.max_amplification;
    if (source.max_amplification && *source.max_amplification < 1) {
      reject("objective.max_amplification", "must be at least 1: each call needs one attempt");
    }
    if (source.max_loss) plan_.objective.max_loss = read_ratio(source.max_loss, "objective.max_loss");
  }

  void read_alert(const plan_document::alert& source, const std::string& field) {
    alert_rule rule;
    rule.name = source.name;
    for (const auto& other : plan_.alerts) {
      if (other.name == rule.name)
        reject(field + ".name", "is \"" + rule.name + "\", which is also the name of another alert");
    }
    rule.threshold = read_ratio(source.max_error_ratio, field + ".max_error_ratio");
    for (const auto& window : source.windows) {
      rule.windows.push_back(read_duration(window, field + ".windows"));
      if (rule.windows.back() < alert_interval || rule.windows.back() % alert_interval != duration{0}) {
        reject(field + ".windows", "must be multiples of the scrape interval, 15s");
      }
    }
    if (rule.windows.empty()) reject(field + ".windows", "must have at least one duration such as 5min");
    if (source.hold) rule.hold = read_duration(*source.hold, field + ".hold");
    plan_.alerts.push_back(std::move(rule));
  }

  void read_rehearsal(const plan_document::rehearsal& source) {
    auto& rehearsal = plan_.rehearsal.emplace();
    rehearsal.calibration_rate = read_rate(source.calibration_rate, "rehearsal.calibration_rate");
    rehearsal.length = read_duration(source.length, "rehearsal.length");
    if (rehearsal.length < std::chrono::seconds{2}) reject("rehearsal.length", "must be at least 2s");
    for (const auto rate : source.rates.value_or(std::vector<double>{})) {
      rehearsal.rates.push_back(read_rate(rate, "rehearsal.rates"));
    }
  }

  const std::filesystem::path& directory_;
  const std::vector<std::string>& programs_;
  std::set<std::string> names_;
  /// State of the cycle search: the services on the path to the current service, and the services that reach no cycle.
  std::vector<std::string> callers_;
  std::set<std::string> acyclic_services_;
  plan plan_;
};

}  // namespace

const planned_service* plan::find(std::string_view name) const noexcept {
  const auto found =
      std::find_if(services.begin(), services.end(), [&](const auto& each) { return each.name == name; });
  return found == services.end() ? nullptr : &*found;
}

result<plan, std::string> parse_plan(std::string_view json, const std::filesystem::path& directory,
                                     const std::vector<std::string>& programs) {
  const auto document = json::decode<plan_document::plan>(json);
  if (!document) return document.error().text();
  try {
    return plan_reader{directory, programs}.read(*document);
  } catch (const plan_error& error) {
    // The message may quote text of the plan.
    std::string line = error.what();
    std::replace_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
    return line;
  }
}

}  // namespace cohort::sim
