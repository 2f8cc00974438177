// SPDX-License-Identifier: BSL-1.0
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/json/writer.hpp>
#include <cohort/runtime/time/date_format.hpp>
#include <cohort/runtime/version.hpp>
#include "loadgen/report/json/report_schema.hpp"
#include "loadgen/report/report_formats.hpp"

namespace cohort::loadgen {
namespace {

using json::writer;

/// Writes `null` unless `has_value`.
template <class Value>
void write_nullable(writer& out, std::string_view name, bool has_value, const Value& value) {
  out.key(name);
  if (has_value) {
    out.value(value);
  } else {
    out.null();
  }
}

template <class Value>
void write_optional(writer& out, std::string_view name, const std::optional<Value>& value) {
  write_nullable(out, name, value.has_value(), value.value_or(Value{}));
}

struct named_percentile {
  std::string_view name;
  double percent;
};
constexpr named_percentile percentiles[] = {{"p50_us", 50},     {"p90_us", 90},       {"p95_us", 95}, {"p99_us", 99},
                                            {"p99_9_us", 99.9}, {"p99_99_us", 99.99}, {"max_us", 100}};

/// Phases have no encoded histograms, because those would be the largest part of the file.
enum class encoded_histograms { included, omitted };

void write_encoded(writer& out, const histogram& values, encoded_histograms encoding) {
  out.key("hdr_v2_base64");
  if (encoding == encoded_histograms::included) {
    out.value(values.encode_v2());
  } else {
    out.null();
  }
}

void write_min_and_mean(writer& out, const histogram& values) {
  write_nullable(out, "min_us", values.count() != 0, values.min());
  write_nullable(out, "mean_us", values.count() != 0, values.mean());
}

void write_distribution(writer& out, std::string_view name, const histogram& values, encoded_histograms encoding) {
  out.key(name).open_object().field("count", values.count());
  write_min_and_mean(out, values);
  for (const auto& [key, percent] : percentiles) {
    write_nullable(out, key, values.count() != 0, values.percentile(percent));
  }
  write_encoded(out, values, encoding);
  out.close_object();
}

void write_distribution(writer& out, std::string_view name, const censored_histogram& values,
                        encoded_histograms encoding) {
  out.key(name).open_object().field("count", values.count()).field("censored", values.censored_count());
  write_min_and_mean(out, values.observed());
  std::vector<std::string_view> lower_bounds;
  for (const auto& [key, percent] : percentiles) {
    const auto value = values.percentile(percent);
    write_nullable(out, key, values.count() != 0, value.microseconds);
    if (value.is_lower_bound) lower_bounds.push_back(key);
  }
  out.key("lower_bounds").open_array();
  for (const auto key : lower_bounds) out.value(key);
  out.close_array();
  write_encoded(out, values.observed(), encoding);
  out.close_object();
}

void write_idle_response_times(writer& out, const idle_responses& responses) {
  out.key("response_after_idle").open_array();
  for (const auto& group : responses.summarize()) {
    out.open_object().field("idle_us", group.idle_us).field("count", group.count).field("p50_us", group.p50_us);
    out.close_object();
  }
  out.close_array();
}

/// The optional members of the totals: `on_time`, the attempts of callers, and idle times.
struct optional_totals {
  explicit optional_totals(const run_report& report)
      : has_goodput(report.goodput_limit().has_value()),
        has_callers(report.has_callers()),
        has_idle_times(report.generator.threads == 1) {}
  bool has_goodput;
  bool has_callers;
  /// With several workers, the idle times of one worker are not those of the servers.
  bool has_idle_times;
};

void write_totals(writer& out, const request_stats& stats, optional_totals options, encoded_histograms encoding) {
  out.key("totals").open_object();
  out.field("planned", stats.planned).field("sent", stats.sent);
  out.key("outcomes").open_object();
  for (std::size_t i = 0; i < outcome_count; ++i) {
    out.field(outcome_key(static_cast<request_outcome>(i)), stats.outcomes[i]);
  }
  out.close_object();
  out.key("statuses").open_object();
  for (const auto& [code, count] : stats.statuses) out.field(std::to_string(code), count);
  out.close_object();
  out.field("error_share", stats.error_rate());
  write_nullable(out, "on_time", options.has_goodput, stats.on_time);
  if (options.has_callers) {
    out.field("attempts", stats.planned + stats.retries).field("abandoned", stats.abandoned);
    out.field("amplification", stats.amplification());
  }
  out.field("received_bytes", stats.bytes_received).field("connections_opened", stats.connections_opened);
  write_distribution(out, "response", stats.response_time, encoding);
  write_distribution(out, "service", stats.service_time, encoding);
  write_distribution(out, "dispatch_lag", stats.dispatch_lag, encoding);
  write_distribution(out, "connection_wait", stats.connection_wait, encoding);
  if (options.has_idle_times && encoding == encoded_histograms::included)
    write_idle_response_times(out, stats.idle_response_times);
  out.close_object();
}

void write_targets(writer& out, const run_report& report) {
  out.key("targets").open_array();
  for (std::size_t i = 0; i < report.targets.size(); ++i) {
    const auto& target = report.targets[i];
    out.open_object().field("name", target.name).field("method", target.method).field("url", target.url);
    out.field("weight", target.weight);
    write_totals(out, report.target_stats.at(i), optional_totals{report}, encoded_histograms::included);
    out.close_object();
  }
  out.close_array();
}

void write_phases(writer& out, const run_report& report) {
  const optional_totals options{report};
  out.key("phases").open_array();
  for (const auto& phase : report.phases) {
    out.open_object().field("name", phase.name).field("start_s", to_seconds(phase.start));
    out.field("length_s", to_seconds(phase.length));
    write_totals(out, phase.totals, options, encoded_histograms::omitted);
    out.key("targets").open_array();
    for (std::size_t i = 0; i < phase.target_stats.size() && i < report.targets.size(); ++i) {
      out.open_object().field("name", report.targets[i].name);
      write_totals(out, phase.target_stats[i], options, encoded_histograms::omitted);
      out.close_object();
    }
    out.close_array().close_object();
  }
  out.close_array();
}

void write_interval_stats(writer& out, const interval_stats& stats, optional_totals options) {
  out.open_object().field("planned", stats.planned).field("sent", stats.sent).field("answered", stats.answered);
  out.field("failed", stats.failed).field("ended", stats.ended);
  if (options.has_goodput) out.field("on_time", stats.on_time);
  if (options.has_callers) out.field("retries", stats.retries);
  const bool has_responses = stats.answered != 0;
  write_nullable(out, "p50_us", has_responses, stats.p50_us);
  write_nullable(out, "p90_us", has_responses, stats.p90_us);
  write_nullable(out, "p99_us", has_responses, stats.p99_us);
  write_nullable(out, "max_us", has_responses, stats.max_us);
  out.close_object();
}

void write_intervals(writer& out, const run_report& report) {
  const optional_totals options{report};
  out.key("intervals").open_array();
  for (const auto& interval : report.intervals) {
    out.open_object().field("start_s", to_seconds(interval.start)).field("length_s", to_seconds(interval.length));
    out.field("phase", interval.phase).field("in_flight", interval.in_flight).field("waiting", interval.waiting);
    out.field("busiest_worker_cpu_share", interval.busiest_worker_cpu);
    out.key("totals");
    write_interval_stats(out, interval.totals, options);
    out.key("targets").open_array();
    for (const auto& stats : interval.target_stats) write_interval_stats(out, stats, options);
    out.close_array().close_object();
  }
  out.close_array();
}

void write_generator(writer& out, const generator_report& generator) {
  out.key("generator").open_object().field("name", report_generator_name).field("version", version());
  out.field("threads", generator.threads).field("connections", generator.connections);
  out.field("busiest_worker_cpu_share", generator.busiest_worker_cpu).field("cpu_s", generator.cpu_seconds);
  out.field("peak_resident_bytes", generator.peak_resident_bytes).close_object();
}

void write_servers(writer& out, const std::vector<server_report>& servers) {
  out.key("servers").open_array();
  for (const auto& server : servers) {
    out.open_object().field("url", server.url);
    write_nullable(out, "target", !server.target.empty(), server.target);
    write_nullable(out, "failure", !server.failure.empty(), server.failure);
    out.field("sent", server.sent).field("served", server.served);
    write_optional(out, "p99_us", server.p99_us);
    out.field("client_p99_us", server.client_p99_us);
    out.key("phases").open_array();
    for (const auto& phase : server.phases) {
      out.open_object().field("name", phase.phase).field("served", phase.served);
      write_optional(out, "p99_us", phase.p99_us);
      write_optional(out, "cpu_cores", phase.cpu_cores);
      write_optional(out, "resident_bytes", phase.resident_bytes);
      out.close_object();
    }
    out.close_array().close_object();
  }
  out.close_array();
}

void write_knee(writer& out, const std::optional<knee_report>& knee) {
  out.key("knee");
  if (!knee) {
    out.null();
    return;
  }
  out.open_object();
  write_nullable(out, "capacity_per_s", knee->capacity.has_value(),
                 knee->capacity.value_or(request_rate{}).per_second());
  out.field("bounded", knee->is_bounded).key("probes").open_array();
  for (const auto& trial : knee->trials) {
    out.open_object().field("rate_per_s", trial.rate.per_second()).field("held", trial.is_met);
    out.field("valid", trial.is_valid).field("p99_us", trial.p99.microseconds);
    out.field("p99_is_lower_bound", trial.p99.is_lower_bound);
    out.field("error_share", trial.error_rate).field("answered_per_s", trial.answered_per_second);
    write_nullable(out, "why", !trial.reason.empty(), trial.reason);
    out.close_object();
  }
  out.close_array().close_object();
}

void write_baseline(writer& out, const std::optional<baseline_comparison>& baseline) {
  out.key("baseline");
  if (!baseline) {
    out.null();
    return;
  }
  out.open_object().field("file", baseline->file).field("regressed", baseline->has_regression());
  out.key("measures").open_array();
  for (const auto& change : baseline->measures) {
    out.open_object().field("name", change.name).field("unit", change.name == "failed" ? "share" : "us");
    out.field("before", change.before).field("now", change.now).field("shift", change.shift);
    out.field("p_value", change.p_value).field("worse", change.is_worse).field("better", change.is_better);
    out.close_object();
  }
  out.close_array().close_object();
}

struct measure_names {
  std::string_view name;
  std::string_view unit;
};

measure_names names_of(objective::measure measure) {
  switch (measure) {
    case objective::measure::percentile: return {"percentile", "us"};
    case objective::measure::mean: return {"mean", "us"};
    case objective::measure::max: return {"max", "us"};
    case objective::measure::error_rate: return {"error_rate", "share"};
    case objective::measure::goodput: return {"goodput", "share"};
    case objective::measure::rate: return {"rate", "per_s"};
  }
  return {};
}

std::string_view operator_symbol(objective::comparison_operator comparison) {
  switch (comparison) {
    case objective::comparison_operator::less: return "<";
    case objective::comparison_operator::less_or_equal: return "<=";
    case objective::comparison_operator::greater: return ">";
    case objective::comparison_operator::greater_or_equal: return ">=";
  }
  return {};
}

void write_objective(writer& out, const objective_result& result) {
  const auto& definition = result.definition;
  const auto [measure, unit] = names_of(definition.measured);
  out.open_object().field("text", definition.text);
  write_nullable(out, "target", !definition.target.empty(), definition.target);
  out.field("measure", measure);
  const bool is_percentile = definition.measured == objective::measure::percentile;
  write_nullable(out, "percent", is_percentile, definition.percent);
  out.field("comparison", operator_symbol(definition.comparison)).field("unit", unit).field("limit", definition.limit);
  out.field("was", result.value).field("was_is_lower_bound", result.is_lower_bound).field("held", result.is_met);
  out.close_object();
}

void write_verdict(writer& out, const run_verdict& verdict) {
  std::string word{verdict.word()};
  for (char& c : word) c = static_cast<char>(c - 'A' + 'a');
  out.key("verdict").open_object().field("word", word).field("exit_status", verdict.exit_status());
  out.key("reasons").open_array();
  for (const auto& reason : verdict.reasons) out.value(reason);
  out.close_array().key("limited_by").open_array();
  for (const auto limit : verdict.limited_by) out.value(limit);
  out.close_array().key("hints").open_array();
  for (const auto& hint : verdict.hints) out.value(hint);
  out.close_array().key("objectives").open_array();
  for (const auto& result : verdict.objectives) write_objective(out, result);
  out.close_array().close_object();
}

}  // namespace

std::string render_json_report(const run_report& report) {
  std::string text;
  writer out{text};
  out.open_object().field("schema_version", report_schema_version);
  write_generator(out, report.generator);
  write_verdict(out, report.verdict);
  out.field("mode", report.mode).field("started", format_rfc3339_milliseconds(report.start_time).str());
  out.key("fingerprint").open_object();
  for (const auto& [name, value] : report.fingerprint) out.field(name, value);
  out.close_object();
  out.field("closed_loop", report.is_closed_loop());
  write_optional(out, "planned_per_s", report.planned_rate);
  out.field("planned_s", to_seconds(report.planned_duration)).field("took_s", to_seconds(report.run_duration));
  write_nullable(out, "deadline_s", report.deadline.has_value(), to_seconds(report.deadline.value_or(duration{})));
  if (report.has_callers()) {
    out.key("callers").open_object();
    write_nullable(out, "patience_s", report.callers.patience.has_value(),
                   to_seconds(report.callers.patience.value_or(duration{})));
    out.field("max_retries", report.callers.max_retries).field("backoff_s", to_seconds(report.callers.backoff));
    out.close_object();
  }
  write_totals(out, report.totals, optional_totals{report}, encoded_histograms::included);
  write_targets(out, report);
  write_phases(out, report);
  write_intervals(out, report);
  write_servers(out, report.servers);
  write_knee(out, report.knee);
  write_baseline(out, report.baseline);
  out.close_object();
  text += '\n';
  return text;
}

}  // namespace cohort::loadgen
