#include "core/service/fault_injector.hpp"

#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sstream>

#include "core/sim/fleet.hpp"
#include "tests/unit/core/telemetry/captured_log.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;

/// The coarsest that a timer is late.
constexpr double tick = 0.00002;

/// Does at once, or after a second, or receives alerts.
service::definition worker() {
  struct routes {
    static task<http::response> slowly() {
      auto pause = sleep_for(1s);
      co_await std::move(pause);
      co_return http::response{}.body("slow", "text/plain");
    }
  };
  service::definition made;
  made.name = "worker";
  made.metric_prefix = "worker";
  made.port = 80;
  made.app = [](service::kit&, service::key_guard&) {
    const auto quick = [](http::request_context&) { return http::response{}.body("quick", "text/plain"); };
    http::router table;
    table.get("/quick", quick);
    table.post("/quick", quick);
    table.get("/slow", [](http::request_context&) { return routes::slowly(); });
    auto& hasty = table.get("/hasty", quick);
    hasty.limit = 2s;
    hasty.adapts_to_deadline = true;
    table.get("/api/alerts", quick);
    table.get("/warm", quick).is_probe = true;
    return table;
  };
  return made;
}

/// A worker that takes faults, and a client.
class faulty_fleet {
 public:
  explicit faulty_fleet(std::uint64_t seed = 1, config::environment variables = {},
                        std::vector<std::string> flags = {"--enable-faults"})
      : all(seed), service(all.add_service(worker, "worker", std::move(variables), std::move(flags))) {}

  http::client::outcome send(http::method verb, const std::string& path, std::string body = {}, duration at_most = 100s,
                             std::string told_ms = {}) {
    http::client_request request;
    request.verb = verb;
    if (!told_ms.empty()) request.fields.emplace_back("x-envoy-expected-rq-timeout-ms", std::move(told_ms));
    request.url = *boost::urls::parse_uri("http://worker" + path);
    request.body = std::move(body);
    return all.run(all.client().call(std::move(request), deadline::after(all.time().now(), at_most)));
  }
  http::client::outcome get(const std::string& path, duration at_most = 100s) {
    return send(http::method::get, path, {}, at_most);
  }
  /// Whether it was taken.
  bool put(std::string faults) { return send(http::method::put, "/api/faults", std::move(faults))->code_number == 200; }
  /// Of a request that tells how long its caller waits.
  unsigned status_within(std::string milliseconds, const std::string& path) {
    return send(http::method::get, path, {}, 100s, std::move(milliseconds))->code_number;
  }
  unsigned status_of(const std::string& path) {
    const auto got = get(path);
    return got ? got->code_number : 0;
  }

  /// Nothing if there is no such series.
  std::optional<double> series(const std::string& name) const {
    std::istringstream lines{service.metrics().text()};
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(name + " ")) return std::stod(line.substr(name.size() + 1));
    }
    return std::nullopt;
  }
  double injected(const std::string& kind) const {
    return series("cohort_faults_injected_total{kind=\"" + kind + "\"}").value();
  }
  double active(const std::string& kind) const { return series("cohort_faults_active{kind=\"" + kind + "\"}").value(); }
  double seconds_on(const std::string& endpoint) const {
    return series(R"(worker_http_request_duration_seconds_sum{endpoint=")" + endpoint + R"(",method="GET"})").value();
  }

  sim::fleet all;
  sim::member& service;
};

TEST_CASE("Without the flag a service takes no faults, and has no metrics of them") {
  faulty_fleet f{1, {}, {}};
  CHECK(f.status_of("/api/faults") == 404);
  CHECK_FALSE(f.put(R"({"latency_ms":100})"));
  CHECK_FALSE(f.series("cohort_faults_active{kind=\"latency\"}").has_value());
  CHECK_FALSE(f.series("cohort_server_shed_total{endpoint=\"/quick\"}").has_value());
}

