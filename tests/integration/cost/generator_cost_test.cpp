// SPDX-License-Identifier: BSL-1.0
// Counts the system calls of one request of the load generator.
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/cost/counted_program.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/support/http/scripted_upstream.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

constexpr int rate = 200;

struct call_counts {
  double waits = 0;
  double others = 0;
};

/// Counts the system calls of an open-loop run that takes `seconds`.
call_counts count_system_calls(const std::string& strace, const scripted_upstream& server, int seconds) {
  const temporary_directory directory;
  const auto summary = directory.path() / "summary";
  child_process generator{strace,
                          {"-f", "-c", "-o", summary.string(), program_path("loadgen"), "--mode", "constant", "--rate",
                           std::to_string(rate), "--duration", std::to_string(seconds), "--connections", "1",
                           "--target", "server=" + server.url() + "/", "--quiet"}};
  generator.wait_for_exit();
  const double waits = count_calls(summary, "epoll_wait");
  return {waits, count_calls(summary, "total") - waits};
}

TEST_CASE("cost: a request of the load generator in an open loop stays within its bounds for system calls",
          "[integration][cost][threads]") {
#ifdef COHORT_SANITIZED
  SKIP("the sanitizer makes additional system calls");
#endif
  const auto strace = find_tool("strace");
  if (!strace) SKIP("strace is not installed");
  scripted_upstream server;
  server.set_default_behavior(canned_response{.headers = {{"Content-Type", "text/plain"}}, .body = "response"});

  const auto short_run = count_system_calls(*strace, server, 1);
  const auto long_run = count_system_calls(*strace, server, 3);
  const double waits = (long_run.waits - short_run.waits) / (2 * rate);
  const double others = (long_run.others - short_run.others) / (2 * rate);

  // One timerfd_settime, one check whether the connection is open, one write and one read.
  CHECK(others > 2);
  CHECK(others <= 4.3);
  // About two waits, for the timer and for the response. On a busy machine, several requests share a wait, or a wait
  // ends before its event is ready: 1.5 to 3.5 were measured.
  CHECK(waits <= 5);
}

}  // namespace
}  // namespace cohort::test
