// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <map>

#include <cohort/http/message/html.hpp>
#include <cohort/runtime/time/duration_format.hpp>
#include <cohort/service/debug/debug_sections.hpp>
#include <cohort/telemetry/requests/request_json.hpp>

namespace cohort::service {
namespace {

using namespace markup;
using policy::circuit_breaker;

std::string format_one_decimal(double value) {
  const auto tenths = std::to_string(std::llround(value * 10));
  return (tenths.size() == 1 ? "0" : tenths.substr(0, tenths.size() - 1)) + "." + tenths.back();
}

/// The range of a value over all loops: `5`, or `5 to 8` if the loops differ.
std::string format_value_range(const std::string& low, const std::string& high) {
  return low == high ? low : low + " to " + high;
}

/// Returns ` on 2 of 4 loops`; empty if `count` is `all`.
std::string format_loop_count(std::size_t count, std::size_t all) {
  return count == all ? std::string{} : " on " + std::to_string(count) + " of " + std::to_string(all) + " loops";
}

std::string breaker_cell(const std::vector<http::upstream_status>& loop_statuses) {
  using enum circuit_breaker::state;
  const auto count = [&](circuit_breaker::state state) {
    return static_cast<std::size_t>(std::ranges::count(loop_statuses, state, &http::upstream_status::breaker));
  };
  if (const auto opened = count(open); opened > 0) {
    duration time_to_probe = duration::max();
    for (const auto& each : loop_statuses) {
      if (each.breaker == open) time_to_probe = std::min(time_to_probe, each.breaker_retry_after);
    }
    const auto next = time_to_probe > duration::zero() ? "probe in " + format_duration(time_to_probe)
                                                       : std::string{"next call is a probe"};
    return badge("open", tone::bad) + secondary_text(next + format_loop_count(opened, loop_statuses.size()));
  }
  if (const auto half_open_count = count(half_open); half_open_count > 0) {
    return badge("half open", tone::warn) +
           secondary_text("probing" + format_loop_count(half_open_count, loop_statuses.size()));
  }
  return badge("closed", tone::good);
}

row upstream_row(const std::string& name, const std::vector<http::upstream_status>& loop_statuses) {
  const auto [low, high] = std::ranges::minmax(loop_statuses, {}, &http::upstream_status::retry_budget);
  std::size_t in_flight = 0;
  std::size_t max_in_flight = 0;
  std::vector<duration> medians;
  std::vector<duration> hedges;
  std::string target;
  for (const auto& each : loop_statuses) {
    in_flight += each.in_flight;
    max_in_flight += each.max_in_flight;
    if (each.median_latency > duration::zero()) medians.push_back(each.median_latency);
    if (each.hedge_delay) hedges.push_back(*each.hedge_delay);
    if (each.target) target = format_origin(*each.target);
  }
  const auto durations = [](const std::vector<duration>& all) {
    if (all.empty()) return std::string{};
    const auto [shortest, longest] = std::ranges::minmax(all);
    return format_value_range(format_duration(shortest), format_duration(longest));
  };
  row new_row;
  new_row.html("<span class=\"main\">" + http::escape_html(name) + "</span>" + secondary_text(target))
      .html(breaker_cell(loop_statuses))
      .text(std::to_string(in_flight) + " of " + std::to_string(max_in_flight), "number")
      .text(format_value_range(format_one_decimal(low.retry_budget), format_one_decimal(high.retry_budget)))
      .text(durations(medians))
      .text(hedges.empty() ? "off" : "after " + durations(hedges))
      .text(format_duration(loop_statuses.front().timeout), "number");
  return new_row;
}

using address_statuses = std::vector<http::connection_pool::address_status>;

std::string address_state(const address_statuses& loop_statuses) {
  std::size_t ejected = 0;
  std::size_t failing_count = 0;
  duration longest{};
  bool is_new = false;
  for (const auto& [balancing, idle] : loop_statuses) {
    ejected += balancing.remaining_ejection_time > duration::zero() ? 1 : 0;
    failing_count += is_failing(balancing) ? 1 : 0;
    longest = std::max(longest, balancing.remaining_ejection_time);
    is_new = is_new || balancing.slow_start_weight < 1;
  }
  const auto loops = loop_statuses.size();
  if (ejected > 0) {
    return badge("ejected", tone::bad) +
           secondary_text("for " + format_duration(longest) + format_loop_count(ejected, loops));
  }
  if (failing_count > 0) {
    const auto text = format_loop_count(failing_count, loops);
    return badge("failing", tone::warn) + (text.empty() ? text : secondary_text(text.substr(1)));
  }
  return is_new ? badge("slow start", tone::idle) : badge("healthy", tone::good);
}

row address_row(const std::string& address, const std::string& target, const address_statuses& loop_statuses) {
  std::size_t in_flight = 0;
  std::size_t idle_connections = 0;
  unsigned failures = 0;
  unsigned connect_failures = 0;
  unsigned ejections = 0;
  double low = 1;
  double high = 0;
  for (const auto& [balancing, idle] : loop_statuses) {
    in_flight += balancing.in_flight;
    idle_connections += idle;
    failures = std::max(failures, balancing.consecutive_failures);
    connect_failures = std::max(connect_failures, balancing.consecutive_connect_failures);
    ejections = std::max(ejections, balancing.ejections);
    low = std::min(low, balancing.slow_start_weight);
    high = std::max(high, balancing.slow_start_weight);
  }
  const auto percent = [](double share) { return std::to_string(std::lround(100 * share)) + " %"; };
  row new_row;
  new_row.html("<span class=\"main\">" + http::escape_html(address) + "</span>" + secondary_text(target))
      .html(address_state(loop_statuses))
      .text(format_value_range(percent(low), percent(high)), "number")
      .number(in_flight)
      .number(idle_connections)
      .number(failures)
      .number(connect_failures)
      .number(ejections);
  return new_row;
}

row setting_row(const config::setting_report& setting) {
  auto name = code(setting.flag.empty() ? setting.variable : setting.flag);
  if (!setting.flag.empty() && !setting.variable.empty()) name += secondary_text(setting.variable);
  auto value = setting.value.empty() ? std::string{"<span class=\"quiet\">not set</span>"} : code(setting.value);
  if (!setting.file.empty()) value += secondary_text("from the file " + setting.file);
  row new_row;
  new_row.html(std::move(name)).html(std::move(value)).text(to_string(setting.source));
  return new_row;
}

std::string level_command(const debug_page_values& values) {
  std::string command = "curl -X PUT ";
  if (values.requires_key) command += "-H \"X-API-Key: $API_KEY\" ";
  return command + "-d '{\"level\":\"debug\"}' " + values.origin + "/debug/log-level";
}

}  // namespace

std::string upstreams_section(const debug_page_values& values) {
  std::map<std::string, std::vector<http::upstream_status>> upstreams;
  std::map<std::pair<std::string, std::string>, address_statuses> addresses;
  for (const auto& snapshot : values.loops) {
    if (!snapshot) continue;
    for (const auto& upstream : snapshot->upstreams) upstreams[upstream.name].push_back(upstream);
    for (const auto& origin : snapshot->origins) {
      for (const auto& address : origin.addresses) {
        addresses[{format_origin(origin.target), telemetry::format_address(address.balancing.address)}].push_back(
            address);
      }
    }
  }
  std::vector<row> upstream_rows;
  for (const auto& [name, loop_statuses] : upstreams) upstream_rows.push_back(upstream_row(name, loop_statuses));
  std::vector<row> address_rows;
  for (const auto& [names, loop_statuses] : addresses) {
    address_rows.push_back(address_row(names.second, names.first, loop_statuses));
  }
  return table("Upstreams",
               {"Upstream", "Breaker", "In flight", "Retry budget", "Median latency", "Hedging", "Timeout"},
               upstream_rows) +
         "<h3>Addresses</h3>\n" +
         table("Addresses",
               {"Address", "State", "Weight", "In flight", "Idle connections", "Consecutive failures",
                "Connection failures", "Ejections"},
               address_rows);
}

std::string loops_section(const debug_page_values& values) {
  std::vector<row> rows;
  for (std::size_t i = 0; i < values.loops.size(); ++i) {
    auto& new_row = rows.emplace_back().text("Loop " + std::to_string(i), "main");
    const auto& snapshot = values.loops[i];
    if (!snapshot) {
      new_row.html(badge("not responding", tone::bad)).text("").text("").text("").text("").text("");
      continue;
    }
    new_row.html(badge("responding", tone::good)).text(format_duration(snapshot->lag), "number");
    new_row.number(snapshot->connections)
        .number(snapshot->in_flight.size())
        .number(snapshot->tasks)
        .number(snapshot->timers);
  }
  return table("Event loops", {"Loop", "State", "Lag", "Connections", "Requests", "Tasks", "Timers"}, rows);
}

std::string settings_section(const debug_page_values& values) {
  std::vector<row> set;
  std::vector<row> defaults;
  for (const auto& setting : values.settings) {
    const bool is_default = setting.source == config::setting_report::value_source::default_value;
    (is_default ? defaults : set).push_back(setting_row(setting));
  }
  std::string html = "<p>Log level: <strong>" + std::string{telemetry::to_string(values.level)} +
                     "</strong>. Command to change the level until the program exits: " + code(level_command(values)) +
                     "</p>\n";
  html += table("Settings that are set", {"Setting", "Value", "Source"}, set);
  html += "<details id=\"defaults\"><summary id=\"defaults-summary\">" + std::to_string(defaults.size()) +
          " settings with default values</summary>\n";
  return html + table("Default settings", {"Setting", "Value", "Source"}, defaults) + "</details>\n";
}

}  // namespace cohort::service
