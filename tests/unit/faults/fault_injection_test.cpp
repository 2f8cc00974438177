// SPDX-License-Identifier: BSL-1.0
// Tests fault injection in a service. The test adds it to the service in the same way as the service's program.
#include <cohort/faults/fault_injection.hpp>

#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/http/server/content/body_reader.hpp>
#include <cohort/sim/fleet.hpp>
#include "tests/support/series.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;

/// Resolution of the timer wheel, in seconds.
constexpr double tick_seconds = 0.00002;

/// Returns a service with quick and slow routes and fault injection.
service::definition worker() {
  struct handlers {
    static task<http::response> respond_slowly() {
      auto pause = sleep_for(1s);
      co_await std::move(pause);
      co_return http::response{}.body("slow", "text/plain");
    }
    static task<http::response> count_bytes(http::request_context& context, http::body_reader& body) {
      std::size_t size = 0;
      for (;;) {
        const auto part = co_await body.read(context);
        if (!part) co_return http::body_error_response(part.error());
        if (part->empty()) break;
        size += part->size();
      }
      co_return http::response{}.body(std::to_string(size), "text/plain");
    }
  };
  service::definition definition;
  definition.name = "worker";
  definition.metric_prefix = "worker";
  definition.port = 80;
  definition.app = [](service::service_context&, service::api_key_authenticator&) {
    const auto fast_handler = [](http::request_context&) { return http::response{}.body("quick", "text/plain"); };
    http::router routes;
    routes.get("/quick", fast_handler);
    routes.post("/quick", fast_handler);
    routes.put("/upload", &handlers::count_bytes);
    routes.get("/slow", [](http::request_context&) { return handlers::respond_slowly(); });
    routes.get("/adaptive", fast_handler).timeout(2s).adapts_to_deadline();
    routes.get("/exempt", fast_handler).exempt_from_faults();
    routes.get("/probe", fast_handler).probe();
    return routes;
  };
  faults::add_fault_injection(definition);
  return definition;
}

/// A worker in a simulated network, and a client.
class worker_fixture {
 public:
  explicit worker_fixture(std::uint64_t seed = 1, config::environment variables = {},
                          std::vector<std::string> flags = {"--enable-faults"})
      : fleet(seed), service(fleet.add_service(worker, "worker", std::move(variables), std::move(flags))) {}

  http::client_result send(http::method verb, const std::string& path, std::string body = {}, duration timeout = 100s,
                           std::string remaining_ms = {}) {
    http::client_request request;
    request.method = verb;
    if (!remaining_ms.empty()) request.fields.emplace_back("x-envoy-expected-rq-timeout-ms", std::move(remaining_ms));
    request.url = *boost::urls::parse_uri("http://worker" + path);
    request.body = std::move(body);
    return fleet.run(http::fetch(fleet.client(), std::move(request), deadline::after(fleet.time().now(), timeout)));
  }
  http::client_result get(const std::string& path, duration timeout = 100s) {
    return send(http::method::get, path, {}, timeout);
  }
  /// Returns whether the settings were accepted.
  bool put(std::string settings) {
    return send(http::method::put, "/api/faults", std::move(settings))->status_code() == 200;
  }
  /// Returns the status of a request with a deadline header.
  unsigned status_with_deadline(std::string milliseconds, const std::string& path) {
    return send(http::method::get, path, {}, 100s, std::move(milliseconds))->status_code();
  }
  unsigned status_of(const std::string& path) {
    const auto response = get(path);
    return response ? response->status_code() : 0;
  }

  /// Returns the value of a time series; the result is empty if it does not exist.
  std::optional<double> metric_value(const std::string& name) const {
    return test::find_series(service.metrics().prometheus_text(), name);
  }
  double injected_count(const std::string& kind) const {
    return metric_value("cohort_faults_injected_total{kind=\"" + kind + "\"}").value();
  }
  double active(const std::string& kind) const {
    return metric_value("cohort_faults_active{kind=\"" + kind + "\"}").value();
  }
  double total_seconds(const std::string& endpoint) const {
    return metric_value(R"(worker_http_request_duration_seconds_sum{endpoint=")" + endpoint + R"(",method="GET"})")
        .value();
  }

