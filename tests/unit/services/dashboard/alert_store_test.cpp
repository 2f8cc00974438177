// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/alerts/alert_store.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <thread>

#include "tests/unit/service/service_fixture.hpp"
#include "tests/unit/services/dashboard/alert_samples.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using dashboard::alert_store;

/// A store, and a clock that starts at 12:00:00 UTC.
struct store_fixture {
  alert_store store;
  time_point now{1h};
  wall_time wall_now{std::chrono::sys_days{std::chrono::June / 1 / 2026} + 12h};

  void advance(duration span) {
    now += span;
    wall_now += span;
  }
  alert_store::update_counts update(std::initializer_list<alert_sample> alerts, int truncated = 0) {
    return update_with_body(webhook_body(alerts, truncated));
  }
  alert_store::update_counts update_with_body(const std::string& body) {
    auto webhook = dashboard::parse_alert_webhook(body);
    if (!webhook) throw std::runtime_error(webhook.error());
    return store.update(std::move(*webhook), now);
  }
  /// Returns the value at a JSON pointer, or "(none)" if there is none.
  std::string at(std::string_view pointer) { return json_at(body(), pointer).value_or("(none)"); }
  std::string body() { return alerts_json(store.read(now), wall_now); }
  std::string monitoring() { return at("/monitoring"); }
  std::uint64_t revision() { return store.revision(now); }
  std::size_t count(const std::string& list) {
    std::size_t size = 0;
    while (at("/" + list + "/" + std::to_string(size)) != "(none)") ++size;
    return size;
  }
};

alert_sample make_resolved_sample(std::string fingerprint, std::string ends_at = "2026-06-01T11:59:00Z") {
  return {.fingerprint = std::move(fingerprint), .status = "resolved", .ends_at = std::move(ends_at)};
}

/// Returns a webhook with `count` alerts of one severity.
std::string alerts_of_severity(std::size_t count, const std::string& severity, const std::string& description = "x") {
  auto body = webhook_body({});
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    list += (i > 0 ? "," : "") +
            alert_json({.fingerprint = severity + std::to_string(i), .severity = severity, .description = description});
  }
  return body.replace(body.find("[]") + 1, 0, list);
}

TEST_CASE("alert store: initially no alert fires and monitoring is unknown", "[services][dashboard]") {
  store_fixture fixture;
  CHECK(fixture.body() ==
        R"({"monitoring":{"state":"unknown","last_heard_seconds":null},"firing":[],"resolved":[],"not_shown":0})");
}

TEST_CASE("alert store: a firing alert has all its fields and its duration", "[services][dashboard]") {
  store_fixture fixture;
  const auto count = fixture.update({{}});
  CHECK(count.firing == 1);
  CHECK(count.resolved + count.dropped + count.forgotten == 0);
  fixture.advance(10s);
  CHECK(fixture.at("/firing/0") ==
        R"({"name":"ServiceDown","severity":"critical","service":"time-service","summary":"time-service is down",)"
        R"("description":"No response for one minute.","runbook_url":"http://localhost:5000/runbook#servicedown",)"
        R"("starts_at":"2026-06-01T11:58:00Z","for_seconds":130,"stale":false,"labels":{"alertname":"ServiceDown",)"
        R"("instance":"time-service:5001","job":"time-service","severity":"critical"},)"
        R"("fingerprint":"0123456789abcdef"})");
  CHECK(fixture.count("firing") == 1);
}

TEST_CASE("alert store: missing optional fields are null", "[services][dashboard]") {
  store_fixture fixture;
  auto body = webhook_body({{}});
  const std::string annotations = R"("annotations":)";
  const auto start = body.find(annotations) + annotations.size();
  body.replace(start, body.find('}', start) + 1 - start, "{}");
  body.replace(body.find(R"(,"job":"time-service","severity":"critical")"), 43, "");
  fixture.update_with_body(body);
  for (const auto* name : {"severity", "service", "summary", "description", "runbook_url"}) {
    CHECK(fixture.at(std::string{"/firing/0/"} + name) == "null");
  }
  fixture.update({{.fingerprint = "other", .severity = "info"}});
  CHECK(fixture.at("/firing/0/severity") == "\"info\"");
}

