#include "core/sim/trace.hpp"

#include <array>
#include <cstdio>
#include <cstring>

namespace cohort::sim {
namespace {

constexpr std::size_t most_shown = 100;

constexpr std::array<std::string_view, 9> kind_names{"connect", "accepted", "refused", "",    "closed",
                                                     "reset",   "dns",      "fault",   "note"};

std::string escaped(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      shown += c;
    } else {
      std::array<char, 5> code{};
      std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(c));
      shown += code.data();
    }
  }
  return shown;
}

std::string first_line(std::string_view bytes) {
  auto line = bytes.substr(0, bytes.find_first_of("\r\n"));
  const bool cut = line.size() > most_shown;
  return escaped(line.substr(0, most_shown)) + (cut ? "…" : "") + " (" + std::to_string(bytes.size()) + " B)";
}

}  // namespace

void trace::add(const event& happened) {
  ++events_;
  mix(static_cast<std::uint64_t>(happened.when.time_since_epoch().count()));
  mix(happened.number << 8U | static_cast<std::uint64_t>(happened.what));
  mix(happened.from);
  mix(happened.to);
  mix(happened.content);
  if (keeps_lines_) lines_.push_back(line_for(happened));
}

std::string trace::text() const {
  std::string all;
  for (const auto& each : lines_) all.append(each).append("\n");
  return all;
}

/// Multiply and fold, eight bytes at a time: this runs over every byte of every seed.
void trace::mix(std::uint64_t word) noexcept {
  hash_ = (hash_ ^ word) * 0x9E3779B97F4A7C15U;
  hash_ ^= hash_ >> 32U;
}

void trace::mix(std::string_view bytes) noexcept {
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

std::string trace::line_for(const event& happened) const {
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%10.3f ms  ",
                std::chrono::duration<double, std::milli>(happened.when - start_).count());
  std::string line{time.data()};
  line.append(happened.from);
  if (!happened.to.empty()) line.append(" → ").append(happened.to);
  if (happened.number != 0) line.append(" #").append(std::to_string(happened.number));
  line += "  ";
  if (happened.what == event_kind::bytes) return line + first_line(happened.content);
  line.append(kind_names[static_cast<std::size_t>(happened.what)]);
  if (!happened.content.empty()) line.append(" ").append(escaped(happened.content));
  return line;
}

}  // namespace cohort::sim
