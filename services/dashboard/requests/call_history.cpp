// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/requests/call_history.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "services/dashboard/service_client.hpp"

namespace cohort::dashboard {
namespace {

constexpr double min_latency_ms = 0.0625;
constexpr double buckets_per_octave = 4;
constexpr auto column_ms = std::chrono::duration_cast<std::chrono::milliseconds>(call_history::column_width).count();

static_assert(part_names.size() == call_history::services);

constexpr bool is_answered(part_state state) noexcept {
  return state == part_state::fresh || state == part_state::stale;
}

/// A call that was rejected immediately has no latency.
constexpr bool has_latency(part_state state) noexcept { return state != part_state::open && state != part_state::shed; }

/// Returns the middle of a bucket, which is at most 10 % from its bounds.
double latency_ms_of(std::size_t bucket) {
  return min_latency_ms * std::exp2((static_cast<double>(bucket) + 0.5) / buckets_per_octave);
}

std::int64_t milliseconds_of(wall_time at) {
  return std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

}  // namespace

reported_values read_reported_values(simdjson::dom::object body) {
  reported_values values;
  double number = 0;
  double cpus = 0;
  simdjson::dom::array load;
  if (body["load_average"].get(load) == simdjson::SUCCESS && load.at(0).get(number) == simdjson::SUCCESS &&
      body["cpu_count"].get(cpus) == simdjson::SUCCESS && cpus > 0) {
    values.cpu = number / cpus;
  }
  if (body["memory_percent"].get(number) == simdjson::SUCCESS) values.memory = number / 100;
  bool is_cached = false;
  if (body["cached"].get(is_cached) == simdjson::SUCCESS) values.cached = is_cached ? 1 : 0;
  return values;
}

void call_history::sum::add(std::optional<double> value) {
  if (!value) return;
  total += *value;
  ++count;
}

void call_history::sum::add(const sum& other) {
  total += other.total;
  count += other.count;
}

void call_history::column::add(const column& other) {
  calls += other.calls;
  failed += other.failed;
  open += other.open;
  cpu.add(other.cpu);
  memory.add(other.memory);
  cached.add(other.cached);
  for (std::size_t i = 0; i < bucket_count; ++i) latencies[i] += other.latencies[i];
}

std::size_t call_history::bucket_of(duration elapsed) {
  const auto ms = std::max(to_milliseconds(elapsed), min_latency_ms);
  return std::min(static_cast<std::size_t>(std::log2(ms / min_latency_ms) * buckets_per_octave), bucket_count - 1);
}

wall_time call_history::wall_time_at(time_point now) const { return wall_start_time_ + (now - started_); }

call_history::column& call_history::column_at(std::deque<column>& columns, std::int64_t number) {
  if (columns.empty() || columns.back().number < number) {
    // Releases the old columns first, so that the maximum is not exceeded.
    while (!columns.empty() && columns.front().number <= number - max_columns) columns.pop_front();
    return columns.emplace_back(column{.number = number});
  }
  // The clock of another loop may be a few milliseconds behind.
  const auto found = std::ranges::find(columns, number, &column::number);
  return found == columns.end() ? columns.back() : *found;
}

void call_history::add(std::size_t loop, std::size_t service, const call& ended, time_point now) {
  const auto number = number_at(now);
  auto& ring = rings_.at(loop).at(service);
  const std::lock_guard lock{ring.mutex};
  auto& column = column_at(ring.columns, number);
  ++column.calls;
  if (!is_answered(ended.state)) ++column.failed;
  if (ended.state == part_state::open) ++column.open;
  if (has_latency(ended.state)) ++column.latencies.at(bucket_of(ended.elapsed));
  column.cpu.add(ended.values.cpu);
  column.memory.add(ended.values.memory);
  column.cached.add(ended.values.cached);
}

void call_history::write(json::writer& out, const column& source) {
  out.open_object().field("at_ms", source.number * column_ms);
  out.field("calls", source.calls).field("failed", source.failed).field("open", source.open);
  out.key("latencies").open_array();
  for (std::size_t i = 0; i < bucket_count; ++i) {
    if (source.latencies[i] == 0) continue;
    out.open_array().fixed(latency_ms_of(i), 3).value(source.latencies[i]).close_array();
  }
  out.close_array();
  const auto write_mean = [&](std::string_view name, const sum& values) {
    if (values.count == 0) return;
    out.key(name).open_object().field("count", values.count).key("mean").fixed(values.total / values.count, 4);
    out.close_object();
  };
  write_mean("cpu", source.cpu);
  write_mean("memory", source.memory);
  write_mean("cached", source.cached);
  out.close_object();
}

std::map<std::int64_t, call_history::column> call_history::columns_of(std::size_t service, std::int64_t first) const {
  std::map<std::int64_t, column> sums;
  for (const auto& loop : rings_) {
    const auto& ring = loop.at(service);
    const std::lock_guard lock{ring.mutex};
    for (const auto& each : ring.columns) {
      if (each.number >= first) sums.try_emplace(each.number, column{.number = each.number}).first->second.add(each);
    }
  }
  return sums;
}

std::string call_history::json(time_point now, std::int64_t columns) const {
  std::string text;
  json::writer out{text};
  const auto first = number_at(now) - columns + 1;
  out.open_object().field("now_ms", milliseconds_of(wall_time_at(now))).key("services").open_object();
  for (std::size_t i = 0; i < services; ++i) {
    out.key(part_names.at(i)).open_array();
    for (const auto& [number, sums] : columns_of(i, first)) write(out, sums);
    out.close_array();
  }
  out.close_object().close_object();
  return text;
}

}  // namespace cohort::dashboard
