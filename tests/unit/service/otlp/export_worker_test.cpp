// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/otlp/export_worker.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/service/otlp/collector_fixture.hpp"

namespace cohort::test {
namespace {

using service::drop_reason;

task<> start_worker(service::export_worker& worker) {
  worker.start();
  co_return;
}

class worker_fixture {
 public:
  explicit worker_fixture(telemetry::export_queue_limits limits = {.max_items = 8, .max_batch_items = 2})
      : queue(limits) {
    target.url = parse_url("http://collector.test/v1/traces");
    target.encoding = telemetry::otlp_encoding::json;
  }
  ~worker_fixture() {
    if (worker_) stop(0s);
  }
  worker_fixture(const worker_fixture&) = delete;
  worker_fixture& operator=(const worker_fixture&) = delete;

  service_fixture services;
  fake_collector collector;
  service::otlp_target target;
  telemetry::export_queue queue;
  service::export_statistics statistics;

  void add_collector() { services.add_server("collector.test", collector_routes(collector)); }
  void start() {
    worker_.emplace(services.client, queue, telemetry::otlp_signal::traces, target, resource_, statistics,
                    services.log);
    services.time.run(start_worker(*worker_));
  }
  void stop(duration timeout) {
    services.time.run(worker_->stop(deadline::after(services.time.now(), timeout)));
    worker_.reset();
  }
  void push(std::string_view name, int count = 1) {
    for (int i = 0; i < count; ++i) {
      telemetry::span span;
      span.trace = {.id = {1, 2}, .is_sampled = true, .span_id = 3};
      span.name = name;
      queue.push([&](std::string& items) { append_item(items, target.encoding, span); });
    }
  }
  std::uint64_t dropped(drop_reason reason) const { return statistics.dropped[static_cast<std::size_t>(reason)]; }
  std::uint64_t total_dropped() const {
    return dropped(drop_reason::rejected) + dropped(drop_reason::unavailable) + dropped(drop_reason::shutdown);
  }

