// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/audit/deadline_audit.hpp>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/testing/deadlines.hpp>

namespace cohort::sim {
namespace {

using namespace std::chrono_literals;
using kind = audit_finding_kind;

constexpr duration backend_delay = 30ms;

http::router backend() {
  struct handlers {
    static task<http::response> respond() {
      auto pause = sleep_for(backend_delay);
      co_await std::move(pause);
      co_return http::response{}.body("fine", "text/plain");
    }
  };
  http::router routes;
  routes.get("/", [](http::request_context&) { return handlers::respond(); });
  return routes;
}

http::client_request backend_request() {
  http::client_request request;
  request.url = *boost::urls::parse_uri("http://backend/");
  return request;
}

/// One route for each fault, and one route without a fault.
struct handlers {
  static task<void> call(http::upstream& backend, call_context context, std::optional<duration> timeout = {}) {
    auto call_task = backend.call(backend_request(), context, timeout);
    co_await std::move(call_task);
  }
  static http::response done() { return http::response{}.body("done", "text/plain"); }

  static task<http::response> clean(http::upstream& backend, call_context context) {
    auto call_task = call(backend, context);
    co_await std::move(call_task);
    co_return done();
  }
  static task<http::response> missing_context(http::client& client) {
    auto fetch_task = http::fetch(client, backend_request(), deadline::after(loop::current().now(), 2s));
    co_await std::move(fetch_task);
    co_return done();
  }
  static task<http::response> late_deadline(http::upstream& backend, call_context context) {
    context.deadline = deadline::never();
    auto call_task = call(backend, context, 30s);
    co_await std::move(call_task);
    co_return done();
  }
  static task<http::response> excessive_timeouts(http::upstream& backend, call_context context) {
    for (int i = 0; i < 3; ++i) {
      auto call_task = call(backend, context);
      co_await std::move(call_task);
    }
    co_return done();
  }
  static task<http::response> concurrent(http::upstream& backend, call_context context) {
    auto calls = when_all(call(backend, context), call(backend, context), call(backend, context));
    co_await std::move(calls);
    co_return done();
  }
  static task<http::response> small_reserve(http::upstream& backend, call_context context) {
    auto call_task = call(backend, context, 5s);
    co_await std::move(call_task);
    auto render_task = sleep_for(40ms);
    co_await std::move(render_task);
    co_return done();
  }
  static task<http::response> ignore_disconnect(http::upstream& backend, call_context context) {
    auto call_task = call(backend, context);
    co_await std::move(call_task);
    co_await asio::this_coro::throw_if_cancelled(false);
    auto finish_task = sleep_for(1s);
    co_await std::move(finish_task);
    co_return done();
  }
};

/// Calls `backend` with a timeout of 2 s. The routes of this service have deadlines of 5 s.
service::definition front() {
  service::definition definition;
  definition.name = "front";
  definition.metric_prefix = "front";
  definition.port = 8080;
  definition.app = [](service::service_context& context, service::api_key_authenticator&) {
    http::upstream_settings settings;
    settings.timeout = 2s;
    const auto backend = std::make_shared<http::upstream>(context.make_upstream("backend", settings));
    http::router routes;
    const auto add = [&](std::string path, task<http::response> (*handle)(http::upstream&, call_context)) {
      routes
          .get(std::move(path), [backend, handle](http::request_context& request) { return handle(*backend, request); })
          .timeout(5s);
    };
    add("/clean", handlers::clean);
    add("/late-deadline", handlers::late_deadline);
    add("/timeouts", handlers::excessive_timeouts);
    add("/concurrent", handlers::concurrent);
    add("/reserve", handlers::small_reserve);
    add("/ignored-disconnect", handlers::ignore_disconnect);
    routes.get("/missing-context",
               [&client = context.client](http::request_context&) { return handlers::missing_context(client); });
    return routes;
  };
  return definition;
}

struct audit_fixture {
  sim::fleet fleet{1};
  deadline_audit audit{fleet};
  node& back = fleet.add_stub_server("backend", 80, backend);
  node& service = fleet.add_service(front, "front");

