// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/log.hpp>

#include <sys/resource.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <cohort/json/parser.hpp>
#include <cohort/runtime/time/virtual_time.hpp>
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort::telemetry {
namespace {

using namespace cohort::test;
using namespace std::chrono_literals;

/// Returns one line, written at 2026-06-01T12:00:00.007Z.
std::string logged_line(log_format format, std::string_view message, std::initializer_list<log_field> fields,
                        std::string_view service = "time-service") {
  virtual_time time;
  time.run_for(7ms);
  captured_log log;
  const logger output{log.sink(), std::string{service}, log_level::trace, format, time.event_loop().time_source()};
  output.write(log_level::warn, message, fields);
  const auto lines = log.close();
  REQUIRE(lines.size() == 1);
  return lines[0];
}

std::string string_field(const std::string& json, const char* name) {
  simdjson::dom::parser parser;
  return std::string{std::string_view{parser.parse(json)[name]}};
}

TEST_CASE("log: a JSON line has time, level, service, message and typed fields", "[telemetry][log][threads]") {
  const auto line = logged_line(log_format::json, "request",
                                {{"id", "abc"}, {"status", std::int64_t{200}}, {"duration_ms", 1.5}, {"cached", true}});
  CHECK(line == R"({"ts":"2026-06-01T12:00:00.007Z","level":"warn","service":"time-service","msg":"request",)"
                R"("id":"abc","status":200,"duration_ms":1.5,"cached":true})");
}

TEST_CASE("log: a text line has fields as name=value", "[telemetry][log][threads]") {
  const auto line = logged_line(log_format::text, "request",
                                {{"id", "abc"}, {"status", std::int64_t{200}}, {"duration_ms", 1.5}, {"cached", true}});
  CHECK(line == "2026-06-01T12:00:00.007Z warn  time-service request id=abc status=200 duration_ms=1.5 cached=true");
}

TEST_CASE("log: a value cannot end its line or add a field", "[telemetry][log][threads]") {
  const std::string malicious_value =
      GENERATE(as<std::string>{}, "a\nb", "a\r\nlevel=error msg=forged", "\",\"level\":\"error", "}{\"x\":1}",
               "tab\there", "esc\x1b[2Jape", "back\\ slash", std::string("nul\0byte", 8), "a b=c", "",
               "line\xE2\x80\xA8separator", "\xff\xfe", "\x7f");
  const auto json = logged_line(log_format::json, "request", {{"path", malicious_value}});
  CAPTURE(malicious_value, json);
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  REQUIRE(parser.parse(json).get(object) == simdjson::SUCCESS);
  CHECK(object.size() == 5);
  CHECK(string_field(json, "level") == "warn");
  if (malicious_value[0] != '\xff') CHECK(string_field(json, "path") == malicious_value);
  for (const char c : json) CHECK(static_cast<unsigned char>(c) >= ' ');

  const auto text =
      logged_line(log_format::text, "request", {{"path", malicious_value}, {"status", std::int64_t{200}}});
  CAPTURE(text);
  CHECK(text.starts_with("2026-06-01T12:00:00.007Z warn  time-service request path=\""));
  CHECK(text.ends_with("\" status=200"));
  for (const char c : text) CHECK(static_cast<unsigned char>(c) >= ' ');
}

TEST_CASE("log: a field name is escaped, whether it is a literal or not", "[telemetry][log][threads]") {
  const std::string name = "x\":1,\"y";
  const auto line = logged_line(log_format::json, "request", {{"a\"b", true}, {"tab\t", true}, {name, true}});
  CHECK(line.ends_with(R"("msg":"request","a\"b":true,"tab\t":true,"x\":1,\"y":true})"));
}

TEST_CASE("log: each line has its own time, across seconds and for clocks that differ", "[telemetry][log][threads]") {
  captured_log log;
  for (const auto start : {0ms, 61'000ms, 500ms}) {
    virtual_time time;
    time.run_for(start + 7ms);
    const logger output{log.sink(), "", log_level::trace, log_format::text, time.event_loop().time_source()};
    output.write(log_level::warn, "");
    time.run_for(992ms);
    output.write(log_level::warn, "");
    time.run_for(1ms);
    output.write(log_level::warn, "");
  }
  std::vector<std::string> times;
  for (const auto& line : log.close()) times.push_back(line.substr(14, 9));
  CHECK(times == std::vector<std::string>{"00:00.007", "00:00.999", "00:01.000", "01:01.007", "01:01.999", "01:02.000",
                                          "00:00.507", "00:01.499", "00:01.500"});
}

TEST_CASE("log: a number that JSON cannot represent is null", "[telemetry][log][threads]") {
  const auto line = logged_line(log_format::json, "x", {{"n", std::numeric_limits<double>::quiet_NaN()}});
  CHECK(line.ends_with(R"("msg":"x","n":null})"));
}

TEST_CASE("log: a very long value stays on one line", "[telemetry][log][threads]") {
  const std::string value(100'000, 'x');
  const auto line = logged_line(log_format::json, "x", {{"v", value}});
  CHECK(string_field(line, "v") == value);
}

TEST_CASE("log: lines below the minimum level are discarded", "[telemetry][log][threads]") {
  struct row {
    log_level min_level;
    std::vector<std::string> written_levels;
  };
  const auto test_case = GENERATE(values<row>({{log_level::trace, {"trace", "debug", "info", "warn", "error"}},
                                               {log_level::info, {"info", "warn", "error"}},
                                               {log_level::error, {"error"}},
                                               {log_level::off, {}}}));
  captured_log log;
  const logger output{log.sink(), "s", test_case.min_level, log_format::json};
  for (const auto level :
       {log_level::trace, log_level::debug, log_level::info, log_level::warn, log_level::error, log_level::off}) {
    output.write(level, "x");
  }
  std::vector<std::string> levels;
  for (const auto& line : log.close()) levels.push_back(string_field(line, "level"));
  CHECK(levels == test_case.written_levels);
  CHECK(output.is_enabled(log_level::error) == (test_case.min_level != log_level::off));
}

TEST_CASE("log: with_service shares the sink, the level and the format", "[telemetry][log][threads]") {
  captured_log log;
  const logger first{log.sink(), "first", log_level::warn, log_format::json};
  const auto second = first.with_service("second");
  second.write(log_level::info, "below the level");
  second.write(log_level::warn, "at the level");
  const auto lines = log.close();
  REQUIRE(lines.size() == 1);
  CHECK(string_field(lines[0], "service") == "second");
}

TEST_CASE("log: lines of several threads are complete and no line is lost", "[telemetry][log][threads]") {
  captured_log log;
  const logger output{log.sink(), "s", log_level::info, log_format::json};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&output] {
      for (int n = 0; n < 100; ++n) output.write(log_level::info, "x", {{"n", std::int64_t{n}}});
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(log.sink().dropped_line_count() == 0);
  const auto lines = log.close();
  CHECK(lines.size() == 400);
  for (const auto& line : lines) CHECK(string_field(line, "msg") == "x");
}

/// A full pipe: writes block until bytes are read.
class full_pipe {
 public:
  full_pipe() {
    // SIGPIPE is ignored, as in the programs: a detached writer must not terminate the process when the reading end is
    // closed.
    std::signal(SIGPIPE, SIG_IGN);
    REQUIRE(::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) == 0);
    const std::string block(4096, '.');
    for (;;) {
      const auto written = ::write(ends_[1], block.data(), block.size());
      if (written < 0) break;
      initial_size_ += static_cast<std::size_t>(written);
    }
    while (::write(ends_[1], ".", 1) == 1) ++initial_size_;
    ::fcntl(ends_[0], F_SETFL, 0);
    ::fcntl(ends_[1], F_SETFL, 0);
  }
  ~full_pipe() {
    close_read_end();
    close_write_end();
  }
  full_pipe(const full_pipe&) = delete;
  full_pipe& operator=(const full_pipe&) = delete;

  int write_end() const { return ends_[1]; }
  void close_read_end() {
    if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
  }
  void close_write_end() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }
  /// Reads the file, and returns the bytes after the initial content.
  std::string read_all() const {
    std::string pipe_content;
    char buffer[1 << 16];
    for (ssize_t size = 0; (size = ::read(ends_[0], buffer, sizeof buffer)) > 0;) {
      pipe_content.append(buffer, static_cast<std::size_t>(size));
    }
    return pipe_content.substr(initial_size_);
  }

 private:
  int ends_[2] = {-1, -1};
  std::size_t initial_size_ = 0;
};

TEST_CASE("log: write never blocks on output, and lines beyond the queue limit are dropped and counted",
          "[telemetry][log][threads]") {
  full_pipe pipe;
  std::optional<standard_error_redirect> redirect{pipe.write_end()};
  std::optional<log_sink> sink{std::in_place};
  constexpr std::size_t excess = 100;
  for (std::size_t i = 0; i < log_sink::max_queued_lines + excess; ++i) sink->write("line " + std::to_string(i));
  CHECK(sink->dropped_line_count() == excess);

  std::string pipe_content;
  std::thread reader([&] { pipe_content = pipe.read_all(); });
  sink.reset();
  redirect.reset();
  pipe.close_write_end();
  reader.join();
  CHECK(pipe_content.starts_with("line 0\n"));
  CHECK(pipe_content.ends_with("line " + std::to_string(log_sink::max_queued_lines - 1) + "\n"));
  CHECK(static_cast<std::size_t>(std::count(pipe_content.begin(), pipe_content.end(), '\n')) ==
        log_sink::max_queued_lines);
}

TEST_CASE("log: blocked output does not block the destructor of the sink", "[telemetry][log][threads]") {
  full_pipe pipe;
  std::optional<standard_error_redirect> redirect{pipe.write_end()};
  std::optional<log_sink> sink{std::in_place};
  sink->write("never read");
  sink.reset();
  redirect.reset();
  SUCCEED("the destructor has returned");
}

/// Waits until the sink has dropped `count` lines.
void wait_for_dropped_lines(const log_sink& sink, std::uint64_t count) {
  for (int i = 0; i < 2000 && sink.dropped_line_count() < count; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  CHECK(sink.dropped_line_count() == count);
}

TEST_CASE("log: lines lost to a full disk are counted, and logging continues when space is available again",
          "[telemetry][log][threads]") {
  const int full_device = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full_device >= 0);
  std::optional<standard_error_redirect> redirect{full_device};
  std::optional<log_sink> sink{std::in_place};
  sink->write("first");
  sink->write("second");
  wait_for_dropped_lines(*sink, 2);

  const temporary_directory directory;
  const auto path = directory.write("log", "");
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  redirect.emplace(file);
  sink->write("third");
  sink.reset();
  redirect.reset();
  ::close(file);
  ::close(full_device);
  std::ifstream input{path};
  std::string line;
  CHECK(std::getline(input, line));
  CHECK(line == "third");
}

TEST_CASE("log: after a partially written line, the next line starts on a new line", "[telemetry][log][threads]") {
  const temporary_directory directory;
  const auto path = directory.write("log", "");
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  // The file cannot grow beyond four bytes.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit original{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &original) == 0);
  const rlimit rlimit{4, original.rlim_max};
  std::optional<standard_error_redirect> redirect{file};
  std::optional<log_sink> sink{std::in_place};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &rlimit) == 0);
  sink->write("partial");
  sink->write("lost");
  wait_for_dropped_lines(*sink, 2);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &original) == 0);
  sink->write("whole");
  sink.reset();
  redirect.reset();
  ::close(file);
  std::ifstream input{path};
  const std::string text{std::istreambuf_iterator<char>{input}, {}};
  CHECK(text == "part\nwhole\n");
}

TEST_CASE("log: lines lost to a pipe without a reader are counted", "[telemetry][log][threads]") {
  full_pipe pipe;
  pipe.close_read_end();
  std::optional<standard_error_redirect> redirect{pipe.write_end()};
  std::optional<log_sink> sink{std::in_place};
  sink->write("nobody reads this");
  wait_for_dropped_lines(*sink, 1);
  sink.reset();
  redirect.reset();
}

TEST_CASE("log: the queue is limited by bytes as well as by lines", "[telemetry][log][threads]") {
  full_pipe pipe;
  std::optional<standard_error_redirect> redirect{pipe.write_end()};
  std::optional<log_sink> sink{std::in_place};
  const std::string line(1024 * 1024, 'x');
  for (int i = 0; i < 40; ++i) sink->write(line);
  CHECK(sink->dropped_line_count() > 0);

  std::thread reader([&] { pipe.read_all(); });
  sink.reset();
  redirect.reset();
  pipe.close_write_end();
  reader.join();
}

}  // namespace
}  // namespace cohort::telemetry
