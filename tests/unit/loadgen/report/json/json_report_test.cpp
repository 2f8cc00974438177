// SPDX-License-Identifier: BSL-1.0
#include <simdjson.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fstream>
#include <sstream>

#include <cohort/runtime/version.hpp>
#include "loadgen/report/report_formats.hpp"
#include "tests/support/json_schema.hpp"
#include "tests/unit/loadgen/report/json/replace_once.hpp"
#include "tests/unit/loadgen/report/sample_report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

const test::json_schema& report_schema() {
  static const test::json_schema schema{[] {
    std::ostringstream text;
    text << std::ifstream{COHORT_SOURCE_DIR "/loadgen/report/report.schema.json"}.rdbuf();
    return text.str();
  }()};
  return schema;
}

using samples::empty;
using samples::full;

/// Returns the JSON text at `pointer`.
std::string value_at(const std::string& json, std::string_view pointer) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  if (parser.parse(json).at_pointer(pointer).get(element) != simdjson::SUCCESS) return "no value";
  return simdjson::minify(element);
}

TEST_CASE("JSON report: every report conforms to the schema", "[loadgen][report]") {
  const auto text = render_json_report(GENERATE(as<run_report (*)()>{}, &full, &empty, &samples::small,
                                                &samples::closed_loop, &samples::malicious, &samples::with_retries)());
  CHECK(report_schema().violations(text) == std::vector<std::string>{});
  CHECK(text.ends_with("}\n"));
}

TEST_CASE("JSON report: the report of callers with patience and retries has attempts, amplification and goodput",
          "[loadgen][report]") {
  const auto text = render_json_report(samples::with_retries());
  CHECK(value_at(text, "/callers/patience_s") == "0.1");
  CHECK(value_at(text, "/callers/max_retries") == "2");
  CHECK(value_at(text, "/totals/attempts") == "750");
  CHECK(value_at(text, "/totals/abandoned") == "200");
  CHECK(value_at(text, "/totals/amplification") == "1.5");
  CHECK(value_at(text, "/totals/on_time") == "480");
  CHECK(value_at(text, "/intervals/0/totals/retries") == "0");
  CHECK(value_at(render_json_report(samples::small()), "/totals/attempts") == "no value");
}

TEST_CASE("JSON report: the totals of one worker have response times by idle time", "[loadgen][report]") {
  auto report = full();
  report.totals.idle_response_times.record(20ms, 3ms);
  CHECK(value_at(render_json_report(report), "/totals/response_after_idle") == "no value");
  report.generator.threads = 1;
  const auto text = render_json_report(report);
  CHECK(value_at(text, "/totals/response_after_idle") == R"([{"idle_us":20000,"count":1,"p50_us":3000}])");
  CHECK(value_at(text, "/phases/0/totals/response_after_idle") == "no value");
  CHECK(report_schema().violations(text) == std::vector<std::string>{});
}

TEST_CASE("JSON report: the schema rejects invalid reports", "[loadgen][report]") {
  struct mutation {
    std::string_view original;
    std::string_view replacement;
    std::string_view violation;
  };
  const auto row = GENERATE(values<mutation>({
      {R"("schema_version":1)", R"("schema_version":2)", "/schema_version: "},
      {R"("name":"loadgen")", R"("name":"k6")", "/generator/name: "},
      {R"("word":"regression")", R"("word":"PASS")", "/verdict/word: "},
      {R"("limited_by":[])", R"("limited_by":["memory"])", "/verdict/limited_by/0: "},
      {R"("mode":"spike",)", "", ": Missing required property 'mode'"},
      {R"("mode":"spike",)", R"("mode":"spike","more":1,)", ": Object contains a property"},
      {R"("mode":"spike",)", R"("mode":7,)", "/mode: "},
      {R"("rate":"100")", R"("rate":100)", "/fingerprint/rate: "},
      {R"("planned":10200)", R"("planned":-1)", "/totals/planned: "},
      {R"("planned":10200)", R"("planned":0.5)", "/totals/planned: "},
      {R"("dns":0,)", "", "/totals/outcomes: Missing required property 'dns'"},
      {R"("lower_bounds":["p99_9_us","p99_99_us","max_us"])", R"("lower_bounds":["p98_us"])",
       "/totals/response/lower_bounds/0: "},
      {R"("p_value":0.4123)", R"("p_value":1.5)", "/baseline/measures/0/p_value: "},
  }));
  const auto element =
      report_schema().violations(replace_once(render_json_report(full()), row.original, row.replacement));
  REQUIRE(element.size() == 1);
  CHECK(element[0].starts_with(row.violation));
}

