// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <fstream>

#include <cohort/json/parser.hpp>
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/loadgen/cli/session_fixture.hpp"

// Tests sessions on a virtual clock: preflight, load, search, verdict and files.
namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("session: a run that meets its objectives writes its files and exits with status 0", "[loadgen][cli]") {
  temporary_directory files;
  session_fixture fixture;
  fixture.serve_delayed([](duration) { return 5ms; });
  const auto path = [&](const char* name) { return (files.path() / name).string(); };
  const auto status =
      fixture.run_session(parse_valid({default_target, "-m", "constant", "-r", "50", "-d", "10", "--slo", "p99<50ms",
                                       "--json", path("r.json"), "--csv", path("r.csv"), "--html", path("r.html")}));
  CHECK(status == 0);
  CHECK_THAT(fixture.report_output, ContainsSubstring("PASS"));
  CHECK_THAT(fixture.report_output, ContainsSubstring("Total Requests: 500"));
  CHECK_THAT(fixture.report_output, ContainsSubstring("Average Rate"));
  CHECK(json::is_object(read_content(path("r.json"))));
  CHECK_THAT(read_content(path("r.csv")), ContainsSubstring("\n9.000,1.000,constant,site,50,"));
  CHECK_THAT(read_content(path("r.html")), ContainsSubstring("</html>"));
  CHECK(std::distance(std::filesystem::directory_iterator{files.path()}, {}) == 3);
  // The request of the preflight is not part of the report.
  CHECK(fixture.request_count == 501);
}

TEST_CASE("session: a missed objective ends loadgen with exit status 99 and is named in the report", "[loadgen][cli]") {
  session_fixture fixture;
  fixture.serve_delayed([](duration at) { return at < 5s ? duration{5ms} : duration{80ms}; });
  CHECK(fixture.run_session(parse_valid({default_target, "-r", "50", "-d", "10", "--slo", "p90<50ms"})) == 99);
  CHECK_THAT(fixture.report_output, ContainsSubstring("FAIL"));
  CHECK_THAT(fixture.report_output, ContainsSubstring("missed  p90<50ms"));
}

TEST_CASE("session: an interrupted run reports the requests so far and exits with status 105", "[loadgen][cli]") {
  session_fixture fixture;
  fixture.serve_delayed([](duration) { return 5ms; });
  CHECK(fixture.run_session(parse_valid({default_target, "-r", "10", "-d", "100"}), 3500ms) == 105);
  CHECK_THAT(fixture.report_output, ContainsSubstring("INTERRUPTED"));
  CHECK_THAT(fixture.report_output, ContainsSubstring("Total Requests: 35"));
}

TEST_CASE("session: a failed preflight ends loadgen with exit status 122 before any load", "[loadgen][cli]") {
  session_fixture fixture;
  fixture.routes.get("/else", [](http::request_context&) { return http::response{}; });
  SECTION("unknown path") {
    fixture.serve();
    CHECK(fixture.run_session(parse_valid({default_target})) == 122);
    CHECK_THAT(fixture.status_output,
               ContainsSubstring("site (http://192.0.2.80/): responded 404 Not Found; check the path"));
  }
  SECTION("no server") {
    CHECK(fixture.run_session(parse_valid({default_target})) == 122);
    CHECK_THAT(fixture.status_output, ContainsSubstring("site (http://192.0.2.80/): the connection was refused"));
  }
  CHECK(fixture.report_output.empty());
}

TEST_CASE("session: without the preflight, an unreachable target results in a report with errors", "[loadgen][cli]") {
  session_fixture fixture;
  CHECK(fixture.run_session(parse_valid({default_target, "--no-preflight", "-d", "2"})) == 0);
  CHECK_THAT(fixture.report_output, ContainsSubstring("connection refused"));
  CHECK_THAT(fixture.report_output, ContainsSubstring("Successful:     0"));
}

