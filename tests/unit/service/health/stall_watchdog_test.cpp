// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/health/stall_watchdog.hpp>

#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <cohort/runtime/runtime.hpp>
#include <cohort/telemetry/tracing/span.hpp>
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;

/// Records log lines, and waits for a line that contains a text.
class recording_exporter : public telemetry::log_exporter {
 public:
  void export_record(std::string_view, const telemetry::log_record& record) override {
    const std::lock_guard lock{mutex_};
    std::string line{record.message};
    for (const auto& each : record.attributes) {
      line.append(" ").append(each.name).append("=");
      if (const auto* text = std::get_if<std::string_view>(&each.value)) line.append(*text);
      if (const auto* number = std::get_if<std::int64_t>(&each.value)) line.append(std::to_string(*number));
    }
    lines_.push_back(line);
    added_.notify_all();
  }
  /// Returns the last line with this text; the result is empty if there is none within a minute.
  std::string wait_for(std::string_view text) {
    std::unique_lock lock{mutex_};
    std::string found;
    added_.wait_for(lock, 1min, [&] {
      for (const auto& line : lines_) {
        if (line.find(text) != std::string::npos) found = line;
      }
      return !found.empty();
    });
    return found;
  }

 private:
  std::mutex mutex_;
  std::condition_variable added_;
  std::vector<std::string> lines_;
};

struct watchdog_fixture {
  watchdog_fixture() {
    log.sink().set_exporter(&awaited);
    monitors.push_back(std::make_unique<service::loop_monitor>(loops.at(0), registries));
    thread = std::jthread{[this] { loops.run(); }};
    watchdog.emplace(monitors, 20ms, registries,
                     telemetry::logger{log.sink(), "test", telemetry::log_level::info, telemetry::log_format::json});
  }
  ~watchdog_fixture() {
    watchdog.reset();
    loops.stop();
    thread.join();
    log.sink().set_exporter(nullptr);
  }
  double stalls() { return metrics.make_counter("cohort_loop_stalls_total", {}, {{"loop", "0"}}).value(); }

  test::captured_log log;
  recording_exporter awaited;
  telemetry::registry metrics{1};
  std::vector<telemetry::registry*> registries{&metrics};
  runtime loops{1};
  std::vector<std::unique_ptr<service::loop_monitor>> monitors;
  std::jthread thread;
  std::optional<service::stall_watchdog> watchdog;
};

TEST_CASE(
    "stall_watchdog: a stall is logged before it ends, with the route and the trace of the request that the loop runs",
    "[service][stall][threads]") {
  watchdog_fixture test;
  std::string line;
  double stalled_seconds = 0;
  asio::post(test.loops.at(0).get_executor(), [&] {
    activity_scope running{activity_kind::request};
    running->begin("/items/{id}", 0x0af7651916cd43dd, 0x8448eb211c80319c, loop::current().now());
    // The loop is blocked until the line has been written.
    line = test.awaited.wait_for("event loop stalled");
    stalled_seconds = test.metrics.make_gauge("cohort_loop_stalled_seconds", {}, {{"loop", "0"}}).value();
  });
  const auto end = test.awaited.wait_for("event loop continues after a stall");
  CHECK(line.find("loop=0") != std::string::npos);
  CHECK(line.find("activity=request name=/items/{id} trace_id=0af7651916cd43dd8448eb211c80319c") != std::string::npos);
  CHECK(stalled_seconds > 0.01);
  CHECK(end.find("stalled_ms=") != std::string::npos);
  CHECK(test.stalls() == 1);
  CHECK(test.metrics.prometheus_text().find("cohort_loop_stall_seconds_count 1") != std::string::npos);
}

TEST_CASE("stall_watchdog: a stall without a request or a job is also logged", "[service][stall][threads]") {
  watchdog_fixture test;
  std::string line;
  asio::post(test.loops.at(0).get_executor(), [&] {
    loop::current().enter_activity(nullptr);
    line = test.awaited.wait_for("event loop stalled");
  });
  CHECK_FALSE(test.awaited.wait_for("continues").empty());
  CHECK(line.find("activity=none") != std::string::npos);
}

}  // namespace
}  // namespace cohort
