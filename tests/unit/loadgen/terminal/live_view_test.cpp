// SPDX-License-Identifier: BSL-1.0
#include "loadgen/terminal/live_view.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/loadgen/report/sample_report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

/// A terminal with the control sequences that the view may use; other sequences are errors. Each character occupies one
/// column. As in real terminals, the cursor stays in the last column after a character there, and the next character
/// starts a new line.
class terminal_screen {
 public:
  terminal_screen(std::size_t columns, std::size_t rows) : columns_(columns), lines_(rows, blank_line()) {}

  void print(std::string_view text) {
    while (!text.empty()) {
      if (text.starts_with("\x1b[")) {
        const auto end = text.find_first_not_of("0123456789;", 2);
        REQUIRE(end != std::string_view::npos);
        execute(text[end], std::string{text.substr(2, end - 2)});
        text.remove_prefix(end + 1);
      } else {
        std::size_t length = 1;
        while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) ++length;
        put(text.substr(0, length));
        text.remove_prefix(length);
      }
    }
  }

  /// Returns the text without trailing spaces and trailing empty lines.
  std::string text() const {
    std::string output;
    for (const auto& cells : lines_) {
      std::string line;
      for (const auto& cell : cells) line += cell;
      line.erase(line.find_last_not_of(' ') + 1);
      output += line + '\n';
    }
    output.erase(output.find_last_not_of('\n') + 1);
    return output;
  }

  bool has_wrapped() const { return has_wrapped_; }

 private:
  using cells = std::vector<std::string>;

  cells blank_line() const { return cells(columns_, " "); }

  void put(std::string_view character) {
    if (character == "\n") {
      start_new_line();
      column_ = 0;
    } else if (character == "\r") {
      column_ = 0;
    } else {
      if (static_cast<unsigned char>(character[0]) < ' ') FAIL("unexpected control character " << +character[0]);
      if (column_ == columns_) {
        has_wrapped_ = true;
        start_new_line();
        column_ = 0;
      }
      lines_[row_][column_++] = character;
    }
  }

  void start_new_line() {
    if (++row_ < lines_.size()) return;
    lines_.erase(lines_.begin());
    lines_.push_back(blank_line());
    --row_;
  }

  void execute(char command, const std::string& parameter) {
    switch (command) {
      case 'A': row_ -= std::min(row_, static_cast<std::size_t>(std::stoul(parameter))); return;
      case 'K': REQUIRE(parameter.empty()); return erase_to_line_end(row_, std::min(column_, columns_ - 1));
      case 'J':
        REQUIRE(parameter.empty());
        erase_to_line_end(row_, std::min(column_, columns_ - 1));
        for (auto row = row_ + 1; row < lines_.size(); ++row) erase_to_line_end(row, 0);
        return;
      case 'm': return;
      default: FAIL("unexpected sequence ESC [ " << parameter << command);
    }
  }

  void erase_to_line_end(std::size_t row, std::size_t column) {
    std::fill(lines_[row].begin() + static_cast<std::ptrdiff_t>(column), lines_[row].end(), " ");
  }

  std::size_t columns_;
  std::vector<cells> lines_;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  bool has_wrapped_ = false;
};

live_view make_terminal_view(unsigned columns = 80, unsigned rows = 24, bool use_color = false) {
  return live_view{{.is_terminal = true, .output = {.use_color = use_color, .columns = columns}, .rows = rows}};
}

/// The state of a run after `seconds` seconds, but with the totals of the complete run.
struct run_in_progress {
  run_report report;
  run_progress progress;

  run_in_progress(run_report full_report, std::size_t seconds) : report(std::move(full_report)) {
    const auto length = report.planned_duration;
    report.intervals.resize(std::min(seconds, report.intervals.size()));
    const auto phase = report.intervals.empty() ? 0 : report.intervals.back().phase;
    progress = {.elapsed = std::chrono::seconds{seconds},
                .planned_duration = length,
                .phase = report.phases[phase].name,
                .planned_rate = phase == 1 ? 1600.0 : 100.0,
                .report = &report};
  }
  run_in_progress(const run_in_progress&) = delete;
};

std::string draw(const run_progress& progress, unsigned columns = 80, unsigned rows = 24) {
  terminal_screen screen{columns, 60};
  screen.print(make_terminal_view(columns, rows).update(progress));
  return screen.text();
}

