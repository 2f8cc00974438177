// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/server_timing.hpp>

#include <array>
#include <charconv>

#include <cohort/runtime/loop.hpp>

namespace cohort::telemetry {
namespace {

/// Initial capacity in bytes, sufficient for the entries of three or four calls.
constexpr std::size_t initial_entries_capacity = 190;
/// Maximum size in bytes of the entries `total` and `left`.
constexpr std::size_t max_totals_size = 64;

void append_milliseconds(recycled_string& text, duration elapsed) {
  // Avoids floating-point numbers, because their conversion to text is slow.
  using tenths_of_milliseconds = std::chrono::duration<std::int64_t, std::ratio<1, 10'000>>;
  const auto tenths = std::chrono::round<tenths_of_milliseconds>(elapsed).count();
  std::array<char, 32> digits;
  auto* const end = digits.data() + digits.size();
  text.append(digits.data(), std::to_chars(digits.data(), end, tenths / 10).ptr);
  text.append(".").push_back(static_cast<char>('0' + tenths % 10));
}

void append_entry(recycled_string& text, std::string_view name, duration elapsed) {
  if (!text.empty()) text += ", ";
  text.append(name).append(";dur=");
  append_milliseconds(text, elapsed);
}

}  // namespace

server_timing::scoped_wait::scoped_wait(server_timing* timing) noexcept : timing_(timing), loop_(loop::current()) {
  if (timing_ && timing_->active_wait_count_++ == 0) timing_->wait_start_ = loop_.now();
}

server_timing::scoped_wait::~scoped_wait() {
  if (timing_ && --timing_->active_wait_count_ == 0) timing_->wait_time_ += loop_.now() - timing_->wait_start_;
}

void server_timing::add(std::string_view name, duration elapsed, std::string_view description) {
  if (entry_count_ == max_entries) return;
  if (entry_count_++ == 0) entries_.reserve(initial_entries_capacity);
  append_entry(entries_, name, elapsed);
  entries_.append(";desc=\"").append(description).append("\"");
}

recycled_string server_timing::header_value(duration total, deadline request_deadline, time_point now) const {
  recycled_string value;
  value.reserve(entries_.size() + max_totals_size);
  value = entries_;
  append_entry(value, "total", total);
  if (!request_deadline.is_never()) append_entry(value, "left", request_deadline.remaining(now));
  return value;
}

}  // namespace cohort::telemetry
