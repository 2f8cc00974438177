#include "services/dashboard/alert_store.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <thread>

#include "tests/unit/core/service/service_stage.hpp"
#include "tests/unit/services/dashboard/alert_bodies.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using dashboard::alert_store;

/// A store, and a time that passes when it is told to. It begins at 12:00:00 UTC.
struct store_stage {
  alert_store store;
  time_point now{1h};
  wall_time today{std::chrono::sys_days{std::chrono::June / 1 / 2026} + 12h};

  void pass(duration span) {
    now += span;
    today += span;
  }
  alert_store::taken tell(std::initializer_list<told_alert> alerts, int truncated = 0) {
    return take(webhook_of(alerts, truncated));
  }
  alert_store::taken take(const std::string& body) {
    auto read = dashboard::read_alert_webhook(body);
    if (!read) throw std::runtime_error(read.error());
    return store.take(std::move(*read), now);
  }
  /// `(none)` where the pointer leads nowhere.
  std::string at(std::string_view pointer) { return json_at(store.body(now, today), pointer).value_or("(none)"); }
  std::string monitoring() { return at("/monitoring"); }
  std::uint64_t revision() { return store.revision(now); }
  std::size_t count(const std::string& list) {
    std::size_t all = 0;
    while (at("/" + list + "/" + std::to_string(all)) != "(none)") ++all;
    return all;
  }
};

told_alert resolved(std::string fingerprint, std::string ends_at = "2026-06-01T11:59:00Z") {
  return {.fingerprint = std::move(fingerprint), .status = "resolved", .ends_at = std::move(ends_at)};
}

/// So many alerts of that severity in one webhook, each with a fingerprint of its own.
std::string many(std::size_t count, const std::string& severity, const std::string& description = "x") {
  auto body = webhook_of({});
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    list += (i > 0 ? "," : "") +
            json_of({.fingerprint = severity + std::to_string(i), .severity = severity, .description = description});
  }
  return body.replace(body.find("[]") + 1, 0, list);
}

TEST_CASE("Before the first word nothing fires, and nobody is known to watch") {
  store_stage stage;
  CHECK(stage.store.body(stage.now, stage.today) ==
        R"({"monitoring":{"state":"unknown","last_heard_seconds":null},"firing":[],"resolved":[],"not_shown":0})");
}

TEST_CASE("An alert that fires is shown with all that was said of it, and for how long it has") {
  store_stage stage;
  const auto count = stage.tell({{}});
  CHECK(count.firing == 1);
  CHECK(count.resolved + count.dropped + count.forgotten == 0);
  stage.pass(10s);
  CHECK(stage.at("/firing/0") ==
        R"({"name":"ServiceDown","severity":"critical","service":"time-service","summary":"time-service is down",)"
        R"("description":"No answer for a minute.","runbook_url":"http://localhost:5000/runbook#servicedown",)"
        R"("starts_at":"2026-06-01T11:58:00Z","for_seconds":130,"stale":false,"labels":{"alertname":"ServiceDown",)"
        R"("instance":"time-service:5001","job":"time-service","severity":"critical"},)"
        R"("fingerprint":"0123456789abcdef"})");
  CHECK(stage.count("firing") == 1);
}

TEST_CASE("What was not said is null") {
  store_stage stage;
  auto body = webhook_of({{}});
  const std::string annotations = R"("annotations":)";
  const auto from = body.find(annotations) + annotations.size();
  body.replace(from, body.find('}', from) + 1 - from, "{}");
  body.replace(body.find(R"(,"job":"time-service","severity":"critical")"), 43, "");
  stage.take(body);
  for (const auto* name : {"severity", "service", "summary", "description", "runbook_url"}) {
    CHECK(stage.at(std::string{"/firing/0/"} + name) == "null");
  }
  stage.tell({{.fingerprint = "other", .severity = "info"}});
  CHECK(stage.at("/firing/0/severity") == "\"info\"");
}

TEST_CASE("An alert that begins in another clock's future has lasted no time, and one of old times its time") {
  store_stage stage;
  stage.tell({{.starts_at = "2026-06-01T12:00:05Z"}});
  CHECK(stage.at("/firing/0/for_seconds") == "0");
  stage.tell({{.starts_at = "1678-01-01T00:00:00Z"}});
  CHECK(stage.at("/firing/0/for_seconds") == "10994875200");
}

TEST_CASE("The same alert told again is one alert, as it was told last") {
  store_stage stage;
  stage.tell({{.severity = "warning"}});
  stage.tell({{.severity = "critical"}});
  CHECK(stage.count("firing") == 1);
  CHECK(stage.at("/firing/0/severity") == "\"critical\"");
}