  sim::fleet fleet;
  sim::node& service;
};

TEST_CASE("fault injection: without --enable-faults there is no route and there are no metrics", "[faults][sim]") {
  worker_fixture fixture{1, {}, {}};
  CHECK(fixture.status_of("/api/faults") == 404);
  CHECK_FALSE(fixture.put(R"({"latency_ms":100})"));
  CHECK_FALSE(fixture.metric_value("cohort_faults_active{kind=\"latency\"}").has_value());
  CHECK_FALSE(fixture.metric_value("cohort_server_shed_total{endpoint=\"/quick\"}").has_value());
}

TEST_CASE("fault injection: initially no fault is active, and all metrics are 0", "[faults][sim]") {
  worker_fixture fixture;
  const auto initial = fixture.get("/api/faults");
  CHECK(initial->status_code() == 200);
  CHECK(initial->body == R"({"active":false,"latency_ms":0,"error_percent":0,"hang_percent":0,"memory_mb":0,)"
                         R"("cpu_percent":0,"remaining_seconds":0})");
  for (const auto* kind : {"latency", "error", "hang", "memory", "cpu"}) CHECK(fixture.active(kind) == 0);
  for (const auto* kind : {"latency", "error", "hang"}) CHECK(fixture.injected_count(kind) == 0);
  CHECK(fixture.get("/quick")->body == "quick");
  CHECK(fixture.send(http::method::post, "/quick", "x")->body == "quick");
  CHECK(fixture.get("/slow")->body == "slow");
}

TEST_CASE("fault injection: GET returns the settings and the remaining time until DELETE", "[faults][sim]") {
  worker_fixture fixture;
  const auto put = fixture.send(http::method::put, "/api/faults",
                                R"({"latency_ms":1,"error_percent":2,"hang_percent":3,"memory_mb":1,"cpu_percent":5,)"
                                R"("seconds":60})");
  const std::string prefix = R"({"active":true,"latency_ms":1,"error_percent":2,"hang_percent":3,"memory_mb":1,)"
                             R"("cpu_percent":5,"remaining_seconds":)";
  CHECK(put->status_code() == 200);
  CHECK(put->body == prefix + "60}");
  for (const auto* kind : {"latency", "error", "hang", "memory", "cpu"}) CHECK(fixture.active(kind) == 1);
  fixture.fleet.run_for(50s);
  CHECK(fixture.get("/api/faults")->body == prefix + "10}");
  const auto delete_response = fixture.send(http::method::delete_, "/api/faults");
  CHECK(delete_response->status_code() == 200);
  CHECK_THAT(delete_response->body, ContainsSubstring(R"("active":false)"));
  CHECK(fixture.get("/api/faults")->body == delete_response->body);
  for (const auto* kind : {"latency", "error", "hang", "memory", "cpu"}) CHECK(fixture.active(kind) == 0);
}

TEST_CASE("fault injection: PUT replaces all settings", "[faults][sim]") {
  worker_fixture fixture;
  REQUIRE(fixture.put(R"({"latency_ms":500,"error_percent":100})"));
  REQUIRE(fixture.put(R"({"error_percent":100})"));
  CHECK(fixture.active("latency") == 0);
  CHECK(fixture.active("error") == 1);
  CHECK(fixture.status_of("/quick") == 500);
  CHECK(fixture.injected_count("latency") == 0);
}

