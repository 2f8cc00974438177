// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "services/dashboard/alerts/alert_store.hpp"
#include "services/dashboard/page/alerts_html.hpp"
#include "services/dashboard/page/page_template.hpp"
#include "services/dashboard/page/page_text.hpp"
#include "tests/unit/services/dashboard/alert_samples.hpp"
#include "tests/unit/services/dashboard/dashboard_fixture.hpp"

// Tests of the initial HTML of the page. Programs that are built without the page do not serve it.
namespace cohort {
namespace {

using namespace cohort::test;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Stubs that respond with the bodies of the real services.
struct page_fixture : dashboard_fixture {
  explicit page_fixture(std::string key = {}, std::vector<dashboard::page_link> links = {})
      : dashboard_fixture(std::move(key)) {
    page.links = std::move(links);
    time_service.body = R"({"timestamp":"2025-03-09 14:05:06","timezone":"Asia/Jerusalem"})";
    sysinfo.body = R"({"memory_percent":53.24,"load_average":[0.5,0.4,0.3],"cpu_count":8,"hostname":"host-1"})";
    weather.body = R"({"cached":true,"cache_age_seconds":75,"location":{"city":"Haifa","country":"<b>"},)"
                   R"("weather":{"temperature_c":"21","condition":"Sunny"}})";
    serve_dashboard();
  }
  std::string html(std::string_view fields = {}) { return response_to(get("/", fields)).body; }
  bool has_page() { return response_to(get("/")).status == 200; }
};

TEST_CASE("page: the HTML has the escaped current values", "[services][dashboard]") {
  page_fixture fixture;
  if (!fixture.has_page()) SKIP("built without the page");
  const auto response = fixture.response_to(get("/"));
  CHECK(response.header("Cache-Control") == "private, no-cache");
  const auto& html = response.body;
  CHECK(contains(html, R"(<p id="headline" data-tone="good">3 of 3 in time · slowest )"));
  CHECK(contains(html, R"(<time id="clock">14:05:06</time>)"));
  CHECK(contains(html, R"(data-fact="detail">2025-03-09, Asia/Jerusalem<)"));
  CHECK(contains(html, R"(data-fact="main">53.2 % memory<)"));
  CHECK(contains(html, R"(data-fact="detail">load 0.50 on 8 CPUs · host-1<)"));
  CHECK(contains(html, R"(data-fact="main">21 °C Sunny<)"));
  CHECK(contains(html, R"(data-fact="detail">Haifa, &lt;b&gt; · 1 min 15 s old<)"));
  CHECK(contains(html, R"("country":"\u003cb>")"));
  CHECK(contains(html, R"(id="initial">[["part",{"poll":0,"time_service":{)"));
  CHECK_FALSE(contains(html, "<!--="));
  CHECK_FALSE(contains(html, "Waiting for the first response"));
}

TEST_CASE("page: the HTML marks sample data", "[services][dashboard]") {
  page_fixture fixture;
  if (!fixture.has_page()) SKIP("built without the page");
  fixture.weather.body = R"({"sample":true,"location":{"city":"Haifa"},"weather":{"temperature_c":"21"}})";
  fixture.time.run_for(1s);
  CHECK(contains(fixture.html(), R"(data-fact="detail">Sample data for Haifa<)"));
}

TEST_CASE("page: a slow service delays the HTML by at most 80 ms", "[services][dashboard]") {
  page_fixture fixture;
  if (!fixture.has_page()) SKIP("built without the page");
  fixture.weather.delay = 1s;
  fixture.time.run_for(2s);
  const auto start = fixture.time.now();
  const auto html = fixture.html();
  CHECK(fixture.time.now() - start < 100ms);
  CHECK(contains(html, "2 of 2 in time"));
  CHECK_FALSE(contains(html, "21 °C"));
  // The call continues, so that the next page load contains the result of the call.
  fixture.time.run_for(1100ms);
  fixture.weather.delay = 0s;
  CHECK(contains(fixture.html(), "3 of 3 in time"));
}

TEST_CASE("page: the headline contains the timeout of the slowest call", "[services][dashboard]") {
  page_fixture fixture;
  if (!fixture.has_page()) SKIP("built without the page");
  fixture.sysinfo.delay = 40ms;
  fixture.time.run_for(1s);
  CHECK(contains(fixture.html(), "3 of 3 in time · slowest 40 ms of 3 s (system)<"));
}

TEST_CASE("page: the services are called once a second for all clients", "[services][dashboard]") {
  page_fixture fixture;
  if (!fixture.has_page()) SKIP("built without the page");
  const auto request_count_before = fixture.sysinfo.request_count();
  for (int i = 0; i < 10; ++i) fixture.html();
  CHECK(fixture.sysinfo.request_count() == request_count_before);
  fixture.time.run_for(1s);
  for (int i = 0; i < 10; ++i) fixture.html();
  CHECK(fixture.sysinfo.request_count() == request_count_before + 1);
}

TEST_CASE("page: the page contains the configured links only", "[services][dashboard]") {
  page_fixture fixture{"", {{"grafana", "Grafana", parse_url("https://grafana.test/d/board")}}};
  if (!fixture.has_page()) SKIP("built without the page");
  const auto html = fixture.html();
  CHECK(contains(html, R"(<a data-link="grafana" href="https://grafana.test/d/board">Grafana</a>)"));
  CHECK_FALSE(contains(html, "data-link=\"jaeger\""));
}

TEST_CASE("page: the HTML shows the states of failed parts", "[services][dashboard]") {
  page_fixture fixture;
  if (!fixture.has_page()) SKIP("built without the page");
  fixture.sysinfo.status = http::status::not_found;
  fixture.weather.body = R"({"stale":true,"error":"old","location":{"city":"Haifa"},"weather":{"temperature_c":"21"}})";
  fixture.time.run_for(1s);
  const auto html = fixture.html();
  CHECK(contains(html, R"(data-tone="bad">2 of 3 in time · system failed · weather stale<)"));
  CHECK(contains(html, R"(<span class="badge-label">error</span>)"));
  CHECK(contains(html, R"(<span class="badge-label">stale</span>)"));
}

TEST_CASE("page: without the API key or a session the HTML has no values", "[services][dashboard][security]") {
  page_fixture fixture{"secret"};
  fixture.page.has_experiments = true;
  if (!fixture.has_page()) SKIP("built without the page");
  fixture.response_to(
      post("/api/alerts", webhook_body({{}}), "Content-Type: application/json\r\nX-API-Key: secret\r\n"));
  const auto html_with_key = fixture.html("X-API-Key: secret\r\n");
  CHECK(contains(html_with_key, "Haifa"));
  CHECK(contains(html_with_key, "ServiceDown"));
  for (const auto* fields : {"", "X-API-Key: wrong\r\n", "Cookie: cohort_session=forged\r\n"}) {
    CAPTURE(fields);
    const auto html = fixture.html(fields);
    CHECK(contains(html, R"(<p id="headline" data-tone="idle">API key required</p>)"));
    CHECK(contains(html, R"(id="initial">[]<)"));
    CHECK_FALSE(contains(html, "ServiceDown"));
    CHECK_FALSE(contains(html, "Haifa"));
  }
}

TEST_CASE("page: the HTML has the escaped alerts and the data of their event", "[services][dashboard]") {
  page_fixture fixture;
  if (!fixture.has_page()) SKIP("built without the page");
  CHECK(contains(fixture.html(), "No signal from monitoring yet.</p>"));
  const alert_sample ended_alert{
      .fingerprint = "ended", .status = "resolved", .ends_at = "2026-06-01T11:59:30Z", .description = "<script>"};
  fixture.response_to(post("/api/alerts", webhook_body({{.name = "<b>"}, ended_alert, watchdog()}),
                           "Content-Type: application/json\r\n"));
  fixture.time.run_for(10s);
  const auto html = fixture.html();
  CHECK(contains(html, R"(<p id="headline" data-tone="warn">3 of 3 in time · 1 alert firing</p>)"));
  CHECK(contains(html, R"(<p class="explanation">1 alert firing · last signal from monitoring 10 s ago</p>)"));
  CHECK(contains(html, R"(<span class="badge-label">1 firing</span>)"));
  CHECK(contains(html, R"(<li class="alert" data-tone="bad" data-key="0123456789abcdef">)"));
  CHECK(contains(html, "<h3>&lt;b&gt;</h3>"));
  CHECK(contains(html, R"(<span class="alert-service" >time-service</span>)"));
  CHECK(contains(html, "<span>for 2 min 10 s, since</span>"));
  CHECK(contains(html, R"(<time datetime="2026-06-01T11:58:00Z">2026-06-01 11:58 UTC</time>)"));
  CHECK(contains(html, R"(href="runbook#servicedown">Runbook<)"));
  CHECK(contains(html, "<dt>instance</dt><dd>time-service:5001</dd>"));
  CHECK(contains(html, "><summary>Resolved recently (1)</summary>"));
  CHECK(contains(html, "<span>for 1 min 30 s, until</span>"));
  CHECK(contains(html, "&lt;script&gt;</p>"));
  CHECK(contains(html, R"(["alerts",{"monitoring":{"state":"ok")"));
}

/// Returns `count` alerts whose names cycle through `names` different names.
dashboard::alert_store::snapshot numbered_alerts(std::size_t count, std::size_t names) {
  dashboard::alert_store::snapshot alerts;
  for (std::size_t i = 0; i < count; ++i) {
    dashboard::alert alert{.fingerprint = std::to_string(i), .name = "alert" + std::to_string(i % names)};
    alerts.firing.push_back({std::move(alert)});
  }
  return alerts;
}

TEST_CASE("page: the HTML has the singular for one CPU", "[services][dashboard]") {
  page_fixture fixture;
  if (!fixture.has_page()) SKIP("built without the page");
  fixture.sysinfo.body = R"({"memory_percent":53.24,"load_average":[0.5,0.4,0.3],"cpu_count":1,"hostname":"host-1"})";
  fixture.time.run_for(1s);
  CHECK(contains(fixture.html(), R"(data-fact="detail">load 0.50 on 1 CPU · host-1<)"));
}

TEST_CASE("page: if there are many alerts, three are shown, and the remaining alerts are grouped by name",
          "[services][dashboard]") {
  const dashboard::page_template item{"<!--=alert.name--><!--/-->;"};
  const auto slot = [&](const dashboard::alert_store::snapshot& alerts, std::string_view name) {
    return dashboard::alerts_html{alerts, item, wall_time{}}.slot(name);
  };
  const auto four_alerts = numbered_alerts(4, 4);
  CHECK(slot(four_alerts, "alerts.firing") == ">alert0;alert1;alert2;alert3;");
  CHECK(slot(four_alerts, "alerts.more-label").empty());
  const auto eight_alerts = numbered_alerts(8, 2);
  CHECK(slot(eight_alerts, "alerts.firing") == ">alert0;alert1;alert0;");
  CHECK(slot(eight_alerts, "alerts.more-label") == "><summary>5 more: alert1 × 3, alert0 × 2");
  CHECK(slot(eight_alerts, "alerts.more") == "alert1;alert0;alert1;alert0;alert1;");
  CHECK(slot(numbered_alerts(12, 12), "alerts.more-label") ==
        "><summary>9 more: alert3, alert4, alert5, alert6, alert7, alert8, 3 other names");
  CHECK(slot(numbered_alerts(10, 10), "alerts.more-label") ==
        "><summary>7 more: alert3, alert4, alert5, alert6, alert7, alert8, 1 other name");
}

TEST_CASE("page: a runbook link must be http or https", "[services][dashboard]") {
  const dashboard::page_template item{"<!--=alert.runbook-->none<!--/-->"};
  auto alerts = numbered_alerts(1, 1);
  const auto render_link = [&](const char* url) {
    alerts.firing.front().content.runbook_url = url;
    return dashboard::alerts_html{alerts, item, wall_time{}}.slot("alerts.firing");
  };
  CHECK(contains(render_link("https://runbooks.test/a?b=\"c&d"), "none"));  // not a URI
  CHECK(contains(render_link("https://runbooks.test/a?b=c&d"), R"(href="https://runbooks.test/a?b=c&amp;d")"));
  CHECK(contains(render_link("http://localhost:5000/runbook#servicedown"), R"(href="runbook#servicedown")"));
  CHECK(render_link("javascript:alert(1)") == ">none");
  CHECK(render_link("/relative") == ">none");
}

TEST_CASE("page: silent monitoring has an explanation and a badge", "[services][dashboard]") {
  const dashboard::page_template item{""};
  dashboard::alert_store::snapshot alerts{.monitoring = dashboard::alert_store::monitoring_state::silent,
                                          .time_since_confirmation = 240s};
  const auto slot = [&](std::string_view name) { return dashboard::alerts_html{alerts, item, wall_time{}}.slot(name); };
  CHECK(
      slot("alerts.explanation") ==
      R"(<p class="explanation no-monitoring">No signal from monitoring for 4 min: new alerts are not detected.</p>)");
  CHECK(contains(slot("alerts.badge"), "silent"));
  alerts.not_shown = 3;
  CHECK(slot("alerts.not-shown") == ">At least 3 more alerts not listed.");
}

TEST_CASE("page: a nonexistent path returns an HTML page to browsers and JSON to other clients",
          "[services][dashboard]") {
  page_fixture fixture;
  if (!fixture.has_page()) SKIP("built without the page");
  constexpr auto browser = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
  const auto page = fixture.response_to(get("/no/such/path", browser));
  CHECK(page.status == 404);
  CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(contains(page.body, R"(href="./../../assets/style-)"));
  CHECK(contains(page.body, "<code>/no/such/path</code>"));
  CHECK(contains(fixture.response_to(get("/&'<script>", browser)).body, "&lt;script&gt;"));
  for (const auto* request : {"/no/such/path", "/api/none"}) {
    const auto json = fixture.response_to(get(request, request[1] == 'a' ? browser : "Accept: */*\r\n"));
    CHECK(json.status == 404);
    CHECK(json.header("Content-Type") == "application/json");
  }
}

TEST_CASE("page: a template replaces slots that have a value and keeps the default content of other slots",
          "[services][dashboard]") {
  const auto fill = [](std::string_view slot) { return slot == "a" ? std::string{"x"} : std::string{}; };
  CHECK(dashboard::page_template{"1<!--=a-->2<!--/-->3<!--=b-->4<!--/-->5"}.render(fill) == "1x345");
  CHECK(dashboard::page_template{""}.render(fill).empty());
  CHECK(dashboard::page_template{"<!--=a-->no end"}.render(fill) == "<!--=a-->no end");
  CHECK(dashboard::page_template{"<!--=a"}.render(fill) == "<!--=a");
}

}  // namespace
}  // namespace cohort
