// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options/run_configuration.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include <cohort/config/redaction.hpp>
#include "loadgen/options/fingerprint.hpp"
#include "loadgen/options/read_file.hpp"

namespace cohort::loadgen {
namespace {

constexpr request_rate max_rate = request_rate::per_second(1'000'000);
constexpr std::int64_t default_connections = 256;
constexpr std::int64_t default_closed_loop_connections = 64;
constexpr const char* default_knee_objectives[] = {"p99<100ms", "error_rate<1%"};

/// An error message; empty on success.
using config_error = std::optional<std::string>;
using field_list = std::vector<std::pair<std::string, std::string>>;

std::string quote(std::string_view text) { return '"' + config::redact_userinfo(text) + '"'; }

bool has_field(const field_list& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return http::iequals(field.first, name); });
}

std::vector<target_url> default_targets(const flag_options& flags) {
  const auto service_url = [](const std::optional<boost::urls::url>& base, const char* default_url, const char* path) {
    auto url = base.value_or(boost::urls::url{default_url});
    std::string prefix{url.encoded_path()};
    if (prefix.ends_with('/')) prefix.pop_back();
    url.set_encoded_path(prefix + path);
    return url;
  };
  return {{"time", service_url(flags.time_url, "http://127.0.0.1:5001", "/api/time")},
          {"sysinfo", service_url(flags.sysinfo_url, "http://127.0.0.1:5002", "/api/sysinfo")},
          {"weather", service_url(flags.weather_url, "http://127.0.0.1:5003", "/api/weather")},
          {"dashboard", service_url(flags.dashboard_url, "http://127.0.0.1:5000", "/api/aggregate")}};
}

void apply_flags(target_options& target, const flag_options& flags) {
  target.method = flags.method.value_or(target.method);
  target.body = flags.body.value_or(target.body);
  target.expected_body = flags.expected_body.value_or(target.expected_body);
  std::erase_if(target.fields, [&](const auto& field) { return has_field(flags.fields, field.first); });
  target.fields.insert(target.fields.end(), flags.fields.begin(), flags.fields.end());
}

target make_target(const target_options& options) {
  target result;
  result.name = options.location.name;
  result.weight = options.location.weight;
  result.request.method = options.method;
  result.request.url = options.location.url;
  for (const auto& [name, value] : options.fields) {
    if (http::iequals(name, "host")) {
      result.request.host = value;
    } else {
      result.request.fields.emplace_back(name, value);
    }
  }
  result.request.body = options.body;
  result.expected_body = options.expected_body;
  return result;
}

config_error configure_targets(const run_options& options, flag_options& flags, load_settings& load) {
  if (flags.body && flags.body->starts_with('@')) {
    auto content = read_file(flags.body->substr(1));
    if (!content) return "--body: " + content.error();
    flags.body = std::move(*content);
  }
  auto targets = flags.targets.empty() ? options.targets : std::vector<target_options>{};
  if (targets.empty()) {
    for (auto& location : flags.targets.empty() ? default_targets(flags) : flags.targets) {
      targets.emplace_back().location = location;
    }
  }
  std::set<std::string> names;
  for (auto& target : targets) {
    apply_flags(target, flags);
    if (!names.insert(target.location.name).second) {
      return "two targets have the name " + quote(target.location.name) + "; names must be unique";
    }
    load.targets.push_back(make_target(target));
  }
  if (round_robin_period(load.targets) > weighted_round_robin::max_period) {
    return "the sum of the targets' weights, divided by their greatest common divisor, is " +
           std::to_string(round_robin_period(load.targets)) + "; it must be at most " +
           std::to_string(weighted_round_robin::max_period);
  }
  return std::nullopt;
}

/// Reads the file that `flag` specifies, if any. An error message starts with `flag`.
config_error read_pem_file(std::string_view flag, const std::string& path, std::string& target) {
  if (path.empty()) return std::nullopt;
  auto content = read_file(path);
  if (!content) return std::string{flag} + ": " + content.error();
  target = std::move(*content);
  return std::nullopt;
}