TEST_CASE("live view: the frame of a run on a terminal equals the expected text", "[loadgen][terminal]") {
  const run_in_progress run{samples::spike(), 9};
  CHECK(draw(run.progress) == R"(spike  0:09 of 0:12, phase spike
━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  75 %

  planned    1,600/s
  sent       1,597/s
  answered   1,591/s  ▁▁▁██████
  in flight       42  12 more wait for a connection
  p99        56.6 ms  ▂▂▂▇██▇██

  so far   p50 2.70 ms   p90 16.3 ms   p99 78.1 ms   max ≥ 1.00 s
  126 failed (1.24 %): 503 48, timeout 30, not sent 20, 429 12, …

                sent  answered/s  failed      p50       p99
  time         2,550         400       1   418 µs   2.97 ms
  system_info  2,550         400       5   835 µs   5.82 ms
  weather      2,550         400      60  3.72 ms   26.2 ms
  dashboard    2,530         391      60  13.9 ms  ≥ 1.00 s)");
}

TEST_CASE("live view: before the first request there are no percentiles and no failures", "[loadgen][terminal]") {
  run_report empty_report;
  empty_report.mode = "balanced";
  empty_report.targets.resize(1);
  empty_report.target_stats.resize(1);
  CHECK(draw({.planned_duration = 10s, .planned_rate = 50, .report = &empty_report}, 40) == R"(balanced  0:00 of 0:10
┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  0 %

  planned    50/s
  sent        0/s
  answered    0/s
  in flight     0
  p99           –

  so far   p50 –   p90 –   p99 –   max –
  0 failed)");
}

TEST_CASE("live view: an unknown length has no progress bar, and a closed loop no planned rate",
          "[loadgen][terminal]") {
  run_in_progress run{samples::small(), 4};
  run.progress.planned_duration = {};
  run.progress.planned_rate = 0;
  const auto frame = draw(run.progress);
  CHECK(frame.starts_with("balanced  0:04, phase balanced\n\n  sent "));
}

TEST_CASE("live view: after the planned duration the view shows that it waits for the last responses",
          "[loadgen][terminal]") {
  run_in_progress run{samples::small(), 10};
  run.progress.elapsed = 11s;
  CHECK(draw(run.progress, 60).starts_with("balanced  0:11 of 0:10, waiting for the last responses\n"));
  CHECK(draw(run.progress, 60).find("━  100 %") != std::string::npos);
}

TEST_CASE("live view: a frame replaces the previous frame exactly, for any sizes of the frames",
          "[loadgen][terminal]") {
  const auto rows = GENERATE(std::size_t{60}, std::size_t{24});  // without and with scrolling
  const auto use_color = GENERATE(false, true);
  terminal_screen screen{80, rows};
  screen.print("$ an earlier command\nits output\n$ loadgen\n");
  auto view = make_terminal_view(80, 24, use_color);
  std::string frame;
  for (const std::size_t second : {0, 1, 5, 9, 12, 3, 14}) {
    run_in_progress run{second % 2 == 0 ? samples::spike() : samples::small(), second};
    if (second == 3) run.progress.planned_duration = {};
    screen.print(view.update(run.progress));
    frame = draw(run.progress);
    CHECK(screen.text() == "$ an earlier command\nits output\n$ loadgen\n" + frame);
  }
  CHECK_FALSE(screen.has_wrapped());
  screen.print(view.finish());
  CHECK(screen.text() == "$ an earlier command\nits output\n$ loadgen");
  CHECK(view.finish().empty());
  screen.print("the report\n");
  CHECK(screen.text() == "$ an earlier command\nits output\n$ loadgen\nthe report");
}

TEST_CASE("live view: an echoed key press is erased", "[loadgen][terminal]") {
  const run_in_progress run{samples::spike(), 9};
  auto view = make_terminal_view();
  terminal_screen screen{80, 60};
  screen.print(view.update(run.progress) + "^C");
  screen.print(view.update(run.progress));
  CHECK(screen.text() == draw(run.progress));
  screen.print("^C" + view.finish());
  CHECK(screen.text().empty());
}

TEST_CASE("live view: at the bottom of the screen, a new frame replaces the previous frame", "[loadgen][terminal]") {
  terminal_screen screen{80, 24};
  for (int i = 0; i < 40; ++i) screen.print("before\n");
  auto view = make_terminal_view();
  for (const std::size_t second : {1, 2, 3, 4, 9}) {
    const run_in_progress run{samples::spike(), second};
    screen.print(view.update(run.progress));
    CHECK(screen.text().ends_with("before\n" + draw(run.progress)));
  }
  screen.print(view.finish());
  const auto left = screen.text();
  CHECK(left.find_first_not_of("before\n") == std::string::npos);
}

