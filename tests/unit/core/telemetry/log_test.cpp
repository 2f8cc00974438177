#include "core/telemetry/log.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <cstdint>
#include <limits>
#include <thread>

#include "core/json/reader.hpp"
#include "core/runtime/virtual_time.hpp"
#include "tests/unit/core/telemetry/captured_log.hpp"

namespace cohort::telemetry {
namespace {

using namespace cohort::test;
using namespace std::chrono_literals;

/// One line, as it is written at noon of 1 June 2026 and 7 ms.
std::string line_of(log_format format, std::string_view message, std::initializer_list<log_field> fields,
                    std::string_view service = "time-service") {
  virtual_time time;
  time.run_for(7ms);
  captured_log log;
  const logger to{log.sink(), std::string{service}, log_level::trace, format, time.main_loop().time_source()};
  to.write(log_level::warn, message, fields);
  const auto lines = log.close();
  REQUIRE(lines.size() == 1);
  return lines[0];
}

std::string text_in(const std::string& json, const char* name) {
  simdjson::dom::parser parser;
  return std::string{std::string_view{parser.parse(json)[name]}};
}

TEST_CASE("A JSON line has time, level, service, message and the fields, each of its own type") {
  const auto line = line_of(log_format::json, "request",
                            {{"id", "abc"}, {"status", std::int64_t{200}}, {"duration_ms", 1.5}, {"cached", true}});
  CHECK(line == R"({"ts":"2026-06-01T12:00:00.007Z","level":"warn","service":"time-service","msg":"request",)"
                R"("id":"abc","status":200,"duration_ms":1.5,"cached":true})");
}

TEST_CASE("A text line is for people, its fields name=value") {
  const auto line = line_of(log_format::text, "request",
                            {{"id", "abc"}, {"status", std::int64_t{200}}, {"duration_ms", 1.5}, {"cached", true}});
  CHECK(line == "2026-06-01T12:00:00.007Z warn  time-service request id=abc status=200 duration_ms=1.5 cached=true");
}

TEST_CASE("Whatever a request sends, it stays in its field and on its line") {
  const std::string hostile =
      GENERATE(as<std::string>{}, "a\nb", "a\r\nlevel=error msg=forged", "\",\"level\":\"error", "}{\"x\":1}",
               "tab\there", "esc\x1b[2Jape", "back\\ slash", std::string("nul\0byte", 8), "a b=c", "",
               "line\xE2\x80\xA8separator", "\xff\xfe", "\x7f");
  const auto json = line_of(log_format::json, "request", {{"path", hostile}});
  CAPTURE(hostile, json);
  simdjson::dom::parser parser;
  simdjson::dom::object parsed;
  REQUIRE(parser.parse(json).get(parsed) == simdjson::SUCCESS);
  CHECK(parsed.size() == 5);
  CHECK(text_in(json, "level") == "warn");
  if (hostile[0] != '\xff') CHECK(text_in(json, "path") == hostile);
  for (const char c : json) CHECK(static_cast<unsigned char>(c) >= ' ');

  const auto text = line_of(log_format::text, "request", {{"path", hostile}, {"status", std::int64_t{200}}});
  CAPTURE(text);
  CHECK(text.starts_with("2026-06-01T12:00:00.007Z warn  time-service request path=\""));
  CHECK(text.ends_with("\" status=200"));
  for (const char c : text) CHECK(static_cast<unsigned char>(c) >= ' ');
}

TEST_CASE("A number that JSON has no text for does not break the line") {
  const auto line = line_of(log_format::json, "x", {{"n", std::numeric_limits<double>::quiet_NaN()}});
  CHECK(line.ends_with(R"("msg":"x","n":null})"));
}

TEST_CASE("A very long value is one line all the same") {
  const std::string value(100'000, 'x');
  const auto line = line_of(log_format::json, "x", {{"v", value}});
  CHECK(text_in(line, "v") == value);
}

TEST_CASE("Only what is as grave as the logger's level is written") {
  struct row {
    log_level least;
    std::vector<std::string> written;
  };
  const auto each = GENERATE(values<row>({{log_level::trace, {"trace", "debug", "info", "warn", "error"}},
                                          {log_level::info, {"info", "warn", "error"}},
                                          {log_level::error, {"error"}},
                                          {log_level::off, {}}}));
  captured_log log;
  const logger to{log.sink(), "s", each.least, log_format::json};
  for (const auto level :
       {log_level::trace, log_level::debug, log_level::info, log_level::warn, log_level::error, log_level::off}) {
    to.write(level, "x");
  }
  std::vector<std::string> levels;
  for (const auto& line : log.close()) levels.push_back(text_in(line, "level"));
  CHECK(levels == each.written);
  CHECK(to.writes(log_level::error) == (each.least != log_level::off));
}

TEST_CASE("A logger for another service shares the sink, the level and the format") {
  captured_log log;
  const logger first{log.sink(), "first", log_level::warn, log_format::json};
  const auto second = first.for_service("second");
  second.write(log_level::info, "unheard");
  second.write(log_level::warn, "heard");
  const auto lines = log.close();
  REQUIRE(lines.size() == 1);
  CHECK(text_in(lines[0], "service") == "second");
}

TEST_CASE("Lines of many threads come whole, and all of them") {
  captured_log log;
  const logger to{log.sink(), "s", log_level::info, log_format::json};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&to] {
      for (int n = 0; n < 100; ++n) to.write(log_level::info, "x", {{"n", std::int64_t{n}}});
    });
  }
  for (auto& each : threads) each.join();
  CHECK(log.sink().dropped() == 0);
  const auto lines = log.close();
  CHECK(lines.size() == 400);
  for (const auto& line : lines) CHECK(text_in(line, "msg") == "x");
}

