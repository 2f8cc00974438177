// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/event_log.hpp>

#include <array>
#include <cstdio>
#include <cstring>

namespace cohort::sim {
namespace {

constexpr std::size_t max_line_length = 100;

constexpr std::array<std::string_view, 9> kind_names{"connect", "accepted", "refused", "",    "closed",
                                                     "reset",   "dns",      "fault",   "note"};

std::string escape(std::string_view text) {
  std::string escaped_text;
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      escaped_text += c;
    } else {
      std::array<char, 5> code{};
      std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(c));
      escaped_text += code.data();
    }
  }
  return escaped_text;
}

std::string first_line(std::string_view bytes) {
  auto line = bytes.substr(0, bytes.find_first_of("\r\n"));
  const bool is_truncated = line.size() > max_line_length;
  return escape(line.substr(0, max_line_length)) + (is_truncated ? "…" : "") + " (" + std::to_string(bytes.size()) +
         " B)";
}

/// The rank of an event: 0 for requests and faults, 1 for connections, 2 for parts of bodies and for events that every
/// connection has.
std::uint8_t rank_of(const event& ranked) {
  switch (ranked.kind) {
    case event_kind::fault:
    case event_kind::note:
    case event_kind::refused: return 0;
    case event_kind::bytes: {
      const auto line = ranked.detail.substr(0, ranked.detail.find_first_of("\r\n"));
      return line.starts_with("HTTP/1.1 ") || line.ends_with(" HTTP/1.1") ? 0 : 2;
    }
    case event_kind::connect:
    case event_kind::reset: return 1;
    default: return 2;
  }
}

/// The first `max_width` characters of UTF-8.
std::string_view truncate(std::string_view line, std::size_t max_width) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool is_continuation = (static_cast<unsigned char>(line[i]) & 0xC0U) == 0x80U;
    if (!is_continuation && characters++ == max_width) return line.substr(0, i);
  }
  return line;
}

}  // namespace

void event_log::add(const event& added) {
  ++event_count_;
  mix(static_cast<std::uint64_t>(added.time.time_since_epoch().count()));
  mix(added.connection_id << 8U | static_cast<std::uint64_t>(added.kind));
  mix(added.source);
  mix(added.destination);
  mix(added.detail);
  if (!keeps_lines_) return;
  lines_.push_back(line_for(added));
  ranks_.push_back(rank_of(added));
}

std::string event_log::text() const {
  std::string joined_lines;
  for (const auto& line : lines_) joined_lines.append(line).append("\n");
  return joined_lines;
}

std::string event_log::summary(std::size_t max_lines, std::size_t max_width) const {
  std::vector<std::string_view> lines;
  for (std::uint8_t max_rank = 2;; --max_rank) {
    lines.clear();
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (ranks_[i] <= max_rank) lines.push_back(truncate(lines_[i], max_width));
    }
    if (lines.size() <= max_lines || max_rank == 0) break;
  }
  std::string text;
  const auto append = [&](std::size_t first, std::size_t end) {
    for (auto i = first; i < end; ++i) text.append(lines[i]).append("\n");
  };
  if (lines.size() <= max_lines) {
    append(0, lines.size());
    return text;
  }
  const auto head = (max_lines - 1) / 2;
  const auto tail = max_lines - 1 - head;
  append(0, head);
  text.append("  ... ").append(std::to_string(lines.size() - head - tail)).append(" lines omitted\n");
  append(lines.size() - tail, lines.size());
  return text;
}

/// Multiplies and folds eight bytes at a time, because the hash includes every byte that is sent in a run.
void event_log::mix(std::uint64_t word) noexcept {
  hash_ = (hash_ ^ word) * 0x9E3779B97F4A7C15U;
  hash_ ^= hash_ >> 32U;
}

void event_log::mix(std::string_view bytes) noexcept {
  mix(bytes.size());
  for (; bytes.size() >= sizeof(std::uint64_t); bytes.remove_prefix(sizeof(std::uint64_t))) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    mix(word);
  }
  std::uint64_t last_bytes = 0;
  for (const char c : bytes) last_bytes = last_bytes << 8U | static_cast<unsigned char>(c);
  mix(last_bytes);
}

std::string event_log::line_for(const event& entry) const {
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%10.3f ms  ", to_milliseconds(entry.time - start_));
  std::string line{time.data()};
  line.append(entry.source);
  if (!entry.destination.empty()) line.append(" → ").append(entry.destination);
  if (entry.connection_id != 0) line.append(" #").append(std::to_string(entry.connection_id));
  line += "  ";
  if (entry.kind == event_kind::bytes) return line + first_line(entry.detail);
  line.append(kind_names[static_cast<std::size_t>(entry.kind)]);
  if (!entry.detail.empty()) line.append(" ").append(escape(entry.detail));
  return line;
}

}  // namespace cohort::sim
