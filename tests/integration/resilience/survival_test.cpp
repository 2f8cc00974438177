// SPDX-License-Identifier: BSL-1.0
// Tests programs in a failing environment: with a full disk, closed outputs, clock steps and low memory.
#include <sys/resource.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <vector>

#include "tests/integration/process_resources.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/integration/weather/wttr_samples.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/scripted_upstream.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

/// A service whose outputs a shell redirects. The service replaces the shell, so that it receives the signals.
class redirected_service {
 public:
  /// `preparation`: shell commands that run before the service starts.
  redirected_service(const std::string& redirection, const std::string& preparation)
      : process_{"/bin/bash",
                 {"-c", preparation + "exec \"$0\" \"$@\" " + redirection, program_path("time-service"), "--log-format",
                  "json", "--port", std::to_string(port_)}} {
    eventually([this] { return is_listening(); }, 10s);
  }

  std::uint16_t port() const noexcept { return port_; }
  child_process& process() noexcept { return process_; }

 private:
  bool is_listening() const {
    try {
      return get(port_, "/health").status == 200;
    } catch (const std::exception&) {
      return false;
    }
  }

  std::uint16_t port_ = free_port();
  child_process process_;
};

/// Returns whether a process has ended, even if its parent has not waited for it.
bool has_ended(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/stat"};
  std::string fields;
  std::getline(file, fields);
  return fields.empty() || fields.find(") Z ") != std::string::npos;
}

TEST_CASE("outputs: a service serves requests even if its log output fails, and counts dropped lines",
          "[integration][threads][survival]") {
  struct example {
    std::string redirection;
    bool should_drop_lines;
    std::string preparation = "";
  };
  const temporary_directory directory;
  const auto file = directory.write("log", "").string();
  for (const auto& test_case : {
           example{"2>/dev/full", true},                 // the disk is full
           example{">/dev/full 2>&1", true},             //
           example{"2> >(exec true)", true},             // the reader of the pipe has ended
           example{">&- 2>&-", false},                   // closed
           example{"<&- >&- 2>/dev/full", true},         //
           example{"2>" + file, true, "ulimit -f 1; "},  // the file may have 1 KiB
       }) {
    CAPTURE(test_case.redirection);
    redirected_service service{test_case.redirection, test_case.preparation};
    for (int i = 0; i < 100; ++i) REQUIRE(get(service.port(), "/api/time").status == 200);
    const auto has_dropped_lines = [&] { return metric(service.port(), "cohort_log_lines_dropped_total") > 0; };
    CHECK((test_case.should_drop_lines ? eventually(has_dropped_lines, 2s) : has_dropped_lines()) ==
          test_case.should_drop_lines);
    service.process().signal(SIGTERM);
    // Another process of the shell may keep the test's pipe open, so the test waits only for the service to exit.
    CHECK(eventually([&] { return has_ended(service.process().pid()); }, 5s));
  }
}

/// The shift of the wall clock of a program that runs with the library `wall-clock-preload`.
class wall_clock_shift {
 public:
  wall_clock_shift() { set(0s); }
  void set(std::chrono::seconds shift) {
    const std::int64_t seconds = shift.count();
    std::fstream file{path_, std::ios::binary | std::ios::in | std::ios::out};
    file.write(reinterpret_cast<const char*>(&seconds), sizeof seconds);
    shift_ = shift;
  }
  child_process::environment environment() const {
    return {{"LD_PRELOAD", COHORT_WALL_CLOCK_PRELOAD}, {"WALL_CLOCK_OFFSET_FILE", path_.string()}};
  }
  /// Returns the difference between an HTTP date and the shifted clock.
  std::chrono::seconds difference(const std::string& date) const {
    std::tm parsed{};
    REQUIRE(::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parsed) != nullptr);
    const auto expected = std::chrono::system_clock::now() + shift_;
    return std::chrono::seconds{::timegm(&parsed) - std::chrono::system_clock::to_time_t(expected)};
  }

 private:
  temporary_directory directory_;
  std::filesystem::path path_ = directory_.write("offset", std::string(8, '\0'));
  std::chrono::seconds shift_{};
};

