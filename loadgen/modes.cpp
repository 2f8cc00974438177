#include "loadgen/modes.hpp"

#include <algorithm>

#include "loadgen/figures.hpp"

namespace cohort::loadgen {
namespace {

constexpr duration burst_interval = std::chrono::seconds{10};

plan spike(request_rate rate, duration length) {
  plan made;
  made.begin_phase("before").add_constant(length / 4, rate);
  made.begin_phase("spike").add_constant(length / 2, rate.times(16));
  // What is left, so that no nanosecond is lost to rounding.
  made.begin_phase("after").add_constant(length - length / 4 - length / 2, rate);
  return made;
}

plan bursts(request_rate rate, duration length) {
  plan made;
  made.begin_phase("bursts");
  const auto each = static_cast<std::uint64_t>(std::max<std::int64_t>((rate.millionths * 16 + 500'000) / 1'000'000, 1));
  for (duration at{}; at < length; at += burst_interval) made.add_burst(each, std::min(burst_interval, length - at));
  return made;
}

plan stress(request_rate rate, duration length) {
  plan made;
  made.begin_phase("ramp up").add_line(length / 10, {}, rate.times(400));
  made.begin_phase("full load").add_constant(length - length / 10, rate.times(400));
  return made;
}

std::string label(request_rate rate) { return rate_text(rate.per_second()) + "/s"; }

}  // namespace

plan plan_of_mode(std::string_view mode, request_rate rate, duration length) {
  if (mode == "spike") return spike(rate, length);
  if (mode == "burst") return bursts(rate, length);
  if (mode == "stress") return stress(rate, length);
  plan made;
  made.begin_phase(std::string{mode});
  if (mode == "ramp") return std::move(made.add_line(length, {}, rate));
  return std::move(made.add_constant(length, mode == "heavy" ? rate.times(20) : rate));
}

plan plan_of_stages(const std::vector<stage_of_plan>& stages) {
  plan made;
  request_rate before;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const auto& each = stages[i];
    const auto from = each.is_step ? each.rate : before;
    const auto what = from == each.rate ? label(each.rate) : label(from) + " to " + label(each.rate);
    made.begin_phase(std::to_string(i + 1) + ": " + what).add_line(each.length, from, each.rate);
    before = each.rate;
  }
  return made;
}

plan plan_without_rate(std::string name, duration length) {
  plan made;
  made.begin_phase(std::move(name)).add_constant(length, {});
  return made;
}

}  // namespace cohort::loadgen