  /// Returns the kinds of the findings after some requests.
  std::vector<kind> findings_of(const std::string& path, duration patience = 30s) {
    for (int i = 0; i < 5; ++i) {
      fleet.call(service.url() + path, patience);
      fleet.run_for(2s);
    }
    std::vector<kind> kinds;
    for (const auto& found : audit.report().findings) kinds.push_back(found.kind);
    return kinds;
  }
};

}  // namespace

TEST_CASE("deadline_audit: a fleet that propagates deadlines has no findings", "[sim][deadline]") {
  audit_fixture fleet;
  CHECK(fleet.findings_of("/clean").empty());
  CHECK(fleet.findings_of("/clean", 10ms).empty());  // the client disconnects: the handler is cancelled
  testing::require_no_deadline_violations(fleet.audit);
}

TEST_CASE("deadline_audit: each fault is found, and there are no other findings", "[sim][deadline]") {
  CHECK(audit_fixture{}.findings_of("/missing-context") == std::vector{kind::missing_context});
  CHECK(audit_fixture{}.findings_of("/late-deadline") == std::vector{kind::late_deadline});
  CHECK(audit_fixture{}.findings_of("/timeouts") == std::vector{kind::excessive_timeouts});
  CHECK(audit_fixture{}.findings_of("/reserve") == std::vector{kind::small_reserve});
  CHECK(audit_fixture{}.findings_of("/ignored-disconnect", 10ms) == std::vector{kind::work_after_disconnect});
}

TEST_CASE("deadline_audit: a short deadline of the caller and concurrent calls cause no findings", "[sim][deadline]") {
  audit_fixture fleet;
  http::client_request request;
  request.url = *boost::urls::parse_uri(fleet.service.url() + "/timeouts");
  request.fields.emplace_back("x-envoy-expected-rq-timeout-ms", "200");
  CHECK(fleet.fleet.call(std::move(request))->status == http::status::ok);
  CHECK(fleet.findings_of("/concurrent").empty());
}

TEST_CASE("deadline_audit: expected background calls cause no findings", "[sim][deadline]") {
  audit_fixture fleet;
  fleet.audit.expect_background_calls("front", "backend");
  CHECK(fleet.findings_of("/missing-context").empty());
}

TEST_CASE("deadline_audit: the report has the available, used and needed time of each call", "[sim][deadline]") {
  audit_fixture fleet;
  fleet.findings_of("/clean");
  const auto report = fleet.audit.report();
  const auto row = std::ranges::find(report.budgets, "backend", &budget_row::upstream);
  REQUIRE(row != report.budgets.end());
  CHECK(row->service == "front");
  CHECK(row->route == "/clean");
  CHECK(row->timeouts == 0);
  CHECK(row->given.count == 5);
  CHECK(row->given.max == 2s);
  CHECK(row->needed.p50 > backend_delay);
  CHECK(row->needed.max < backend_delay + 2ms);
  CHECK(report.text().find("front /clean -> backend") != std::string::npos);
  CHECK(report.text().ends_with("no findings\n"));
  CHECK(report.json().find(R"("route":"/clean","upstream":"backend","timeouts":0,"given":{"count":5,)") !=
        std::string::npos);
}

TEST_CASE("deadline_audit: a call that times out counts as a timeout, not as needed time", "[sim][deadline]") {
  audit_fixture fleet;
  fleet.fleet.network().partition(fleet.service.host(), fleet.back.host());
  fleet.findings_of("/clean");
  for (const auto& row : fleet.audit.report().budgets) {
    if (row.upstream != "backend") continue;
    CHECK(row.timeouts == 5);
    CHECK(row.needed.count == 0);
  }
}

TEST_CASE("testing: require_no_deadline_violations throws with the report of the findings",
          "[sim][deadline][testing]") {
  audit_fixture fleet;
  fleet.findings_of("/timeouts");
  try {
    testing::require_no_deadline_violations(fleet.audit);
    FAIL("nothing was thrown");
  } catch (const testing::deadline_violation& deadline_violation) {
    const std::string message{deadline_violation.what()};
    CHECK(message.find(
              "timeouts exceed deadline: front /timeouts: sequential timeouts add up to 6000 ms (backend 2000 ms, "
              "then backend 2000 ms, then backend 2000 ms), more than the route deadline of 5000 ms (5 times)") !=
          std::string::npos);
  }
}

}  // namespace cohort::sim