TEST_CASE("alert store: the duration of an alert that starts in the future is zero", "[services][dashboard]") {
  store_fixture fixture;
  fixture.update({{.starts_at = "2026-06-01T12:00:05Z"}});
  CHECK(fixture.at("/firing/0/for_seconds") == "0");
  fixture.update({{.starts_at = "1678-01-01T00:00:00Z"}});
  CHECK(fixture.at("/firing/0/for_seconds") == "10994875200");
}

TEST_CASE("alert store: an alert with a known fingerprint replaces the earlier alert", "[services][dashboard]") {
  store_fixture fixture;
  fixture.update({{.severity = "warning"}});
  fixture.update({{.severity = "critical"}});
  CHECK(fixture.count("firing") == 1);
  CHECK(fixture.at("/firing/0/severity") == "\"critical\"");
}

TEST_CASE("alert store: alerts are sorted by severity, then by age", "[services][dashboard]") {
  store_fixture fixture;
  fixture.update({{.fingerprint = "a", .severity = "info"},
                  {.fingerprint = "b", .severity = "apocalyptic"},
                  {.fingerprint = "c", .severity = "critical", .starts_at = "2026-06-01T11:30:00Z"},
                  {.fingerprint = "d", .severity = "warning"},
                  {.fingerprint = "f", .severity = "critical", .starts_at = "2026-06-01T11:00:00Z"},
                  {.fingerprint = "e", .severity = "critical", .starts_at = "2026-06-01T11:30:00Z"}});
  std::string order;
  for (int i = 0; i < 6; ++i) order += fixture.at("/firing/" + std::to_string(i) + "/fingerprint")[1];
  CHECK(order == "fcedab");
}

TEST_CASE("alert store: an alert that is not confirmed for 15 minutes is stale until it is confirmed again",
          "[services][dashboard]") {
  store_fixture fixture;
  fixture.update({{}});
  fixture.advance(5min);
  fixture.update({{}});
  const auto initial = fixture.revision();
  fixture.advance(15min - 1ns);
  CHECK(fixture.at("/firing/0/stale") == "false");
  CHECK(fixture.revision() == initial);
  fixture.advance(1ns);
  CHECK(fixture.at("/firing/0/stale") == "true");
  CHECK(fixture.revision() == initial + 1);
  fixture.advance(24h);
  CHECK(fixture.count("firing") == 1);
  CHECK(fixture.revision() == initial + 1);
  fixture.update({{}});
  CHECK(fixture.at("/firing/0/stale") == "false");
  CHECK(fixture.revision() > initial + 1);
}

TEST_CASE("alert store: a stale alert is removed after an hour in which the Watchdog was confirmed",
          "[services][dashboard]") {
  store_fixture fixture;
  const auto confirm_watchdog_for = [&](int minutes) {
    for (int i = 0; i < minutes; ++i) {
      fixture.advance(1min);
      fixture.update({watchdog()});
    }
  };
  fixture.update({{}, watchdog()});
  confirm_watchdog_for(74);
  CHECK(fixture.at("/firing/0/stale") == "true");
  const auto revision_before = fixture.revision();
  fixture.advance(1min - 1ns);
  CHECK(fixture.revision() == revision_before);
  CHECK(fixture.count("firing") == 1);
  fixture.advance(1ns);
  CHECK(fixture.revision() == revision_before + 1);
  CHECK(fixture.count("firing") == 0);

  // After an interruption of the Watchdog, alerts that were not confirmed during the interruption are kept.
  fixture.update({{}, watchdog()});
  fixture.advance(24h);
  CHECK(fixture.count("firing") == 1);
  fixture.update({watchdog()});
  confirm_watchdog_for(74);
  CHECK(fixture.count("firing") == 1);
  confirm_watchdog_for(1);
  CHECK(fixture.count("firing") == 0);
}

