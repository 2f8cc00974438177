#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/loadgen/load_site.hpp"
#include "tests/unit/loadgen/service_metrics.hpp"

// Who watches a server's metrics over a run, and what is told of them.
namespace cohort {
namespace {

using namespace test;
using namespace loadgen;
using Catch::Approx;

task<> close_idle_of(http::client& which) {
  which.close_idle();
  co_return;
}

/// A service on an in-memory network, its metrics, and who watches it.
class watched_service {
 public:
  explicit watched_service(std::vector<std::string> target_urls, std::vector<std::string> metrics_urls) {
    for (const auto& each : target_urls) targets.push_back(target_at("t" + std::to_string(targets.size()), each));
    std::vector<boost::urls::url> urls;
    for (const auto& each : metrics_urls) urls.emplace_back(*boost::urls::parse_uri(each));
    watch.emplace(client, urls, targets);
    found.targets.resize(targets.size());
    found.by_target.resize(targets.size());
    for (std::size_t i = 0; i < targets.size(); ++i) found.targets[i].name = targets[i].name;
    found.phases.resize(2);
    found.phases[0].name = "before";
    found.phases[1].name = "spike";
  }
  ~watched_service() { site.time.run(close_idle_of(client)); }

  void serve() {
    site.routes.get("/metrics", [this](http::request_context&) {
      ++scraped;
      return http::response{}.body(metrics.text(), "text/plain");
    });
    site.serve();
  }
  /// Phases of ten seconds.
  void scrape() {
    site.time.run(watch->scrape());
    site.time.run_for(10s);
  }
  std::vector<server_side> described() {
    watch->describe(found);
    return found.servers;
  }

