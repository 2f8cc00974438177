// SPDX-License-Identifier: BSL-1.0
#include "loadgen/cli/command_line.hpp"

#include <cohort/runtime/version.hpp>
#include "loadgen/options/connection_parsers.hpp"
#include "loadgen/options/scenario.hpp"
#include "loadgen/terminal/unicode_text.hpp"

namespace cohort::loadgen {
namespace {

using config::early_exit;

constexpr std::string_view usage =
    R"(Usage: loadgen [-m MODE] [-d SECONDS] [-r RATE] [--target [name=]url[@weight]]... [--slo OBJECTIVE]...
  Modes: balanced (default), spike, burst, heavy, stress, constant, ramp, knee
)";

void add_load_flags(config::options& parser, run_options& run, flag_options& flags) {
  parser.add(run.mode,
             {"-m,--mode", "", "Load profile: balanced, spike, burst, heavy, stress, constant, ramp, or knee (search)"},
             mode_parser(), "balanced");
  parser.add(
      run.length,
      {"-d,--duration", "", "Duration of the run, or of the confirmation in mode knee, such as 60 (seconds) or 5m"},
      length_parser(), "60");
  parser.add(run.rate, {"-r,--rate", "", "Total rate in requests per second, or max for a closed loop"}, rate_parser(),
             "5");
  parser.add_list(run.stages,
                  {"--stage", "",
                   "Stage of a custom load profile, such as 30s:200 or 30s:200:step; "
                   "repeatable"},
                  stage_parser());
  parser.add(run.arrivals, {"--arrivals", "", "Arrival process: constant, or poisson (independent callers)"},
             arrivals_parser(), "constant");
  parser.add(run.seed, {"--seed", "", "Seed of the Poisson arrivals"}, seed_parser(), "1");
  parser.add(run.connections, {"-c,--connections", "", "Maximum number of connections to each target"},
             connections_parser(), "256, or 64 in a closed loop");
  parser.add(run.threads, {"-t,--threads", "", "Number of worker threads"}, threads_parser(), "1");
  parser.add(run.timeout, {"--timeout", "", "Timeout from the intended start of a request to the end of its response"},
             timeout_parser(), "10s");
  parser.add(run.deadline, {"--deadline", "", "Deadline for goodput, also sent as a deadline header"},
             deadline_parser(), "none");
  parser.add(run.patience,
             {"--patience", "", "Time after which a caller abandons an attempt, by closing its connection"},
             patience_parser(), "none");
  parser.add(run.retries,
             {"--retries", "",
              "Maximum number of retries of a request that was abandoned, failed, or had the status 429 or 5xx"},
             retries_parser(), "0");
  parser.add(
      run.retry_backoff,
      {"--retry-backoff", "", "Upper limit of the random pause before the first retry; doubled for each further retry"},
      retry_backoff_parser(), "0: no pause");
  parser.add_switch(flags.no_keep_alive, "--no-keep-alive", "Open a connection for each request");
  parser.add_list(run.objectives, {"--slo", "", "Objective such as 'time:p99<200ms' or 'error_rate<0.1%'; repeatable"},
                  config::text());
  parser.add_switch(flags.abort_on_fail, "--abort-on-fail", "End the run when an objective can no longer be met");
}

void add_target_flags(config::options& parser, flag_options& flags) {
  parser.add_list(flags.targets,
                  {"--target", "",
                   "Target as [name=]url[@weight]; repeatable (default: the four "
                   "services)"},
                  target_parser());
  parser.add(flags.method, {"--method", "", "Request method"}, method_parser(), "GET");
  parser.add_list(flags.fields, {"-H,--header", "", "Request header field 'Name: value'; repeatable"}, header_parser());
  parser.add(flags.body, {"--body", "", "Request body; @FILE reads it from a file"}, config::text());
  parser.add(flags.expected_body, {"--expect-body", "", "Text that the body of a successful response must contain"},
             config::text());
  parser.add_api_keys(flags.api_keys,
                      {"--api-key", "API_KEY", "API key, sent as X-API-Key; of several keys, the first key is sent"});
  parser.add(flags.time_url, {"--time-service-url", "TIME_SERVICE_URL", "URL of the time service"}, config::http_url(),
             "http://127.0.0.1:5001");
  parser.add(flags.sysinfo_url, {"--sysinfo-service-url", "SYSINFO_SERVICE_URL", "URL of the sysinfo service"},
             config::http_url(), "http://127.0.0.1:5002");
  parser.add(flags.weather_url, {"--weather-service-url", "WEATHER_SERVICE_URL", "URL of the weather service"},
             config::http_url(), "http://127.0.0.1:5003");
  parser.add(flags.dashboard_url, {"--dashboard-service-url", "DASHBOARD_SERVICE_URL", "URL of the dashboard service"},
             config::http_url(), "http://127.0.0.1:5000");
}

void add_connection_flags(config::options& parser, flag_options& flags, run_configuration& configuration) {
  auto& overrides = configuration.overrides;
  parser.add_list(overrides.connect_to,
                  {"--connect-to", "",
                   "Connect to another server: HOST1:PORT1:HOST2:PORT2, empty parts for any host or port, or "
                   "the same; repeatable"},
                  connect_to_parser());
  parser.add_list(overrides.resolve,
                  {"--resolve", "", "Addresses instead of a DNS lookup: HOST:PORT:ADDRESS[,ADDRESS]...; repeatable"},
                  resolve_parser());
  parser.add(flags.trusted_certificates_file,
             {"--cacert", "", "PEM file of the trusted CA certificates, instead of the system's"}, config::text());
  parser.add(flags.certificate_file, {"--cert", "", "PEM file of the client's certificate chain"}, config::text());
  parser.add(flags.private_key_file,
             {"--key", "", "PEM file of the private key of --cert, without a passphrase (default: the file of --cert)"},
             config::text());
  parser.add(flags.server_name,
             {"--sni", "", "TLS server name of the targets, sent and verified (default: the host of the URL)"},
             server_name_parser());
  parser.add_switch(flags.skip_verification, "--insecure", "Accept any server certificate");
}

void add_output_flags(config::options& parser, run_configuration& configuration) {
  const auto path = config::text();
  parser.add(configuration.json_file, {"--json", "", "JSON report file; - is standard output"}, path);
  parser.add(configuration.csv_file, {"--csv", "", "CSV file with one line per interval; - is standard output"}, path);
  parser.add(configuration.html_file, {"--html", "", "HTML report file; - is standard output"}, path);
  parser.add(configuration.baseline_file, {"--baseline", "", "JSON report of an earlier run to compare with"}, path);
  parser.add_list(configuration.server_metrics,
                  {"--server-metrics", "", "Metrics URL of a server under load; repeatable"}, url_parser());
  parser.add(configuration.metrics_port, {"--metrics-port", "", "Port that serves the metrics of the run at /metrics"},
             config::port(), "not served");
  parser.add(configuration.metrics_host, {"--metrics-host", "", "Listen address of --metrics-port"},
             config::ip_address(), "127.0.0.1");
  parser.add_switch(configuration.skip_preflight, "--no-preflight", "Skip the preflight requests to the targets");
  parser.add_switch(configuration.quiet, "-q,--quiet", "Show no progress, only the report");
}

/// Whether an error message of `config::options` reports an unknown mode, flag or argument.
bool needs_usage(const std::string& error) {
  return error.find("--mode is ") != std::string::npos || error.find("unknown option") != std::string::npos ||
         error.find("unexpected positional argument") != std::string::npos;
}

}  // namespace

