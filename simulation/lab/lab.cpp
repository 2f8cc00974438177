// SPDX-License-Identifier: BSL-1.0
#include "simulation/lab/lab.hpp"

#include <algorithm>
#include <boost/describe.hpp>
#include <set>
#include <stdexcept>

#include <cohort/config/small_file.hpp>
#include <cohort/json/decode.hpp>
#include <cohort/sim/plan/planned_fleet.hpp>

namespace cohort::simulation::labs {

// The members of `lab.json`.
namespace lab_document {

struct criterion {
  std::string scenario;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::string> service;
  std::optional<double> min_goodput;
  std::optional<std::string> max_p99;
  std::optional<double> max_requests_per_call;
  std::optional<std::int64_t> max_instances;
  std::optional<std::string> max_deploy_time;
  std::optional<std::string> alert;
  std::optional<std::string> max_detection_time;
  std::optional<std::string> max_resolution_time;
  std::optional<std::int64_t> max_false_alarms;
  std::string hint;
};
BOOST_DESCRIBE_STRUCT(criterion, (),
                      (scenario, from, to, service, min_goodput, max_p99, max_requests_per_call, max_instances,
                       max_deploy_time, alert, max_detection_time, max_resolution_time, max_false_alarms, hint))

struct chart {
  std::string kind;
  std::string scenario;
};
BOOST_DESCRIBE_STRUCT(chart, (), (kind, scenario))

struct lab {
  std::string title;
  std::int64_t seeds = 0;
  std::vector<std::string> may_change;
  std::vector<lab_document::criterion> criteria;
  lab_document::chart chart;
};
BOOST_DESCRIBE_STRUCT(lab, (), (title, seeds, may_change, criteria, chart))

}  // namespace lab_document

namespace {

/// The reason why a lab is rejected, in one line.
struct lab_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string read_text(const std::filesystem::path& file) {
  auto read = config::read_small_file(file, sim::max_plan_file_bytes);
  if (!read.error.empty()) throw lab_error{file.string() + " cannot be read: " + read.error};
  return std::move(read.text);
}

std::size_t scenario_index(const sim::plan& plan, const std::string& name, const std::string& where) {
  std::string names;
  for (std::size_t i = 0; i < plan.scenarios.size(); ++i) {
    if (plan.scenarios[i].name == name) return i;
    names.append(names.empty() ? "\"" : ", \"").append(plan.scenarios[i].name).append("\"");
  }
  throw lab_error{where + " is \"" + name + "\", but must be one of: " + names};
}

duration read_duration(const std::string& text, const std::string& where) {
  const auto value = sim::parse_plan_duration(text);
  if (!value) throw lab_error{where + " is \"" + text + "\", but must be a duration such as 20ms or 1.5s"};
  return *value;
}

/// Reads the measure and its limit into `read`. Throws `lab_error` unless `source` has exactly one limit.
void read_limit(const lab_document::criterion& source, criterion& read, const std::string& where) {
  int limit_count = 0;
  const auto take = [&](measure limited_measure, std::optional<double> limit) {
    if (!limit) return;
    ++limit_count;
    read.measure = limited_measure;
    read.limit = *limit;
  };
  const auto seconds = [&](const std::optional<std::string>& text, const char* key) {
    return text ? std::optional{to_seconds(read_duration(*text, where + key))} : std::nullopt;
  };
  take(measure::goodput, source.min_goodput);
  take(measure::p99, seconds(source.max_p99, ".max_p99"));
  take(measure::requests_per_call, source.max_requests_per_call);
  take(measure::instances, source.max_instances);
  take(measure::deploy_time, seconds(source.max_deploy_time, ".max_deploy_time"));
  take(measure::detection_time, seconds(source.max_detection_time, ".max_detection_time"));
  take(measure::resolution_time, seconds(source.max_resolution_time, ".max_resolution_time"));
  take(measure::false_alarms, source.max_false_alarms);
  if (limit_count != 1) {
    throw lab_error{where +
                    " must have one of: min_goodput, max_p99, max_requests_per_call, max_instances, max_deploy_time, "
                    "max_detection_time, max_resolution_time, max_false_alarms"};
  }
  if (read.measure == measure::goodput && (read.limit < 0 || read.limit > 1)) {
    throw lab_error{where + ".min_goodput must be a number from 0 to 1"};
  }
}

void read_alert(const lab_document::criterion& source, const sim::plan& plan, criterion& read,
                const std::string& where) {
  for (read.alert = 0; read.alert < plan.alerts.size(); ++read.alert) {
    if (plan.alerts[read.alert].name == source.alert) return;
  }
  throw lab_error{where + ".alert must be the name of an alert of the plan"};
}

void read_service(const lab_document::criterion& source, const sim::plan& plan, criterion& read,
                  const std::string& where) {
  if (!source.service || plan.find(*source.service) == nullptr) {
    throw lab_error{where + ".service must be the name of a service of the plan"};
  }
  read.service = *source.service;
  const auto& deploys = plan.scenarios[read.scenario].deploys;
  const auto is_deployed = [&](const auto& each) { return each.service == read.service; };
  if (read.measure == measure::deploy_time && std::none_of(deploys.begin(), deploys.end(), is_deployed)) {
    throw lab_error{where + ".service is \"" + read.service + "\", which the scenario does not deploy"};
  }
}

criterion read_criterion(const lab_document::criterion& source, const sim::plan& plan, const std::string& where) {
  criterion read;
  read_limit(source, read, where);
  read.scenario = scenario_index(plan, source.scenario, where + ".scenario");
  read.hint = source.hint;
  read.from = read_duration(source.from.value_or("0s"), where + ".from");
  read.to = source.to ? read_duration(*source.to, where + ".to") : plan.load.length;
  if (read.from >= read.to || read.to > plan.load.length) {
    throw lab_error{where + ".from must be before to, and both within the length of the load"};
  }
  switch (read.measure) {
    case measure::goodput:
    case measure::p99: break;
    case measure::requests_per_call:
    case measure::instances:
    case measure::deploy_time: read_service(source, plan, read, where); break;
    case measure::detection_time:
    case measure::false_alarms:
    case measure::resolution_time: read_alert(source, plan, read, where); break;
  }
  return read;
}

void require_only_allowed_changes(const std::filesystem::path& plan_file, const std::string& plan_text,
                                  const std::filesystem::path& reference_file,
                                  const std::vector<std::string>& may_change) {
  const auto reference = read_text(reference_file);
  if (const auto read = sim::parse_plan(reference, reference_file.parent_path()); !read) {
    throw lab_error{reference_file.string() + ": " + read.error()};
  }
  const auto changed = find_difference(plan_text, reference, may_change);
  if (!changed) return;
  std::string allowed;
  for (const auto& path : may_change) allowed.append(allowed.empty() ? "" : ", ").append(path);
  throw lab_error{plan_file.string() + ": " + *changed + " was changed, but this lab is only about " + allowed};
}

lab read(const std::filesystem::path& directory, const std::filesystem::path& plan_file) {
  const auto lab_file = directory / "lab.json";
  const auto document = json::decode<lab_document::lab>(read_text(lab_file));
  if (!document) throw lab_error{lab_file.string() + ": " + document.error().text()};
  const auto plan_text = read_text(plan_file);
  auto plan = sim::parse_plan(plan_text, plan_file.parent_path());
  if (!plan) throw lab_error{plan_file.string() + ": " + plan.error()};
  if (const auto error = sim::find_unknown_variable(*plan)) throw lab_error{plan_file.string() + ": " + *error};
  require_only_allowed_changes(plan_file, plan_text, directory / "solution.json", document->may_change);

  lab read;
  read.title = document->title;
  read.plan = std::move(*plan);
  const auto prefix = lab_file.string() + ": ";
  if (document->seeds < 1 || document->seeds > 1'000'000) {
    throw lab_error{prefix + "seeds must be an integer from 1 to 1000000"};
  }
  read.seeds = static_cast<std::size_t>(document->seeds);
  if (document->criteria.empty()) throw lab_error{prefix + "criteria must have at least one item"};
  for (std::size_t i = 0; i < document->criteria.size(); ++i) {
    const auto where = prefix + "criteria[" + std::to_string(i) + "]";
    read.criteria.push_back(read_criterion(document->criteria[i], read.plan, where));
  }
  const auto& kind = document->chart.kind;
  if (kind != "goodput" && kind != "latency") {
    throw lab_error{prefix + "chart.kind is \"" + kind + "\", but must be goodput or latency"};
  }
  read.chart = kind == "goodput" ? chart_kind::goodput : chart_kind::latency;
  read.chart_scenario = scenario_index(read.plan, document->chart.scenario, prefix + "chart.scenario");
  return read;
}

}  // namespace

bool criterion::is_met(double value) const noexcept {
  return measure == measure::goodput ? value >= limit : value <= limit;
}

std::vector<std::size_t> lab::scenarios() const {
  std::set<std::size_t> used{chart_scenario};
  for (const auto& each : criteria) used.insert(each.scenario);
  return {used.begin(), used.end()};
}

result<lab, std::string> read_lab(const std::filesystem::path& directory, const std::filesystem::path& plan_file) {
  try {
    return result<lab, std::string>{boost::system::in_place_value, read(directory, plan_file)};
  } catch (const lab_error& error) {
    std::string line = error.what();
    std::replace_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
    // Constructs the error in place, because a string could also initialize a `lab`, which is an aggregate.
    return result<lab, std::string>{boost::system::in_place_error, line};
  }
}

}  // namespace cohort::simulation::labs
