#include "loadgen/command_line.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "loadgen/terminal.hpp"
#include "loadgen/wishes.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;
using config::early_exit;

constexpr std::string_view usage =
    R"(Usage: loadgen [-m MODE] [-d SECONDS] [-r RATE] [--target [name=]url[@weight]]... [--slo OBJECTIVE]...
  Modes: balanced (default), spike, burst, heavy, stress, constant, ramp, knee; --help explains every flag
)";

using problem = std::optional<std::string>;

/// The flags as they were given; `wishes` and what only flags can say.
struct flags {
  wishes said;
  std::vector<named_url> targets;
  std::optional<http::method> verb;
  std::vector<std::pair<std::string, std::string>> fields;
  std::optional<std::string> body;
  std::optional<std::string> expected_text;
  std::string api_key;
  std::string scenario;
  bool no_keep_alive = false;
  bool abort_on_fail = false;
  std::optional<boost::urls::url> time_url;
  std::optional<boost::urls::url> sysinfo_url;
  std::optional<boost::urls::url> weather_url;
  std::optional<boost::urls::url> dashboard_url;
};

void add_load_flags(config::options& all, flags& into) {
  auto& said = into.said;
  all.add(said.mode, {"-m,--mode", "", "balanced, spike, burst, heavy, stress, constant, ramp or knee"}, mode_rule(),
          "balanced");
  all.add(said.length, {"-d,--duration", "", "How long, in seconds or as 5m; of a knee: the confirmation"},
          length_rule(), "60");
  all.add(said.rate, {"-r,--rate", "", "Requests per second in all, or max for a closed loop"}, rate(), "5");
  all.add_list(said.stages, {"--stage", "", "A stage of a plan of your own, 30s:200 or 30s:200:step; repeat it"},
               stage_text());
  all.add(said.arrivals, {"--arrivals", "", "constant, or poisson for independent callers"}, arrivals_rule(),
          "constant");
  all.add(said.seed, {"--seed", "", "Of the Poisson arrivals"}, seed_rule(), "1");
  all.add(said.connections, {"-c,--connections", "", "At most, to each target"}, connections_rule(),
          "256, of a closed loop 64");
  all.add(said.threads, {"-t,--threads", "", "Threads that send"}, threads_rule(), "1");
  all.add(said.timeout, {"--timeout", "", "From the intended start to the whole answer"}, timeout_rule(), "10s");
  all.add(said.time_limit, {"--deadline", "", "Send it as a deadline header, and count answers within it as goodput"},
          time_limit_rule(), "none");
  all.add_switch(into.no_keep_alive, "--no-keep-alive", "A new connection for each request");
  all.add_list(said.objectives, {"--slo", "", "An objective, such as 'time:p99<200ms' or 'error_rate<0.1%'"},
               config::text());
  all.add_switch(into.abort_on_fail, "--abort-on-fail", "End once an objective cannot be met any more");
}

void add_target_flags(config::options& all, flags& into) {
  all.add_list(into.targets, {"--target", "", "[name=]url[@weight]; repeat it (default: the stack's four services)"},
               named_target());
  all.add(into.verb, {"--method", "", "Of the requests"}, request_method(), "GET");
  all.add_list(into.fields, {"-H,--header", "", "A header field, 'Name: value'; repeat it"}, header_line());
  all.add(into.body, {"--body", "", "Of the requests; @FILE reads it"}, config::text());
  all.add(into.expected_text, {"--expect-body", "", "A text that the body of a good answer contains"}, config::text());
  all.add(into.scenario, {"--scenario", "", "A JSON file with all that; flags go over it"}, config::text());
  all.add_secret(into.api_key, {"--api-key", "API_KEY", "Sent as X-API-Key"});
  all.add(into.time_url, {"--time-service-url", "TIME_SERVICE_URL", "Where it is, for the default targets"},
          config::http_url(), "http://127.0.0.1:5001");
  all.add(into.sysinfo_url, {"--sysinfo-service-url", "SYSINFO_SERVICE_URL", "The same"}, config::http_url(),
          "http://127.0.0.1:5002");
  all.add(into.weather_url, {"--weather-service-url", "WEATHER_SERVICE_URL", "The same"}, config::http_url(),
          "http://127.0.0.1:5003");
  all.add(into.dashboard_url, {"--dashboard-service-url", "DASHBOARD_SERVICE_URL", "The same"}, config::http_url(),
          "http://127.0.0.1:5000");
}