TEST_CASE("Faults are off at first, and their metrics exist at zero") {
  faulty_fleet f;
  const auto shown = f.get("/api/faults");
  CHECK(shown->code_number == 200);
  CHECK(shown->body == R"({"active":false,"latency_ms":0,"error_percent":0,"hang_percent":0,"memory_mb":0,)"
                       R"("cpu_percent":0,"remaining_seconds":0})");
  for (const auto* kind : {"latency", "error", "hang", "memory", "cpu"}) CHECK(f.active(kind) == 0);
  for (const auto* kind : {"latency", "error", "hang"}) CHECK(f.injected(kind) == 0);
  CHECK(f.get("/quick")->body == "quick");
  CHECK(f.send(http::method::post, "/quick", "x")->body == "quick");
  CHECK(f.get("/slow")->body == "slow");
}

TEST_CASE("What is put is told until it is deleted, with the time that is left") {
  faulty_fleet f;
  const auto put = f.send(http::method::put, "/api/faults",
                          R"({"latency_ms":1,"error_percent":2,"hang_percent":3,"memory_mb":1,"cpu_percent":5,)"
                          R"("seconds":60})");
  const std::string told = R"({"active":true,"latency_ms":1,"error_percent":2,"hang_percent":3,"memory_mb":1,)"
                           R"("cpu_percent":5,"remaining_seconds":)";
  CHECK(put->code_number == 200);
  CHECK(put->body == told + "60}");
  for (const auto* kind : {"latency", "error", "hang", "memory", "cpu"}) CHECK(f.active(kind) == 1);
  f.all.run_for(50s);
  CHECK(f.get("/api/faults")->body == told + "10}");
  const auto deleted = f.send(http::method::delete_, "/api/faults");
  CHECK(deleted->code_number == 200);
  CHECK_THAT(deleted->body, ContainsSubstring(R"("active":false)"));
  CHECK(f.get("/api/faults")->body == deleted->body);
  for (const auto* kind : {"latency", "error", "hang", "memory", "cpu"}) CHECK(f.active(kind) == 0);
}

TEST_CASE("What is put replaces all that was put before") {
  faulty_fleet f;
  REQUIRE(f.put(R"({"latency_ms":500,"error_percent":100})"));
  REQUIRE(f.put(R"({"error_percent":100})"));
  CHECK(f.active("latency") == 0);
  CHECK(f.active("error") == 1);
  CHECK(f.status_of("/quick") == 500);
  CHECK(f.injected("latency") == 0);
}

TEST_CASE("What cannot be put changes nothing, and the answer says why") {
  faulty_fleet f;
  REQUIRE(f.put(R"({"error_percent":100,"seconds":60})"));
  const auto before = f.get("/api/faults")->body;
  const auto refused = f.send(http::method::put, "/api/faults", R"({"latency_ms":5,"error_percent":-1})");
  CHECK(refused->code_number == 400);
  CHECK(refused->body == R"({"error":"Bad Request","message":"error_percent is -1, but must be a whole number from 0 )"
                         R"(to 100"})");
  CHECK(f.get("/api/faults")->body == before);
  CHECK(f.active("latency") == 0);
  CHECK(f.status_of("/quick") == 500);
}

TEST_CASE("Injected latency comes before the handler, to the tick, and is in the service's histogram") {
  faulty_fleet f;
  REQUIRE(f.put(R"({"latency_ms":300})"));
  CHECK(f.get("/quick")->body == "quick");
  CHECK_THAT(f.seconds_on("/quick"), WithinAbs(0.3, tick));
  CHECK(f.get("/slow")->body == "slow");
  CHECK_THAT(f.seconds_on("/slow"), WithinAbs(1.3, 2 * tick));
  CHECK(f.injected("latency") == 2);
  CHECK(f.injected("error") + f.injected("hang") == 0);
}

