#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/runtime/clock.hpp"

namespace cohort::telemetry {

enum class log_level { trace, debug, info, warn, error, off };
enum class log_format { json, text };

/// One fact of a log line.
struct log_field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

/// Takes finished lines to standard error. A bounded queue and a thread of its own: nobody who logs ever waits for a
/// terminal or a pipe. The thread gathers for a few milliseconds and writes what has come as one, so that a line costs
/// no wake-up and no system call (with one each, the access log cost as much as the request). When the queue is full,
/// new lines are dropped and counted.
class log_sink {
 public:
  log_sink();
  /// Writes what is left, if that takes no more than a second.
  ~log_sink();
  log_sink(const log_sink&) = delete;
  log_sink& operator=(const log_sink&) = delete;

  /// From any thread. Without its line end.
  void write(std::string_view line);
  /// Lines lost since the start.
  std::uint64_t dropped() const;

  static constexpr std::size_t queue_length = 8192;
  static constexpr std::size_t queue_bytes = 8 * 1024 * 1024;
  static constexpr std::chrono::seconds longest_farewell{1};

 private:
  struct implementation;
  std::shared_ptr<implementation> inner_;
};

/// Structured lines of one program or service: time, level, service, message, fields; as JSON or as text for people.
class logger {
 public:
  logger(log_sink& sink, std::string service, log_level least, log_format format,
         const clock& time_source = machine_clock());

  bool writes(log_level level) const noexcept { return level >= least_; }
  void write(log_level level, std::string_view message, std::span<const log_field> fields = {}) const;
  void write(log_level level, std::string_view message, std::initializer_list<log_field> fields) const {
    write(level, message, std::span{fields.begin(), fields.size()});
  }

  /// The same sink and format, as another service.
  logger for_service(std::string service) const;

 private:
  log_sink* sink_;
  std::string service_;
  log_level least_;
  log_format format_;
  const clock* clock_;
};

}  // namespace cohort::telemetry
