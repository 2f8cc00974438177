#include "loadgen/session.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/json/reader.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/loadgen/load_site.hpp"

// The whole program but for its process: preflight, runs, searches, verdicts and files, on a virtual clock.
namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::ContainsSubstring;
using loadgen::command;
using loadgen::session;

constexpr const char* default_target = "--target=site=http://192.0.2.80/";

command wanted(std::vector<std::string> flags) {
  std::vector<const char*> argv{"loadgen"};
  for (const auto& each : flags) argv.push_back(each.c_str());
  auto parsed = loadgen::parse_command(static_cast<int>(argv.size()), argv.data(), {});
  if (!parsed) throw std::runtime_error(parsed.error().text);
  return std::move(*parsed);
}

class session_site : public load_site {
 public:
  std::string watched;
  std::string reported;

  /// The exit status; 104 if it could not be prepared.
  int run_session(const command& what, std::optional<duration> interrupt_after = {}) {
    loadgen::console to;
    to.watch = [this](std::string_view text) { watched += text; };
    to.report = [this](std::string_view text) { reported += text; };
    const loadgen::stage where_to{time.main_loop(), {&time.main_loop()}, network, [] { return duration{}; }};
    session all{what, where_to, to};
    if (const auto wrong = all.prepare()) {
      watched += *wrong;
      return loadgen::exit_bad_arguments;
    }
    std::optional<lone_task<>> interrupting;
    if (interrupt_after) interrupting.emplace(time, interrupt(all, *interrupt_after));
    return time.run(all.run());
  }

 private:
  static task<> interrupt(session& which, duration after) {
    auto sleeping = sleep_for(after);
    co_await std::move(sleeping);
    which.interrupt("Interrupted (SIGINT).");
  }
};

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

TEST_CASE("A run that nothing is wrong with ends with 0, and its files are there") {
  temporary_directory files;
  session_site site;
  site.serve_after([](duration) { return 5ms; });
  const auto path = [&](const char* name) { return (files.path() / name).string(); };
  const auto status =
      site.run_session(wanted({default_target, "-m", "constant", "-r", "50", "-d", "10", "--slo", "p99<50ms", "--json",
                               path("r.json"), "--csv", path("r.csv"), "--html", path("r.html")}));
  CHECK(status == 0);
  CHECK_THAT(site.reported, ContainsSubstring("PASS"));
  CHECK_THAT(site.reported, ContainsSubstring("Total Requests: 500"));
  CHECK_THAT(site.reported, ContainsSubstring("Average Rate"));
  CHECK(json::is_object(content_of(path("r.json"))));
  CHECK_THAT(content_of(path("r.csv")), ContainsSubstring("\n9.000,1.000,constant,site,50,"));
  CHECK_THAT(content_of(path("r.html")), ContainsSubstring("</html>"));
  CHECK(std::distance(std::filesystem::directory_iterator{files.path()}, {}) == 3);
  // The preflight's request is not among them.
  CHECK(site.served == 501);
}

TEST_CASE("An objective that does not hold is 99, and the report says which") {
  session_site site;
  site.serve_after([](duration at) { return at < 5s ? duration{5ms} : duration{80ms}; });
  CHECK(site.run_session(wanted({default_target, "-r", "50", "-d", "10", "--slo", "p90<50ms"})) == 99);
  CHECK_THAT(site.reported, ContainsSubstring("FAIL"));
  CHECK_THAT(site.reported, ContainsSubstring("missed  p90<50ms"));
}

TEST_CASE("An interrupted run is 105 and has a report of what there was") {
  session_site site;
  site.serve_after([](duration) { return 5ms; });
  CHECK(site.run_session(wanted({default_target, "-r", "10", "-d", "100"}), 3500ms) == 105);
  CHECK_THAT(site.reported, ContainsSubstring("INTERRUPTED"));
  CHECK_THAT(site.reported, ContainsSubstring("Total Requests: 35"));
}

TEST_CASE("A target that is not there is 122 and no load") {
  session_site site;
  site.routes.get("/else", [](http::request_context&) { return http::response{}; });
  SECTION("the path") {
    site.serve();
    CHECK(site.run_session(wanted({default_target})) == 122);
    CHECK_THAT(site.watched,
               ContainsSubstring("site (http://192.0.2.80/): answered 404 Not Found; is the path right?"));
  }
  SECTION("the server") {
    CHECK(site.run_session(wanted({default_target})) == 122);
    CHECK_THAT(site.watched, ContainsSubstring("site (http://192.0.2.80/): the connection was refused"));
  }
  CHECK(site.reported.empty());
}