TEST_CASE("Faults meet every route but probes, their own and the one for alerts") {
  faulty_fleet f;
  REQUIRE(f.put(R"({"latency_ms":100,"error_percent":100})"));
  for (const auto* path : {"/health", "/livez", "/readyz", "/metrics", "/warm", "/api/faults", "/api/alerts"}) {
    CAPTURE(path);
    CHECK(f.status_of(path) == 200);
  }
  CHECK(f.injected("latency") == 0);
  CHECK(f.seconds_on("/api/alerts") < 0.001);
  for (const auto* path : {"/quick", "/slow", "/hasty"}) CHECK(f.status_of(path) == 500);
  CHECK(f.send(http::method::post, "/quick", "x")->code_number == 500);
  CHECK(f.status_of("/none") == 404);
  CHECK(f.injected("error") == 4);
}

TEST_CASE("An injected error is JSON, and counted as any") {
  faulty_fleet f;
  REQUIRE(f.put(R"({"error_percent":100})"));
  CHECK(f.get("/quick")->body == R"({"error":"Internal Server Error","message":"This fault was injected"})");
  CHECK(f.series(R"(worker_http_requests_total{endpoint="/quick",method="GET",status="500"})") == 1.0);
}

double errors_of_a_thousand(std::uint64_t seed) {
  faulty_fleet f{seed};
  REQUIRE(f.put(R"({"error_percent":20})"));
  for (int i = 0; i < 1000; ++i) f.get("/quick");
  CHECK(f.series(R"(worker_http_requests_total{endpoint="/quick",method="GET",status="500"})") == f.injected("error"));
  return f.injected("error");
}

TEST_CASE("The share of errors is what was asked for, and decided by the seed") {
  const auto errors = errors_of_a_thousand(1);
  CHECK_THAT(errors, WithinAbs(200, 40));
  CHECK(errors_of_a_thousand(1) == errors);
}

TEST_CASE("A hanging request ends with its caller's deadline, its route's, the server's or a hang-up") {
  faulty_fleet f;
  REQUIRE(f.put(R"({"hang_percent":100})"));
  CHECK(f.status_within("1500", "/quick") == 504);
  CHECK_THAT(f.seconds_on("/quick"), WithinAbs(1.5, tick));
  CHECK(f.status_of("/hasty") == 504);
  CHECK_THAT(f.seconds_on("/hasty"), WithinAbs(2, tick));
  CHECK(f.status_of("/slow") == 504);
  CHECK_THAT(f.seconds_on("/slow"), WithinAbs(30, tick));
  CHECK(f.series("cohort_server_deadline_exceeded_total") == 3.0);

  CHECK_FALSE(f.get("/quick", 3s).has_value());
  f.all.run_for(10ms);
  CHECK(f.series("cohort_server_requests_abandoned_total") == 1.0);
  CHECK_THAT(f.seconds_on("/quick"), WithinAbs(4.5, 0.01));
  CHECK(f.injected("hang") == 4);
  CHECK(f.injected("error") == 0);
}

TEST_CASE("Injected latency ends with the caller's deadline") {
  faulty_fleet f;
  REQUIRE(f.put(R"({"latency_ms":60000})"));
  CHECK(f.status_of("/hasty") == 504);
  CHECK_THAT(f.seconds_on("/hasty"), WithinAbs(2, tick));
  CHECK(f.series("cohort_server_deadline_exceeded_total") == 1.0);
}

task<> ask(faulty_fleet* f, unsigned* status) {
  http::client_request request;
  request.url = *boost::urls::parse_uri("http://worker/quick");
  auto call = f->all.client().call(std::move(request), deadline::after(f->all.time().now(), 100s));
  const auto got = co_await std::move(call);
  *status = got ? got->code_number : 0;
}

