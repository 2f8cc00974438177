#include <string>

#include "core/json/writer.hpp"
#include "loadgen/headline.hpp"
#include "loadgen/outputs.hpp"
#include "loadgen/report_schema.hpp"

namespace cohort::loadgen {
namespace {

using json::writer;

double seconds(duration span) { return std::chrono::duration<double>(span).count(); }

template <class Value>
void write_if(writer& out, std::string_view name, bool known, const Value& value) {
  out.key(name);
  if (known) {
    out.value(value);
  } else {
    out.null();
  }
}

template <class Value>
void write_optional(writer& out, std::string_view name, const std::optional<Value>& value) {
  write_if(out, name, value.has_value(), value.value_or(Value{}));
}

struct named_percentile {
  std::string_view name;
  double percent;
};
constexpr named_percentile percentiles[] = {{"p50_us", 50},     {"p90_us", 90},       {"p95_us", 95}, {"p99_us", 99},
                                            {"p99_9_us", 99.9}, {"p99_99_us", 99.99}, {"max_us", 100}};

/// Phases go without the whole histograms: with many phases they would be most of the file.
enum class histograms { included, left_out };

void write_encoded(writer& out, const histogram& of, histograms which) {
  out.key("hdr_v2_base64");
  if (which == histograms::included) {
    out.value(of.encoded());
  } else {
    out.null();
  }
}

void write_ends(writer& out, const histogram& of) {
  write_if(out, "min_us", of.count() != 0, of.min());
  write_if(out, "mean_us", of.count() != 0, of.mean());
}

void write_distribution(writer& out, std::string_view name, const histogram& of, histograms which) {
  out.key(name).open_object().field("count", of.count());
  write_ends(out, of);
  for (const auto& each : percentiles) write_if(out, each.name, of.count() != 0, of.percentile(each.percent));
  write_encoded(out, of, which);
  out.close_object();
}

void write_distribution(writer& out, std::string_view name, const censored_histogram& of, histograms which) {
  out.key(name).open_object().field("count", of.count()).field("censored", of.censored());
  write_ends(out, of.known());
  std::vector<std::string_view> lower_bounds;
  for (const auto& each : percentiles) {
    const auto value = of.percentile(each.percent);
    write_if(out, each.name, of.count() != 0, value.microseconds);
    if (value.lower_bound) lower_bounds.push_back(each.name);
  }
  out.key("lower_bounds").open_array();
  for (const auto each : lower_bounds) out.value(each);
  out.close_array();
  write_encoded(out, of.known(), which);
  out.close_object();
}

void write_tally(writer& out, const tally& of, bool has_deadline, histograms which) {
  out.key("totals").open_object();
  out.field("planned", of.planned).field("sent", of.sent);
  out.key("outcomes").open_object();
  for (std::size_t i = 0; i < outcome_count; ++i) out.field(key_of(static_cast<outcome>(i)), of.outcomes[i]);
  out.close_object();
  out.key("statuses").open_object();
  for (const auto& [code, count] : of.statuses) out.field(std::to_string(code), count);
  out.close_object();
  out.field("error_share", of.error_rate());
  write_if(out, "on_time", has_deadline, of.on_time);
  out.field("received_bytes", of.bytes_received).field("connections_opened", of.connections_opened);
  write_distribution(out, "response", of.response, which);
  write_distribution(out, "service", of.service, which);
  write_distribution(out, "dispatch_lag", of.dispatch_lag, which);
  write_distribution(out, "connection_wait", of.connection_wait, which);
  out.close_object();
}

void write_targets(writer& out, const report& of) {
  out.key("targets").open_array();
  for (std::size_t i = 0; i < of.targets.size(); ++i) {
    const auto& target = of.targets[i];
    out.open_object().field("name", target.name).field("method", target.method).field("url", target.url);
    out.field("weight", target.weight);
    write_tally(out, of.by_target.at(i), of.deadline.has_value(), histograms::included);
    out.close_object();
  }
  out.close_array();
}

void write_phases(writer& out, const report& of) {
  out.key("phases").open_array();
  for (const auto& phase : of.phases) {
    out.open_object().field("name", phase.name).field("start_s", seconds(phase.start));
    out.field("length_s", seconds(phase.length));
    write_tally(out, phase.all, of.deadline.has_value(), histograms::left_out);
    out.key("targets").open_array();
    for (std::size_t i = 0; i < phase.targets.size() && i < of.targets.size(); ++i) {
      out.open_object().field("name", of.targets[i].name);
      write_tally(out, phase.targets[i], of.deadline.has_value(), histograms::left_out);
      out.close_object();
    }
    out.close_array().close_object();
  }
  out.close_array();
}

void write_interval_tally(writer& out, const interval_tally& of) {
  out.open_object().field("planned", of.planned).field("sent", of.sent).field("answered", of.answered);
  out.field("failed", of.failed).field("ended", of.ended);
  const bool any = of.answered != 0;
  write_if(out, "p50_us", any, of.p50_us);
  write_if(out, "p90_us", any, of.p90_us);
  write_if(out, "p99_us", any, of.p99_us);
  write_if(out, "max_us", any, of.max_us);
  out.close_object();
}

void write_intervals(writer& out, const std::vector<interval>& all) {
  out.key("intervals").open_array();
  for (const auto& each : all) {
    out.open_object().field("start_s", seconds(each.start)).field("length_s", seconds(each.length));
    out.field("phase", each.phase).field("in_flight", each.in_flight).field("waiting", each.waiting);
    out.field("busiest_worker_cpu_share", each.busiest_worker_cpu);
    out.key("totals");
    write_interval_tally(out, each.all);
    out.key("targets").open_array();
    for (const auto& target : each.targets) write_interval_tally(out, target);
    out.close_array().close_object();
  }
  out.close_array();
}

void write_generator(writer& out, const generator_side& of) {
  out.key("generator").open_object().field("name", report_generator).field("version", COHORT_VERSION);
  out.field("threads", of.threads).field("connections", of.connections);
  out.field("busiest_worker_cpu_share", of.busiest_worker_cpu).field("cpu_s", of.cpu_seconds);
  out.field("peak_resident_bytes", of.peak_resident_bytes).close_object();
}

void write_servers(writer& out, const std::vector<server_side>& all) {
  out.key("servers").open_array();
  for (const auto& each : all) {
    out.open_object().field("url", each.url);
    write_if(out, "target", !each.target.empty(), each.target);
    write_if(out, "failure", !each.failure.empty(), each.failure);
    out.field("sent", each.sent).field("served", each.served);
    write_optional(out, "p99_us", each.p99_us);
    out.field("client_p99_us", each.client_p99_us);
    out.key("phases").open_array();
    for (const auto& phase : each.phases) {
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

void write_knee(writer& out, const std::optional<knee_result>& of) {
  out.key("knee");
  if (!of) {
    out.null();
    return;
  }
  out.open_object();
  write_if(out, "capacity_per_s", of->capacity.has_value(), of->capacity.value_or(request_rate{}).per_second());
  out.field("bounded", of->bounded).key("probes").open_array();
  for (const auto& probe : of->probes) {
    out.open_object()
        .field("rate_per_s", probe.rate.per_second())
        .field("held", probe.held)
        .field("valid", probe.is_valid);
    out.field("p99_us", probe.p99.microseconds).field("p99_is_lower_bound", probe.p99.lower_bound);
    out.field("error_share", probe.error_rate).field("answered_per_s", probe.answered_per_second);
    write_if(out, "why", !probe.why.empty(), probe.why);
    out.close_object();
  }
  out.close_array().close_object();
}

void write_baseline(writer& out, const std::optional<comparison>& of) {
  out.key("baseline");
  if (!of) {
    out.null();
    return;
  }
  out.open_object().field("file", of->file).field("regressed", of->regressed()).key("measures").open_array();
  for (const auto& each : of->measures) {
    out.open_object().field("name", each.name).field("unit", each.name == "failed" ? "share" : "us");
    out.field("before", each.before).field("now", each.now).field("shift", each.shift);
    out.field("p_value", each.p_value).field("worse", each.worse).field("better", each.better).close_object();
  }
  out.close_array().close_object();
}

struct measure_description {
  std::string_view name;
  std::string_view unit;
};

measure_description description_of(objective::measure which) {
  switch (which) {
    case objective::measure::percentile: return {"percentile", "us"};
    case objective::measure::mean: return {"mean", "us"};
    case objective::measure::max: return {"max", "us"};
    case objective::measure::error_rate: return {"error_rate", "share"};
    case objective::measure::goodput: return {"goodput", "share"};
    case objective::measure::rate: return {"rate", "per_s"};
  }
  return {};
}

std::string_view sign_of(objective::comparison how) {
  switch (how) {
    case objective::comparison::less: return "<";
    case objective::comparison::less_or_equal: return "<=";
    case objective::comparison::greater: return ">";
    case objective::comparison::greater_or_equal: return ">=";
  }
  return {};
}

void write_objective(writer& out, const objective_result& of) {
  const auto& wanted = of.wanted;
  const auto measure = description_of(wanted.of);
  out.open_object().field("text", wanted.text);
  write_if(out, "target", !wanted.target.empty(), wanted.target);
  out.field("measure", measure.name);
  write_if(out, "percent", wanted.of == objective::measure::percentile, wanted.percent);
  out.field("comparison", sign_of(wanted.how)).field("unit", measure.unit).field("limit", wanted.limit);
  out.field("was", of.was).field("was_is_lower_bound", of.lower_bound).field("held", of.held).close_object();
}

void write_verdict(writer& out, const verdict& of) {
  std::string word{of.word()};
  for (char& c : word) c = static_cast<char>(c - 'A' + 'a');
  out.key("verdict").open_object().field("word", word).field("exit_status", of.exit_status());
  out.key("reasons").open_array();
  for (const auto& reason : of.reasons) out.value(reason);
  out.close_array().key("objectives").open_array();
  for (const auto& each : of.objectives) write_objective(out, each);
  out.close_array().close_object();
}

}  // namespace

std::string json_report(const report& of) {
  std::string text;
  writer out{text};
  out.open_object().field("schema_version", report_schema_version);
  write_generator(out, of.generator);
  write_verdict(out, of.outcome);
  out.field("mode", of.mode).field("started", utc_text(of.started));
  out.key("fingerprint").open_object();
  for (const auto& [name, value] : of.fingerprint) out.field(name, value);
  out.close_object();
  out.field("closed_loop", of.closed_loop);
  write_if(out, "planned_per_s", !of.closed_loop, of.planned_per_second);
  out.field("planned_s", seconds(of.planned_length)).field("took_s", seconds(of.took));
  write_if(out, "deadline_s", of.deadline.has_value(), seconds(of.deadline.value_or(duration{})));
  write_tally(out, of.all, of.deadline.has_value(), histograms::included);
  write_targets(out, of);
  write_phases(out, of);
  write_intervals(out, of.intervals);
  write_servers(out, of.servers);
  write_knee(out, of.knee);
  write_baseline(out, of.baseline);
  out.close_object();
  text += '\n';
  return text;
}

}  // namespace cohort::loadgen