TEST_CASE("live view: no line is wider than the terminal, for any names", "[loadgen][terminal]") {
  const auto columns = GENERATE(1u, 10u, 20u, 33u, 60u, 80u, 200u);
  run_in_progress run{samples::malicious(), 9};
  for (auto& count : run.report.totals.outcomes) count += 1'000'000'000;
  auto view = make_terminal_view(columns);
  terminal_screen screen{columns, 60};
  screen.print(view.update(run.progress));
  CHECK_FALSE(screen.has_wrapped());
  const auto text_before = screen.text();
  screen.print(view.update(run.progress));
  CHECK(screen.text() == text_before);
}

TEST_CASE("live view: a frame leaves one row free, and omits targets if necessary", "[loadgen][terminal]") {
  const auto rows = GENERATE(2u, 5u, 12u, 14u, 15u, 16u, 17u, 18u, 24u, 50u);
  run_in_progress run{samples::spike(), 9};
  for (int i = 0; i < 20; ++i) {
    run.report.targets.push_back({.name = "another"});
    run.report.target_stats.emplace_back();
  }
  terminal_screen screen{80, rows};
  auto view = make_terminal_view(80, rows);
  for (int i = 0; i < 3; ++i) screen.print(view.update(run.progress));
  const auto frame = screen.text();
  CHECK(frame.starts_with("spike  0:09 of 0:12"));
  CHECK(static_cast<std::size_t>(std::count(frame.begin(), frame.end(), '\n')) + 1 < rows);
  if (rows == 18) CHECK(frame.ends_with("\n  and 21 more"));
  if (rows == 50) CHECK(frame.ends_with("\n  another          0           0       0        –         –"));
  screen.print(view.finish());
  CHECK(screen.text().empty());
}

TEST_CASE("live view: a frame adapts to a change of the terminal's size", "[loadgen][terminal]") {
  const run_in_progress run{samples::spike(), 9};
  auto view = make_terminal_view(80, 24);
  static_cast<void>(view.update(run.progress));
  view.resize(40, 10);
  terminal_screen screen{40, 24};
  screen.print(view.update(run.progress));
  CHECK_FALSE(screen.has_wrapped());
  CHECK(screen.text() == draw(run.progress, 40, 10));
}

TEST_CASE("live view: colors carry no additional information", "[loadgen][terminal]") {
  const run_in_progress run{samples::spike(), 9};
  const auto colored_frame = make_terminal_view(80, 24, true).update(run.progress);
  CHECK(colored_frame.find("\x1b[31m") != std::string::npos);
  terminal_screen screen{80, 60};
  screen.print(colored_frame);
  CHECK(screen.text() == draw(run.progress));
  CHECK(make_terminal_view().update(run.progress).find("\x1b[0m") == std::string::npos);
}

TEST_CASE("live view: without a terminal, there is a line every 5 seconds and at the start of each phase",
          "[loadgen][terminal]") {
  live_view view{{}};
  std::string output;
  for (std::size_t second = 1; second <= 12; ++second) {
    const run_in_progress run{samples::spike(), second};
    output += view.update(run.progress);
  }
  output += view.finish();
  const std::string totals = "; p50 2.70 ms, p99 78.1 ms, max ≥ 1.00 s; 126 failed (1.24 %)\n";
  CHECK(output == "0:01 of 0:12 (calm): planned 100/s, sent 100/s, answered 100/s" + totals +
                      "0:04 of 0:12 (spike): planned 1,600/s, sent 1,596/s, answered 1,589/s" + totals +
                      "0:05 of 0:12 (spike): planned 1,600/s, sent 1,597/s, answered 1,591/s" + totals +
                      "0:10 of 0:12 (recovery): planned 100/s, sent 100/s, answered 98/s" + totals);
}

TEST_CASE("live view: without a terminal, lines contain no control characters", "[loadgen][terminal]") {
  const run_in_progress run{samples::malicious(), 9};
  live_view view{{}};
  const auto text = view.update(run.progress);
  CHECK(text.find("(sp�[2Jike)") != std::string::npos);
  CHECK(std::count_if(text.begin(), text.end(), [](unsigned char c) { return c < ' '; }) == 1);
}

TEST_CASE("live view: without a report there is no output", "[loadgen][terminal]") {
  CHECK(make_terminal_view().update({}).empty());
  CHECK(live_view{{}}.update({}).empty());
}

}  // namespace
}  // namespace cohort::loadgen