TEST_CASE("clock steps: dates follow the wall clock; timeouts, cache ages and calls are not affected",
          "[integration][threads][survival]") {
#ifdef COHORT_SANITIZED
  SKIP("the preloaded library that shifts the clock is incompatible with sanitizers");
#endif
  scripted_upstream provider;
  provider.set_default_behavior(canned_response{.body = wttr_response()});
  wall_clock_shift clock;
  auto variables = clock.environment();
  variables.insert({{"WEATHER_UPSTREAM_URL", provider.url()}, {"WEATHER_FALLBACK_URL", "none"}, {"API_KEY", "s3cret"}});
  running_program stack{"cohort-stack", {}, variables};
  const auto dashboard = stack.port_of("dashboard-service");
  const header_list key{{"X-API-Key", "s3cret"}};
  const auto sign_in = [&] {
    const auto cookie = request(dashboard, "POST", "/session", key).header("set-cookie");
    return header_list{{"Cookie", cookie.substr(0, cookie.find(';'))}};
  };
  REQUIRE(get(dashboard, "/api/aggregate", key).status == 200);
  const auto first_session = sign_in();
  REQUIRE(get(dashboard, "/api/aggregate", first_session).status == 200);
  raw_connection open{dashboard};
  for (const std::chrono::seconds shift : {std::chrono::seconds{13h}, std::chrono::seconds{-365 * 24h},
                                           std::chrono::seconds{10 * 365 * 24h}, std::chrono::seconds{0h}}) {
    CAPTURE(shift.count());
    clock.set(shift);
    open.send("GET /api/aggregate HTTP/1.1\r\nHost: x\r\nX-API-Key: s3cret\r\n\r\n");
    const auto response = open.read_response();
    CHECK(response.status == 200);
    CHECK(std::chrono::abs(clock.difference(response.header("date"))) <= 2s);
    for (const auto* const part : {"time_service", "sysinfo_service", "weather_service"}) {
      CHECK(json_at(response.body, std::string{"/meta/"} + part + "/state") == "\"fresh\"");
    }
    CHECK(std::stod(json_at(response.body, "/meta/time_service/elapsed_ms")) < 3000);
    // The age of the report has not changed.
    CHECK(json_at(response.body, "/weather_service/cached") == "true");
    CHECK(std::stoi(json_at(response.body, "/weather_service/cache_age_seconds")) < 60);
    // A session expires by the wall clock, and a new session can be started.
    if (shift > 12h) CHECK(get(dashboard, "/api/aggregate", first_session).status == 401);
    CHECK(get(dashboard, "/api/aggregate", sign_in()).status == 200);
    CHECK(get(dashboard, "/health").status == 200);
  }
  CHECK(provider.requests().size() == 1);
  CHECK(stack.stop() == 0);
}

#ifndef COHORT_SANITIZED
TEST_CASE("low memory: requests and connections fail, but the service keeps running and recovers",
          "[integration][threads][survival]") {
  running_program service{"time-service"};
  const auto port = service.port();
  const auto pid = service.process().pid();
  REQUIRE(get(port, "/api/time").status == 200);
  // The next allocations that need memory from the system fail.
  const rlim_t limit = (memory_kib(pid, "VmSize") + 1024) * 1024;
  const rlimit lowered_limit{limit, RLIM_INFINITY};
  REQUIRE(::prlimit(pid, RLIMIT_AS, &lowered_limit, nullptr) == 0);
  {
    // Each connection holds memory for its incomplete body.
    std::vector<std::unique_ptr<raw_connection>> open;
    for (int i = 0; i < 400; ++i) {
      try {
        open.push_back(std::make_unique<raw_connection>(port));
        open.back()->send("POST /api/time HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" +
                          std::string(100'000, 'x'));
      } catch (const std::exception&) {
        // The service closed the connection.
      }
    }
    CHECK(memory_kib(pid, "VmSize") > 0);  // the process is alive
  }
  // The limit still applies.
  CHECK(get(port, "/api/time").status == 200);
  CHECK(get(port, "/health").status == 200);
  const rlimit rlimit{RLIM_INFINITY, RLIM_INFINITY};
  REQUIRE(::prlimit(pid, RLIMIT_AS, &rlimit, nullptr) == 0);
  CHECK(service.stop() == 0);
}
#endif

}  // namespace
}  // namespace cohort::test
