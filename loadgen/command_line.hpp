#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/options.hpp"
#include "loadgen/load_settings.hpp"
#include "loadgen/modes.hpp"

namespace cohort::loadgen {

/// Bad arguments: k6 has this number for its own.
inline constexpr int exit_bad_arguments = 104;

/// All that a run was asked for, checked.
struct command {
  std::string mode = "balanced";
  /// Of `--rate`; the modes multiply it.
  request_rate rate = request_rate::per_second(5);
  duration length = std::chrono::seconds{60};
  load_settings load;
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
  /// See `report::fingerprint`.
  std::vector<std::pair<std::string, std::string>> fingerprint;

  /// A file that is to go to standard output, where the text report would be in its way.
  bool uses_standard_output() const { return json_file == "-" || csv_file == "-" || html_file == "-"; }
  bool is_search() const noexcept { return mode == "knee"; }
};

/// Flags over the scenario file over the environment over the defaults. What is wrong is one line, status 104; an
/// unknown mode or flag brings the usage along.
result<command, config::early_exit> parse_command(int argc, const char* const* argv,
                                                  const config::environment& variables);

}  // namespace cohort::loadgen