 private:
  telemetry::resource_attributes resource_{{"service.name", "shop"}};
  std::optional<service::export_worker> worker_;
};

TEST_CASE("export_worker: a full batch of spans is sent immediately, and a smaller batch after the delay",
          "[service][otlp]") {
  worker_fixture test;
  test.target.headers = {{"x-tenant", "7"}};
  test.target.gzip = GENERATE(false, true);
  test.add_collector();
  test.start();
  test.push("first", 3);
  test.services.time.run_for(100ms);
  REQUIRE(test.collector.bodies.size() == 1);
  CHECK(count_in(test.collector.bodies, "\"first\"") == 2);
  CHECK(count_in(test.collector.bodies, "\"shop\"") == 1);
  CHECK(test.collector.field("content-type") == "application/json");
  CHECK(test.collector.field("x-tenant") == "7");
  // The requests of the export are not traced.
  CHECK_FALSE(test.collector.field("traceparent"));
  test.services.time.run_for(5s);
  CHECK(test.collector.bodies.size() == 2);
  CHECK(count_in(test.collector.bodies, "\"first\"") == 3);
  CHECK(test.statistics.exported == 3);
  CHECK(test.queue.size() == 0);
  CHECK(test.total_dropped() == 0);
}

TEST_CASE("export_worker: without spans, no request is sent", "[service][otlp]") {
  worker_fixture test;
  test.add_collector();
  test.start();
  test.services.time.run_for(1min);
  CHECK(test.collector.bodies.empty());
}

TEST_CASE("export_worker: a batch is retried with backoff after status 429, 502, 503 or 504", "[service][otlp]") {
  const int status = GENERATE(429, 502, 503, 504);
  worker_fixture test;
  test.collector.steps = {{.status = status}, {.status = status}};
  test.add_collector();
  test.start();
  test.push("span", 2);
  test.services.time.run_for(10s);
  REQUIRE(test.collector.bodies.size() == 3);
  CHECK(test.collector.bodies[0] == test.collector.bodies[2]);
  CHECK(test.collector.times[1] - test.collector.times[0] >= 500ms);
  CHECK(test.collector.times[1] - test.collector.times[0] <= 1010ms);
  CHECK(test.collector.times[2] - test.collector.times[1] >= 1s);
  CHECK(test.collector.times[2] - test.collector.times[1] <= 2010ms);
  CHECK(test.statistics.exported == 2);
  CHECK(test.statistics.retries == 2);
  CHECK(test.total_dropped() == 0);
}

TEST_CASE("export_worker: Retry-After replaces the backoff", "[service][otlp]") {
  worker_fixture test;
  test.collector.steps = {{.status = 503, .retry_after = "7"}};
  test.add_collector();
  test.start();
  test.push("span", 2);
  test.services.time.run_for(20s);
  REQUIRE(test.collector.times.size() == 2);
  CHECK(test.collector.times[1] - test.collector.times[0] >= 7s);
  CHECK(test.collector.times[1] - test.collector.times[0] < 7100ms);
}

TEST_CASE("export_worker: a batch is dropped after an error status other than 429, 502, 503 and 504",
          "[service][otlp]") {
  const int status = GENERATE(400, 401, 404, 413, 500, 302);
  worker_fixture test;
  test.collector.steps = {{.status = status}};
  test.add_collector();
  test.start();
  test.push("bad", 2);
  test.services.time.run_for(10s);
  CHECK(test.collector.bodies.size() == 1);
  CHECK(test.dropped(drop_reason::rejected) == 2);
  CHECK(test.queue.size() == 0);
  test.push("good", 2);
  test.services.time.run_for(10s);
  CHECK(test.statistics.exported == 2);
}

TEST_CASE("export_worker: the items rejected by a partial success are counted and not retried", "[service][otlp]") {
  worker_fixture test;
  test.collector.steps = {{.body = R"({"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}})"}};
  test.add_collector();
  test.start();
  test.push("span", 2);
  test.services.time.run_for(10s);
  CHECK(test.collector.bodies.size() == 1);
  CHECK(test.statistics.exported == 1);
  CHECK(test.dropped(drop_reason::rejected) == 1);
}

TEST_CASE("export_worker: while the collector is down, the queue is bounded and old batches are dropped",
          "[service][otlp]") {
  worker_fixture test;
  test.services.add_closed_port("collector.test");
  test.start();
  for (int second = 0; second < 120; ++second) {
    test.push("span");
    test.services.time.run_for(1s);
    CHECK(test.queue.size() <= 8);
  }
  CHECK(test.statistics.exported == 0);
  CHECK(test.dropped(drop_reason::unavailable) > 0);
  CHECK(test.queue.dropped_count() > 0);
  CHECK(test.dropped(drop_reason::unavailable) + test.queue.dropped_count() + test.queue.size() == 120);
}

TEST_CASE("export_worker: an export without a response ends after the export timeout", "[service][otlp]") {
  worker_fixture test;
  test.collector.default_step = {.delay = 1h};
  test.target.request_timeout = 10s;
  test.target.export_timeout = 25s;
  test.add_collector();
  test.start();
  test.push("span", 2);
  test.services.time.run_for(24s);
  CHECK(test.total_dropped() == 0);
  test.services.time.run_for(2s);
  CHECK(test.dropped(drop_reason::unavailable) == 2);
  CHECK(test.collector.bodies.size() >= 2);
}

TEST_CASE("export_worker: the queued items are flushed on shutdown", "[service][otlp]") {
  worker_fixture test;
  test.add_collector();
  test.start();
  test.push("span", 5);
  test.stop(2s);
  CHECK(test.statistics.exported == 5);
  CHECK(test.total_dropped() == 0);
}

TEST_CASE("export_worker: program exit does not wait for an unresponsive collector", "[service][otlp]") {
  worker_fixture test;
  test.collector.default_step = {.delay = 1h};
  test.add_collector();
  test.start();
  test.push("span", 5);
  test.services.time.run_for(1s);
  const auto time_before = test.services.time.now();
  test.stop(2s);
  CHECK(test.services.time.now() - time_before < 2100ms);
  CHECK(test.dropped(drop_reason::shutdown) == 5);
  CHECK(test.queue.size() == 0);
}

TEST_CASE("export_worker: shutdown interrupts the wait before a retry", "[service][otlp]") {
  worker_fixture test;
  test.collector.default_step = {.status = 503, .retry_after = "20"};
  test.add_collector();
  test.start();
  test.push("span", 2);
  test.services.time.run_for(1s);
  const auto time_before = test.services.time.now();
  test.stop(10s);
  CHECK(test.services.time.now() - time_before < 1s);
  CHECK(test.dropped(drop_reason::shutdown) == 2);
}

}  // namespace
}  // namespace cohort::test
