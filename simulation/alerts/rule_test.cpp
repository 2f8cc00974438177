// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/rule_test.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>

namespace cohort::simulation::alerts {
namespace {

using namespace std::chrono_literals;

std::string to_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.15g", value);
  return text.data();
}

/// The values in the notation of promtool: `5+0x3` are four samples, `stale` is the marker that Prometheus writes when
/// a series ends, `_` a scrape without a sample.
std::string to_promtool_notation(const sample_list& samples, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count;) {
    const auto value = i < samples.size() ? samples[i] : std::nullopt;
    std::size_t next = i + 1;
    while (next < count && (next < samples.size() ? samples[next] : std::nullopt) == value) ++next;
    const auto repeat_count = next - i;
    if (value) {
      text.append(to_text(*value)).append(repeat_count > 1 ? "+0x" + std::to_string(repeat_count - 1) : "").append(" ");
    } else if (i > 0) {
      text.append("stale ").append(repeat_count > 1 ? "_x" + std::to_string(repeat_count - 1) + " " : "");
    } else {
      text.append("_x").append(std::to_string(repeat_count)).append(" ");
    }
    i = next;
  }
  return text;
}

/// Parses a duration such as `2m10s`.
duration parse_go_duration(std::string_view text) {
  duration total{};
  std::int64_t number = 0;
  for (const char character : text) {
    if (character >= '0' && character <= '9') {
      number = number * 10 + (character - '0');
      continue;
    }
    if (character == 'h') total += std::chrono::hours{number};
    if (character == 'm') total += std::chrono::minutes{number};
    if (character == 's') total += std::chrono::seconds{number};
    number = 0;
  }
  return total;
}

/// Adds a sample of one evaluation, such as `{__name__="ALERTS", alertname="NoTraffic", alertstate="firing", job="…"}
/// 1E+00`.
void add_firing(std::string_view sample, duration time, std::vector<firing>& firings) {
  std::string alert;
  std::string labels;
  sample = sample.substr(1, sample.rfind('}') - 1);
  while (!sample.empty()) {
    const auto equals = sample.find("=\"");
    const auto end = sample.find('"', equals + 2);
    if (equals == std::string_view::npos || end == std::string_view::npos) break;
    const auto name = sample.substr(0, equals);
    if (name == "alertname") {
      alert = sample.substr(equals + 2, end - equals - 2);
    } else if (name != "__name__" && name != "alertstate") {
      labels.append(labels.empty() ? "" : ",").append(sample.substr(0, end + 1));
    }
    sample.remove_prefix(std::min(end + 3, sample.size()));
  }
  for (auto& known : firings) {
    if (known.alert != alert || known.labels != labels || known.end != time) continue;
    known.end = time + evaluation_interval;
    return;
  }
  firings.push_back({alert, labels, time, time + evaluation_interval});
}

struct command_result {
  std::string output;
  /// The exit status; -1 if a signal ended the command.
  int status = -1;
};

command_result run_promtool(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(command.c_str(), "r"), [](FILE*) { return 0; }};
  if (!pipe) throw std::runtime_error("promtool cannot be started");
  command_result result;
  std::array<char, 65536> buffer{};
  for (std::size_t count = 0; (count = fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;) {
    result.output.append(buffer.data(), count);
  }
  const int status = pclose(pipe.get());
  if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
  return result;
}

}  // namespace

std::string rule_test_file(const series_table& series, const rule_files& rules, const std::string& rule_path,
                           duration scrape_interval, duration length) {
  const auto seconds = [](duration span) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(span).count()) + "s";
  };
  auto text = "rule_files:\n  - " + rule_path + "\nevaluation_interval: " + seconds(evaluation_interval);
  text += "\ngroup_eval_order:\n";
  for (const auto& group : rules.groups()) text.append("  - ").append(group).append("\n");
  text.append("tests:\n  - interval: ").append(seconds(scrape_interval)).append("\n    input_series:\n");
  const auto count = static_cast<std::size_t>(length / scrape_interval);
  for (const auto& [key, samples] : series) {
    text.append("      - { series: '")
        .append(key)
        .append("', values: '")
        .append(to_promtool_notation(samples, count))
        .append("' }\n");
  }
  text.append("    promql_expr_test:\n");
  for (auto time = duration{0}; time <= length; time += evaluation_interval) {
    text.append("      - { expr: 'ALERTS{alertstate=\"firing\",alertname!=\"Watchdog\"}', eval_time: ")
        .append(seconds(time))
        .append(", exp_samples: [] }\n");
  }
  return text;
}

std::vector<firing> parse_firings(std::string_view output, duration length) {
  constexpr std::string_view time_marker = ", time: ";
  constexpr std::string_view result_marker = "        got: ";
  std::vector<firing> firings;
  duration time{};
  for (auto rest = output; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (const auto mark = line.find(time_marker); line.starts_with("    expr: ") && mark != std::string_view::npos) {
      time = parse_go_duration(line.substr(mark + time_marker.size(), line.size() - mark - time_marker.size() - 1));
    } else if (line.starts_with(result_marker)) {
      for (auto samples = line.substr(result_marker.size()); samples.starts_with('{');) {
        const auto end = samples.find("} ");
        add_firing(samples.substr(0, end + 1), time, firings);
        const auto next = samples.find(", {", end);
        samples = next == std::string_view::npos ? std::string_view{} : samples.substr(next + 2);
      }
    } else if (!line.empty() && line != "  FAILED:" && line != "  SUCCESS" && !line.starts_with("Unit Testing:") &&
               !line.starts_with("        exp: nil")) {
      throw std::runtime_error("promtool: " + std::string{line});
    }
  }
  for (auto& each : firings) each.end = std::min(each.end, length);
  return firings;
}

std::string promtool_version() {
  const auto [output, status] = run_promtool("promtool --version 2>&1");
  if (status != 0) throw std::runtime_error("promtool failed; is the package prometheus installed? " + output);
  return output;
}

std::vector<firing> evaluate_rules(const std::string& file, duration length) {
  // Limits each promtool process to one processor, because several processes run concurrently.
  const auto [output, status] = run_promtool("GOMAXPROCS=1 GOGC=400 promtool test rules '" + file + "' 2>&1");
  if (status < 0 || status > 1) {
    throw std::runtime_error("promtool failed; is the package prometheus installed? " + output);
  }
  return parse_firings(output, length);
}

}  // namespace cohort::simulation::alerts
