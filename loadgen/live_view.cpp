#include "loadgen/live_view.hpp"

#include <algorithm>
#include <cmath>

#include "loadgen/terminal.hpp"

namespace cohort::loadgen {
namespace {

using namespace terminal;

using namespace std::chrono_literals;

constexpr duration between_lines = 5s;
constexpr std::size_t most_kinds = 4;
constexpr std::size_t widest_sparkline = 60;

std::string clock_of(const progress& now) {
  auto text = clock_text(now.elapsed);
  if (now.length > duration{}) text += " of " + clock_text(now.length);
  return text;
}

bool is_draining(const progress& now) { return now.length > duration{} && now.elapsed > now.length; }

std::uint64_t failed(const tally& of) { return total(of.outcomes) - successes(of.outcomes); }

std::string failed_text(const tally& of) {
  const auto count = failed(of);
  return count == 0 ? "0 failed" : count_text(count) + " failed (" + share_text(of.error_rate()) + ")";
}

line title(const progress& now) {
  line made{{now.so_far->mode, paint::plain, true}, {"  " + clock_of(now)}};
  if (is_draining(now)) {
    made.push_back({", waiting for the last answers"});
  } else if (!now.phase.empty()) {
    made.push_back({", phase "});
    made.push_back({now.phase, paint::plain, true});
  }
  return made;
}

line bar(const progress& now, std::size_t columns) {
  const auto done = std::clamp(std::chrono::duration<double>(now.elapsed) / now.length, 0.0, 1.0);
  const auto percent = "  " + fixed_text(std::floor(done * 100), 0) + " %";
  const auto room = columns > percent.size() ? columns - percent.size() : 0;
  const auto filled = static_cast<std::size_t>(std::floor(done * static_cast<double>(room)));
  std::string before;
  std::string after;
  for (std::size_t i = 0; i < room; ++i) (i < filled ? before : after) += i < filled ? "━" : "┄";
  return {{before, paint::accent}, {after, paint::dim}, {percent}};
}

/// What the last second had, and how it came to that. Two sparklines are never above one another, as they would touch.
table rates(const progress& now, std::size_t columns) {
  const auto room = std::min<std::size_t>(widest_sparkline, columns > 28 ? columns - 28 : 0);
  std::vector<double> answered;
  std::vector<double> p99;
  for (const auto& one : now.so_far->intervals) {
    answered.push_back(per_second(one.all.answered, one.length));
    p99.push_back(static_cast<double>(one.all.p99_us));
  }
  const interval nothing_yet;
  const auto& last = now.so_far->intervals.empty() ? nothing_yet : now.so_far->intervals.back();
  table rows{{{""}, {""}, {"", table::align::left, 1}}};
  if (now.planned_per_second > 0) rows.add({{"planned"}, {rate_text(now.planned_per_second) + "/s"}});
  rows.add({{"sent"}, {rate_text(per_second(last.all.sent, last.length)) + "/s"}});
  rows.add({{"answered"},
            {rate_text(per_second(last.all.answered, last.length)) + "/s"},
            {sparkline(answered, room), paint::accent}});
  rows.add({{"in flight"},
            {count_text(last.in_flight)},
            {last.waiting == 0 ? "" : count_text(last.waiting) + " more wait for a connection", paint::warning}});
  rows.add({{"p99"},
            {last.all.answered == 0 ? "–" : duration_text(last.all.p99_us)},
            {sparkline(p99, room), paint::accent}});
  return rows;
}

line latency(const tally& all) {
  line made{{"  so far", paint::dim}};
  const auto add = [&](const char* name, double percent) {
    made.push_back({std::string{"   "} + name + ' ', paint::dim});
    made.push_back({percentile_text(all.response, percent)});
  };
  add("p50", 50);
  add("p90", 90);
  add("p99", 99);
  add("max", 100);
  return made;
}

line failures(const tally& all) {
  if (failed(all) == 0) return {{"  0 failed", paint::good}};
  std::vector<outcome> kinds;
  const auto count_of = [&](outcome what) { return all.outcomes[static_cast<std::size_t>(what)]; };
  for (std::size_t i = 0; i < outcome_count; ++i) {
    const auto what = static_cast<outcome>(i);
    if (!is_success(what) && count_of(what) != 0) kinds.push_back(what);
  }
  std::sort(kinds.begin(), kinds.end(),
            [&](outcome a, outcome b) { return count_of(a) != count_of(b) ? count_of(a) > count_of(b) : a < b; });
  std::string text = ":";
  for (std::size_t i = 0; i < std::min(kinds.size(), most_kinds); ++i) {
    text += i == 0 ? " " : ", ";
    text += text_of(kinds[i]);
    text += ' ' + count_text(count_of(kinds[i]));
  }
  if (kinds.size() > most_kinds) text += ", …";
  return {{"  " + failed_text(all), paint::bad}, {text}};
}

table targets(const report& of, std::size_t most) {
  using enum table::align;
  table rows{{{""}, {"sent", right, 2}, {"answered/s", right, 1}, {"failed"}, {"p50", right, 3}, {"p99"}}};
  const auto all = std::min(of.targets.size(), of.by_target.size());
  const auto shown = all <= most ? all : most - 1;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& one = of.by_target[i];
    double answered = 0;
    if (!of.intervals.empty() && i < of.intervals.back().targets.size()) {
      answered = per_second(of.intervals.back().targets[i].answered, of.intervals.back().length);
    }
    rows.add({{of.targets[i].name},
              {count_text(one.sent)},
              {rate_text(answered)},
              {count_text(failed(one)), failed(one) == 0 ? paint::plain : paint::bad},
              {percentile_text(one.response, 50)},
              {percentile_text(one.response, 99)}});
  }
  if (shown < all) rows.add({{"and " + count_text(all - shown) + " more", paint::dim}});
  return rows;
}

std::vector<line> picture(const progress& now, std::size_t columns, std::size_t rows) {
  std::vector<line> lines;
  const auto add = [&](const std::vector<line>& more) { lines.insert(lines.end(), more.begin(), more.end()); };
  const auto& of = *now.so_far;
  add({title(now)});
  if (now.length > duration{}) add({bar(now, columns)});
  add({{}});
  add(rates(now, columns).lines(columns, 2));
  add({{}, latency(of.all), failures(of.all)});
  constexpr std::size_t around_targets = 2;  // an empty line and the titles
  if (of.targets.size() > 1 && lines.size() + around_targets + 2 <= rows) {
    add({{}});
    add(targets(of, rows - lines.size() - 1).lines(columns, 2));
  }
  if (lines.size() > rows) lines.resize(rows);
  return lines;
}

}  // namespace

