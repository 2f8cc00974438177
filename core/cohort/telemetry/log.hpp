// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <cohort/json/writer.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::telemetry {

enum class log_level { trace, debug, info, warn, error, off };
enum class log_format { json, text };

std::string_view to_string(log_level level) noexcept;
/// Returns the level with this name; empty if there is none.
std::optional<log_level> parse_log_level(std::string_view name) noexcept;

/// Name of a field in a log line. The name is valid as long as the text it was constructed from.
class field_name {
 public:
  constexpr field_name() noexcept = default;
  /// From a string literal: determines at compile time whether JSON requires escaping.
  template <std::size_t Size>
  consteval field_name(const char (&literal)[Size]) noexcept
      : text_(literal, Size - 1), is_plain_(std::ranges::all_of(text_, json::needs_no_escape)) {}
  template <std::convertible_to<std::string_view> Text>
  constexpr field_name(const Text& text) noexcept : text_(text) {}

  constexpr operator std::string_view() const noexcept { return text_; }
  friend constexpr bool operator==(const field_name& name, std::string_view text) noexcept {
    return name.text_ == text;
  }
  /// Whether the name needs no escaping in JSON; false if unknown.
  constexpr bool is_plain() const noexcept { return is_plain_; }

 private:
  std::string_view text_;
  bool is_plain_ = false;
};

/// Name and value of a field in a log line.
struct log_field {
  field_name name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

struct log_record;

/// Receives log lines in addition to the sink, to export them. Called on the thread that writes the line.
class log_exporter {
 public:
  virtual ~log_exporter() = default;
  /// Queues or drops the line; must not block, throw or log.
  virtual void export_record(std::string_view service, const log_record& record) = 0;
};

/// Queues log lines in a bounded queue, from which a separate thread writes them to standard error. A blocked terminal
/// or pipe therefore never blocks a loop. The thread collects lines for a few milliseconds and writes them in one
/// system call. Lines are dropped and counted when the queue is full, and when the output fails because of a full disk
/// or a pipe without a reader. After a failure, later lines are written once the output accepts data again.
/// Thread-safe.
class log_sink {
 public:
  log_sink();
  /// Writes the queued lines, for at most `flush_timeout`.
  ~log_sink();
  log_sink(const log_sink&) = delete;
  log_sink& operator=(const log_sink&) = delete;

  /// Queues a line, without its line feed. Never blocks on output.
  void write(std::string_view line);
  /// Number of lines dropped since construction.
  std::uint64_t dropped_line_count() const;

  /// Sets the exporter, which also receives the lines of all loggers; null removes it. The exporter must remain valid
  /// until it is replaced.
  void set_exporter(log_exporter* exporter) noexcept { exporter_.store(exporter, std::memory_order_release); }
  log_exporter* exporter() const noexcept { return exporter_.load(std::memory_order_acquire); }

  static constexpr std::size_t max_queued_lines = 8192;
  static constexpr std::size_t max_queued_bytes = 8 * 1024 * 1024;
  static constexpr std::chrono::seconds flush_timeout{1};

 private:
  struct state;
  std::shared_ptr<state> state_;
  std::atomic<log_exporter*> exporter_{nullptr};
};

/// Structured log of one program or service. A line contains the time, the level, the service, the message and fields,
/// as a JSON object or as text. Thread-safe.
class logger {
 public:
  /// Discards lines below `min_level`. `sink` and `time_source` must outlive the logger and its copies.
  logger(log_sink& sink, std::string service, log_level min_level, log_format format,
         const clock& time_source = real_clock());

  bool is_enabled(log_level level) const noexcept { return level >= min_level_->load(std::memory_order_relaxed); }
  log_level min_level() const noexcept { return min_level_->load(std::memory_order_relaxed); }
  /// Replaces the minimum level of this logger, of its copies and of loggers from `with_service`.
  void set_min_level(log_level level) const noexcept { min_level_->store(level, std::memory_order_relaxed); }
  /// Writes a line. Values are escaped, so that a value cannot end its line or add a field.
  void write(log_level level, std::string_view message, std::span<const log_field> fields = {}) const;
  void write(log_level level, std::string_view message, std::initializer_list<log_field> fields) const {
    write(level, message, std::span{fields.begin(), fields.size()});
  }

  /// Returns a logger for another service with the same sink, level and format.
  logger with_service(std::string service) const;

 private:
  log_sink* sink_;
  std::string service_;
  std::shared_ptr<std::atomic<log_level>> min_level_;
  log_format format_;
  const clock* clock_;
};

}  // namespace cohort::telemetry