TEST_CASE("JSON report: contains the results of the run in the units that their names state", "[loadgen][report]") {
  struct json_value {
    std::string_view pointer;
    std::string value;
  };
  const auto row = GENERATE(values<json_value>({
      {"/schema_version", "1"},
      {"/generator/version", "\"" + std::string{version()} + "\""},
      {"/generator/busiest_worker_cpu_share", "0.31"},
      {"/generator/peak_resident_bytes", "25690112"},
      {"/started", "\"2024-05-01T12:00:00.000Z\""},
      {"/fingerprint", R"({"mode":"spike","rate":"100","arrivals":"constant"})"},
      {"/closed_loop", "false"},
      {"/planned_per_s", "850"},
      {"/planned_s", "12"},
      {"/took_s", "12.385"},
      {"/deadline_s", "0.25"},
      {"/totals/planned", "10200"},
      {"/totals/sent", "10180"},
      {"/totals/outcomes/2xx", "10074"},
      {"/totals/outcomes/stale_reuse", "1"},
      {"/totals/outcomes/timeout", "30"},
      {"/totals/statuses", R"({"200":10074,"404":5,"429":12,"503":48})"},
      {"/totals/connections_opened", "64"},
      {"/totals/response/count", "10200"},
      {"/totals/response/censored", "61"},
      {"/totals/response/lower_bounds", R"(["p99_9_us","p99_99_us","max_us"])"},
      {"/totals/service/count", "10139"},
      {"/targets/3/name", "\"dashboard\""},
      {"/targets/3/url", "\"http://127.0.0.1:8004/api/aggregate\""},
      {"/targets/3/totals/outcomes/unsent", "20"},
      {"/phases/1/name", "\"spike\""},
      {"/phases/1/start_s", "3"},
      {"/phases/1/length_s", "6"},
      {"/phases/1/totals/planned", "9600"},
      {"/phases/1/totals/response/hdr_v2_base64", "null"},
      {"/phases/1/targets/2/name", "\"weather\""},
      {"/phases/1/targets/2/totals/statuses", R"({"200":2340,"429":12,"503":48})"},
      {"/intervals/3/start_s", "3"},
      {"/intervals/3/length_s", "1"},
      {"/intervals/3/phase", "1"},
      {"/intervals/3/in_flight", "40"},
      {"/intervals/3/waiting", "12"},
      {"/intervals/3/busiest_worker_cpu_share", "0.35"},
      {"/intervals/3/totals/planned", "1600"},
      {"/intervals/3/targets/0/planned", "400"},
      {"/servers/1/failure", "\"connection refused\""},
      {"/servers/0/failure", "null"},
      {"/servers/0/phases/1/cpu_cores", "0.82"},
      {"/servers/0/phases/1/resident_bytes", "19922944"},
      {"/knee/capacity_per_s", "4200"},
      {"/knee/bounded", "true"},
      {"/knee/probes/3/p99_is_lower_bound", "true"},
      {"/knee/probes/0/why", "null"},
      {"/baseline/regressed", "true"},
      {"/baseline/measures/1/unit", "\"us\""},
      {"/baseline/measures/2/unit", "\"share\""},
      {"/baseline/measures/2/shift", "-0.0082"},
      {"/verdict/word", "\"regression\""},
      {"/verdict/exit_status", "121"},
      {"/verdict/reasons/0", "\"p99 increased by 13.7 ms against before.json (p < 0.001).\""},
      {"/verdict/limited_by", "[]"},
      {"/verdict/hints/0", "\"Requests waited for a connection in 12 of 60 intervals.\""},
      {"/verdict/objectives/1/target", "\"dashboard\""},
      {"/verdict/objectives/1/measure", "\"percentile\""},
      {"/verdict/objectives/1/percent", "99"},
      {"/verdict/objectives/1/comparison", "\"<\""},
      {"/verdict/objectives/1/limit", "250000"},
      {"/verdict/objectives/2/percent", "null"},
      {"/verdict/objectives/2/unit", "\"share\""},
  }));
  static const auto text = render_json_report(full());
  CAPTURE(row.pointer);
  CHECK(value_at(text, row.pointer) == row.value);
}

TEST_CASE("JSON report: absent values are null, not zero", "[loadgen][report]") {
  const auto pointer = GENERATE("/planned_per_s", "/deadline_s", "/totals/on_time", "/totals/response/p50_us",
                                "/totals/response/min_us", "/totals/service/max_us", "/totals/dispatch_lag/mean_us",
                                "/knee", "/baseline", "/intervals/0/totals/p99_us");
  auto report = empty();
  report.planned_rate.reset();
  report.intervals = {{.length = 1s}};
  CAPTURE(pointer);
  CHECK(value_at(render_json_report(report), pointer) == "null");
}

TEST_CASE("JSON report: contains encoded histograms of the totals and of each target", "[loadgen][report]") {
  const auto report = samples::spike();
  const auto text = render_json_report(report);
  const auto quoted = [](const histogram& of) { return '"' + of.encode_v2() + '"'; };
  CHECK(value_at(text, "/totals/response/hdr_v2_base64") == quoted(report.totals.response_time.observed()));
  CHECK(value_at(text, "/totals/dispatch_lag/hdr_v2_base64") == quoted(report.totals.dispatch_lag));
  CHECK(value_at(text, "/targets/2/totals/service/hdr_v2_base64") == quoted(report.target_stats[2].service_time));
}

TEST_CASE("JSON report: percentiles are computed from the histograms", "[loadgen][report]") {
  const auto report = samples::spike();
  const auto text = render_json_report(report);
  const auto& response = report.totals.response_time;
  CHECK(value_at(text, "/totals/response/p50_us") == std::to_string(response.percentile(50).microseconds));
  CHECK(value_at(text, "/totals/response/p99_9_us") == std::to_string(response.percentile(99.9).microseconds));
  CHECK(value_at(text, "/totals/response/max_us") == std::to_string(response.percentile(100).microseconds));
  CHECK(value_at(text, "/totals/service/p95_us") == std::to_string(report.totals.service_time.percentile(95)));
}

}  // namespace
}  // namespace cohort::loadgen