config_error configure_tls(const flag_options& flags, net::tls_client_settings& tls) {
  if (!flags.private_key_file.empty() && flags.certificate_file.empty()) return "--key needs --cert";
  tls.verifies_server = !flags.skip_verification;
  tls.server_name = flags.server_name;
  if (auto error = read_pem_file("--cacert", flags.trusted_certificates_file, tls.trusted_certificates)) return error;
  if (auto error = find_error(tls)) return "--cacert " + quote(flags.trusted_certificates_file) + ": " + *error;
  // The file of the certificate may contain the key, too.
  const auto& key_file = flags.private_key_file.empty() ? flags.certificate_file : flags.private_key_file;
  if (auto error = read_pem_file("--cert", flags.certificate_file, tls.certificate_chain)) return error;
  if (auto error = find_error(tls)) return "--cert " + quote(flags.certificate_file) + ": " + *error;
  if (auto error = read_pem_file("--key", key_file, tls.private_key)) return error;
  const auto flag = flags.private_key_file.empty() ? "--cert " : "--key ";
  if (auto error = find_error(tls)) return flag + quote(key_file) + ": " + *error;
  return std::nullopt;
}

/// Stages replace the other options of the load profile.
config_error configure_stages(const run_options& options, run_configuration& configuration) {
  if (options.mode || options.rate || options.length) {
    return "--stage cannot be combined with --mode, --rate or --duration";
  }
  configuration.load.profile = profile_for_stages(options.stages);
  configuration.length = configuration.load.profile.length();
  if (configuration.load.profile.request_count() > 0) return std::nullopt;
  return "--stage: all rates are zero; at least one must be positive";
}

config_error configure_closed_loop(const run_options& options, run_configuration& configuration) {
  if (options.mode && *options.mode != "constant" && *options.mode != "balanced") {
    return "--rate max cannot be combined with --mode " + quote(*options.mode) + "; accepted: constant, balanced";
  }
  configuration.load.closed_loop = true;
  configuration.load.profile = closed_loop_profile("as fast as possible", configuration.length);
  return std::nullopt;
}

config_error configure_profile(const run_options& options, run_configuration& configuration) {
  configuration.mode = options.mode.value_or(options.stages.empty() ? "balanced" : "stages");
  configuration.length = options.length.value_or(configuration.length);
  const auto rate = options.rate.value_or(rate_option{configuration.rate});
  configuration.rate = rate.rate;
  if (!options.stages.empty()) return configure_stages(options, configuration);
  if (rate.is_closed_loop) return configure_closed_loop(options, configuration);
  if (configuration.is_knee_search()) return std::nullopt;
  const auto factor = peak_factor(configuration.mode);
  if (configuration.rate.multiplied_by(factor) > max_rate) {
    return "--mode " + quote(configuration.mode) + " multiplies --rate by " + std::to_string(factor) +
           "; the result must be at most 1000000 requests per second";
  }
  configuration.load.profile = profile_for_mode(configuration.mode, configuration.rate, configuration.length);
  return std::nullopt;
}

/// Callers that abandon attempts and retry arrive independently of responses, so these options need an open loop.
config_error configure_callers(const run_options& options, load_settings& load) {
  const bool has_retries = options.retries.value_or(0) > 0;
  const std::string flag = options.patience ? "--patience" : "--retries";
  if ((options.patience || has_retries) && load.closed_loop) {
    return flag + " cannot be combined with --rate max; it needs a rate in requests per second";
  }
  if (options.patience && *options.patience > load.timeout) {
    return "--patience must be at most --timeout, which limits a request with all of its attempts";
  }
  if (options.retry_backoff.value_or(duration{}) > duration{} && !has_retries) return "--retry-backoff needs --retries";
  load.callers.patience = options.patience;
  load.callers.max_retries = static_cast<unsigned>(options.retries.value_or(0));
  load.callers.backoff = options.retry_backoff.value_or(duration{});
  return std::nullopt;
}

config_error check_objective(const objective& objective, const load_settings& load) {
  if (objective.measured == objective::measure::goodput && !load.goodput_limit()) {
    return "--slo " + quote(objective.text) + ": goodput needs a --deadline or --patience";
  }
  const bool is_known =
      objective.target.empty() || std::any_of(load.targets.begin(), load.targets.end(),
                                              [&](const target& target) { return target.name == objective.target; });
  if (is_known) return std::nullopt;
  return "--slo " + quote(objective.text) + ": there is no target " + quote(objective.target);
}

