#include "loadgen/live_view.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/loadgen/sample_report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

/// As much of a terminal as the view may use: anything else that it is sent is an error. A character takes one column.
/// As in real ones, the cursor stays in the last column after a character there, and the next one goes to a new line.
class screen {
 public:
  screen(std::size_t columns, std::size_t rows) : columns_(columns), lines_(rows, blank()) {}

  void print(std::string_view text) {
    while (!text.empty()) {
      if (text.starts_with("\x1b[")) {
        const auto end = text.find_first_not_of("0123456789;", 2);
        REQUIRE(end != std::string_view::npos);
        obey(text[end], std::string{text.substr(2, end - 2)});
        text.remove_prefix(end + 1);
      } else {
        std::size_t length = 1;
        while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) ++length;
        put(text.substr(0, length));
        text.remove_prefix(length);
      }
    }
  }

  /// Without spaces at the ends of lines and empty lines at the end.
  std::string text() const {
    std::string all;
    for (const auto& cells : lines_) {
      std::string line;
      for (const auto& cell : cells) line += cell;
      line.erase(line.find_last_not_of(' ') + 1);
      all += line + '\n';
    }
    all.erase(all.find_last_not_of('\n') + 1);
    return all;
  }

  bool wrapped() const { return wrapped_; }

 private:
  using cells = std::vector<std::string>;

  cells blank() const { return cells(columns_, " "); }

  void put(std::string_view character) {
    if (character == "\n") {
      feed();
      column_ = 0;
    } else if (character == "\r") {
      column_ = 0;
    } else {
      if (static_cast<unsigned char>(character[0]) < ' ') FAIL("no picture needs control character " << +character[0]);
      if (column_ == columns_) {
        wrapped_ = true;
        feed();
        column_ = 0;
      }
      lines_[row_][column_++] = character;
    }
  }

  void feed() {
    if (++row_ < lines_.size()) return;
    lines_.erase(lines_.begin());
    lines_.push_back(blank());
    --row_;
  }

  void obey(char command, const std::string& parameter) {
    switch (command) {
      case 'A': row_ -= std::min(row_, static_cast<std::size_t>(std::stoul(parameter))); return;
      case 'K': REQUIRE(parameter.empty()); return erase_to_the_end(row_, std::min(column_, columns_ - 1));
      case 'J':
        REQUIRE(parameter.empty());
        erase_to_the_end(row_, std::min(column_, columns_ - 1));
        for (auto row = row_ + 1; row < lines_.size(); ++row) erase_to_the_end(row, 0);
        return;
      case 'm': return;
      default: FAIL("no picture needs ESC [ " << parameter << command);
    }
  }

  void erase_to_the_end(std::size_t row, std::size_t column) {
    std::fill(lines_[row].begin() + static_cast<std::ptrdiff_t>(column), lines_[row].end(), " ");
  }

  std::size_t columns_;
  std::vector<cells> lines_;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  bool wrapped_ = false;
};

live_view on_terminal(unsigned columns = 80, unsigned rows = 24, bool colour = false) {
  return live_view{{.terminal = true, .style = {.colour = colour, .columns = columns}, .rows = rows}};
}

/// The first so many seconds of a run; but its sums are of all of it.
struct running {
  report so_far;
  progress now;

  running(report whole, std::size_t seconds) : so_far(std::move(whole)) {
    const auto length = so_far.planned_length;
    so_far.intervals.resize(std::min(seconds, so_far.intervals.size()));
    const auto phase = so_far.intervals.empty() ? 0 : so_far.intervals.back().phase;
    now = {.elapsed = std::chrono::seconds{seconds},
           .length = length,
           .phase = so_far.phases[phase].name,
           .planned_per_second = phase == 1 ? 1600.0 : 100.0,
           .so_far = &so_far};
  }
  running(const running&) = delete;
};

std::string picture_of(const progress& now, unsigned columns = 80, unsigned rows = 24) {
  screen fresh{columns, 60};
  fresh.print(on_terminal(columns, rows).update(now));
  return fresh.text();
}

