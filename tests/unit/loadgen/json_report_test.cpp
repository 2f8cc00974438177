#include <simdjson.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fstream>
#include <sstream>

#include "loadgen/outputs.hpp"
#include "tests/support/json_schema.hpp"
#include "tests/unit/loadgen/sample_report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

const test::json_schema& report_schema() {
  static const test::json_schema schema{[] {
    std::ostringstream text;
    text << std::ifstream{COHORT_SOURCE_DIR "/loadgen/report.schema.json"}.rdbuf();
    return text.str();
  }()};
  return schema;
}

using samples::empty;
using samples::full;

/// What is at `pointer`, as it stands there.
std::string at(const std::string& json, std::string_view pointer) {
  simdjson::dom::parser parser;
  simdjson::dom::element found;
  if (parser.parse(json).at_pointer(pointer).get(found) != simdjson::SUCCESS) return "nothing";
  return simdjson::minify(found);
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto where = text.find(what);
  REQUIRE(where != std::string::npos);
  return text.replace(where, what.size(), by);
}

TEST_CASE("Every JSON report is as its schema says") {
  const auto text = json_report(
      GENERATE(as<report (*)()>{}, &full, &empty, &samples::small, &samples::closed_loop, &samples::hostile)());
  CHECK(report_schema().violations(text) == std::vector<std::string>{});
  CHECK(text.ends_with("}\n"));
}

TEST_CASE("The schema refuses what a report never has") {
  struct mutation {
    std::string_view what;
    std::string_view by;
    std::string_view violation;
  };
  const auto each = GENERATE(values<mutation>({
      {R"("schema_version":1)", R"("schema_version":2)", "/schema_version: is not 1"},
      {R"("name":"loadgen")", R"("name":"k6")", "/generator/name: is not \"loadgen\""},
      {R"("word":"regression")", R"("word":"PASS")",
       R"(/verdict/word: is none of ["pass","fail","interrupted","invalid","regression"])"},
      {R"("mode":"spike",)", "", ": lacks mode"},
      {R"("mode":"spike",)", R"("mode":"spike","more":1,)", "/more: is not foreseen"},
      {R"("mode":"spike",)", R"("mode":7,)", R"(/mode: is no "string")"},
      {R"("rate":"100")", R"("rate":100)", R"(/fingerprint/rate: is no "string")"},
      {R"("planned":10200)", R"("planned":-1)", "/totals/planned: is too small"},
      {R"("planned":10200)", R"("planned":0.5)", R"(/totals/planned: is no "integer")"},
      {R"("dns":0,)", "", "/totals/outcomes: lacks dns"},
      {R"("lower_bounds":["p99_9_us","p99_99_us","max_us"])", R"("lower_bounds":["p98_us"])",
       R"(/totals/response/lower_bounds/0: is none of )"
       R"(["p50_us","p90_us","p95_us","p99_us","p99_9_us","p99_99_us","max_us"])"},
      {R"("p_value":0.4123)", R"("p_value":1.5)", "/baseline/measures/0/p_value: is too great"},
  }));
  const auto found = report_schema().violations(replaced(json_report(full()), each.what, each.by));
  CHECK(found == std::vector<std::string>{std::string{each.violation}});
}

TEST_CASE("A JSON report has the run's figures, in the units that their names say") {
  struct figure {
    std::string_view pointer;
    std::string_view value;
  };
  const auto each = GENERATE(values<figure>({
      {"/schema_version", "1"},
      {"/generator/version", "\"" COHORT_VERSION "\""},
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
      {"/servers/1/failure", "\"connect refused\""},
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
      {"/verdict/reasons/0", "\"p99 became 13.7 ms longer than in before.json (p < 0.001).\""},
      {"/verdict/objectives/1/target", "\"dashboard\""},
      {"/verdict/objectives/1/measure", "\"percentile\""},
      {"/verdict/objectives/1/percent", "99"},
      {"/verdict/objectives/1/comparison", "\"<\""},
      {"/verdict/objectives/1/limit", "250000"},
      {"/verdict/objectives/2/percent", "null"},
      {"/verdict/objectives/2/unit", "\"share\""},
  }));
  static const auto text = json_report(full());
  CAPTURE(each.pointer);
  CHECK(at(text, each.pointer) == each.value);
}

TEST_CASE("What a run did not have is null in its JSON report, not zero") {
  const auto pointer = GENERATE("/planned_per_s", "/deadline_s", "/totals/on_time", "/totals/response/p50_us",
                                "/totals/response/min_us", "/totals/service/max_us", "/totals/dispatch_lag/mean_us",
                                "/knee", "/baseline", "/intervals/0/totals/p99_us");
  auto run = empty();
  run.closed_loop = true;
  run.intervals = {{.length = 1s}};
  CAPTURE(pointer);
  CHECK(at(json_report(run), pointer) == "null");
}

TEST_CASE("A JSON report has whole histograms of all and of each target, for others to read") {
  const auto run = samples::spike();
  const auto text = json_report(run);
  const auto quoted = [](const histogram& of) { return '"' + of.encoded() + '"'; };
  CHECK(at(text, "/totals/response/hdr_v2_base64") == quoted(run.all.response.known()));
  CHECK(at(text, "/totals/dispatch_lag/hdr_v2_base64") == quoted(run.all.dispatch_lag));
  CHECK(at(text, "/targets/2/totals/service/hdr_v2_base64") == quoted(run.by_target[2].service));
}

TEST_CASE("Percentiles in a JSON report are the histogram's") {
  const auto run = samples::spike();
  const auto text = json_report(run);
  const auto& response = run.all.response;
  CHECK(at(text, "/totals/response/p50_us") == std::to_string(response.percentile(50).microseconds));
  CHECK(at(text, "/totals/response/p99_9_us") == std::to_string(response.percentile(99.9).microseconds));
  CHECK(at(text, "/totals/response/max_us") == std::to_string(response.percentile(100).microseconds));
  CHECK(at(text, "/totals/service/p95_us") == std::to_string(run.all.service.percentile(95)));
}

}  // namespace
}  // namespace cohort::loadgen
