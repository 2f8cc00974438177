#include "loadgen/text_findings.hpp"

#include <algorithm>
#include <cmath>

#include "loadgen/figures.hpp"

namespace cohort::loadgen {
namespace {

using namespace terminal;

/// `weather 48, dashboard 3`: the targets that had it, those that had the most first.
std::string where(const report& of, outcome what) {
  if (of.targets.size() < 2) return {};
  struct finding {
    std::uint64_t count;
    std::size_t target;
  };
  std::vector<finding> found;
  for (std::size_t i = 0; i < std::min(of.targets.size(), of.by_target.size()); ++i) {
    const auto count = of.by_target[i].outcomes[static_cast<std::size_t>(what)];
    if (count != 0) found.push_back({count, i});
  }
  std::sort(found.begin(), found.end(), [](const finding& a, const finding& b) {
    return a.count != b.count ? a.count > b.count : a.target < b.target;
  });
  std::string text;
  for (const auto& [count, target] : found) {
    text += (text.empty() ? "" : ", ") + of.targets[target].name;
    if (found.size() > 1) text += ' ' + count_text(count);
  }
  return text;
}

std::string statuses_sentence(const tally& of) {
  std::string text = "Statuses:";
  for (const auto& [code, count] : of.statuses) {
    text += text.ends_with(':') ? " " : ", ";
    text += std::to_string(code) + " × " + count_text(count);
  }
  return text + '.';
}

std::string name_of(const server_side& one) { return one.target.empty() ? one.url : one.target; }

std::string served_sentence(const server_side& one) {
  if (!one.failure.empty()) {
    return (one.target.empty() ? "" : one.target + ": ") + "nothing from " + one.url + ": " + one.failure;
  }
  auto text = name_of(one) + ": served ";
  if (one.served > one.sent) {
    text += count_text(one.served) + ", " + count_text(one.served - one.sent) + " more than the " +
            count_text(one.sent) + " sent from here: somebody else called it, too";
  } else {
    text += count_text(one.served) + " of " + count_text(one.sent) + " sent";
    const auto missing = one.sent - one.served;
    if (missing != 0) text += ": " + count_text(missing) + (missing == 1 ? " is missing" : " are missing");
  }
  text += '.';
  if (one.p99_us) {
    text += " p99 by its clock " + duration_text(*one.p99_us) + ", by ours " + duration_text(one.client_p99_us) + '.';
  }
  return text;
}

paint paint_of(const server_side& one) {
  if (!one.failure.empty() || one.served > one.sent) return paint::warning;
  return one.served < one.sent ? paint::bad : paint::plain;
}

table server_table(const report& of) {
  table rows{{{"server", table::align::left},
              {"phase", table::align::left, 2},
              {"served"},
              {"p99", table::align::right, 1},
              {"CPU cores"},
              {"memory", table::align::right, 3}}};
  for (const auto& one : of.servers) {
    for (std::size_t i = 0; i < one.phases.size(); ++i) {
      const auto& during = one.phases[i];
      rows.add({{i == 0 ? name_of(one) : ""},
                {during.phase},
                {count_text(during.served)},
                {during.p99_us ? duration_text(*during.p99_us) : "–"},
                {during.cpu_cores ? fixed_text(*during.cpu_cores, 2) : "–"},
                {during.resident_bytes ? bytes_text(*during.resident_bytes) : "–"}});
    }
  }
  return rows;
}

std::string capacity_text(const knee_result& of) {
  if (!of.capacity) {
    const auto lowest = std::min_element(of.probes.begin(), of.probes.end(),
                                         [](const auto& a, const auto& b) { return a.rate < b.rate; });
    if (lowest == of.probes.end()) return "Capacity: unknown";
    return "Capacity: less than " + rate_text(lowest->rate.per_second()) + " requests/s";
  }
  return (of.bounded ? "Capacity: " : "Capacity: at least ") + rate_text(of.capacity->per_second()) + " requests/s";
}

std::string signed_text(double value, const std::string& size) {
  return (value < 0 ? "−" : value > 0 ? "+" : "") + size;
}

std::string relative_text(double shift, double before) {
  if (before <= 0) return "";
  const auto percent = std::abs(shift / before * 100);
  return signed_text(shift, fixed_text(percent, percent < 9.95 ? 1 : 0) + " %");
}

table::row compared_row(const compared_measure& one) {
  const bool is_share = one.name == "failed";
  const auto value = [&](double of) {
    return is_share ? share_text(of) : duration_text(static_cast<std::uint64_t>(std::llround(std::max(0.0, of))));
  };
  const auto size = is_share ? fixed_text(std::abs(one.shift) * 100, 2) + " points" : value(std::abs(one.shift));
  const auto judged = one.worse    ? piece{"✗ worse", paint::bad}
                      : one.better ? piece{"✓ better", paint::good}
                                   : piece{"no difference shown", paint::dim};
  return {{one.name},
          {value(one.before)},
          {value(one.now)},
          {signed_text(one.shift, size)},
          {is_share ? "" : relative_text(one.shift, one.before)},
          {one.p_value < 0.001 ? "< 0.001" : fixed_text(one.p_value, 3)},
          judged};
}

}  // namespace

void write_outcomes(page& to, const report& of) {
  const auto all = total(of.all.outcomes);
  if (all == 0) return;
  table rows{{{""}, {""}, {""}, {"", table::align::left, 1}}};
  for (std::size_t i = 0; i < outcome_count; ++i) {
    const auto count = of.all.outcomes[i];
    if (count == 0) continue;
    const auto what = static_cast<outcome>(i);
    const auto how = is_success(what) ? paint::good : paint::bad;
    rows.add({{std::string{text_of(what)}, how},
              {count_text(count)},
              {share_text(count, all)},
              {is_success(what) ? "" : where(of, what), paint::dim}});
  }
  to.heading("What became of the requests").add(rows);
  if (!of.all.statuses.empty()) to.sentence(statuses_sentence(of.all), paint::dim);
}

void write_servers(page& to, const report& of) {
  if (of.servers.empty()) return;
  to.heading("What the servers say");
  for (const auto& one : of.servers) to.sentence(served_sentence(one), paint_of(one));
  if (const auto rows = server_table(of); !rows.empty()) to.add(rows);
}

void write_knee(page& to, const report& of) {
  if (!of.knee) return;
  table rows{{{"rate/s"},
              {"", table::align::left},
              {"answered/s", table::align::right, 1},
              {"failed", table::align::right, 2},
              {"p99"},
              {"", table::align::left, 3}}};
  for (const auto& probe : of.knee->probes) {
    rows.add({{rate_text(probe.rate.per_second())},
              !probe.is_valid ? piece{"? invalid", paint::warning}
              : probe.held    ? piece{"✓ held", paint::good}
                              : piece{"✗ broke", paint::bad},
              {rate_text(probe.answered_per_second)},
              {share_text(probe.error_rate)},
              {duration_text(probe.p99)},
              {probe.why, paint::dim}});
  }
  to.heading("Search for the greatest rate that holds").add(rows);
  to.add(line{{"  "}, {capacity_text(*of.knee), paint::plain, true}});
}

void write_baseline(page& to, const report& of) {
  if (!of.baseline) return;
  table rows{{{"median"},
              {"before"},
              {"now"},
              {"shift"},
              {"", table::align::right, 2},
              {"p", table::align::right, 1},
              {"", table::align::left}}};
  for (const auto& one : of.baseline->measures) rows.add(compared_row(one));
  to.heading("Compared with " + of.baseline->file).add(rows);
}

}  // namespace cohort::loadgen
