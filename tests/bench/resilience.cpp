// What the resilient client and the server's door do on real sockets, as one table. See RESILIENCE.md.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>

#include "loadgen/figures.hpp"
#include "tests/bench/resilience_parts.hpp"

namespace cohort::bench {

void print_row(std::string_view part, std::string_view what, std::string_view measured) {
  const auto width = [](std::string_view text) { return static_cast<int>(text.size()); };
  std::printf("| %.*s | %.*s | %.*s |\n", width(part), part.data(), width(what), what.data(), width(measured),
              measured.data());
  std::fflush(stdout);
}

std::string quantile_text(std::vector<duration> of, double fraction) {
  if (of.empty()) return "–";
  const auto rank = static_cast<std::size_t>(fraction * static_cast<double>(of.size()));
  const auto at = of.begin() + static_cast<std::ptrdiff_t>(std::min(rank, of.size() - 1));
  std::nth_element(of.begin(), at, of.end());
  const auto microseconds = std::chrono::round<std::chrono::microseconds>(*at).count();
  return loadgen::duration_text(static_cast<std::uint64_t>(microseconds));
}

double sample_of(std::string_view metrics, std::string_view series) {
  for (std::size_t at = 0; (at = metrics.find(series, at)) != std::string_view::npos; at += series.size()) {
    const auto after = at + series.size();
    if ((at != 0 && metrics[at - 1] != '\n') || after >= metrics.size() || metrics[after] != ' ') continue;
    double value = 0;
    std::from_chars(metrics.data() + after + 1, metrics.data() + metrics.size(), value);
    return value;
  }
  return 0;
}

}  // namespace cohort::bench

int main(int argc, char** argv) {
  namespace bench = cohort::bench;
  std::signal(SIGPIPE, SIG_IGN);
  static const std::map<std::string_view, void (*)()> parts{{"deadlines", bench::measure_deadlines},
                                                            {"hopeless", bench::measure_hopeless},
                                                            {"overload", bench::measure_overload},
                                                            {"replicas", bench::measure_replicas},
                                                            {"retries", bench::measure_retries}};
  std::vector<std::string_view> wanted(argv + 1, argv + argc);
  if (wanted.empty()) wanted = {"deadlines", "retries", "replicas", "overload", "hopeless"};
  for (const auto each : wanted) {
    if (parts.contains(each)) continue;
    std::fputs("usage: resilience [deadlines] [retries] [replicas] [overload] [hopeless]\n", stderr);
    return 2;
  }
  std::puts("| part | what | measured |\n|---|---|---|");
  try {
    for (const auto each : wanted) parts.at(each)();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "resilience: %s\n", failure.what());
    return 1;
  }
  return 0;
}