TEST_CASE("alert store: a resolved alert is kept for an hour after it was first reported", "[services][dashboard]") {
  store_fixture fixture;
  fixture.update({{}});
  const auto count = fixture.update({make_resolved_sample("0123456789abcdef")});
  CHECK(count.resolved == 1);
  CHECK(count.firing == 0);
  CHECK(fixture.count("firing") == 0);
  CHECK(fixture.at("/resolved/0/ends_at") == "\"2026-06-01T11:59:00Z\"");
  CHECK(fixture.at("/resolved/0/for_seconds") == "60");
  CHECK(fixture.at("/resolved/0/stale") == "false");
  const auto initial = fixture.revision();
  fixture.advance(30min);
  CHECK(fixture.revision() == initial);
  fixture.update({make_resolved_sample("0123456789abcdef")});
  const auto revision_before = fixture.revision();
  fixture.advance(30min - 1ns);
  CHECK(fixture.count("resolved") == 1);
  CHECK(fixture.revision() == revision_before);
  fixture.advance(1ns);
  CHECK(fixture.count("resolved") == 0);
  CHECK(fixture.revision() == revision_before + 1);
}

TEST_CASE("alert store: an alert that fires again is no longer resolved", "[services][dashboard]") {
  store_fixture fixture;
  fixture.update({make_resolved_sample("0123456789abcdef")});
  fixture.advance(50min);
  fixture.update({{}});
  CHECK(fixture.count("firing") == 1);
  CHECK(fixture.count("resolved") == 0);
  fixture.update({make_resolved_sample("0123456789abcdef")});
  fixture.advance(59min);
  CHECK(fixture.count("resolved") == 1);
}

TEST_CASE("alert store: the latest twenty resolved alerts are kept", "[services][dashboard]") {
  store_fixture fixture;
  std::size_t forgotten = 0;
  for (int i = 10; i < 35; ++i) {
    forgotten +=
        fixture.update({make_resolved_sample("r" + std::to_string(i), "2026-06-01T11:" + std::to_string(i) + ":00Z")})
            .forgotten;
  }
  CHECK(forgotten == 5);
  CHECK(fixture.count("resolved") == 20);
  CHECK(fixture.at("/resolved/0/fingerprint") == "\"r34\"");
  CHECK(fixture.at("/resolved/19/fingerprint") == "\"r15\"");
  CHECK(fixture.at("/not_shown") == "0");
}

TEST_CASE("alert store: a full store evicts resolved alerts first, then the least severe alerts",
          "[services][dashboard]") {
  store_fixture fixture;
  fixture.update({make_resolved_sample("r1"), make_resolved_sample("r2", "2026-06-01T11:59:30Z")});
  auto count = fixture.update_with_body(alerts_of_severity(alert_store::max_alerts - 1, "warning"));
  CHECK(count.forgotten == 1);
  CHECK(count.dropped == 0);
  CHECK(fixture.at("/resolved/0/fingerprint") == "\"r2\"");
  count = fixture.update_with_body(alerts_of_severity(3, "critical"));
  CHECK(count.forgotten == 1);
  CHECK(count.dropped == 2);
  CHECK(fixture.count("firing") == alert_store::max_alerts);
  CHECK(fixture.at("/firing/2/severity") == "\"critical\"");
  count = fixture.update_with_body(alerts_of_severity(4, "info"));
  CHECK(count.dropped == 4);
  CHECK(fixture.at("/firing/199/severity") == "\"warning\"");
  CHECK(fixture.at("/not_shown") == "4");
  fixture.advance(1min);
  fixture.update_with_body(alerts_of_severity(1, "info"));
  CHECK(fixture.at("/not_shown") == "4");
  const auto revision_before = fixture.revision();
  fixture.advance(14min);
  CHECK(fixture.at("/not_shown") == "0");
  CHECK(fixture.revision() > revision_before);
}

