#include "loadgen/server_scrape.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <limits>

#include "core/telemetry/metrics.hpp"
#include "tests/unit/loadgen/load_site.hpp"

namespace cohort {
namespace {

using namespace test;
using namespace loadgen;
using Catch::Approx;
using label_map = std::map<std::string, std::string, std::less<>>;

constexpr double infinity = std::numeric_limits<double>::infinity();

metric_sample only(std::string_view text) {
  const auto samples = parse_metrics(text);
  REQUIRE(samples.size() == 1);
  return samples.front();
}

TEST_CASE("A sample is a name, labels where there are some, and a value") {
  struct row {
    std::string line;
    std::string name;
    label_map labels;
    double value;
  };
  const auto of = GENERATE(from_range(std::vector<row>{
      {"up 1", "up", {}, 1},
      {"up 1\n", "up", {}, 1},
      {"up 1\r\n", "up", {}, 1},
      {"\n\n  up   1.5e3  \n\n", "up", {}, 1500},
      {"up\t1", "up", {}, 1},
      {"up -0.5", "up", {}, -0.5},
      {"up 1 1714564800000", "up", {}, 1},
      {"up{} 1", "up", {}, 1},
      {"up{a=\"b\"} 1", "up", {{"a", "b"}}, 1},
      {"up{a=\"b\"}1", "up", {{"a", "b"}}, 1},
      {"up{a=\"b\",} 1", "up", {{"a", "b"}}, 1},
      {"up{ a=\"b\" , c=\"d\" } 1 5", "up", {{"a", "b"}, {"c", "d"}}, 1},
      {R"(up{a="",b="x y"} 1)", "up", {{"a", ""}, {"b", "x y"}}, 1},
      {R"(up{a="/x,y",b="{z}",c="}=\"}"} 1)", "up", {{"a", "/x,y"}, {"b", "{z}"}, {"c", "}=\"}"}}, 1},
      {R"(up{a="\\\"\n\\n"} 1)", "up", {{"a", "\\\"\n\\n"}}, 1},
      {"up{a=\"\xc3\xa4\xff\"} 1", "up", {{"a", "\xc3\xa4\xff"}}, 1},
      {"a:b_c9 7", "a:b_c9", {}, 7},
  }));
  CAPTURE(of.line);
  const auto sample = only(of.line);
  CHECK(sample.name == of.name);
  CHECK(sample.labels == of.labels);
  CHECK(sample.value == of.value);
}

TEST_CASE("A line that is no sample is left out, and the others are not") {
  const std::string line = GENERATE("", "#", "# HELP up 1", "# TYPE up counter", "up", "up ", " 1", "up one", "up 1x",
                                    "up 0x10", "up --1", "up NaN", "up 1e300", "up +Inf", "up -Inf", "up inf",
                                    "up 1e999", "{a=\"b\"} 1", "up{a=\"b\" 1", "up{a=\"b} 1", "up{a=b} 1", "up{a} 1",
                                    "up{a=\"b\"}", "up{a=\"b\\", "up{a=\"\\", "up{", "up}", "<html><body>", "\x01\x02");
  CAPTURE(line);
  const auto samples = parse_metrics("before 1\n" + line + "\nafter 2");
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].name == "before");
  CHECK(samples[1].name == "after");
  CHECK(samples[1].value == 2);
}

TEST_CASE("Whatever a text is cut off at, what is whole before that is read") {
  const std::string text = "a{x=\"1\",y=\"\\\"\"} 5\nb{z=\"}\"} 6\n";
  for (std::size_t end = 0; end <= text.size(); ++end) {
    const auto samples = parse_metrics(std::string_view{text}.substr(0, end));
    CHECK(samples.size() == (end >= 17 ? 1U : 0U) + (end >= 28 ? 1U : 0U));
  }
}