void add_output_flags(config::options& all, command& into) {
  const auto file = config::text();
  all.add(into.json_file, {"--json", "", "Write the report as JSON to this file; - is standard output"}, file);
  all.add(into.csv_file, {"--csv", "", "Write the intervals as CSV to this file, or -"}, file);
  all.add(into.html_file, {"--html", "", "Write the report as a page to this file, or -"}, file);
  all.add(into.baseline_file, {"--baseline", "", "Compare with this JSON report of a like run"}, file);
  all.add_list(into.server_metrics, {"--server-metrics", "", "A server's /metrics, to compare with; repeat it"},
               called_url());
  all.add(into.metrics_port, {"--metrics-port", "", "Serve /metrics of this run there"}, config::port(), "not served");
  all.add(into.metrics_host, {"--metrics-host", "", "Address for that"}, config::address(), "127.0.0.1");
  all.add_switch(into.skip_preflight, "--no-preflight", "Do not ask each target once before the load");
  all.add_switch(into.quiet, "-q,--quiet", "Nothing while it runs, only the report");
}

/// What flags say goes over what the scenario says.
void merge(wishes& over, wishes&& under) {
  const auto take = [](auto& first, auto& second) {
    if (!first) first = std::move(second);
  };
  // Stages in flags are another plan than the scenario's, and so is a mode.
  if (over.stages.empty()) {
    if (!over.mode) over.stages = std::move(under.stages);
    take(over.mode, under.mode);
    take(over.rate, under.rate);
    take(over.length, under.length);
  }
  take(over.arrivals, under.arrivals);
  take(over.seed, under.seed);
  take(over.connections, under.connections);
  take(over.threads, under.threads);
  take(over.timeout, under.timeout);
  take(over.time_limit, under.time_limit);
  take(over.keep_alive, under.keep_alive);
  if (over.targets.empty()) over.targets = std::move(under.targets);
  if (over.objectives.empty()) over.objectives = std::move(under.objectives);
}

std::vector<named_url> default_targets(const flags& given) {
  const auto at = [](const std::optional<boost::urls::url>& base, const char* otherwise, const char* path) {
    auto url = base.value_or(boost::urls::url{otherwise});
    std::string prefix{url.encoded_path()};
    if (prefix.ends_with('/')) prefix.pop_back();
    url.set_encoded_path(prefix + path);
    return url;
  };
  return {{"time", at(given.time_url, "http://127.0.0.1:5001", "/api/time")},
          {"sysinfo", at(given.sysinfo_url, "http://127.0.0.1:5002", "/api/sysinfo")},
          {"weather", at(given.weather_url, "http://127.0.0.1:5003", "/api/weather")},
          {"dashboard", at(given.dashboard_url, "http://127.0.0.1:5000", "/api/aggregate")}};
}

/// What flags say of all requests goes over what the scenario says of a target's.
void apply_to(target_wish& of, const flags& given) {
  of.verb = given.verb.value_or(of.verb);
  of.body = given.body.value_or(of.body);
  of.expected_text = given.expected_text.value_or(of.expected_text);
  std::erase_if(of.fields, [&](const auto& field) {
    return std::any_of(given.fields.begin(), given.fields.end(),
                       [&](const auto& other) { return http::same_name(field.first, other.first); });
  });
  of.fields.insert(of.fields.end(), given.fields.begin(), given.fields.end());
}

problem choose_targets(flags& given, command& into) {
  auto& chosen = given.said.targets;
  if (given.body && given.body->starts_with('@')) {
    auto content = read_file(given.body->substr(1));
    if (!content) return "--body: " + content.error();
    given.body = std::move(*content);
  }
  if (!given.targets.empty()) chosen.clear();
  if (chosen.empty()) {
    for (auto& each : given.targets.empty() ? default_targets(given) : given.targets) {
      chosen.emplace_back().where = each;
    }
  }
  std::set<std::string> names;
  for (auto& each : chosen) {
    apply_to(each, given);
    if (!names.insert(each.where.name).second) return "two targets have the name \"" + each.where.name + "\"";
    target made;
    made.name = each.where.name;
    made.weight = each.where.weight;
    made.request.verb = each.verb;
    made.request.url = each.where.url;
    made.request.fields = std::move(each.fields);
    made.request.body = std::move(each.body);
    made.expected_text = std::move(each.expected_text);
    into.load.targets.push_back(std::move(made));
  }
  if (period_of(into.load.targets) > rotation::greatest_period) {
    return "the targets' weights have no small common factor; their sum must be 10000 at most";
  }
  return std::nullopt;
}

