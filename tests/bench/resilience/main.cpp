// SPDX-License-Identifier: BSL-1.0
// Measures the policies of the resilient client and the server's admission control on real sockets, as one table. See
// RESILIENCE.md.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>

#include "loadgen/results/format.hpp"
#include "tests/bench/resilience/parts.hpp"
#include "tests/support/series.hpp"

namespace cohort::bench {

void print_row(std::string_view part, std::string_view scenario, std::string_view measurement) {
  const auto width = [](std::string_view text) { return static_cast<int>(text.size()); };
  std::printf("| %.*s | %.*s | %.*s |\n", width(part), part.data(), width(scenario), scenario.data(),
              width(measurement), measurement.data());
  std::fflush(stdout);
}

std::string format_quantile(std::vector<duration> durations, double quantile) {
  if (durations.empty()) return "–";
  const auto rank = static_cast<std::size_t>(quantile * static_cast<double>(durations.size()));
  const auto at = durations.begin() + static_cast<std::ptrdiff_t>(std::min(rank, durations.size() - 1));
  std::nth_element(durations.begin(), at, durations.end());
  const auto microseconds = std::chrono::round<std::chrono::microseconds>(*at).count();
  return loadgen::format_duration(static_cast<std::uint64_t>(microseconds));
}

double series_value(std::string_view metrics, std::string_view series) {
  return test::find_series(metrics, series).value_or(0);
}

}  // namespace cohort::bench

int main(int argc, char** argv) {
  namespace bench = cohort::bench;
  std::signal(SIGPIPE, SIG_IGN);
  static const std::map<std::string_view, void (*)()> parts{{"deadlines", bench::measure_deadlines},
                                                            {"infeasible", bench::measure_infeasible_requests},
                                                            {"overload", bench::measure_overload},
                                                            {"replicas", bench::measure_replicas},
                                                            {"retries", bench::measure_retries}};
  std::vector<std::string_view> selected(argv + 1, argv + argc);
  if (selected.empty()) selected = {"deadlines", "retries", "replicas", "overload", "infeasible"};
  for (const auto name : selected) {
    if (parts.contains(name)) continue;
    std::fprintf(stderr, "resilience: unknown part \"%.*s\"\n", static_cast<int>(name.size()), name.data());
    std::fputs("usage: resilience [deadlines] [retries] [replicas] [overload] [infeasible]\n", stderr);
    return 2;
  }
  std::puts("| part | scenario | measurement |\n|---|---|---|");
  try {
    for (const auto name : selected) parts.at(name)();
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "resilience: %s\n", exception.what());
    return 1;
  }
  return 0;
}
