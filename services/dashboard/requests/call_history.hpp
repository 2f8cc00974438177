// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::dashboard {

enum class part_state;  // services/dashboard/service_client.hpp

/// Ratios that a service reports in a body, for the charts. A load can exceed 1.
struct reported_values {
  std::optional<double> cpu;     // load average over one minute, divided by the number of logical CPUs
  std::optional<double> memory;  // used memory
  std::optional<double> cached;  // 1 for a weather report from the cache, otherwise 0
};

/// Reads the values of the body of `/api/sysinfo` or `/api/weather`. Members that are missing or have a wrong type have
/// no value.
reported_values read_reported_values(simdjson::dom::object body);

/// The calls of this process to the three services in the last 15 minutes, in columns of 15 s, for the charts of the
/// page. The memory is at most 75 KiB for each loop, regardless of the number of calls. Thread-safe; each loop counts
/// its calls in separate memory.
class call_history {
 public:
  static constexpr duration column_width = std::chrono::seconds{15};
  static constexpr std::int64_t max_columns = 60;
  static constexpr std::size_t services = 3;

  /// `started` and `wall_start_time` are the same point in time on two clocks. Columns are numbered since the epoch.
  /// Later column numbers are computed from the monotonic clock, so that a change of the wall clock has no effect.
  /// `loops` is the number of loops.
  call_history(time_point started, wall_time wall_start_time, std::size_t loops)
      : started_(started), wall_start_time_(wall_start_time), rings_(loops) {}

  struct call {
    part_state state{};
    duration elapsed{};
    reported_values values{};
  };
  /// Adds a call that has ended at `now` on the loop with index `loop`. `service` is the index of a part of the
  /// aggregate. A call that is older than the newest column and has no column is counted in the newest column.
  void add(std::size_t loop, std::size_t service, const call& ended, time_point now);

  /// The body of `/api/history`: the columns with calls, oldest first.
  std::string body(time_point now) const { return json(now, max_columns); }
  /// The data of the event `history`: only the current and the previous column.
  std::string latest(time_point now) const { return json(now, 2); }

 private:
  /// The latencies of calls that reached the service: four buckets for each factor of two, from 62.5 µs to 16 s.
  static constexpr std::size_t bucket_count = 72;

  struct sum {
    double total = 0;
    std::uint32_t count = 0;

    void add(std::optional<double> value);
    void add(const sum& other);
  };
  struct column {
    std::int64_t number = 0;  // multiples of `column_width` since the epoch
    std::uint32_t calls = 0, failed = 0, open = 0;
    sum cpu, memory, cached;
    std::array<std::uint32_t, bucket_count> latencies{};

    void add(const column& other);
  };
  struct alignas(64) ring {  // on a separate cache line
    mutable std::mutex mutex;
    std::deque<column> columns;
  };

  static std::size_t bucket_of(duration elapsed);
  static void write(json::writer& out, const column& source);
  static column& column_at(std::deque<column>& columns, std::int64_t number);
  wall_time wall_time_at(time_point now) const;
  std::int64_t number_at(time_point now) const { return wall_time_at(now).time_since_epoch() / column_width; }
  /// The columns of all loops from `first` on, by number.
  std::map<std::int64_t, column> columns_of(std::size_t service, std::int64_t first) const;
  std::string json(time_point now, std::int64_t columns) const;

  const time_point started_;
  const wall_time wall_start_time_;
  /// The columns of each loop and service.
  std::vector<std::array<ring, services>> rings_;
};

}  // namespace cohort::dashboard
