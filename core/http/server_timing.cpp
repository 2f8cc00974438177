#include "core/http/server_timing.hpp"

#include <array>
#include <charconv>

namespace cohort::http {
namespace {

void append_milliseconds(std::string& to, duration span) {
  std::array<char, 32> text;
  const auto milliseconds = std::chrono::duration<double, std::milli>(span).count();
  const auto end = std::to_chars(text.data(), text.data() + text.size(), milliseconds, std::chars_format::fixed, 1).ptr;
  to.append(text.data(), end);
}

void append_entry(std::string& to, std::string_view name, duration took) {
  if (!to.empty()) to += ", ";
  to.append(name).append(";dur=");
  append_milliseconds(to, took);
}

}  // namespace

void server_timing::add(std::string_view name, duration took, std::string_view description) {
  if (count_ == most_entries) return;
  ++count_;
  append_entry(entries_, name, took);
  entries_.append(";desc=\"").append(description).append("\"");
}

std::string server_timing::value(duration total, deadline until, time_point now) const {
  std::string all = entries_;
  append_entry(all, "total", total);
  if (!until.is_never()) append_entry(all, "left", until.remaining(now));
  return all;
}

}  // namespace cohort::http