TEST_CASE("Long texts without sense are read to their end") {
  CHECK(parse_metrics(std::string(1'000'000, '\n')).empty());
  CHECK(parse_metrics(std::string(1'000'000, 'x')).empty());
  CHECK(parse_metrics("a{" + std::string(1'000'000, 'x')).empty());
  std::string labels = "a{";
  for (int i = 0; i < 10'000; ++i) labels += "l" + std::to_string(i) + "=\"v\",";
  CHECK(only(labels + "} 1").labels.size() == 10'000);
}

/// The metrics of a service as Cohort shows them.
class service_metrics {
 public:
  void served(const std::string& endpoint, int times, double seconds = 0.0007) {
    telemetry::labels request{{"endpoint", endpoint}, {"method", "GET"}};
    auto& durations = all_.make_histogram("time_service_http_request_duration_seconds", "Durations.", request);
    for (int i = 0; i < times; ++i) durations.observe(seconds);
    request.emplace_back("status", "200");
    all_.make_counter("time_service_http_requests_total", "Requests.", request).increment(times);
  }
  void used(double cpu_seconds, double resident_bytes) {
    cpu_.increment(cpu_seconds);
    resident_.add(resident_bytes - resident_.value());
  }
  std::string text() const { return all_.text(); }
  server_snapshot snapshot(std::string_view path) const { return snapshot_of(parse_metrics(text()), path); }

 private:
  telemetry::registry all_{1};
  telemetry::counter& cpu_ = all_.make_counter("process_cpu_seconds_total", "CPU.");
  telemetry::gauge& resident_ = all_.make_gauge("process_resident_memory_bytes", "Memory.");
};

TEST_CASE("Of Cohort's own metrics the target's route is counted") {
  service_metrics metrics;
  metrics.served("/api/time", 7);
  metrics.served("/api/other", 5, 3);
  metrics.served("unmatched", 3);
  metrics.used(1.25, 1e6);
  const auto of = metrics.snapshot("/api/time");
  CHECK(of.served == 7);
  CHECK(of.cpu_seconds == 1.25);
  CHECK(of.resident_bytes == 1e6);
  CHECK(of.buckets.size() == 18);
  CHECK(of.buckets.at(0.0005) == 0);
  CHECK(of.buckets.at(0.001) == 7);
  CHECK(of.buckets.at(infinity) == 7);
}

TEST_CASE("Without a route that is the target's all are counted") {
  service_metrics metrics;
  metrics.served("/api/time", 7);
  metrics.served("/api/other", 5, 3);
  const std::string path = GENERATE("", "/", "/api", "/api/time/", "/elsewhere");
  const auto of = metrics.snapshot(path);
  CHECK(of.served == 12);
  CHECK(of.buckets.at(0.001) == 7);
  CHECK(of.buckets.at(infinity) == 12);
}

TEST_CASE("A route's label may have another name") {
  const std::string label = GENERATE("endpoint", "path", "route", "handler");
  CHECK(snapshot_of(
            parse_metrics("http_requests_total{" + label + "=\"/a\"} 5\nhttp_requests_total{" + label + "=\"/b\"} 7\n"),
            "/a")
            .served == 5);
}

TEST_CASE("A label that only looks like a route's is none") {
  CHECK(snapshot_of(parse_metrics("http_requests_total{method=\"/a\"} 5\nhttp_requests_total{url=\"/a\"} 7\n"), "/a")
            .served == 12);
}

TEST_CASE("An empty label is no route for a server of several targets") {
  CHECK(snapshot_of(parse_metrics("http_requests_total{handler=\"\"} 5\nhttp_requests_total{handler=\"/b\"} 7\n"), "")
            .served == 12);
}

TEST_CASE("Only what ends in the names of the trade is counted") {
  const auto of =
      snapshot_of(parse_metrics("http_requests_total 1\nx_http_requests_total 2\nhttp_requests_total_sum 4\n"
                                "http_requests 8\nrequests_total 16\nhttp_request_duration_seconds_count 3\n"),
                  "");
  CHECK(of.served == 3);
  CHECK(of.buckets.empty());
  CHECK_FALSE(of.cpu_seconds);
  CHECK_FALSE(of.resident_bytes);
}

TEST_CASE("Values that no counter can have do no harm") {
  const auto served = [](const std::string& value) {
    return snapshot_of(parse_metrics("http_requests_total " + value + "\n"), "").served;
  };
  CHECK(served("-5") == 0);
  CHECK(served("NaN") == 0);
  CHECK(served("+Inf") == 0);
  CHECK(served("1e300") == 0);
  CHECK(served("9007199254740992\nother_http_requests_total 9007199254740992") == std::uint64_t{1} << 53);
  CHECK(served("4.6") == 5);
}

TEST_CASE("Bounds that are no numbers are left out") {
  const auto of = snapshot_of(
      parse_metrics(
          "http_request_duration_seconds_bucket{le=\"NaN\"} 1\nhttp_request_duration_seconds_bucket{le=\"\"} 2\n"
          "http_request_duration_seconds_bucket{le=\"fast\"} 3\nhttp_request_duration_seconds_bucket 4\n"
          "http_request_duration_seconds_bucket{le=\"0.5\"} 5\nhttp_request_duration_seconds_bucket{le=\"+Inf\"} 6\n"),
      "");
  CHECK(of.buckets == std::map<double, double>{{0.5, 5}, {infinity, 6}});
}

server_snapshot with_buckets(std::map<double, double> buckets) {
  server_snapshot made;
  made.buckets = std::move(buckets);
  return made;
}

TEST_CASE("A percentile is within its bucket in proportion") {
  struct row {
    double percent;
    std::uint64_t microseconds;
  };
  // 10 up to 0.1 s, 30 up to 0.2 s, 60 up to 1 s: ranks of 100.
  const auto after = with_buckets({{0.1, 10}, {0.2, 40}, {1, 100}, {infinity, 100}});
  const auto of = GENERATE(from_range(std::vector<row>{
      {5, 50'000}, {10, 100'000}, {25, 150'000}, {40, 200'000}, {70, 600'000}, {99, 986'667}, {100, 1'000'000}}));
  CAPTURE(of.percent);
  CHECK(percentile_between({}, after, of.percent) == of.microseconds);
}

TEST_CASE("A percentile is of what came between the two") {
  const auto before = with_buckets({{0.1, 1'000}, {0.2, 1'000}, {infinity, 1'000}});
  const auto after = with_buckets({{0.1, 1'000}, {0.2, 1'010}, {infinity, 1'010}});
  CHECK(percentile_between(before, after, 50) == 150'000);
  CHECK(percentile_between({}, after, 50) == 50'500);
}

TEST_CASE("There is no percentile where nothing came, or where it is beyond the last bound") {
  const auto some = with_buckets({{0.1, 98}, {infinity, 100}});
  CHECK(percentile_between({}, some, 98) == 100'000);
  CHECK_FALSE(percentile_between({}, some, 99));
  CHECK_FALSE(percentile_between(some, some, 50));
  CHECK_FALSE(percentile_between({}, {}, 50));
  CHECK_FALSE(percentile_between(some, {}, 50));
  CHECK_FALSE(percentile_between({}, with_buckets({{infinity, 5}}), 50));
  CHECK_FALSE(percentile_between({}, with_buckets({{1e300, 5}, {infinity, 5}}), 50));
}

TEST_CASE("A server that began anew between the two has no percentile, or one within its bounds") {
  const auto before = with_buckets({{0.1, 100}, {0.2, 100}, {infinity, 100}});
  CHECK_FALSE(percentile_between(before, with_buckets({{0.1, 5}, {0.2, 50}, {infinity, 50}}), 99));
  const auto mixed = percentile_between(before, with_buckets({{0.1, 5}, {0.2, 150}, {infinity, 150}}), 99);
  if (mixed) CHECK(*mixed <= 200'000);
}

TEST_CASE("Bounds and counts that make no sense give no nonsense") {
  const std::string line = "http_request_duration_seconds_bucket{le=";
  const std::string first = GENERATE("\"-5\"} 10", "\"-Inf\"} 10", "\"0\"} 10", "\"NaN\"} 10", "\"0.1\"} -10",
                                     "\"0.1\"} 20", "\"0.1\"} 1e300", "\"-1e300\"} 1");
  CAPTURE(first);
  const auto after =
      snapshot_of(parse_metrics(line + first + "\n" + line + "\"0.2\"} 10\n" + line + "\"+Inf\"} 10\n"), "");
  const auto value = percentile_between({}, after, 50);
  REQUIRE(value);
  CHECK(*value <= 200'000);
}

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
