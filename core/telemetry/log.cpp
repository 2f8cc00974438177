#include "core/telemetry/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "core/json/writer.hpp"

namespace cohort::telemetry {
namespace {

constexpr std::array<std::string_view, 5> level_names{"trace", "debug", "info", "warn", "error"};

/// RFC 3339 in UTC, with milliseconds. What holds for a whole second is made once.
std::string_view format_time(wall_time when) {
  thread_local std::chrono::sys_seconds known{std::chrono::seconds{-1}};
  thread_local std::array<char, 48> text{};
  const auto second = std::chrono::floor<std::chrono::seconds>(when);
  if (second != known) {
    known = second;
    const auto day = std::chrono::floor<std::chrono::days>(second);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{second - day};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.000Z", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
  }
  constexpr std::size_t fraction = std::string_view{"2026-11-22T16:38:44."}.size();
  auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(when - second).count();
  for (std::size_t digit = fraction + 3; digit-- > fraction; milliseconds /= 10) {
    text[digit] = static_cast<char>('0' + milliseconds % 10);
  }
  return {text.data(), fraction + 4};
}

void append_json(std::string& line, std::string_view time, std::string_view level, std::string_view service,
                 std::string_view message, std::span<const log_field> fields) {
  json::writer out{line};
  out.open_object().field("ts", time).field("level", level).field("service", service).field("msg", message);
  for (const auto& each : fields) {
    std::visit([&](const auto& value) { out.field(each.name, value); }, each.value);
  }
  out.close_object();
}

bool is_bare_word(std::string_view text) {
  if (text.empty()) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '='; });
}

void append_text(std::string& line, std::string_view time, std::string_view level, std::string_view service,
                 std::string_view message, std::span<const log_field> fields) {
  line.append(time).append(" ").append(level).append(6 - level.size(), ' ');
  line.append(service).append(" ").append(message);
  for (const auto& each : fields) {
    line.append(" ").append(each.name).append("=");
    json::writer out{line};
    if (const auto* text = std::get_if<std::string_view>(&each.value); text && is_bare_word(*text)) {
      out.raw(*text);
    } else {
      // Quoted as in JSON, so that no value of a request's can forge a line.
      std::visit([&](const auto& value) { out.value(value); }, each.value);
    }
  }
}

}  // namespace

struct log_sink::implementation {
  implementation() {
    lines.set_pattern("%v");
    lines.set_level(spdlog::level::trace);
  }

  void write_until_stopped() {
    std::string batch;
    std::unique_lock lock{mutex};
    while (!stopping || !pending.empty()) {
      changed.wait(lock, [this] { return stopping || !pending.empty(); });
      changed.wait_for(lock, gather_time, [this] { return stopping || pending.size() >= gather_bytes; });
      batch.swap(pending);
      const auto taken = std::exchange(pending_lines, 0);
      lock.unlock();
      if (!batch.empty()) {
        batch.pop_back();  // spdlog ends the last line itself
        lines.log(spdlog::level::info, spdlog::string_view_t{batch.data(), batch.size()});
      }
      batch.clear();
      lock.lock();
      queued -= taken;
    }
    finished = true;
    changed.notify_all();
  }

  static constexpr auto gather_time = std::chrono::milliseconds{10};
  static constexpr std::size_t gather_bytes = 64 * 1024;

  spdlog::logger lines{"cohort", std::make_shared<spdlog::sinks::stderr_sink_st>()};
  std::mutex mutex;
  std::condition_variable changed;
  std::string pending;  // lines with their ends
  std::size_t pending_lines = 0;
  std::size_t queued = 0;  // those and the ones being written
  bool stopping = false;
  bool finished = false;
  std::atomic<std::uint64_t> dropped{0};
};

log_sink::log_sink() : inner_(std::make_shared<implementation>()) {
  std::thread([inner = inner_] { inner->write_until_stopped(); }).detach();
}

log_sink::~log_sink() {
  std::unique_lock lock{inner_->mutex};
  inner_->stopping = true;
  inner_->changed.notify_all();
  // A terminal that stands still must not keep the program from ending; its thread is left behind.
  inner_->changed.wait_for(lock, longest_farewell, [this] { return inner_->finished; });
}

void log_sink::write(std::string_view line) {
  bool wake = false;
  {
    const std::lock_guard lock{inner_->mutex};
    if (inner_->queued >= queue_length || inner_->pending.size() >= queue_bytes) {
      inner_->dropped.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    const auto before = inner_->pending.size();
    inner_->pending.append(line).push_back('\n');
    ++inner_->pending_lines;
    ++inner_->queued;
    const auto reached = [&](std::size_t size) { return before < size && inner_->pending.size() >= size; };
    wake = before == 0 || reached(implementation::gather_bytes);
  }
  if (wake) inner_->changed.notify_all();
}

std::uint64_t log_sink::dropped() const { return inner_->dropped.load(std::memory_order_relaxed); }

logger::logger(log_sink& sink, std::string service, log_level least, log_format format, const clock& time_source)
    : sink_(&sink), service_(std::move(service)), least_(least), format_(format), clock_(&time_source) {}

void logger::write(log_level level, std::string_view message, std::span<const log_field> fields) const {
  if (!writes(level) || level == log_level::off) return;
  thread_local std::string line;
  line.clear();
  const auto time = format_time(clock_->wall_now());
  const auto name = level_names[static_cast<std::size_t>(level)];
  if (format_ == log_format::json) {
    append_json(line, time, name, service_, message, fields);
  } else {
    append_text(line, time, name, service_, message, fields);
  }
  sink_->write(line);
}

logger logger::for_service(std::string service) const { return {*sink_, std::move(service), least_, format_, *clock_}; }

}  // namespace cohort::telemetry