TEST_CASE("alert store: the total size is limited", "[services][dashboard]") {
  store_fixture fixture;
  const auto count = fixture.update_with_body(alerts_of_severity(100, "critical", std::string(4000, 'x')));
  CHECK(count.firing == 100);
  CHECK(count.dropped > 30);
  CHECK(count.dropped < 50);
  CHECK(fixture.count("firing") == 100 - count.dropped);
  CHECK(fixture.body().size() < alert_store::max_bytes + 60'000);
}

TEST_CASE("alert store: alerts that Alertmanager has truncated are counted as not shown", "[services][dashboard]") {
  store_fixture fixture;
  const auto count = fixture.update({{}}, 12);
  CHECK(count.truncated == 12);
  CHECK(count.dropped == 0);
  CHECK(fixture.at("/not_shown") == "12");

  store_fixture empty_store;
  empty_store.update({}, 3);
  const auto revision_before = empty_store.revision();
  empty_store.advance(15min - 1ns);
  CHECK(empty_store.revision() == revision_before);
  empty_store.advance(1ns);
  CHECK(empty_store.revision() == revision_before + 1);
  CHECK(empty_store.at("/not_shown") == "0");
}

TEST_CASE("alert store: the monitoring state is silent three minutes after the last Watchdog",
          "[services][dashboard]") {
  store_fixture fixture;
  CHECK(fixture.update({watchdog()}).firing == 1);
  CHECK(fixture.count("firing") == 0);
  CHECK(fixture.monitoring() == R"({"state":"ok","last_heard_seconds":0})");
  const auto initial = fixture.revision();
  fixture.advance(1min);
  CHECK(fixture.monitoring() == R"({"state":"ok","last_heard_seconds":60})");
  fixture.update({watchdog()});
  CHECK(fixture.revision() > initial);
  fixture.advance(3min - 1ns);
  CHECK(fixture.monitoring() == R"({"state":"ok","last_heard_seconds":179})");
  const auto revision_before = fixture.revision();
  fixture.advance(1ns);
  CHECK(fixture.revision() == revision_before + 1);
  CHECK(fixture.monitoring() == R"({"state":"silent","last_heard_seconds":180})");
  fixture.advance(1h);
  CHECK(fixture.revision() == revision_before + 1);
  fixture.update({watchdog()});
  CHECK(fixture.monitoring() == R"({"state":"ok","last_heard_seconds":0})");
}

TEST_CASE("alert store: the monitoring state is silent as soon as the Watchdog is resolved", "[services][dashboard]") {
  store_fixture fixture;
  fixture.update({{}});
  CHECK(fixture.at("/monitoring/state") == "\"unknown\"");
  fixture.update({watchdog("resolved")});
  CHECK(fixture.at("/monitoring/state") == "\"unknown\"");
  fixture.update({watchdog()});
  fixture.advance(30s);
  fixture.update({watchdog("resolved")});
  CHECK(fixture.monitoring() == R"({"state":"silent","last_heard_seconds":30})");
  CHECK(fixture.count("resolved") == 0);
  fixture.update({{}});
  CHECK(fixture.at("/monitoring/state") == "\"silent\"");
  fixture.update({watchdog()});
  CHECK(fixture.at("/monitoring/state") == "\"ok\"");
}

TEST_CASE("alert store: the age of the Watchdog is never negative", "[services][dashboard]") {
  store_fixture fixture;
  fixture.update({watchdog()});
  fixture.advance(-1ms);
  CHECK(fixture.monitoring() == R"({"state":"ok","last_heard_seconds":0})");
}

TEST_CASE("alert store: the revision changes only with the content", "[services][dashboard]") {
  store_fixture fixture;
  const auto first = fixture.revision();
  fixture.advance(24h);
  fixture.at("/firing");
  CHECK(fixture.revision() == first);
  fixture.update({{}});
  CHECK(fixture.revision() > first);
}

TEST_CASE("alert store: several threads may read and update concurrently", "[services][dashboard][threads]") {
  store_fixture fixture;
  const auto body = webhook_body({{}, watchdog(), make_resolved_sample("r")});
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&fixture, &body] {
      for (int round = 0; round < 50; ++round) {
        auto webhook = dashboard::parse_alert_webhook(body);
        fixture.store.update(std::move(*webhook), fixture.now);
        fixture.body();
        fixture.store.revision(fixture.now);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(fixture.count("firing") == 1);
  CHECK(fixture.count("resolved") == 1);
}

}  // namespace
}  // namespace cohort