TEST_CASE("Whoever is kept waiting is let go on when the faults are taken back, or end by themselves") {
  for (const std::string body : {R"({"hang_percent":100,"seconds":5})", R"({"latency_ms":20000,"seconds":5})",
                                 R"({"latency_ms":20000,"error_percent":100,"seconds":5})"}) {
    CAPTURE(body);
    for (const bool deleted : {false, true}) {
      CAPTURE(deleted);
      faulty_fleet f;
      REQUIRE(f.put(body));
      unsigned status = 0;
      f.all.spawn(ask(&f, &status));
      f.all.run_for(3s);
      CHECK(status == 0);
      if (deleted) {
        f.send(http::method::delete_, "/api/faults");
      } else {
        f.all.run_for(1900ms);
        CHECK(status == 0);
        f.all.run_for(100ms);
      }
      f.all.run_for(10ms);
      CHECK(status == 200);
      CHECK_THAT(f.seconds_on("/quick"), WithinAbs(deleted ? 3 : 5, 0.01));
    }
  }
}

TEST_CASE("Faults end by themselves, after ten minutes if nothing else was said") {
  faulty_fleet f;
  REQUIRE(f.put(R"({"error_percent":100,"memory_mb":1})"));
  f.all.run_for(599s);
  CHECK(f.status_of("/quick") == 500);
  f.all.run_for(1s);
  CHECK(f.status_of("/quick") == 200);
  CHECK(f.active("error") + f.active("memory") == 0);
  CHECK_THAT(f.get("/api/faults")->body, ContainsSubstring(R"("active":false)"));
}

TEST_CASE("Faults that are put again last as long as was said last") {
  faulty_fleet f;
  REQUIRE(f.put(R"({"error_percent":100,"seconds":10})"));
  f.all.run_for(8s);
  REQUIRE(f.put(R"({"error_percent":100,"seconds":10})"));
  f.all.run_for(8s);
  CHECK(f.status_of("/quick") == 500);
  REQUIRE(f.put(R"({"error_percent":100,"seconds":1})"));
  f.all.run_for(1s);
  CHECK(f.status_of("/quick") == 200);
}

TEST_CASE("No injected wait holds a drain, and nothing of it is left") {
  for (const std::string body :
       {R"({"hang_percent":100})", R"({"latency_ms":60000,"memory_mb":64,"cpu_percent":50})"}) {
    CAPTURE(body);
    faulty_fleet f;
    REQUIRE(f.put(body));
    unsigned status = 0;
    f.all.spawn(ask(&f, &status));
    f.all.run_for(1s);
    const auto before = f.all.elapsed();
    f.all.run(f.all.stop(f.service, 20s));
    CHECK(f.all.elapsed() - before < 1s);
    CHECK(status == 200);
    f.all.shutdown();
    CHECK(f.all.leftovers().empty());
  }
}

TEST_CASE("A service that is killed while it injects faults leaves nothing behind") {
  faulty_fleet f;
  REQUIRE(f.put(R"({"hang_percent":100,"memory_mb":64,"cpu_percent":50})"));
  unsigned status = 0;
  f.all.spawn(ask(&f, &status));
  f.all.run_for(1s);
  f.all.kill(f.service);
  f.all.run_for(1s);
  f.all.shutdown();
  CHECK(f.all.leftovers().empty());
}

TEST_CASE("The key is asked for before faults are taken or told") {
  faulty_fleet f{1, {{"API_KEY", "key"}}};
  CHECK(f.status_of("/api/faults") == 401);
  CHECK_FALSE(f.put(R"({"error_percent":100})"));
  CHECK(f.active("error") == 0);
}

TEST_CASE("What is hopeless after injected latency is refused, but not on a route that adapts to its deadline") {
  faulty_fleet f{1, {{"DEADLINE_ADMISSION", "refuse"}}};
  REQUIRE(f.put(R"({"latency_ms":100})"));
  for (int i = 0; i < 25; ++i) {
    CHECK(f.status_of("/quick") == 200);
    CHECK(f.status_of("/hasty") == 200);
  }
  CHECK(f.status_within("50", "/quick") == 504);
  CHECK(f.status_within("50", "/hasty") == 504);
  CHECK(f.series(R"(cohort_server_hopeless_requests_total{endpoint="/quick",action="refused"})") == 1.0);
  CHECK(f.series(R"(cohort_server_hopeless_requests_total{endpoint="/hasty",action="refused"})") == 0.0);
}