TEST_CASE("On a terminal a run is a picture") {
  const running of{samples::spike(), 9};
  CHECK(picture_of(of.now) == R"(spike  0:09 of 0:12, phase spike
━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  75 %

  planned    1,600/s
  sent       1,597/s
  answered   1,591/s  ▁▁▁██████
  in flight       42  12 more wait for a connection
  p99        56.6 ms  ▂▂▂▇██▇██

  so far   p50 2.70 ms   p90 16.3 ms   p99 78.1 ms   max ≥ 1.00 s
  126 failed (1.24 %): 503 48, timeout 30, never sent 20, 429 12, …

                sent  answered/s  failed      p50       p99
  time         2,550         400       1   418 µs   2.97 ms
  system_info  2,550         400       5   835 µs   5.82 ms
  weather      2,550         400      60  3.72 ms   26.2 ms
  dashboard    2,530         391      60  13.9 ms  ≥ 1.00 s)");
}

TEST_CASE("Before anything was sent, the picture has no percentiles and no failures") {
  report nothing_yet;
  nothing_yet.mode = "balanced";
  nothing_yet.targets.resize(1);
  nothing_yet.by_target.resize(1);
  CHECK(picture_of({.length = 10s, .planned_per_second = 50, .so_far = &nothing_yet}, 40) == R"(balanced  0:00 of 0:10
┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  0 %

  planned    50/s
  sent        0/s
  answered    0/s
  in flight     0
  p99           –

  so far   p50 –   p90 –   p99 –   max –
  0 failed)");
}

TEST_CASE("Without a known length there is no bar, and without a plan no planned rate") {
  running of{samples::small(), 4};
  of.now.length = {};
  of.now.planned_per_second = 0;
  const auto picture = picture_of(of.now);
  CHECK(picture.starts_with("balanced  0:04, phase balanced\n\n  sent "));
}

TEST_CASE("After its length a run waits for the last answers") {
  running of{samples::small(), 10};
  of.now.elapsed = 11s;
  CHECK(picture_of(of.now, 60).starts_with("balanced  0:11 of 0:10, waiting for the last answers\n"));
  CHECK(picture_of(of.now, 60).find("━  100 %") != std::string::npos);
}

TEST_CASE("A picture replaces the one before and nothing else, however the size of either") {
  const auto rows = GENERATE(std::size_t{60}, std::size_t{24});  // without and with scrolling
  const auto colour = GENERATE(false, true);
  screen seen{80, rows};
  seen.print("$ an earlier command\nits output\n$ loadgen\n");
  auto view = on_terminal(80, 24, colour);
  std::string last;
  for (const std::size_t second : {0, 1, 5, 9, 12, 3, 14}) {
    running of{second % 2 == 0 ? samples::spike() : samples::small(), second};
    if (second == 3) of.now.length = {};
    seen.print(view.update(of.now));
    last = picture_of(of.now);
    CHECK(seen.text() == "$ an earlier command\nits output\n$ loadgen\n" + last);
  }
  CHECK_FALSE(seen.wrapped());
  seen.print(view.finish());
  CHECK(seen.text() == "$ an earlier command\nits output\n$ loadgen");
  CHECK(view.finish().empty());
  seen.print("the report\n");
  CHECK(seen.text() == "$ an earlier command\nits output\n$ loadgen\nthe report");
}

TEST_CASE("A key that was pressed meanwhile leaves no trace") {
  const running of{samples::spike(), 9};
  auto view = on_terminal();
  screen seen{80, 60};
  seen.print(view.update(of.now) + "^C");
  seen.print(view.update(of.now));
  CHECK(seen.text() == picture_of(of.now));
  seen.print("^C" + view.finish());
  CHECK(seen.text().empty());
}

TEST_CASE("At the bottom of the screen, too, there is only one picture") {
  screen seen{80, 24};
  for (int i = 0; i < 40; ++i) seen.print("before\n");
  auto view = on_terminal();
  for (const std::size_t second : {1, 2, 3, 4, 9}) {
    const running of{samples::spike(), second};
    seen.print(view.update(of.now));
    CHECK(seen.text().ends_with("before\n" + picture_of(of.now)));
  }
  seen.print(view.finish());
  const auto left = seen.text();
  CHECK(left.find_first_not_of("before\n") == std::string::npos);
}

