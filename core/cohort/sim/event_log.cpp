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

std::string escaped(std::string_view text) {
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
  const bool cut = line.size() > max_line_length;
  return escaped(line.substr(0, max_line_length)) + (cut ? "…" : "") + " (" + std::to_string(bytes.size()) + " B)";
}

}  // namespace

void event_log::add(const event& added) {
  ++event_count_;
  mix(static_cast<std::uint64_t>(added.time.time_since_epoch().count()));
  mix(added.connection_id << 8U | static_cast<std::uint64_t>(added.kind));
  mix(added.source);
  mix(added.destination);
  mix(added.detail);
  if (keeps_lines_) lines_.push_back(line_for(added));
}

std::string event_log::text() const {
  std::string joined_lines;
  for (const auto& line : lines_) joined_lines.append(line).append("\n");
  return joined_lines;
}

/// Multiplies and folds eight bytes at a time, because this runs over every byte of every seed.
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
  std::uint64_t rest = 0;
  for (const char c : bytes) rest = rest << 8U | static_cast<unsigned char>(c);
  mix(rest);
}

std::string event_log::line_for(const event& described) const {
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%10.3f ms  ",
                std::chrono::duration<double, std::milli>(described.time - start_).count());
  std::string line{time.data()};
  line.append(described.source);
  if (!described.destination.empty()) line.append(" → ").append(described.destination);
  if (described.connection_id != 0) line.append(" #").append(std::to_string(described.connection_id));
  line += "  ";
  if (described.kind == event_kind::bytes) return line + first_line(described.detail);
  line.append(kind_names[static_cast<std::size_t>(described.kind)]);
  if (!described.detail.empty()) line.append(" ").append(escaped(described.detail));
  return line;
}

}  // namespace cohort::sim