problem choose_plan(const wishes& said, command& into) {
  into.mode = said.mode.value_or(said.stages.empty() ? "balanced" : "stages");
  into.length = said.length.value_or(into.length);
  const auto rate = said.rate.value_or(wanted_rate{into.rate});
  into.rate = rate.rate;
  if (!said.stages.empty()) {
    if (said.mode || said.rate || said.length) return "--stage says it all: no --mode, --rate or --duration beside it";
    into.load.schedule = plan_of_stages(said.stages);
    into.length = into.load.schedule.length();
    if (into.load.schedule.requests() == 0) return "--stage: all rates are zero";
    return std::nullopt;
  }
  if (rate.as_fast_as_possible) {
    if (said.mode && *said.mode != "constant" && *said.mode != "balanced") {
      return "--rate is \"max\", which --mode \"" + into.mode + "\" cannot multiply; it goes with constant or balanced";
    }
    into.load.closed_loop = true;
    into.load.schedule = plan_without_rate("as fast as possible", into.length);
    return std::nullopt;
  }
  const request_rate highest = request_rate::per_second(1'000'000);
  if (into.is_search()) return std::nullopt;
  const auto factor = into.mode == "spike" || into.mode == "burst" ? 16
                      : into.mode == "heavy"                       ? 20
                      : into.mode == "stress"                      ? 400
                                                                   : 1;
  if (into.rate.times(factor) > highest) {
    return "--mode \"" + into.mode + "\" multiplies --rate by " + std::to_string(factor) +
           ", which would be more than 1000000 requests per second";
  }
  into.load.schedule = plan_of_mode(into.mode, into.rate, into.length);
  return std::nullopt;
}

problem choose_objectives(const flags& given, command& into) {
  for (const auto& text : given.said.objectives) {
    auto parsed = parse_objective(text);
    if (!parsed) return "--slo: " + parsed.error();
    if (parsed->of == objective::measure::goodput && !into.load.time_limit) {
      return "--slo \"" + text + "\" wants to know what is on time: give a --deadline";
    }
    const auto& all = into.load.targets;
    const auto is_it = [&](const target& each) { return each.name == parsed->target; };
    if (!parsed->target.empty() && std::none_of(all.begin(), all.end(), is_it)) {
      return "--slo \"" + text + "\" names no target";
    }
    into.objectives.push_back(std::move(*parsed));
  }
  if (given.abort_on_fail && into.objectives.empty()) return "--abort-on-fail needs an --slo that can fail";
  if (given.abort_on_fail) into.load.abort_on = into.objectives;
  if (into.is_search() && into.objectives.empty()) {
    for (const auto* text : {"p99<100ms", "error_rate<1%"}) into.objectives.push_back(*parse_objective(text));
  }
  return std::nullopt;
}

/// FNV-1a (Fowler, Noll and Vo): tells two contents apart without showing them.
std::string fingerprint_of(const std::string& content) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : content) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

std::string span_text(duration span) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", std::chrono::duration<double>(span).count());
  return text;
}

/// To the last digit, unlike the names of the phases, which are for people.
std::string rate_figure(request_rate rate) { return span_text(duration{rate.millionths * 1000}); }

void describe(command& of, const std::vector<stage_of_plan>& all_stages) {
  auto& print = of.fingerprint;
  const auto& load = of.load;
  std::string stages;
  for (const auto& each : all_stages) {
    stages += (stages.empty() ? "" : " ") + span_text(each.length) + ":" + rate_figure(each.rate) +
              (each.is_step ? ":step" : "");
  }
  print.emplace_back("mode", of.mode);
  print.emplace_back("rate", load.closed_loop ? "max" : rate_figure(of.rate));
  print.emplace_back("duration_s", span_text(of.length));
  if (of.mode == "stages") print.emplace_back("stages", stages);
  const bool is_random = load.spread == arrival_kind::poisson;
  print.emplace_back("arrivals", is_random ? "Poisson arrivals, seed " + std::to_string(load.seed) : "constant");
  std::string content;
  for (const auto& each : load.targets) {
    print.emplace_back("target " + each.name, std::string{boost::beast::http::to_string(each.request.verb)} + " " +
                                                  std::string{each.request.url.buffer()} + " weight " +
                                                  std::to_string(each.weight));
    // Not as it is sent: there stands this program's version, which does not make two runs unlike.
    for (const auto& [name, value] : each.request.fields) content += name + ": " + value + "\n";
    content += each.request.body + "\n" + each.expected_text + "\n";
  }
  print.emplace_back("headers and bodies", fingerprint_of(content));
  print.emplace_back("connections", std::to_string(load.connections));
  print.emplace_back("keep_alive", load.keep_alive ? "yes" : "no");
  print.emplace_back("threads", std::to_string(of.threads));
  print.emplace_back("timeout_s", span_text(load.timeout));
  print.emplace_back("deadline_s", load.time_limit ? span_text(*load.time_limit) : "none");
}