void live_view::resize(unsigned columns, unsigned rows) noexcept {
  how_.style.columns = columns;
  how_.rows = rows;
}

std::string live_view::up_to_the_first_line() const {
  return lines_drawn_ == 0 ? "" : "\r\x1b[" + std::to_string(lines_drawn_) + "A";
}

std::string live_view::update(const progress& now) {
  if (now.so_far == nullptr) return {};
  if (!how_.terminal) return plain_line(now);
  auto out = up_to_the_first_line();
  const auto lines = picture(now, how_.style.columns, how_.rows > 1 ? how_.rows - 1 : 1);
  // Each line is cleared before it is written: after a full one the cursor still is in its last column, and clearing
  // would take the last character away.
  for (const auto& one : lines) out += "\x1b[K" + painted(one, how_.style) + '\n';
  out += "\x1b[J";  // what is left of a longer picture, and keys that were pressed meanwhile
  lines_drawn_ = lines.size();
  return out;
}

std::string live_view::finish() {
  if (lines_drawn_ == 0) return {};
  auto out = up_to_the_first_line() + "\x1b[J";
  lines_drawn_ = 0;
  return out;
}

std::string live_view::plain_line(const progress& now) {
  const bool first = last_line_at_ < duration{};
  if (!first && now.phase == last_phase_ && now.elapsed / between_lines == last_line_at_ / between_lines) return {};
  last_line_at_ = now.elapsed;
  last_phase_ = now.phase;
  const auto& of = *now.so_far;
  auto text = clock_of(now);
  if (!now.phase.empty()) text += " (" + terminal::printable(now.phase) + ")";
  text += ':';
  if (now.planned_per_second > 0) text += " planned " + rate_text(now.planned_per_second) + "/s,";
  const interval nothing_yet;
  const auto& last = of.intervals.empty() ? nothing_yet : of.intervals.back();
  text += " sent " + rate_text(per_second(last.all.sent, last.length)) + "/s, answered " +
          rate_text(per_second(last.all.answered, last.length)) + "/s; p50 " + percentile_text(of.all.response, 50) +
          ", p99 " + percentile_text(of.all.response, 99) + ", max " + percentile_text(of.all.response, 100) + "; " +
          failed_text(of.all);
  return text + '\n';
}

}  // namespace cohort::loadgen