TEST_CASE("No line of a picture is wider than the terminal, whatever the names") {
  const auto columns = GENERATE(1u, 10u, 20u, 33u, 60u, 80u, 200u);
  running of{samples::hostile(), 9};
  for (auto& one : of.so_far.all.outcomes) one += 1'000'000'000;
  auto view = on_terminal(columns);
  screen seen{columns, 60};
  seen.print(view.update(of.now));
  CHECK_FALSE(seen.wrapped());
  const auto before = seen.text();
  seen.print(view.update(of.now));
  CHECK(seen.text() == before);
}

TEST_CASE("A picture leaves a row of the terminal free, at the cost of targets") {
  const auto rows = GENERATE(2u, 5u, 12u, 14u, 15u, 16u, 17u, 18u, 24u, 50u);
  running of{samples::spike(), 9};
  for (int i = 0; i < 20; ++i) {
    of.so_far.targets.push_back({.name = "another"});
    of.so_far.by_target.emplace_back();
  }
  screen seen{80, rows};
  auto view = on_terminal(80, rows);
  for (int i = 0; i < 3; ++i) seen.print(view.update(of.now));
  const auto picture = seen.text();
  CHECK(picture.starts_with("spike  0:09 of 0:12"));
  CHECK(static_cast<std::size_t>(std::count(picture.begin(), picture.end(), '\n')) + 1 < rows);
  if (rows == 18) CHECK(picture.ends_with("\n  and 21 more"));
  if (rows == 50) CHECK(picture.ends_with("\n  another          0           0       0        –         –"));
  seen.print(view.finish());
  CHECK(seen.text().empty());
}

TEST_CASE("A picture has the terminal's new size once that is known") {
  const running of{samples::spike(), 9};
  auto view = on_terminal(80, 24);
  static_cast<void>(view.update(of.now));
  view.resize(40, 10);
  screen seen{40, 24};
  seen.print(view.update(of.now));
  CHECK_FALSE(seen.wrapped());
  CHECK(seen.text() == picture_of(of.now, 40, 10));
}

TEST_CASE("Colours add nothing to a picture that would be missed without them") {
  const running of{samples::spike(), 9};
  const auto coloured = on_terminal(80, 24, true).update(of.now);
  CHECK(coloured.find("\x1b[31m") != std::string::npos);
  screen seen{80, 60};
  seen.print(coloured);
  CHECK(seen.text() == picture_of(of.now));
  CHECK(on_terminal().update(of.now).find("\x1b[0m") == std::string::npos);
}

TEST_CASE("Elsewhere a run is a line of plain text each 5 seconds and at the start of a phase") {
  live_view view{{}};
  std::string all;
  for (std::size_t second = 1; second <= 12; ++second) {
    const running of{samples::spike(), second};
    all += view.update(of.now);
  }
  all += view.finish();
  const std::string sums = "; p50 2.70 ms, p99 78.1 ms, max ≥ 1.00 s; 126 failed (1.24 %)\n";
  CHECK(all == "0:01 of 0:12 (calm): planned 100/s, sent 100/s, answered 100/s" + sums +
                   "0:04 of 0:12 (spike): planned 1,600/s, sent 1,596/s, answered 1,589/s" + sums +
                   "0:05 of 0:12 (spike): planned 1,600/s, sent 1,597/s, answered 1,591/s" + sums +
                   "0:10 of 0:12 (recovery): planned 100/s, sent 100/s, answered 98/s" + sums);
}

TEST_CASE("Lines of plain text keep control characters to themselves") {
  const running of{samples::hostile(), 9};
  live_view view{{}};
  const auto text = view.update(of.now);
  CHECK(text.find("(sp�[2Jike)") != std::string::npos);
  CHECK(std::count_if(text.begin(), text.end(), [](unsigned char c) { return c < ' '; }) == 1);
}

TEST_CASE("Without a report yet there is nothing to show") {
  CHECK(on_terminal().update({}).empty());
  CHECK(live_view{{}}.update({}).empty());
}

}  // namespace
}  // namespace cohort::loadgen