TEST_CASE("The severest come first, and of those the oldest; unknown severities last") {
  store_stage stage;
  stage.tell({{.fingerprint = "a", .severity = "info"},
              {.fingerprint = "b", .severity = "apocalyptic"},
              {.fingerprint = "c", .severity = "critical", .starts_at = "2026-06-01T11:30:00Z"},
              {.fingerprint = "d", .severity = "warning"},
              {.fingerprint = "f", .severity = "critical", .starts_at = "2026-06-01T11:00:00Z"},
              {.fingerprint = "e", .severity = "critical", .starts_at = "2026-06-01T11:30:00Z"}});
  std::string order;
  for (int i = 0; i < 6; ++i) order += stage.at("/firing/" + std::to_string(i) + "/fingerprint")[1];
  CHECK(order == "fcedab");
}

TEST_CASE("An alert that is not confirmed for a quarter of an hour is stale, until it is") {
  store_stage stage;
  stage.tell({{}});
  stage.pass(5min);
  stage.tell({{}});
  const auto quiet = stage.revision();
  stage.pass(15min - 1ns);
  CHECK(stage.at("/firing/0/stale") == "false");
  CHECK(stage.revision() == quiet);
  stage.pass(1ns);
  CHECK(stage.at("/firing/0/stale") == "true");
  CHECK(stage.revision() == quiet + 1);
  stage.pass(24h);
  CHECK(stage.count("firing") == 1);
  CHECK(stage.revision() == quiet + 1);
  stage.tell({{}});
  CHECK(stage.at("/firing/0/stale") == "false");
  CHECK(stage.revision() > quiet + 1);
}

TEST_CASE("A stale alert is over when Alertmanager has not told of it for long though it was heard all the time") {
  store_stage stage;
  const auto watch = [&](int minutes) {
    for (int i = 0; i < minutes; ++i) {
      stage.pass(1min);
      stage.tell({watchdog()});
    }
  };
  stage.tell({{}, watchdog()});
  watch(74);
  CHECK(stage.at("/firing/0/stale") == "true");
  const auto before = stage.revision();
  stage.pass(1min - 1ns);
  CHECK(stage.revision() == before);
  CHECK(stage.count("firing") == 1);
  stage.pass(1ns);
  CHECK(stage.revision() == before + 1);
  CHECK(stage.count("firing") == 0);

  // A gap in the watch: what was not told then may be told again now.
  stage.tell({{}, watchdog()});
  stage.pass(24h);
  CHECK(stage.count("firing") == 1);
  stage.tell({watchdog()});
  watch(74);
  CHECK(stage.count("firing") == 1);
  watch(1);
  CHECK(stage.count("firing") == 0);
}

TEST_CASE("A resolved alert is history for an hour from when it was first said, and then forgotten") {
  store_stage stage;
  stage.tell({{}});
  const auto count = stage.tell({resolved("0123456789abcdef")});
  CHECK(count.resolved == 1);
  CHECK(count.firing == 0);
  CHECK(stage.count("firing") == 0);
  CHECK(stage.at("/resolved/0/ends_at") == "\"2026-06-01T11:59:00Z\"");
  CHECK(stage.at("/resolved/0/for_seconds") == "60");
  CHECK(stage.at("/resolved/0/stale") == "false");
  const auto told = stage.revision();
  stage.pass(30min);
  CHECK(stage.revision() == told);
  stage.tell({resolved("0123456789abcdef")});
  const auto before = stage.revision();
  stage.pass(30min - 1ns);
  CHECK(stage.count("resolved") == 1);
  CHECK(stage.revision() == before);
  stage.pass(1ns);
  CHECK(stage.count("resolved") == 0);
  CHECK(stage.revision() == before + 1);
}

TEST_CASE("An alert that fires again is no history any more, and its hour begins anew when it is resolved again") {
  store_stage stage;
  stage.tell({resolved("0123456789abcdef")});
  stage.pass(50min);
  stage.tell({{}});
  CHECK(stage.count("firing") == 1);
  CHECK(stage.count("resolved") == 0);
  stage.tell({resolved("0123456789abcdef")});
  stage.pass(59min);
  CHECK(stage.count("resolved") == 1);
}

TEST_CASE("Of the resolved the latest twenty are kept, the last to end first") {
  store_stage stage;
  std::size_t forgotten = 0;
  for (int i = 10; i < 35; ++i) {
    forgotten +=
        stage.tell({resolved("r" + std::to_string(i), "2026-06-01T11:" + std::to_string(i) + ":00Z")}).forgotten;
  }
  CHECK(forgotten == 5);
  CHECK(stage.count("resolved") == 20);
  CHECK(stage.at("/resolved/0/fingerprint") == "\"r34\"");
  CHECK(stage.at("/resolved/19/fingerprint") == "\"r15\"");
  CHECK(stage.at("/not_shown") == "0");
}