  load_site site;
  http::client client{site.network, 1};
  service_metrics metrics;
  std::vector<target> targets;
  std::optional<server_watch> watch;
  report found;
  int scraped = 0;
};

const std::string metrics_url = "http://192.0.2.80/metrics";

TEST_CASE("What a server said of itself is told over the run and in each phase") {
  watched_service all{{"http://192.0.2.80/api/time", "http://192.0.2.81/api/other"}, {metrics_url}};
  all.serve();
  all.metrics.served("/api/time", 1'000, 0.3);
  all.metrics.used(100, 1e6);
  all.scrape();
  all.metrics.served("/api/time", 10, 0.0007);
  all.metrics.served("/api/other", 5);
  all.metrics.used(5, 2e6);
  all.scrape();
  all.metrics.served("/api/time", 30, 0.07);
  all.metrics.used(40, 3e6);
  all.scrape();
  all.found.by_target[0].sent = 41;
  all.found.by_target[0].service.record(80ms);
  all.found.by_target[1].sent = 1'000;
  all.found.by_target[1].service.record(9s);
  CHECK(all.scraped == 3);

  const auto servers = all.described();
  REQUIRE(servers.size() == 1);
  const auto& of = servers[0];
  CHECK(of.failure.empty());
  CHECK(of.url == metrics_url);
  CHECK(of.target == "t0");
  CHECK(of.sent == 41);
  CHECK(of.served == 40);
  CHECK(of.client_p99_us == all.found.by_target[0].service.percentile(99));
  REQUIRE(of.p99_us);
  CHECK(static_cast<double>(*of.p99_us) == Approx(99'333).margin(1));
  REQUIRE(of.phases.size() == 2);
  CHECK(of.phases[0].phase == "before");
  CHECK(of.phases[0].served == 10);
  CHECK(of.phases[0].cpu_cores.value() == Approx(0.5).epsilon(0.01));
  CHECK(of.phases[0].resident_bytes == 2e6);
  CHECK(of.phases[0].p99_us == 995);
  CHECK(of.phases[1].phase == "spike");
  CHECK(of.phases[1].served == 30);
  CHECK(of.phases[1].cpu_cores.value() == Approx(4).epsilon(0.01));
  CHECK(of.phases[1].resident_bytes == 3e6);
}

TEST_CASE("A server of several targets is compared with all of them, one of none with all there are") {
  watched_service all{{"http://192.0.2.80/a", "http://192.0.2.80/b", "http://192.0.2.81/c"},
                      {metrics_url, "http://192.0.2.82/metrics"}};
  all.serve();
  for (std::size_t i = 0; i < 3; ++i) all.found.by_target[i].sent = 1ULL << i;
  all.metrics.served("/a", 1);
  all.scrape();
  all.metrics.served("/a", 10);
  all.metrics.served("/b", 20);
  all.scrape();
  const auto servers = all.described();
  REQUIRE(servers.size() == 2);
  CHECK(servers[0].target.empty());
  CHECK(servers[0].sent == 3);
  CHECK(servers[0].served == 30);
  CHECK(servers[1].target.empty());
  CHECK(servers[1].sent == 7);
  CHECK(servers[1].failure == "the connection was refused");
}

TEST_CASE("A target without a path is the route /") {
  watched_service all{{"http://192.0.2.80"}, {metrics_url}};
  all.serve();
  all.metrics.served("/", 1);
  all.metrics.served("/other", 1);
  all.scrape();
  all.metrics.served("/", 10);
  all.metrics.served("/other", 100);
  all.scrape();
  CHECK(all.described().at(0).served == 10);
}

TEST_CASE("A server that began anew has no negative figures") {
  watched_service all{{"http://192.0.2.80/a"}, {metrics_url}};
  std::string text = "http_requests_total 1000\nprocess_cpu_seconds_total 50\nprocess_resident_memory_bytes 5\n";
  all.site.routes.get("/metrics", [&](http::request_context&) { return http::response{}.body(text, "text/plain"); });
  all.site.serve();
  all.scrape();
  text = "http_requests_total 300\nprocess_cpu_seconds_total 2\nprocess_resident_memory_bytes 4\n";
  all.scrape();
  const auto of = all.described().at(0);
  CHECK(of.served <= 300);
  REQUIRE(of.phases.size() == 1);
  CHECK(of.phases[0].served <= 300);
  CHECK_FALSE(of.phases[0].cpu_cores);
  CHECK(of.phases[0].resident_bytes == 4);
}

TEST_CASE("A server without metrics is told by what stands in the way") {
  watched_service all{{"http://192.0.2.80/a"}, {metrics_url}};
  SECTION("nobody listens") {
    all.scrape();
    CHECK(all.described().at(0).failure == "the connection was refused");
  }
  SECTION("there is no such page") {
    all.site.serve();
    all.scrape();
    CHECK(all.described().at(0).failure == "it answered 404");
  }
  SECTION("nobody answers, for two seconds at most") {
    all.site.network.black_hole(load_site::where());
    const auto start = all.site.time.now();
    all.scrape();
    CHECK(all.site.time.now() - start < 10s + 2s + 4 * tick);
    CHECK(all.described().at(0).failure == "the connection was not made in time");
  }
  const auto of = all.found.servers.at(0);
  CHECK(of.url == metrics_url);
  CHECK(of.target == "t0");
  CHECK(of.phases.empty());
  CHECK_FALSE(of.p99_us);
}

TEST_CASE("A server that fails once in between is not told by halves") {
  watched_service all{{"http://192.0.2.80/a"}, {metrics_url}};
  bool works = true;
  all.site.routes.get("/metrics", [&](http::request_context&) {
    return http::response{works ? http::status::ok : http::status::service_unavailable}.body(all.metrics.text(),
                                                                                             "text/plain");
  });
  all.site.serve();
  for (const bool next : {true, false, true}) {
    works = next;
    all.metrics.served("/a", 10);
    all.scrape();
  }
  const auto of = all.described().at(0);
  CHECK(of.failure == "it answered 503");
  CHECK(of.phases.empty());
  CHECK(of.served == 0);
}

TEST_CASE("A page that is no metrics is told as that, and the server is accused of nothing") {
  watched_service all{{"http://192.0.2.80/a"}, {metrics_url}};
  all.site.routes.get("/metrics", [](http::request_context&) {
    return http::response{}.body("<html>{{{ not metrics \"\"\" 5</html>\n{}}\n", "text/html");
  });
  all.site.serve();
  all.scrape();
  all.scrape();
  const auto of = all.described().at(0);
  CHECK(of.failure == "it has no counter …http_requests_total");
  CHECK(of.served == 0);
  CHECK_FALSE(of.p99_us);
  CHECK(of.phases.empty());
}

TEST_CASE("A run that was scraped more often than it has phases, or less, tells of those there are") {
  const int scrapes = GENERATE(1, 2, 5);
  watched_service all{{"http://192.0.2.80/a"}, {metrics_url}};
  all.serve();
  all.metrics.served("/a", 1);
  for (int i = 0; i < scrapes; ++i) all.scrape();
  CHECK(all.described().at(0).phases.size() == static_cast<std::size_t>(std::min(scrapes - 1, 2)));
}

TEST_CASE("With no server to watch nothing is asked and nothing told") {
  watched_service all{{"http://192.0.2.80/a"}, {}};
  all.scrape();
  CHECK(all.described().empty());
}

}  // namespace
}  // namespace cohort