config_error configure_objectives(const run_options& options, bool abort_on_fail, run_configuration& configuration) {
  auto& objectives = configuration.objectives;
  for (const auto& text : options.objectives) {
    auto parsed = parse_objective(text);
    if (!parsed) return "--slo: " + parsed.error();
    if (auto error = check_objective(*parsed, configuration.load)) return error;
    objectives.push_back(std::move(*parsed));
  }
  if (abort_on_fail && objectives.empty()) return "--abort-on-fail needs at least one --slo";
  if (abort_on_fail) configuration.load.abort_objectives = objectives;
  if (configuration.is_knee_search() && objectives.empty()) {
    for (const auto* text : default_knee_objectives) objectives.push_back(*parse_objective(text));
  }
  return std::nullopt;
}

/// Two outputs must not replace the same file.
config_error check_output_files(const run_configuration& configuration) {
  std::set<std::string> files;
  for (const auto* path : {&configuration.json_file, &configuration.csv_file, &configuration.html_file}) {
    if (path->empty() || *path == "/dev/null") continue;
    std::error_code ignored;
    const auto file = *path == "-" ? std::filesystem::path{*path} : std::filesystem::weakly_canonical(*path, ignored);
    if (!files.insert(file.string()).second) return "two outputs have the same file " + quote(*path);
  }
  return std::nullopt;
}

/// An explicit header takes precedence.
void add_api_key(std::vector<target>& targets, const std::string& api_key) {
  for (auto& target : targets) {
    if (!has_field(target.request.fields, "X-API-Key")) target.request.fields.emplace_back("X-API-Key", api_key);
  }
}

}  // namespace

run_options merge(run_options flags, run_options scenario) {
  const auto set_default = [](auto& option, auto& fallback) {
    if (!option) option = std::move(fallback);
  };
  // Stages and a mode are alternative load profiles: the profile of the flags replaces that of the scenario.
  if (flags.stages.empty()) {
    if (!flags.mode) flags.stages = std::move(scenario.stages);
    set_default(flags.mode, scenario.mode);
    set_default(flags.rate, scenario.rate);
    set_default(flags.length, scenario.length);
  }
  set_default(flags.arrivals, scenario.arrivals);
  set_default(flags.seed, scenario.seed);
  set_default(flags.connections, scenario.connections);
  set_default(flags.threads, scenario.threads);
  set_default(flags.timeout, scenario.timeout);
  set_default(flags.deadline, scenario.deadline);
  set_default(flags.patience, scenario.patience);
  set_default(flags.retries, scenario.retries);
  set_default(flags.retry_backoff, scenario.retry_backoff);
  set_default(flags.keep_alive, scenario.keep_alive);
  if (flags.targets.empty()) flags.targets = std::move(scenario.targets);
  if (flags.objectives.empty()) flags.objectives = std::move(scenario.objectives);
  return flags;
}

config_error configure_run(const run_options& options, flag_options flags, run_configuration& configuration) {
  auto& load = configuration.load;
  if (auto error = configure_targets(options, flags, load)) return error;
  if (auto error = configure_tls(flags, load.tls)) return error;
  if (auto error = configure_profile(options, configuration)) return error;
  const auto connections = load.closed_loop ? default_closed_loop_connections : default_connections;
  load.arrivals = options.arrivals == "poisson" ? arrival_process::poisson : arrival_process::constant;
  load.seed = static_cast<std::uint64_t>(options.seed.value_or(1));
  load.connections = static_cast<std::size_t>(options.connections.value_or(connections));
  load.keep_alive = !flags.no_keep_alive && options.keep_alive.value_or(true);
  load.timeout = options.timeout.value_or(load.timeout);
  load.deadline = options.deadline;
  if (auto error = configure_callers(options, load)) return error;
  configuration.threads = static_cast<std::size_t>(options.threads.value_or(1));
  if (configuration.threads > load.connections) return "--threads must be at most --connections";
  if (auto error = configure_objectives(options, flags.abort_on_fail, configuration)) return error;
  if (auto error = check_output_files(configuration)) return error;
  configuration.fingerprint = make_fingerprint(configuration, options.stages);
  // The API key is added after the fingerprint was computed: the fingerprint must not contain the key, not even hashed.
  if (!flags.api_keys.empty()) add_api_key(load.targets, flags.api_keys.front().key);
  return std::nullopt;
}

}  // namespace cohort::loadgen
