// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "loadgen/scrape/server_monitor.hpp"
#include "tests/unit/loadgen/load_fixture.hpp"
#include "tests/unit/loadgen/scrape/service_metrics.hpp"

namespace cohort {
namespace {

using namespace test;
using namespace loadgen;
using Catch::Approx;

task<> close_idle_connections(http::client& client) {
  client.close_idle();
  co_return;
}

/// A service with metrics on an in-memory network, and its monitor.
class server_monitor_fixture {
 public:
  explicit server_monitor_fixture(std::vector<std::string> target_urls, std::vector<std::string> metrics_urls) {
    for (const auto& url : target_urls) targets.push_back(make_target("t" + std::to_string(targets.size()), url));
    std::vector<boost::urls::url> urls;
    for (const auto& url : metrics_urls) urls.emplace_back(*boost::urls::parse_uri(url));
    monitor.emplace(client, urls, targets);
    report.targets.resize(targets.size());
    report.target_stats.resize(targets.size());
    for (std::size_t i = 0; i < targets.size(); ++i) report.targets[i].name = targets[i].name;
    report.phases.resize(2);
    report.phases[0].name = "before";
    report.phases[1].name = "spike";
  }
  ~server_monitor_fixture() { load.time.run(close_idle_connections(client)); }

  void serve() {
    load.routes.get("/metrics", [this](http::request_context&) {
      ++scrape_count;
      return http::response{}.body(metrics.text(), "text/plain");
    });
    load.serve();
  }
  /// Scrapes at the start of a phase of ten seconds.
  void scrape() {
    load.time.run(monitor->scrape());
    load.time.run_for(10s);
  }
  std::vector<server_report> server_reports() {
    monitor->add_to(report);
    return report.servers;
  }