TEST_CASE("Each change is in the log, and so is the end") {
  test::captured_log captured;
  virtual_time time;
  telemetry::registry metrics{1};
  const telemetry::logger log{captured.sink(), "test", telemetry::log_level::info, telemetry::log_format::text,
                              time.main_loop().time_source()};
  service::fault_injector injector{{&time.main_loop()}, metrics, log};
  injector.set({.latency_ms = 7, .seconds = 3});
  time.run_for(4s);
  injector.set({.error_percent = 8});
  injector.set({});
  injector.set({});
  injector.end();
  injector.set({.hang_percent = 9});
  time.run_until_idle();
  const auto lines = captured.close();
  REQUIRE(lines.size() == 4);
  CHECK_THAT(lines[0], ContainsSubstring("injected from now on latency_ms=7") && ContainsSubstring("seconds=3"));
  CHECK_THAT(lines[1], ContainsSubstring("time is over latency_ms=0"));
  CHECK_THAT(lines[2], ContainsSubstring("injected from now on") && ContainsSubstring("error_percent=8"));
  CHECK_THAT(lines[3], ContainsSubstring("no more faults are injected latency_ms=0"));
}

TEST_CASE("Faults that are prolonged while their timer comes due go on") {
  virtual_time time;
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  const telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::text};
  service::fault_injector injector{{&time.main_loop()}, metrics, log};
  injector.set({.error_percent = 1, .seconds = 1});
  time.run_for(900ms);
  injector.set({.error_percent = 1, .seconds = 600});
  // Before the loop has heard of it.
  time.main_loop().timers().advance(time.now() + 1s);
  CHECK(metrics.make_gauge("cohort_faults_active", "", {{"kind", "error"}}).value() == 1);
  injector.end();
  time.run_until_idle();
  CHECK(metrics.make_gauge("cohort_faults_active", "", {{"kind", "error"}}).value() == 0);
}

/// Each look takes it a millisecond further.
class clock_of_looks final : public clock {
 public:
  time_point now() const noexcept override { return looked_ += 1ms; }
  wall_time wall_now() const noexcept override { return {}; }
  bool runs_by_itself() const noexcept override { return true; }
  time_point last_look() const noexcept { return looked_; }

 private:
  // So far ahead of the machine's that the loop does not wake by that.
  mutable time_point looked_{std::chrono::years{100}};
};

TEST_CASE("The loop is busy for the share that was asked for, in slices of uneven lengths") {
  for (const std::int64_t percent : {10, 50, 95}) {
    CAPTURE(percent);
    clock_of_looks time;
    loop home{time, 0, 1};
    telemetry::registry metrics{1};
    telemetry::log_sink sink;
    const telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::text};
    service::fault_injector injector{{&home}, metrics, log};
    injector.set({.cpu_percent = percent, .seconds = 3600});
    home.poll();
    duration busy{};
    duration longest{};
    const auto began = time.last_look();
    while (time.last_look() - began < 60s) {
      const auto now = time.now();
      home.timers().advance(now);
      if (const auto slice = time.last_look() - now; slice > 1ms) {
        busy += slice;
        longest = std::max(longest, slice);
      }
    }
    CHECK_THAT(static_cast<double>(busy.count()) / 60e9 * 100, WithinAbs(static_cast<double>(percent), 4));
    // The mean slice would be the longest, were they alike.
    CHECK(longest > 1.1 * 100ms * static_cast<double>(percent) / 100.0);
    CHECK(longest < 125ms * percent / 100 + 3ms);
    injector.end();
    home.poll();
    CHECK(home.timers().armed_count() == 0);
  }
}

}  // namespace
}  // namespace cohort
