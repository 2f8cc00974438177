// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/debug/debug_json.hpp>

#include <cohort/telemetry/requests/request_json.hpp>

namespace cohort::service {
namespace {

using telemetry::write_milliseconds;

/// Writes an object for each loop; `write` adds the members of a loop that has responded.
template <class Write>
void write_loops(json::writer& out, const loop_snapshots& loops, Write write) {
  out.key("loops").open_array();
  for (std::size_t i = 0; i < loops.size(); ++i) {
    out.open_object().field("loop", i).field("responding", loops[i].has_value());
    if (loops[i]) write(*loops[i]);
    out.close_object();
  }
  out.close_array();
}

void write_activity(json::writer& out, const activity_snapshot& running, time_point now) {
  out.open_object().field("kind", running.kind == activity_kind::job ? "job" : "request").field("name", running.name);
  if (running.trace) {
    const auto trace = running.trace.hex();
    out.field("trace_id", std::string_view{trace.data(), trace.size()});
  }
  write_milliseconds(out, "age_ms", now - running.started);
  if (running.record) {
    const auto& record = *running.record;
    if (!record.deadline.is_never() && !record.is_streamed) {
      write_milliseconds(out, "remaining_ms", record.deadline.remaining(now));
    }
    telemetry::write_awaits(out, record, now);
  }
  out.close_object();
}

void write_upstream(json::writer& out, const http::upstream_status& upstream) {
  out.open_object().field("name", upstream.name);
  if (upstream.target) out.field("origin", format_origin(*upstream.target));
  write_milliseconds(out, "timeout_ms", upstream.timeout);
  out.key("breaker").open_object().field("state", policy::to_string(upstream.breaker));
  write_milliseconds(out, "probe_in_ms", upstream.breaker_retry_after);
  out.close_object().key("retry_budget").fixed(upstream.retry_budget, 1);
  out.field("in_flight", upstream.in_flight).field("max_in_flight", upstream.max_in_flight);
  write_milliseconds(out, "median_latency_ms", upstream.median_latency);
  if (upstream.hedge_delay) write_milliseconds(out, "hedge_after_ms", *upstream.hedge_delay);
  out.close_object();
}

void write_origin(json::writer& out, const http::connection_pool::origin_status& origin) {
  out.open_object().field("origin", format_origin(origin.target));
  write_milliseconds(out, "round_trip_ms", origin.round_trip_time);
  out.key("addresses").open_array();
  for (const auto& [balancing, idle] : origin.addresses) {
    out.open_object().field("address", telemetry::format_address(balancing.address));
    out.field("in_flight", balancing.in_flight).field("idle_connections", idle);
    out.field("consecutive_failures", balancing.consecutive_failures);
    out.field("consecutive_connect_failures", balancing.consecutive_connect_failures);
    out.field("ejections", balancing.ejections);
    write_milliseconds(out, "ejected_for_ms", balancing.remaining_ejection_time);
    out.key("slow_start_weight").fixed(balancing.slow_start_weight, 2).close_object();
  }
  out.close_array().close_object();
}

}  // namespace

std::string_view to_string(telemetry::request_log::reason keep_reason) noexcept {
  using enum telemetry::request_log::reason;
  return keep_reason == problem ? "problem" : keep_reason == slow ? "slow" : "sample";
}

std::string_view to_string(config::setting_report::value_source source) noexcept {
  using enum config::setting_report::value_source;
  return source == flag ? "flag" : source == variable ? "environment" : "default";
}

std::string format_origin(const http::origin& target) {
  if (target.is_unix_socket()) return "unix:" + target.host;
  return std::string{target.secure ? "https://" : "http://"} + target.host + ":" + std::to_string(target.port);
}

std::string debug_requests_json(const loop_snapshots& loops) {
  std::string text;
  json::writer out{text};
  const auto write_all = [&](std::string_view name, auto write) {
    out.key(name).open_array();
    for (std::size_t i = 0; i < loops.size(); ++i) {
      if (loops[i]) write(i, *loops[i]);
    }
    out.close_array();
  };
  out.open_object();
  write_all("in_flight", [&](std::size_t index, const loop_snapshot& snapshot) {
    for (const auto& record : snapshot.in_flight) {
      out.open_object().field("loop", index);
      telemetry::write_request_members(out, record, snapshot.snapshot_time);
      out.close_object();
    }
  });
  write_all("finished", [&](std::size_t index, const loop_snapshot& snapshot) {
    for (const auto& [keep_reason, record] : snapshot.finished) {
      out.open_object().field("loop", index).field("kept", to_string(keep_reason));
      telemetry::write_request_members(out, record, snapshot.snapshot_time);
      out.close_object();
    }
  });
  out.key("unresponsive_loops").open_array();
  for (std::size_t i = 0; i < loops.size(); ++i) {
    if (!loops[i]) out.value(i);
  }
  out.close_array();
  out.close_object();
  return text;
}

std::string debug_tasks_json(const loop_snapshots& loops, service_lifecycle& lifecycle) {
  std::string text;
  json::writer out{text};
  out.open_object();
  write_loops(out, loops, [&](const loop_snapshot& snapshot) {
    out.field("tasks", snapshot.tasks).field("timers", snapshot.timers);
    out.field("requests_in_flight", snapshot.in_flight.size()).field("connections", snapshot.connections);
    out.key("activities").open_array();
    for (const auto& running : snapshot.activities) write_activity(out, running, snapshot.snapshot_time);
    out.close_array();
    if (snapshot.activities_omitted > 0) out.field("activities_omitted", snapshot.activities_omitted);
  });
  out.key("jobs").open_array();
  for (const auto& job : lifecycle.jobs().names()) out.value(job);
  out.close_array().key("blocking").open_object();
  out.field("queued", lifecycle.blocking().queued_count()).field("running", lifecycle.blocking().running_count());
  out.field("threads", lifecycle.blocking().threads()).close_object().close_object();
  return text;
}

std::string debug_upstreams_json(const loop_snapshots& loops) {
  std::string text;
  json::writer out{text};
  out.open_object();
  write_loops(out, loops, [&](const loop_snapshot& snapshot) {
    out.key("upstreams").open_array();
    for (const auto& upstream : snapshot.upstreams) write_upstream(out, upstream);
    out.close_array().key("origins").open_array();
    for (const auto& origin : snapshot.origins) write_origin(out, origin);
    out.close_array();
  });
  out.close_object();
  return text;
}

std::string debug_loops_json(const loop_snapshots& loops) {
  std::string text;
  json::writer out{text};
  out.open_object();
  write_loops(out, loops, [&](const loop_snapshot& snapshot) {
    write_milliseconds(out, "lag_ms", snapshot.lag);
    out.field("connections", snapshot.connections).field("tasks", snapshot.tasks).field("timers", snapshot.timers);
    out.field("requests_in_flight", snapshot.in_flight.size());
  });
  out.close_object();
  return text;
}

std::string debug_config_json(std::span<const config::setting_report> settings, telemetry::log_level level) {
  std::string text;
  json::writer out{text};
  out.open_object().field("log_level", telemetry::to_string(level)).key("settings").open_array();
  for (const auto& setting : settings) {
    out.open_object();
    if (!setting.flag.empty()) out.field("flag", setting.flag);
    if (!setting.variable.empty()) out.field("variable", setting.variable);
    out.field("value", setting.value).field("source", to_string(setting.source));
    if (!setting.file.empty()) out.field("file", setting.file);
    out.close_object();
  }
  out.close_array().close_object();
  return text;
}

}  // namespace cohort::service
