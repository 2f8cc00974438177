// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cohort/config/api_keys.hpp>
#include "loadgen/client/address_overrides.hpp"
#include "loadgen/options/run_options.hpp"
#include "loadgen/schedule/load_settings.hpp"

namespace cohort::loadgen {

/// The validated configuration of one execution of the program.
struct run_configuration {
  std::string mode = "balanced";
  /// The value of `--rate`; the modes multiply this rate.
  request_rate rate = request_rate::per_second(5);
  duration length = std::chrono::seconds{60};
  load_settings load;
  address_overrides overrides;
  std::size_t threads = 1;
  std::vector<objective> objectives;
  std::string json_file;
  std::string csv_file;
  std::string html_file;
  std::string baseline_file;
  std::vector<boost::urls::url> server_metrics;
  std::string metrics_host = "127.0.0.1";
  std::optional<std::uint16_t> metrics_port;
  bool skip_preflight = false;
  bool quiet = false;
  /// See `run_report::fingerprint`.
  std::vector<std::pair<std::string, std::string>> fingerprint;

  /// Whether an output is written to standard output; the text report is then written to standard error.
  bool uses_standard_output() const { return json_file == "-" || csv_file == "-" || html_file == "-"; }
  bool is_knee_search() const noexcept { return mode == "knee"; }
};

/// Options that can be set only by flags and environment variables, not in a scenario file.
struct flag_options {
  /// Replaces the scenario's targets.
  std::vector<target_url> targets;
  /// The header fields of all targets; they override those of the scenario.
  std::optional<http::method> method;
  std::vector<std::pair<std::string, std::string>> fields;
  std::optional<std::string> body;
  std::optional<std::string> expected_body;
  /// The first key is sent.
  config::api_key_list api_keys;
  /// Paths of PEM files.
  std::string trusted_certificates_file;
  std::string certificate_file;
  std::string private_key_file;
  std::string server_name;
  bool skip_verification = false;
  bool no_keep_alive = false;
  bool abort_on_fail = false;
  /// The URLs of the default targets.
  std::optional<boost::urls::url> time_url;
  std::optional<boost::urls::url> sysinfo_url;
  std::optional<boost::urls::url> weather_url;
  std::optional<boost::urls::url> dashboard_url;
};

/// Adds all other settings to `configuration`, which contains the output options. `options` are the merged options of
/// flags and scenario. Returns an error message of one line; empty on success.
std::optional<std::string> configure_run(const run_options& options, flag_options flags,
                                         run_configuration& configuration);

/// Combines the options of flags with those of a scenario. Flags take precedence.
run_options merge(run_options flags, run_options scenario);

}  // namespace cohort::loadgen