result<run_configuration, early_exit> parse_command_line(int argc, const char* const* argv,
                                                         const config::environment& variables) {
  const auto argument_error = [](const std::string& error) {
    return result<run_configuration, early_exit>(
        boost::system::in_place_error,
        early_exit{exit_invalid_arguments, "loadgen: " + terminal::sanitize(error) + "\n"});
  };
  run_configuration configuration;
  run_options run;
  flag_options flags;
  std::string scenario_file;
  config::options parser{"loadgen", "HTTP load generator free of coordinated omission", std::string{version()}};
  add_load_flags(parser, run, flags);
  add_target_flags(parser, flags);
  parser.add(scenario_file, {"--scenario", "", "JSON file with the options of the load and the targets"},
             config::text());
  add_connection_flags(parser, flags, configuration);
  add_output_flags(parser, configuration);
  if (auto exit = parser.parse(argc, argv, variables)) {
    if (exit->status != 0) exit->status = exit_invalid_arguments;
    if (exit->status != 0 && needs_usage(exit->text)) exit->text = std::string{usage} + exit->text;
    return result<run_configuration, early_exit>(boost::system::in_place_error, std::move(*exit));
  }
  if (!scenario_file.empty()) {
    auto scenario = read_scenario(scenario_file);
    if (!scenario) return argument_error("--scenario: " + scenario.error());
    run = merge(std::move(run), std::move(*scenario));
  }
  if (const auto error = configure_run(run, std::move(flags), configuration)) return argument_error(*error);
  return configuration;
}

}  // namespace cohort::loadgen