  load_fixture load;
  http::client client{load.network, 1};
  service_metrics metrics;
  std::vector<target> targets;
  std::optional<server_monitor> monitor;
  run_report report;
  int scrape_count = 0;
};

const std::string metrics_url = "http://192.0.2.80/metrics";

TEST_CASE("server monitor: the server's metrics are reported over the run and for each phase", "[loadgen][scrape]") {
  server_monitor_fixture fixture{{"http://192.0.2.80/api/time", "http://192.0.2.81/api/other"}, {metrics_url}};
  fixture.serve();
  fixture.metrics.add_requests("/api/time", 1'000, 0.3);
  fixture.metrics.update_usage(100, 1e6);
  fixture.scrape();
  fixture.metrics.add_requests("/api/time", 10, 0.0007);
  fixture.metrics.add_requests("/api/other", 5);
  fixture.metrics.update_usage(5, 2e6);
  fixture.scrape();
  fixture.metrics.add_requests("/api/time", 30, 0.07);
  fixture.metrics.update_usage(40, 3e6);
  fixture.scrape();
  fixture.report.target_stats[0].sent = 41;
  fixture.report.target_stats[0].service_time.record(80ms);
  fixture.report.target_stats[1].sent = 1'000;
  fixture.report.target_stats[1].service_time.record(9s);
  CHECK(fixture.scrape_count == 3);

  const auto servers = fixture.server_reports();
  REQUIRE(servers.size() == 1);
  const auto& report = servers[0];
  CHECK(report.failure.empty());
  CHECK(report.url == metrics_url);
  CHECK(report.target == "t0");
  CHECK(report.sent == 41);
  CHECK(report.served == 40);
  CHECK(report.client_p99_us == fixture.report.target_stats[0].service_time.percentile(99));
  REQUIRE(report.p99_us);
  CHECK(static_cast<double>(*report.p99_us) == Approx(99'333).margin(1));
  REQUIRE(report.phases.size() == 2);
  CHECK(report.phases[0].phase == "before");
  CHECK(report.phases[0].served == 10);
  CHECK(report.phases[0].cpu_cores.value() == Approx(0.5).epsilon(0.01));
  CHECK(report.phases[0].resident_bytes == 2e6);
  CHECK(report.phases[0].p99_us == 995);
  CHECK(report.phases[1].phase == "spike");
  CHECK(report.phases[1].served == 30);
  CHECK(report.phases[1].cpu_cores.value() == Approx(4).epsilon(0.01));
  CHECK(report.phases[1].resident_bytes == 3e6);
}

TEST_CASE(
    "server monitor: a server is matched with the targets of its origin, or with all targets if no origin matches",
    "[loadgen][scrape]") {
  server_monitor_fixture fixture{{"http://192.0.2.80/a", "http://192.0.2.80/b", "http://192.0.2.81/c"},
                                 {metrics_url, "http://192.0.2.82/metrics"}};
  fixture.serve();
  for (std::size_t i = 0; i < 3; ++i) fixture.report.target_stats[i].sent = 1ULL << i;
  fixture.metrics.add_requests("/a", 1);
  fixture.scrape();
  fixture.metrics.add_requests("/a", 10);
  fixture.metrics.add_requests("/b", 20);
  fixture.scrape();
  const auto servers = fixture.server_reports();
  REQUIRE(servers.size() == 2);
  CHECK(servers[0].target.empty());
  CHECK(servers[0].sent == 3);
  CHECK(servers[0].served == 30);
  CHECK(servers[1].target.empty());
  CHECK(servers[1].sent == 7);
  CHECK(servers[1].failure == "the connection was refused");
}

TEST_CASE("server monitor: a target without a path has the route /", "[loadgen][scrape]") {
  server_monitor_fixture fixture{{"http://192.0.2.80"}, {metrics_url}};
  fixture.serve();
  fixture.metrics.add_requests("/", 1);
  fixture.metrics.add_requests("/other", 1);
  fixture.scrape();
  fixture.metrics.add_requests("/", 10);
  fixture.metrics.add_requests("/other", 100);
  fixture.scrape();
  CHECK(fixture.server_reports().at(0).served == 10);
}

TEST_CASE("server monitor: a restarted server has no negative values", "[loadgen][scrape]") {
  server_monitor_fixture fixture{{"http://192.0.2.80/a"}, {metrics_url}};
  std::string text = "http_requests_total 1000\nprocess_cpu_seconds_total 50\nprocess_resident_memory_bytes 5\n";
  fixture.load.routes.get("/metrics",
                          [&](http::request_context&) { return http::response{}.body(text, "text/plain"); });
  fixture.load.serve();
  fixture.scrape();
  text = "http_requests_total 300\nprocess_cpu_seconds_total 2\nprocess_resident_memory_bytes 4\n";
  fixture.scrape();
  const auto report = fixture.server_reports().at(0);
  CHECK(report.served <= 300);
  REQUIRE(report.phases.size() == 1);
  CHECK(report.phases[0].served <= 300);
  CHECK_FALSE(report.phases[0].cpu_cores);
  CHECK(report.phases[0].resident_bytes == 4);
}

TEST_CASE("server monitor: a server without metrics is reported with the reason", "[loadgen][scrape]") {
  server_monitor_fixture fixture{{"http://192.0.2.80/a"}, {metrics_url}};
  SECTION("connection refused") {
    fixture.scrape();
    CHECK(fixture.server_reports().at(0).failure == "the connection was refused");
  }
  SECTION("not found") {
    fixture.load.serve();
    fixture.scrape();
    CHECK(fixture.server_reports().at(0).failure == "responded 404");
  }
  SECTION("no response within two seconds") {
    fixture.load.network.add_black_hole(load_fixture::address());
    const auto start = fixture.load.time.now();
    fixture.scrape();
    CHECK(fixture.load.time.now() - start < 10s + 2s + 4 * tick);
    CHECK(fixture.server_reports().at(0).failure == "the connection attempt timed out");
  }
  const auto report = fixture.report.servers.at(0);
  CHECK(report.url == metrics_url);
  CHECK(report.target == "t0");
  CHECK(report.phases.empty());
  CHECK_FALSE(report.p99_us);
}

TEST_CASE("server monitor: a failed scrape between successful scrapes is reported as a failure", "[loadgen][scrape]") {
  server_monitor_fixture fixture{{"http://192.0.2.80/a"}, {metrics_url}};
  bool is_available = true;
  fixture.load.routes.get("/metrics", [&](http::request_context&) {
    return http::response{is_available ? http::status::ok : http::status::service_unavailable}.body(
        fixture.metrics.text(), "text/plain");
  });
  fixture.load.serve();
  for (const bool next : {true, false, true}) {
    is_available = next;
    fixture.metrics.add_requests("/a", 10);
    fixture.scrape();
  }
  const auto report = fixture.server_reports().at(0);
  CHECK(report.failure == "responded 503");
  CHECK(report.phases.empty());
  CHECK(report.served == 0);
}

TEST_CASE("server monitor: a page that contains no metrics is reported with the name of the missing counter",
          "[loadgen][scrape]") {
  server_monitor_fixture fixture{{"http://192.0.2.80/a"}, {metrics_url}};
  fixture.load.routes.get("/metrics", [](http::request_context&) {
    return http::response{}.body("<html>{{{ not metrics \"\"\" 5</html>\n{}}\n", "text/html");
  });
  fixture.load.serve();
  fixture.scrape();
  fixture.scrape();
  const auto report = fixture.server_reports().at(0);
  CHECK(report.failure == "no counter …http_requests_total");
  CHECK(report.served == 0);
  CHECK_FALSE(report.p99_us);
  CHECK(report.phases.empty());
}

TEST_CASE("server monitor: only phases with a scrape at their end are reported", "[loadgen][scrape]") {
  const int scrapes = GENERATE(1, 2, 5);
  server_monitor_fixture fixture{{"http://192.0.2.80/a"}, {metrics_url}};
  fixture.serve();
  fixture.metrics.add_requests("/a", 1);
  for (int i = 0; i < scrapes; ++i) fixture.scrape();
  CHECK(fixture.server_reports().at(0).phases.size() == static_cast<std::size_t>(std::min(scrapes - 1, 2)));
}

TEST_CASE("server monitor: without servers there are no requests and no reports", "[loadgen][scrape]") {
  server_monitor_fixture fixture{{"http://192.0.2.80/a"}, {}};
  fixture.scrape();
  CHECK(fixture.server_reports().empty());
}

}  // namespace
}  // namespace cohort