/// Each output takes the place of its file as a whole.
problem check_outputs(const command& of) {
  std::set<std::string> files;
  for (const auto* each : {&of.json_file, &of.csv_file, &of.html_file}) {
    if (each->empty() || *each == "/dev/null") continue;
    std::error_code unknown;
    const auto file = *each == "-" ? std::filesystem::path{*each} : std::filesystem::weakly_canonical(*each, unknown);
    if (!files.insert(file.string()).second) return "two outputs would be written to \"" + *each + "\"";
  }
  return std::nullopt;
}

problem assemble(flags& given, command& into) {
  if (!given.scenario.empty()) {
    auto read = read_scenario(given.scenario);
    if (!read) return "--scenario: " + read.error();
    merge(given.said, std::move(*read));
  }
  const auto& said = given.said;
  if (auto wrong = choose_targets(given, into)) return wrong;
  if (auto wrong = choose_plan(said, into)) return wrong;
  auto& load = into.load;
  load.spread = said.arrivals == "poisson" ? arrival_kind::poisson : arrival_kind::constant;
  load.seed = static_cast<std::uint64_t>(said.seed.value_or(1));
  load.connections = static_cast<std::size_t>(said.connections.value_or(load.closed_loop ? 64 : 256));
  load.keep_alive = !given.no_keep_alive && said.keep_alive.value_or(true);
  load.timeout = said.timeout.value_or(load.timeout);
  load.time_limit = said.time_limit;
  into.threads = static_cast<std::size_t>(said.threads.value_or(1));
  if (into.threads > load.connections) return "--threads cannot be more than --connections";
  if (auto wrong = choose_objectives(given, into)) return wrong;
  if (auto wrong = check_outputs(into)) return wrong;
  describe(into, said.stages);
  // After the fingerprint: a key is nobody's business, not even hashed.
  if (!given.api_key.empty()) {
    for (auto& each : load.targets) {
      auto& fields = each.request.fields;
      // A header that was asked for in so many words goes over the environment.
      const bool has_key = std::any_of(fields.begin(), fields.end(),
                                       [](const auto& field) { return http::same_name(field.first, "X-API-Key"); });
      if (!has_key) fields.emplace_back("X-API-Key", given.api_key);
    }
  }
  return std::nullopt;
}

bool wants_usage(const std::string& line) {
  return line.find("--mode is ") != std::string::npos || line.find("there is no flag") != std::string::npos ||
         line.find("there is an argument") != std::string::npos;
}

}  // namespace

config::rule<std::string> mode_rule() {
  return config::one_of({"balanced", "spike", "burst", "heavy", "stress", "constant", "ramp", "knee"});
}
config::rule<std::string> arrivals_rule() { return config::one_of({"constant", "poisson"}); }
config::rule<std::int64_t> seed_rule() { return config::integer(0, std::numeric_limits<std::int64_t>::max()); }
config::rule<std::int64_t> connections_rule() { return config::integer(1, 100'000); }
config::rule<std::int64_t> threads_rule() { return config::integer(1, 64); }
config::rule<duration> length_rule() { return span(100ms, 168h, "from 0.1 seconds to 168h"); }
config::rule<duration> timeout_rule() { return span(1ms, 1h, "from 1ms to 1h"); }
config::rule<duration> time_limit_rule() { return span(1ms, 1h, "from 1ms to 1h"); }

result<command, early_exit> parse_command(int argc, const char* const* argv, const config::environment& variables) {
  using answer = result<command, early_exit>;
  command made;
  flags given;
  config::options all{"loadgen", "Sends HTTP load on a schedule of its own, and tells what came of it", COHORT_VERSION};
  add_load_flags(all, given);
  add_target_flags(all, given);
  add_output_flags(all, made);
  if (auto exit = all.parse(argc, argv, variables)) {
    if (exit->status != 0) exit->status = exit_bad_arguments;
    if (exit->status != 0 && wants_usage(exit->text)) exit->text = std::string{usage} + exit->text;
    return answer(boost::system::in_place_error, std::move(*exit));
  }
  if (auto wrong = assemble(given, made)) {
    return answer(boost::system::in_place_error,
                  early_exit{exit_bad_arguments, "loadgen: " + terminal::printable(*wrong) + "\n"});
  }
  return made;
}

}  // namespace cohort::loadgen
