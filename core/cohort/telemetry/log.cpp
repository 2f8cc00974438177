// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/log.hpp>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <cohort/runtime/thread_object.hpp>
#include <cohort/telemetry/log_line.hpp>
#include <cohort/telemetry/tracing/span.hpp>

namespace cohort::telemetry {
namespace {

constexpr std::array<std::string_view, 6> level_names{"trace", "debug", "info", "warn", "error", "off"};

/// Writes `text`, and blocks until all of it is written. After an error, such as a full disk or a closed pipe, returns
/// the text that was not written; otherwise empty.
std::string_view write_to_standard_error(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd descriptor{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
      ::poll(&descriptor, 1, -1);
    } else if (errno != EINTR) {
      break;
    }
  }
  return text;
}

constexpr auto max_batch_delay = std::chrono::milliseconds{10};
constexpr std::size_t full_batch_bytes = 64 * 1024;

}  // namespace

/// Shared with the writing thread, which is detached so that blocked output does not delay the program's exit.
struct log_sink::state {
  void write_batches() {
    std::string batch;
    std::unique_lock lock{mutex};
    while (!is_stopping || !pending.empty()) {
      state_changed.wait(lock, [this] { return is_stopping || !pending.empty(); });
      state_changed.wait_for(lock, max_batch_delay,
                             [this] { return is_stopping || pending.size() >= full_batch_bytes; });
      batch.swap(pending);
      const auto batch_line_count = std::exchange(pending_line_count, 0);
      lock.unlock();
      write_batch(batch);
      batch.clear();
      lock.lock();
      queued_line_count -= batch_line_count;
    }
    is_finished = true;
    state_changed.notify_all();
  }

  /// A failed write is reported only by the metric: lines that were not written completely count as dropped. The next
  /// batch starts on a new line.
  void write_batch(std::string_view batch) {
    if (ends_within_line && !write_to_standard_error("\n").empty()) {
      dropped_line_count.fetch_add(count_lines(batch), std::memory_order_relaxed);
      return;
    }
    const auto unwritten_text = write_to_standard_error(batch);
    dropped_line_count.fetch_add(count_lines(unwritten_text), std::memory_order_relaxed);
    ends_within_line = unwritten_text.size() < batch.size() && batch[batch.size() - unwritten_text.size() - 1] != '\n';
  }
  static std::uint64_t count_lines(std::string_view text) {
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  }

  bool ends_within_line = false;  // used by the writing thread only
  std::mutex mutex;
  std::condition_variable state_changed;
  std::string pending;  // lines with their line feeds
  std::size_t pending_line_count = 0;
  std::size_t queued_line_count = 0;  // pending or being written
  bool is_stopping = false;
  bool is_finished = false;
  std::atomic<std::uint64_t> dropped_line_count{0};
};

std::string_view to_string(log_level level) noexcept { return level_names[static_cast<std::size_t>(level)]; }

std::optional<log_level> parse_log_level(std::string_view name) noexcept {
  const auto found = std::ranges::find(level_names, name);
  if (found == level_names.end()) return std::nullopt;
  return static_cast<log_level>(found - level_names.begin());
}

log_sink::log_sink() : state_(std::make_shared<state>()) {
  std::thread([shared = state_] { shared->write_batches(); }).detach();
}

log_sink::~log_sink() {
  std::unique_lock lock{state_->mutex};
  state_->is_stopping = true;
  state_->state_changed.notify_all();
  state_->state_changed.wait_for(lock, flush_timeout, [this] { return state_->is_finished; });
}

void log_sink::write(std::string_view line) {
  bool should_notify = false;
  {
    const std::lock_guard lock{state_->mutex};
    auto& pending = state_->pending;
    if (state_->queued_line_count >= max_queued_lines || pending.size() >= max_queued_bytes) {
      state_->dropped_line_count.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    const auto previous_size = pending.size();
    pending.append(line).push_back('\n');
    ++state_->pending_line_count;
    ++state_->queued_line_count;
    should_notify = previous_size == 0 || (previous_size < full_batch_bytes && pending.size() >= full_batch_bytes);
  }
  if (should_notify) state_->state_changed.notify_all();
}

std::uint64_t log_sink::dropped_line_count() const {
  return state_->dropped_line_count.load(std::memory_order_relaxed);
}

logger::logger(log_sink& sink, std::string service, log_level min_level, log_format format, const clock& time_source)
    : sink_(&sink),
      service_(std::move(service)),
      min_level_(std::make_shared<std::atomic<log_level>>(min_level)),
      format_(format),
      clock_(&time_source) {}

void logger::write(log_level level, std::string_view message, std::span<const log_field> fields) const {
  if (!is_enabled(level) || level == log_level::off) return;
  auto& line = thread_object<log_line>();
  const auto now = clock_->wall_now();
  sink_->write(line.format({now, to_string(level), service_, message, fields}, format_));
  if (auto* exporter = sink_->exporter()) {
    exporter->export_record(service_, {.time = now, .level = level, .message = message, .attributes = fields});
  }
}

logger logger::with_service(std::string service) const {
  logger result{*this};
  result.service_ = std::move(service);
  return result;
}

}  // namespace cohort::telemetry