TEST_CASE("fault injection: PUT rejects invalid settings with a reason and has no effect", "[faults][sim]") {
  worker_fixture fixture;
  REQUIRE(fixture.put(R"({"error_percent":100,"seconds":60})"));
  const auto body_before = fixture.get("/api/faults")->body;
  const auto rejected_response =
      fixture.send(http::method::put, "/api/faults", R"({"latency_ms":5,"error_percent":-1})");
  CHECK(rejected_response->status_code() == 400);
  CHECK(rejected_response->body ==
        R"({"error":"Bad Request","message":"error_percent must be an integer from 0 to 100",)"
        R"("fields":[{"field":"error_percent","in":"body","reason":"must be an integer from 0 )"
        R"(to 100"}]})");
  CHECK(fixture.get("/api/faults")->body == body_before);
  CHECK(fixture.active("latency") == 0);
  CHECK(fixture.status_of("/quick") == 500);
}

TEST_CASE("fault injection: latency is added before the handler and is part of the request duration", "[faults][sim]") {
  worker_fixture fixture;
  REQUIRE(fixture.put(R"({"latency_ms":300})"));
  CHECK(fixture.get("/quick")->body == "quick");
  CHECK_THAT(fixture.total_seconds("/quick"), WithinAbs(0.3, tick_seconds));
  CHECK(fixture.get("/slow")->body == "slow");
  CHECK_THAT(fixture.total_seconds("/slow"), WithinAbs(1.3, 2 * tick_seconds));
  CHECK(fixture.injected_count("latency") == 2);
  CHECK(fixture.injected_count("error") + fixture.injected_count("hang") == 0);
}

TEST_CASE("fault injection: probes, exempt routes and /api/faults are not affected", "[faults][sim]") {
  worker_fixture fixture;
  REQUIRE(fixture.put(R"({"latency_ms":100,"error_percent":100})"));
  for (const auto* path : {"/health", "/livez", "/readyz", "/metrics", "/probe", "/api/faults", "/exempt"}) {
    CAPTURE(path);
    CHECK(fixture.status_of(path) == 200);
  }
  CHECK(fixture.injected_count("latency") == 0);
  CHECK(fixture.total_seconds("/exempt") < 0.001);
  for (const auto* path : {"/quick", "/slow", "/adaptive"}) CHECK(fixture.status_of(path) == 500);
  CHECK(fixture.send(http::method::post, "/quick", "x")->status_code() == 500);
  CHECK(fixture.status_of("/none") == 404);
  CHECK(fixture.injected_count("error") == 4);
}

TEST_CASE("fault injection: an injected error is a 500 response with a JSON body, counted like any response",
          "[faults][sim]") {
  worker_fixture fixture;
  REQUIRE(fixture.put(R"({"error_percent":100})"));
  CHECK(fixture.get("/quick")->body == R"({"error":"Internal Server Error","message":"Injected fault"})");
  CHECK(fixture.metric_value(R"(worker_http_requests_total{endpoint="/quick",method="GET",status="500"})") == 1.0);
}

double count_errors(std::uint64_t seed) {
  worker_fixture fixture{seed};
  REQUIRE(fixture.put(R"({"error_percent":20})"));
  for (int i = 0; i < 1000; ++i) fixture.get("/quick");
  CHECK(fixture.metric_value(R"(worker_http_requests_total{endpoint="/quick",method="GET",status="500"})") ==
        fixture.injected_count("error"));
  return fixture.injected_count("error");
}