TEST_CASE("Above its size the store lets the resolved go first, then what is least severe, and says so for a while") {
  store_stage stage;
  stage.tell({resolved("r1"), resolved("r2", "2026-06-01T11:59:30Z")});
  auto count = stage.take(many(alert_store::most_alerts - 1, "warning"));
  CHECK(count.forgotten == 1);
  CHECK(count.dropped == 0);
  CHECK(stage.at("/resolved/0/fingerprint") == "\"r2\"");
  count = stage.take(many(3, "critical"));
  CHECK(count.forgotten == 1);
  CHECK(count.dropped == 2);
  CHECK(stage.count("firing") == alert_store::most_alerts);
  CHECK(stage.at("/firing/2/severity") == "\"critical\"");
  count = stage.take(many(4, "info"));
  CHECK(count.dropped == 4);
  CHECK(stage.at("/firing/199/severity") == "\"warning\"");
  CHECK(stage.at("/not_shown") == "4");
  stage.pass(1min);
  stage.take(many(1, "info"));
  CHECK(stage.at("/not_shown") == "4");
  const auto before = stage.revision();
  stage.pass(14min);
  CHECK(stage.at("/not_shown") == "0");
  CHECK(stage.revision() > before);
}

TEST_CASE("The bytes that are kept are bounded too") {
  store_stage stage;
  const auto count = stage.take(many(100, "critical", std::string(4000, 'x')));
  CHECK(count.firing == 100);
  CHECK(count.dropped > 30);
  CHECK(count.dropped < 50);
  CHECK(stage.count("firing") == 100 - count.dropped);
  CHECK(stage.store.body(stage.now, stage.today).size() < alert_store::most_bytes + 60'000);
}

TEST_CASE("What Alertmanager itself leaves out is missing as well") {
  store_stage stage;
  const auto count = stage.tell({{}}, 12);
  CHECK(count.truncated == 12);
  CHECK(count.dropped == 0);
  CHECK(stage.at("/not_shown") == "12");

  store_stage empty;
  empty.tell({}, 3);
  const auto before = empty.revision();
  empty.pass(15min - 1ns);
  CHECK(empty.revision() == before);
  empty.pass(1ns);
  CHECK(empty.revision() == before + 1);
  CHECK(empty.at("/not_shown") == "0");
}

TEST_CASE("The Watchdog is no alert; while it is heard somebody watches, after three minutes without it nobody does") {
  store_stage stage;
  CHECK(stage.tell({watchdog()}).firing == 1);
  CHECK(stage.count("firing") == 0);
  CHECK(stage.monitoring() == R"({"state":"ok","last_heard_seconds":0})");
  const auto heard = stage.revision();
  stage.pass(1min);
  CHECK(stage.monitoring() == R"({"state":"ok","last_heard_seconds":60})");
  stage.tell({watchdog()});
  CHECK(stage.revision() > heard);
  stage.pass(3min - 1ns);
  CHECK(stage.monitoring() == R"({"state":"ok","last_heard_seconds":179})");
  const auto before = stage.revision();
  stage.pass(1ns);
  CHECK(stage.revision() == before + 1);
  CHECK(stage.monitoring() == R"({"state":"silent","last_heard_seconds":180})");
  stage.pass(1h);
  CHECK(stage.revision() == before + 1);
  stage.tell({watchdog()});
  CHECK(stage.monitoring() == R"({"state":"ok","last_heard_seconds":0})");
}

TEST_CASE("A Watchdog that is resolved is nobody watching, at once; another alert does not stand in for it") {
  store_stage stage;
  stage.tell({{}});
  CHECK(stage.at("/monitoring/state") == "\"unknown\"");
  stage.tell({watchdog("resolved")});
  CHECK(stage.at("/monitoring/state") == "\"unknown\"");
  stage.tell({watchdog()});
  stage.pass(30s);
  stage.tell({watchdog("resolved")});
  CHECK(stage.monitoring() == R"({"state":"silent","last_heard_seconds":30})");
  CHECK(stage.count("resolved") == 0);
  stage.tell({{}});
  CHECK(stage.at("/monitoring/state") == "\"silent\"");
  stage.tell({watchdog()});
  CHECK(stage.at("/monitoring/state") == "\"ok\"");
}

TEST_CASE("Another loop that looked at the clock a moment earlier sees no negative age") {
  store_stage stage;
  stage.tell({watchdog()});
  stage.pass(-1ms);
  CHECK(stage.monitoring() == R"({"state":"ok","last_heard_seconds":0})");
}

TEST_CASE("What nobody changes has one revision") {
  store_stage stage;
  const auto first = stage.revision();
  stage.pass(24h);
  stage.at("/firing");
  CHECK(stage.revision() == first);
  stage.tell({{}});
  CHECK(stage.revision() > first);
}

TEST_CASE("The store may be told and asked from several threads at once") {
  store_stage stage;
  const auto told = webhook_of({{}, watchdog(), resolved("r")});
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&stage, &told] {
      for (int turn = 0; turn < 50; ++turn) {
        auto read = dashboard::read_alert_webhook(told);
        stage.store.take(std::move(*read), stage.now);
        stage.store.body(stage.now, stage.today);
        stage.store.revision(stage.now);
      }
    });
  }
  for (auto& each : threads) each.join();
  CHECK(stage.count("firing") == 1);
  CHECK(stage.count("resolved") == 1);
}

}  // namespace
}  // namespace cohort
