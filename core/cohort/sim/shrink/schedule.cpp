// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/shrink/schedule.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <sstream>
#include <stdexcept>

namespace cohort::sim {
namespace {

constexpr std::array<std::string_view, 13> action_names{
    "request",   "kill",      "power-off",          "stop",
    "partition", "delay",     "refuse-connections", "black-hole",
    "reset",     "half-open", "fail-resolution",    "delay-resolution",
    "step-clock"};

constexpr std::array<std::pair<std::string_view, duration::rep>, 6> units{{{"h", 3'600'000'000'000},
                                                                           {"min", 60'000'000'000},
                                                                           {"s", 1'000'000'000},
                                                                           {"ms", 1'000'000},
                                                                           {"us", 1'000},
                                                                           {"ns", 1}}};

std::vector<std::string> split_words(const std::string& line) {
  std::istringstream stream{line};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(std::move(word));
  return words;
}

template <class Number>
bool parse_number(std::string_view text, Number& number, int base = 10) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

bool parse_time(std::string_view text, duration& parsed) {
  const auto span = parse_duration(text);
  if (span) parsed = *span;
  return span.has_value();
}

/// Parses an option: `lasts=1s`, `by=20ms`, `after=512` or `connections=0x5`.
bool parse_option(scheduled_event& event, std::string_view option) {
  const auto equals = option.find('=');
  if (equals == std::string_view::npos) return false;
  const auto name = option.substr(0, equals);
  const auto value = option.substr(equals + 1);
  if (name == "lasts") return parse_time(value, event.lasts);
  if (name == "by") return parse_time(value, event.amount);
  if (name == "after") return parse_number(value, event.bytes);
  if (name == "connections") return value.starts_with("0x") && parse_number(value.substr(2), event.selection, 16);
  return false;
}

/// Returns the error; empty if there is none.
std::string parse_event(const std::vector<std::string>& words, scheduled_event& event) {
  if (!parse_time(words[0], event.at)) return "must start with \"seed\", \"set\", \"node\" or a time such as 12ms";
  const auto name = words.size() > 1 ? std::ranges::find(action_names, words[1]) : action_names.end();
  if (name == action_names.end()) {
    std::string accepted;
    for (const auto& each : action_names) accepted.append(accepted.empty() ? "" : ", ").append(each);
    return "has an unknown action; accepted: " + accepted;
  }
  event.action = static_cast<event_action>(name - action_names.begin());
  std::size_t next = 2;
  const auto is_word = [&] {
    return next < words.size() && (words[next].starts_with('/') || words[next].find('=') == std::string::npos);
  };
  if (is_word()) event.node = words[next++];
  if (is_word()) event.peer = words[next++];
  for (; next < words.size(); ++next) {
    if (!parse_option(event, words[next])) {
      return "has an invalid option \"" + words[next] +
             "\"; accepted: lasts=TIME, by=TIME, after=BYTES, connections=0xMASK";
    }
  }
  using enum event_action;
  if (event.node.empty() && event.action != step_clock) return "names no node";
  const bool has_peer = event.action == request || event.action == partition || event.action == delay;
  if (has_peer && event.peer.empty()) return event.action == request ? "has no path" : "names no second host";
  return {};
}

/// Returns the error; empty if there is none.
std::string parse_line(const std::vector<std::string>& words, schedule& schedule) {
  if (words[0] == "seed") {
    return words.size() == 2 && parse_number(words[1], schedule.seed) ? "" : "must be \"seed NUMBER\"";
  }
  if (words[0] == "set") {
    if (words.size() != 3) return "must be \"set NAME VALUE\"";
    schedule.parameters[words[1]] = words[2];
    return {};
  }
  if (words[0] == "node") {
    if (words.size() != 2) return "must be \"node NAME\"";
    schedule.nodes.push_back(words[1]);
    return {};
  }
  return parse_event(words, schedule.events.emplace_back());
}

}  // namespace

std::string_view to_string(event_action action) noexcept { return action_names[static_cast<std::size_t>(action)]; }

std::string schedule::parameter(const std::string& name, std::string_view fallback) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string{fallback} : found->second;
}

std::optional<duration> schedule::duration_parameter(const std::string& name) const {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return std::nullopt;
  const auto span = parse_duration(found->second);
  if (!span)
    throw std::invalid_argument("parameter " + name + " is \"" + found->second +
                                "\", but must be a time such as 300ms");
  return span;
}

bool schedule::has_node(std::string_view name) const noexcept { return std::ranges::find(nodes, name) != nodes.end(); }

duration schedule::length() const noexcept {
  duration latest{};
  for (const auto& event : events) latest = std::max(latest, event.at + event.lasts);
  return latest;
}

void schedule::sort_events() {
  std::multimap<duration, scheduled_event> events_by_time;
  for (auto& event : events) {
    const auto at = event.at;
    events_by_time.emplace(at, std::move(event));
  }
  events.clear();
  for (auto& [at, event] : events_by_time) events.push_back(std::move(event));
}

std::string to_text(duration span) {
  if (span == duration{0}) return "0s";
  for (const auto& [unit, nanoseconds] : units) {
    if (span.count() % nanoseconds == 0) return std::to_string(span.count() / nanoseconds).append(unit);
  }
  return {};
}

std::optional<duration> parse_duration(std::string_view text) noexcept {
  duration::rep number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{}) return std::nullopt;
  const std::string_view suffix{parsed.ptr, static_cast<std::size_t>(text.data() + text.size() - parsed.ptr)};
  for (const auto& [unit, nanoseconds] : units) {
    const bool is_complete =
        number <= duration::max().count() / nanoseconds && number >= duration::min().count() / nanoseconds;
    if (suffix == unit && is_complete) return duration{number * nanoseconds};
  }
  return std::nullopt;
}

std::string to_text(const scheduled_event& source) {
  auto text = to_text(source.at).append(" ").append(to_string(source.action));
  if (!source.node.empty()) text.append(" ").append(source.node);
  if (!source.peer.empty()) text.append(" ").append(source.peer);
  if (source.bytes != 0) text.append(" after=").append(std::to_string(source.bytes));
  if (~source.selection != 0) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), source.selection, 16).ptr;
    text.append(" connections=0x").append(digits.data(), end);
  }
  if (source.amount != duration{0}) text.append(" by=").append(to_text(source.amount));
  if (source.lasts != duration{0}) text.append(" lasts=").append(to_text(source.lasts));
  return text;
}

std::string to_text(const schedule& source) {
  std::string text = "seed " + std::to_string(source.seed) + "\n";
  for (const auto& [name, value] : source.parameters) text.append("set ").append(name + " " + value).append("\n");
  for (const auto& name : source.nodes) text.append("node ").append(name).append("\n");
  for (const auto& event : source.events) text.append(to_text(event)).append("\n");
  return text;
}

schedule parse_schedule(std::string_view text) {
  schedule schedule;
  std::istringstream lines{std::string{text}};
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto words = split_words(line);
    if (words.empty()) continue;
    const auto problem = parse_line(words, schedule);
    if (!problem.empty()) {
      throw std::invalid_argument("schedule line " + std::to_string(number) + " \"" + line + "\" " + problem);
    }
  }
  return schedule;
}

}  // namespace cohort::sim