TEST_CASE("session: a comparison has exit status 0 if unchanged, 121 if slower, and 104 if the settings differ",
          "[loadgen][cli]") {
  temporary_directory files;
  const auto saved_report = (files.path() / "before.json").string();
  const std::vector<std::string> flags{default_target, "-r", "50", "-d", "20"};
  const auto with_flags = [&](std::vector<std::string> added_flags) {
    added_flags.insert(added_flags.begin(), flags.begin(), flags.end());
    return parse_valid(std::move(added_flags));
  };
  // The delays vary from request to request.
  const auto make_varied_delay = [](duration base) {
    return [base, n = 0](duration) mutable { return base + (n = (n + 7) % 13) * 300us; };
  };
  {
    session_fixture fixture;
    fixture.serve_delayed(make_varied_delay(20ms));
    REQUIRE(fixture.run_session(with_flags({"--json", saved_report})) == 0);
  }
  SECTION("unchanged") {
    session_fixture fixture;
    fixture.serve_delayed(make_varied_delay(20ms));
    CHECK(fixture.run_session(with_flags({"--baseline", saved_report})) == 0);
  }
  SECTION("slower") {
    session_fixture fixture;
    fixture.serve_delayed(make_varied_delay(25ms));
    CHECK(fixture.run_session(with_flags({"--baseline", saved_report})) == 121);
    CHECK_THAT(fixture.report_output, ContainsSubstring("REGRESSION"));
  }
  SECTION("different settings") {
    session_fixture fixture;
    fixture.serve_delayed(make_varied_delay(20ms));
    CHECK(fixture.run_session(with_flags({"--baseline", saved_report, "--connections", "3"})) == 104);
    CHECK_THAT(fixture.status_output, ContainsSubstring("connections"));
    CHECK(fixture.request_count == 0);
  }
  SECTION("not a report") {
    std::ofstream(saved_report) << "hello";
    session_fixture fixture;
    CHECK(fixture.run_session(with_flags({"--baseline", saved_report})) == 104);
  }
}

/// Serves one request at a time, in 10 ms: a capacity of 100 requests/s.
task<http::response> serve_sequentially(time_point& busy_until) {
  const auto now = loop::current().now();
  busy_until = std::max(busy_until, now) + 10ms;
  auto sleep_task = sleep_until(deadline{busy_until});
  co_await std::move(sleep_task);
  co_return http::response{}.body("x", "text/plain");
}

TEST_CASE("session: the knee of a server with a capacity of 100 requests/s is found within 5 %", "[loadgen][cli]") {
  session_fixture fixture;
  time_point busy_until{};
  fixture.routes.get("/", [&](http::request_context&) { return serve_sequentially(busy_until); });
  fixture.serve();
  CHECK(fixture.run_session(
            parse_valid({default_target, "-m", "knee", "-r", "10", "-d", "30", "--slo", "p99<100ms"})) == 0);
  constexpr std::string_view sentence = "The objectives are met up to ";
  const auto position = fixture.report_output.find(sentence);
  REQUIRE(position != std::string::npos);
  const auto capacity = std::stod(fixture.report_output.substr(position + sentence.size()));
  CHECK(capacity >= 95);
  CHECK(capacity <= 100.2);
}

TEST_CASE("session: the server's own request count is compared with the requests sent", "[loadgen][cli]") {
  session_fixture fixture;
  std::uint64_t server_count = 1000;
  fixture.routes.get("/", [&](http::request_context&) {
    ++server_count;
    return http::response{}.body("x", "text/plain");
  });
  fixture.routes.get("/metrics", [&](http::request_context&) {
    return http::response{}.body("site_http_requests_total{endpoint=\"/\",status=\"200\"} " +
                                     std::to_string(server_count) + "\nprocess_resident_memory_bytes 1048576\n",
                                 "text/plain");
  });
  fixture.serve();
  const auto flags =
      parse_valid({default_target, "-r", "10", "-d", "5", "--server-metrics", "http://192.0.2.80/metrics"});
  SECTION("all requests served") {
    CHECK(fixture.run_session(flags) == 0);
    CHECK_THAT(fixture.report_output, ContainsSubstring("50 of 50"));
  }
}

TEST_CASE("session: an interrupted run does not wait for the end of the phase to scrape the servers",
          "[loadgen][cli]") {
  session_fixture fixture;
  fixture.routes.get("/metrics", [](http::request_context&) {
    return http::response{}.body("x_http_requests_total 1\nprocess_cpu_seconds_total 1\n", "text/plain");
  });
  fixture.serve_delayed([](duration) { return 1ms; });
  const auto start = fixture.time.now();
  CHECK(fixture.run_session(
            parse_valid({default_target, "-m", "spike", "-d", "4000", "--server-metrics", "http://192.0.2.80/metrics"}),
            1001s) == 105);
  CHECK(fixture.time.now() - start < 1005s);
  CHECK_THAT(fixture.report_output, ContainsSubstring("spike"));
}

TEST_CASE("session: an output file that cannot be written is an error before the load", "[loadgen][cli]") {
  session_fixture fixture;
  fixture.serve_delayed([](duration) { return 0ms; });
  CHECK(fixture.run_session(parse_valid({default_target, "--json", "/nonexistent/report.json"})) == 104);
  CHECK_THAT(fixture.status_output, ContainsSubstring("--json: \"/nonexistent/report.json\" cannot be written"));
  CHECK(fixture.request_count == 0);
}

}  // namespace
}  // namespace cohort