TEST_CASE("Without the preflight a dead target is a report full of errors") {
  session_site site;
  CHECK(site.run_session(wanted({default_target, "--no-preflight", "-d", "2"})) == 0);
  CHECK_THAT(site.reported, ContainsSubstring("connect refused"));
  CHECK_THAT(site.reported, ContainsSubstring("Successful:     0"));
}

TEST_CASE("A run is compared with an earlier one: as good is 0, slower is 121, unlike is refused before any load") {
  temporary_directory files;
  const auto saved = (files.path() / "before.json").string();
  const std::vector<std::string> flags{default_target, "-r", "50", "-d", "20"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), flags.begin(), flags.end());
    return wanted(std::move(more));
  };
  // As real ones do, delays differ from request to request.
  const auto around = [](duration usual) {
    return [usual, n = 0](duration) mutable { return usual + (n = (n + 7) % 13) * 300us; };
  };
  {
    session_site site;
    site.serve_after(around(20ms));
    REQUIRE(site.run_session(with({"--json", saved})) == 0);
  }
  SECTION("as good") {
    session_site site;
    site.serve_after(around(20ms));
    CHECK(site.run_session(with({"--baseline", saved})) == 0);
  }
  SECTION("slower") {
    session_site site;
    site.serve_after(around(25ms));
    CHECK(site.run_session(with({"--baseline", saved})) == 121);
    CHECK_THAT(site.reported, ContainsSubstring("REGRESSION"));
  }
  SECTION("unlike") {
    session_site site;
    site.serve_after(around(20ms));
    CHECK(site.run_session(with({"--baseline", saved, "--connections", "3"})) == 104);
    CHECK_THAT(site.watched, ContainsSubstring("connections"));
    CHECK(site.served == 0);
  }
  SECTION("no report at all") {
    std::ofstream(saved) << "hello";
    session_site site;
    CHECK(site.run_session(with({"--baseline", saved})) == 104);
  }
}

/// One request at a time, 10 ms each: 100 a second, and not one more.
task<http::response> serve_in_turn(time_point& free_from) {
  const auto now = loop::current().now();
  free_from = std::max(free_from, now) + 10ms;
  auto sleeping = sleep_until(deadline{free_from});
  co_await std::move(sleeping);
  co_return http::response{}.body("x", "text/plain");
}

TEST_CASE("The knee of a server that can do 100 a second is found within five percent") {
  session_site site;
  time_point free_from{};
  site.routes.get("/", [&](http::request_context&) { return serve_in_turn(free_from); });
  site.serve();
  CHECK(site.run_session(wanted({default_target, "-m", "knee", "-r", "10", "-d", "30", "--slo", "p99<100ms"})) == 0);
  const auto at = site.reported.find("The objectives hold up to ");
  REQUIRE(at != std::string::npos);
  const auto found = std::stod(site.reported.substr(at + 26));
  CHECK(found >= 95);
  CHECK(found <= 100.2);
}

TEST_CASE("What the server counted is compared with what was sent") {
  session_site site;
  std::uint64_t counted = 1000;
  site.routes.get("/", [&](http::request_context&) {
    ++counted;
    return http::response{}.body("x", "text/plain");
  });
  site.routes.get("/metrics", [&](http::request_context&) {
    return http::response{}.body("site_http_requests_total{endpoint=\"/\",status=\"200\"} " + std::to_string(counted) +
                                     "\nprocess_resident_memory_bytes 1048576\n",
                                 "text/plain");
  });
  site.serve();
  const auto flags = wanted({default_target, "-r", "10", "-d", "5", "--server-metrics", "http://192.0.2.80/metrics"});
  SECTION("all of it") {
    CHECK(site.run_session(flags) == 0);
    CHECK_THAT(site.reported, ContainsSubstring("50 of 50"));
  }
}

TEST_CASE("An interrupted run does not wait for the end of the phase to ask the servers") {
  session_site site;
  site.routes.get("/metrics", [](http::request_context&) {
    return http::response{}.body("x_http_requests_total 1\nprocess_cpu_seconds_total 1\n", "text/plain");
  });
  site.serve_after([](duration) { return 1ms; });
  const auto before = site.time.now();
  CHECK(site.run_session(
            wanted({default_target, "-m", "spike", "-d", "4000", "--server-metrics", "http://192.0.2.80/metrics"}),
            1001s) == 105);
  CHECK(site.time.now() - before < 1005s);
  CHECK_THAT(site.reported, ContainsSubstring("spike"));
}

TEST_CASE("A file that cannot be written is told of before any load") {
  session_site site;
  site.serve_after([](duration) { return 0ms; });
  CHECK(site.run_session(wanted({default_target, "--json", "/nonexistent/report.json"})) == 104);
  CHECK_THAT(site.watched, ContainsSubstring("--json: \"/nonexistent/report.json\" cannot be written"));
  CHECK(site.served == 0);
}

}  // namespace
}  // namespace cohort
