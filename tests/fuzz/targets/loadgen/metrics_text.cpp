// SPDX-License-Identifier: BSL-1.0
// Fuzzes metrics of the server under load, in Prometheus's text format.
#include <cmath>

#include "loadgen/scrape/server_snapshot.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::metrics_text_target {
namespace {

/// Returns a sample as a line of the text format.
std::string print(const loadgen::metric_sample& sample) {
  auto text = sample.name + "{";
  for (const auto& [name, value] : sample.labels) {
    text += name + "=\"";
    for (const char c : value) {
      if (c == '\\' || c == '"') text += '\\';
      text += c == '\n' ? std::string{"\\n"} : std::string(1, c);
    }
    text += "\",";
  }
  char number[64];
  std::snprintf(number, sizeof number, "%.17g", sample.value);
  return text + "} " + number;
}

void check_sample(const loadgen::metric_sample& sample) {
  require(!sample.name.empty() && std::abs(sample.value) <= 9'007'199'254'740'992, "a sample has a name and a value");
  const auto again = loadgen::parse_metrics(print(sample));
  require(again.size() == 1 && again[0].name == sample.name && again[0].labels == sample.labels &&
              again[0].value == sample.value,
          "parsing a printed sample returns the same sample");
}

void run(std::string_view input) {
  const auto samples = loadgen::parse_metrics(input);
  for (const auto& sample : samples) check_sample(sample);
  const auto before = loadgen::make_snapshot(samples, "/api/time");
  const auto after = loadgen::make_snapshot(loadgen::parse_metrics(input.substr(input.size() / 2)), "");
  for (const double percent : {0.0, 50.0, 99.9, 100.0}) {
    const auto time = loadgen::percentile_between(before, after, percent);
    require(!time || *time <= 1'000'000'000'000'000, "a percentile is in range");
    require(!loadgen::percentile_between(before, before, percent), "without requests there is no percentile");
  }
}

const registration fuzz_registration{{"metrics_text", run}};

}  // namespace
}  // namespace cohort::fuzz::metrics_text_target
