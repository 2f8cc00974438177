// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/shrink/shrink.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

namespace cohort::sim {
namespace {

using namespace std::chrono_literals;

class shrinker {
 public:
  shrinker(const schedule& failing_schedule, const failure_test& run, const shrink_settings& settings)
      : run_(run),
        settings_(settings),
        smallest_schedule_(failing_schedule),
        failure_(run(failing_schedule)),
        runs_(1) {
    if (failure_.empty())
      throw std::invalid_argument("shrink: the schedule does not fail; only a failing schedule can be shrunk");
  }

  shrink_result shrink() {
    // Tries the seed of the schedule first, which preserves most of the run, then other seeds.
    for (std::size_t seeds = 1;;) {
      const auto before = smallest_schedule_;
      remove_nodes();
      remove_events();
      remove_parameters();
      simplify_events();
      sort_events();
      if (smallest_schedule_ != before) continue;
      if (seeds >= settings_.seeds_per_candidate || is_exhausted()) break;
      seeds_ = seeds = settings_.seeds_per_candidate;
    }
    return {std::move(smallest_schedule_), std::move(failure_), runs_};
  }

 private:
  bool is_exhausted() const noexcept { return runs_ >= settings_.max_runs; }

  /// Keeps the candidate if its failure is of the same kind.
  bool accept(schedule candidate) {
    const auto first_seed = candidate.seed;
    for (std::size_t i = 0; i < seeds_ && !is_exhausted(); ++i) {
      // The first seed is the seed of the schedule; the further seeds are small numbers, which are easier to read.
      if (i > 0) candidate.seed = i == first_seed ? seeds_ : i;
      ++runs_;
      if (run_(candidate) != failure_) continue;
      smallest_schedule_ = std::move(candidate);
      return true;
    }
    return false;
  }

  schedule select_events(const std::vector<scheduled_event>& events, std::size_t first, std::size_t end) const {
    auto candidate = smallest_schedule_;
    candidate.events.assign(events.begin() + static_cast<std::ptrdiff_t>(first),
                            events.begin() + static_cast<std::ptrdiff_t>(end));
    return candidate;
  }
  schedule exclude_events(const std::vector<scheduled_event>& events, std::size_t first, std::size_t end) const {
    auto candidate = smallest_schedule_;
    candidate.events = events;
    candidate.events.erase(candidate.events.begin() + static_cast<std::ptrdiff_t>(first),
                           candidate.events.begin() + static_cast<std::ptrdiff_t>(end));
    return candidate;
  }

  /// The algorithm ddmin: splits the list into smaller and smaller parts, and tries first each part alone, then the
  /// list without that part.
  void remove_events() {
    auto empty = smallest_schedule_;
    empty.events.clear();
    if (smallest_schedule_.events.empty() || accept(std::move(empty))) return;
    for (std::size_t parts = 2; smallest_schedule_.events.size() > 1 && !is_exhausted();) {
      const auto events = smallest_schedule_.events;
      parts = std::min(parts, events.size());
      if (keep_one_part(events, parts)) {
        parts = 2;
      } else if (drop_one_part(events, parts)) {
        parts = std::max<std::size_t>(parts - 1, 2);
      } else if (parts == events.size()) {
        return;
      } else {
        parts *= 2;
      }
    }
  }
  bool keep_one_part(const std::vector<scheduled_event>& events, std::size_t parts) {
    for (std::size_t i = 0; i < parts; ++i) {
      if (accept(select_events(events, events.size() * i / parts, events.size() * (i + 1) / parts))) return true;
    }
    return false;
  }
  bool drop_one_part(const std::vector<scheduled_event>& events, std::size_t parts) {
    // With two parts, the complement of one part is the other part.
    for (std::size_t i = 0; parts > 2 && i < parts; ++i) {
      if (accept(exclude_events(events, events.size() * i / parts, events.size() * (i + 1) / parts))) return true;
    }
    return false;
  }

  /// Removes nodes, each with its events.
  void remove_nodes() {
    for (auto i = smallest_schedule_.nodes.size(); i-- > 0;) {
      auto candidate = smallest_schedule_;
      const auto name = candidate.nodes[i];
      candidate.nodes.erase(candidate.nodes.begin() + static_cast<std::ptrdiff_t>(i));
      std::erase_if(candidate.events, [&](const auto& event) { return event.node == name || event.peer == name; });
      accept(std::move(candidate));
    }
  }

  void remove_parameters() {
    for (const auto& [name, value] : schedule{smallest_schedule_}.parameters) {
      auto candidate = smallest_schedule_;
      candidate.parameters.erase(name);
      accept(std::move(candidate));
    }
  }

  void simplify_events() {
    for (std::size_t i = 0; i < smallest_schedule_.events.size(); ++i) {
      change(i, [](auto& event) { event.bytes = 0; });
      change(i, [](auto& event) { event.selection = scheduled_event{}.selection; });
      for (const auto unit : {duration{1s}, duration{100ms}, duration{1ms}}) {
        change(i, [&](auto& event) { event.lasts = round(event.lasts, unit); });
        change(i, [&](auto& event) { event.amount = round(event.amount, unit); });
        change(i, [&](auto& event) { event.at = event.at / unit * unit; });
      }
    }
  }
  void sort_events() {
    auto sorted_schedule = smallest_schedule_;
    sorted_schedule.sort_events();
    if (sorted_schedule != smallest_schedule_) accept(std::move(sorted_schedule));
  }
  /// Rounds up, so that positive values stay positive.
  static duration round(duration span, duration unit) { return (span + unit - 1ns) / unit * unit; }

  template <class Change>
  void change(std::size_t index, Change apply) {
    auto candidate = smallest_schedule_;
    apply(candidate.events[index]);
    if (candidate != smallest_schedule_) accept(std::move(candidate));
  }

  const failure_test& run_;
  const shrink_settings& settings_;
  schedule smallest_schedule_;
  std::string failure_;
  std::size_t runs_;
  std::size_t seeds_ = 1;
};

std::string string_literal(std::string_view text) {
  std::string literal;
  for (const char c : text) {
    if (c == '"' || c == '\\') literal += '\\';
    literal += c == '\n' ? ' ' : c;
  }
  return '"' + literal + '"';
}

}  // namespace

shrink_result shrink(const schedule& failing_schedule, const failure_test& run, const shrink_settings& settings) {
  return shrinker{failing_schedule, run, settings}.shrink();
}

std::string to_catch2_test(const shrink_result& result, const test_template& parts) {
  std::string text = "#include <catch2/catch_test_macros.hpp>\n\n#include <cohort/sim/shrink/schedule.hpp>\n";
  for (const auto& header : parts.headers) text.append("#include ").append(header).append("\n");
  text.append("\nTEST_CASE(")
      .append(string_literal("shrunk: " + result.failure + ", seed " + std::to_string(result.schedule.seed)));
  text.append(", ").append(string_literal(parts.tags)).append(") {\n");
  text.append("  const auto schedule = cohort::sim::parse_schedule(R\"(\n").append(to_text(result.schedule));
  text.append(")\");\n  CHECK(").append(parts.run_function).append("(schedule) == \"\");\n}\n");
  return text;
}

}  // namespace cohort::sim
