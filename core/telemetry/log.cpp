#include "core/telemetry/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <cstdio>

#include "core/json/writer.hpp"

namespace cohort::telemetry {
namespace {

constexpr std::array<std::string_view, 5> level_names{"trace", "debug", "info", "warn", "error"};

/// RFC 3339 in UTC, with milliseconds.
std::string_view format_time(wall_time when, std::span<char, 32> into) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(when);
  const auto day = std::chrono::floor<std::chrono::days>(milliseconds);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{milliseconds - day};
  const int length =
      std::snprintf(into.data(), into.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                    static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {into.data(), static_cast<std::size_t>(length)};
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
  std::shared_ptr<spdlog::details::thread_pool> threads =
      std::make_shared<spdlog::details::thread_pool>(queue_length, 1);
  std::shared_ptr<spdlog::async_logger> lines =
      std::make_shared<spdlog::async_logger>("cohort", std::make_shared<spdlog::sinks::stderr_sink_mt>(), threads,
                                             spdlog::async_overflow_policy::overrun_oldest);
};

log_sink::log_sink() : inner_(std::make_unique<implementation>()) {
  inner_->lines->set_pattern("%v");
  inner_->lines->set_level(spdlog::level::trace);
}

log_sink::~log_sink() = default;

void log_sink::write(std::string_view line) {
  inner_->lines->log(spdlog::level::info, spdlog::string_view_t{line.data(), line.size()});
}

std::uint64_t log_sink::dropped() const { return inner_->threads->overrun_counter(); }

logger::logger(log_sink& sink, std::string service, log_level least, log_format format, const clock& time_source)
    : sink_(&sink), service_(std::move(service)), least_(least), format_(format), clock_(&time_source) {}

void logger::write(log_level level, std::string_view message, std::span<const log_field> fields) const {
  if (!writes(level) || level == log_level::off) return;
  thread_local std::string line;
  line.clear();
  std::array<char, 32> buffer;
  const auto time = format_time(clock_->wall_now(), buffer);
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