TEST_CASE("fault injection: a streamed upload is delayed, fails or hangs like any request", "[faults][sim]") {
  worker_fixture fixture;
  const std::string body(200'000, 'x');
  CHECK(fixture.send(http::method::put, "/upload", body)->body == "200000");

  REQUIRE(fixture.put(R"({"latency_ms":3000})"));
  const auto start = fixture.fleet.time().now();
  CHECK(fixture.send(http::method::put, "/upload", body)->body == "200000");
  CHECK(fixture.fleet.time().now() - start >= 3s);
  CHECK(fixture.injected_count("latency") == 1);

  REQUIRE(fixture.put(R"({"error_percent":100})"));
  CHECK(fixture.send(http::method::put, "/upload", "short")->status_code() == 500);
  CHECK(fixture.injected_count("error") == 1);

  REQUIRE(fixture.put(R"({"hang_percent":100})"));
  CHECK_FALSE(fixture.send(http::method::put, "/upload", body, 5s).has_value());
  CHECK(fixture.injected_count("hang") == 1);
  fixture.fleet.run_for(60s);
  CHECK(fixture.metric_value("cohort_server_requests_in_flight") == 0);
}

TEST_CASE("fault injection: the error rate has the configured value and is deterministic for a seed", "[faults][sim]") {
  const auto errors = count_errors(1);
  CHECK_THAT(errors, WithinAbs(200, 40));
  CHECK(count_errors(1) == errors);
}

TEST_CASE("fault injection: a hanging request times out at its deadline, or ends when the client disconnects",
          "[faults][sim]") {
  worker_fixture fixture;
  REQUIRE(fixture.put(R"({"hang_percent":100})"));
  CHECK(fixture.status_with_deadline("1500", "/quick") == 504);
  CHECK_THAT(fixture.total_seconds("/quick"), WithinAbs(1.5, tick_seconds));
  CHECK(fixture.status_of("/adaptive") == 504);
  CHECK_THAT(fixture.total_seconds("/adaptive"), WithinAbs(2, tick_seconds));
  CHECK(fixture.status_of("/slow") == 504);
  CHECK_THAT(fixture.total_seconds("/slow"), WithinAbs(30, tick_seconds));
  CHECK(fixture.metric_value("cohort_server_deadline_exceeded_total") == 3.0);

  CHECK_FALSE(fixture.get("/quick", 3s).has_value());
  fixture.fleet.run_for(10ms);
  CHECK(fixture.metric_value("cohort_server_requests_abandoned_total") == 1.0);
  CHECK_THAT(fixture.total_seconds("/quick"), WithinAbs(4.5, 0.01));
  CHECK(fixture.injected_count("hang") == 4);
  CHECK(fixture.injected_count("error") == 0);
}

TEST_CASE("fault injection: a request with added latency times out at its deadline", "[faults][sim]") {
  worker_fixture fixture;
  REQUIRE(fixture.put(R"({"latency_ms":60000})"));
  CHECK(fixture.status_of("/adaptive") == 504);
  CHECK_THAT(fixture.total_seconds("/adaptive"), WithinAbs(2, tick_seconds));
  CHECK(fixture.metric_value("cohort_server_deadline_exceeded_total") == 1.0);
}

task<> store_status(worker_fixture* fixture, unsigned* status) {
  http::client_request request;
  request.url = *boost::urls::parse_uri("http://worker/quick");
  const auto call_deadline = deadline::after(fixture->fleet.time().now(), 100s);
  auto call = http::fetch(fixture->fleet.client(), std::move(request), call_deadline);
  const auto response = co_await std::move(call);
  *status = response ? response->status_code() : 0;
}

TEST_CASE("fault injection: delayed requests continue when the faults end", "[faults][sim]") {
  for (const std::string body : {R"({"hang_percent":100,"seconds":5})", R"({"latency_ms":20000,"seconds":5})",
                                 R"({"latency_ms":20000,"error_percent":100,"seconds":5})"}) {
    CAPTURE(body);
    for (const bool is_deleted : {false, true}) {
      CAPTURE(is_deleted);
      worker_fixture fixture;
      REQUIRE(fixture.put(body));
      unsigned status = 0;
      fixture.fleet.spawn(store_status(&fixture, &status));
      fixture.fleet.run_for(3s);
      CHECK(status == 0);
      if (is_deleted) {
        fixture.send(http::method::delete_, "/api/faults");
      } else {
        fixture.fleet.run_for(1900ms);
        CHECK(status == 0);
        fixture.fleet.run_for(100ms);
      }
      fixture.fleet.run_for(10ms);
      CHECK(status == 200);
      CHECK_THAT(fixture.total_seconds("/quick"), WithinAbs(is_deleted ? 3 : 5, 0.01));
    }
  }
}

TEST_CASE("fault injection: faults expire, by default after 10 minutes", "[faults][sim]") {
  worker_fixture fixture;
  REQUIRE(fixture.put(R"({"error_percent":100,"memory_mb":1})"));
  fixture.fleet.run_for(599s);
  CHECK(fixture.status_of("/quick") == 500);
  fixture.fleet.run_for(1s);
  CHECK(fixture.status_of("/quick") == 200);
  CHECK(fixture.active("error") + fixture.active("memory") == 0);
  CHECK_THAT(fixture.get("/api/faults")->body, ContainsSubstring(R"("active":false)"));
}

TEST_CASE("fault injection: a new PUT restarts the duration", "[faults][sim]") {
  worker_fixture fixture;
  REQUIRE(fixture.put(R"({"error_percent":100,"seconds":10})"));
  fixture.fleet.run_for(8s);
  REQUIRE(fixture.put(R"({"error_percent":100,"seconds":10})"));
  fixture.fleet.run_for(8s);
  CHECK(fixture.status_of("/quick") == 500);
  REQUIRE(fixture.put(R"({"error_percent":100,"seconds":1})"));
  fixture.fleet.run_for(1s);
  CHECK(fixture.status_of("/quick") == 200);
}

TEST_CASE("fault injection: a drain does not wait for injected delays and causes no leaks", "[faults][sim]") {
  for (const std::string body :
       {R"({"hang_percent":100})", R"({"latency_ms":60000,"memory_mb":64,"cpu_percent":50})"}) {
    CAPTURE(body);
    worker_fixture fixture;
    REQUIRE(fixture.put(body));
    unsigned status = 0;
    fixture.fleet.spawn(store_status(&fixture, &status));
    fixture.fleet.run_for(1s);
    const auto time_before = fixture.fleet.elapsed();
    fixture.fleet.run(fixture.fleet.stop(fixture.service, 20s));
    CHECK(fixture.fleet.elapsed() - time_before < 1s);
    CHECK(status == 200);
    fixture.fleet.shutdown();
    CHECK(fixture.fleet.leaks() == sim::no_leaks);
  }
}

TEST_CASE("fault injection: a service that is killed causes no leaks", "[faults][sim]") {
  worker_fixture fixture;
  REQUIRE(fixture.put(R"({"hang_percent":100,"memory_mb":64,"cpu_percent":50})"));
  unsigned status = 0;
  fixture.fleet.spawn(store_status(&fixture, &status));
  fixture.fleet.run_for(1s);
  fixture.fleet.kill(fixture.service);
  fixture.fleet.run_for(1s);
  fixture.fleet.shutdown();
  CHECK(fixture.fleet.leaks() == sim::no_leaks);
}

TEST_CASE("fault injection: /api/faults requires the API key", "[faults][sim]") {
  worker_fixture fixture{1, {{"API_KEY", "key"}}};
  CHECK(fixture.status_of("/api/faults") == 401);
  CHECK_FALSE(fixture.put(R"({"error_percent":100})"));
  CHECK(fixture.active("error") == 0);
}

TEST_CASE("fault injection: deadline admission takes injected latency into account", "[faults][sim]") {
  worker_fixture fixture{1, {{"DEADLINE_ADMISSION", "refuse"}}};
  REQUIRE(fixture.put(R"({"latency_ms":100})"));
  for (int i = 0; i < 25; ++i) {
    CHECK(fixture.status_of("/quick") == 200);
    CHECK(fixture.status_of("/adaptive") == 200);
  }
  CHECK(fixture.status_with_deadline("50", "/quick") == 504);
  CHECK(fixture.status_with_deadline("50", "/adaptive") == 504);
  CHECK(fixture.metric_value(R"(cohort_server_hopeless_requests_total{endpoint="/quick",action="refused"})") == 1.0);
  CHECK(fixture.metric_value(R"(cohort_server_hopeless_requests_total{endpoint="/adaptive",action="refused"})") == 0.0);
}

}  // namespace
}  // namespace cohort