/// A pipe that is full, so that whoever writes to it stands still until somebody reads.
class full_pipe {
 public:
  full_pipe() {
    // As every program of ours does: a writer left behind must not end the process when nobody is there to read.
    std::signal(SIGPIPE, SIG_IGN);
    REQUIRE(::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) == 0);
    const std::string block(4096, '.');
    for (;;) {
      const auto put = ::write(ends_[1], block.data(), block.size());
      if (put < 0) break;
      filled_ += static_cast<std::size_t>(put);
    }
    while (::write(ends_[1], ".", 1) == 1) ++filled_;
    ::fcntl(ends_[0], F_SETFL, 0);
    ::fcntl(ends_[1], F_SETFL, 0);
  }
  ~full_pipe() {
    ::close(ends_[0]);
    close_writing();
  }
  full_pipe(const full_pipe&) = delete;
  full_pipe& operator=(const full_pipe&) = delete;

  int writing_end() const { return ends_[1]; }
  void close_writing() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }
  /// What came after the filling, up to the end.
  std::string read_all() const {
    std::string all;
    char buffer[1 << 16];
    for (ssize_t got = 0; (got = ::read(ends_[0], buffer, sizeof buffer)) > 0;) {
      all.append(buffer, static_cast<std::size_t>(got));
    }
    return all.substr(filled_);
  }

 private:
  int ends_[2] = {-1, -1};
  std::size_t filled_ = 0;
};

TEST_CASE("Nobody who logs waits for a terminal that stands still: what is too much is dropped, and counted") {
  full_pipe terminal;
  std::optional<standard_error_goes_to> redirect{terminal.writing_end()};
  std::optional<log_sink> sink{std::in_place};
  constexpr std::size_t too_many = 100;
  for (std::size_t i = 0; i < log_sink::queue_length + too_many; ++i) sink->write("line " + std::to_string(i));
  CHECK(sink->dropped() == too_many);

  std::string all;
  std::thread reader([&] { all = terminal.read_all(); });
  sink.reset();
  redirect.reset();
  terminal.close_writing();
  reader.join();
  CHECK(all.starts_with("line 0\n"));
  CHECK(all.ends_with("line " + std::to_string(log_sink::queue_length - 1) + "\n"));
  CHECK(static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n')) == log_sink::queue_length);
}

TEST_CASE("A terminal that never moves again does not keep the sink from going") {
  full_pipe terminal;
  std::optional<standard_error_goes_to> redirect{terminal.writing_end()};
  std::optional<log_sink> sink{std::in_place};
  sink->write("nobody reads this");
  sink.reset();
  redirect.reset();
  SUCCEED("it went");
}

TEST_CASE("The queue is bounded by bytes as well as by lines") {
  full_pipe terminal;
  std::optional<standard_error_goes_to> redirect{terminal.writing_end()};
  std::optional<log_sink> sink{std::in_place};
  const std::string line(1024 * 1024, 'x');
  for (int i = 0; i < 40; ++i) sink->write(line);
  CHECK(sink->dropped() > 0);
  sink.reset();
  redirect.reset();
}

}  // namespace
}  // namespace cohort::telemetry
