// SPDX-License-Identifier: BSL-1.0
// The system calls of a request of the load generator.
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/cost/counted_program.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/support/http/scripted_upstream.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

constexpr int rate = 200;

/// Returns the number of system calls of a run of `seconds` with an open loop.
double count_system_calls(const std::string& strace, const scripted_upstream& server, int seconds) {
  const temporary_directory directory;
  const auto summary = directory.path() / "summary";
  child_process generator{strace,
                          {"-f", "-c", "-o", summary.string(), program_path("loadgen"), "--mode", "constant", "--rate",
                           std::to_string(rate), "--duration", std::to_string(seconds), "--connections", "1",
                           "--target", "server=" + server.url() + "/", "--quiet"}};
  generator.wait_for_exit();
  return total_calls(summary);
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

  const double per_request =
      (count_system_calls(*strace, server, 3) - count_system_calls(*strace, server, 1)) / (2 * rate);

  // One timerfd_settime, one write and one read; three waits, of which one is for the timer and one for the response.
  // On a busy machine the generator wakes up with a delay, so that several requests share a wait.
  INFO("system calls per request: " << per_request);
  CHECK(per_request <= 6.6);
  CHECK(per_request > 2);
}

}  // namespace
}  // namespace cohort::test
