// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/page/page_text.hpp"

#include <algorithm>
#include <charconv>

#include <cohort/http/message/html.hpp>
#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/runtime/time/duration_format.hpp>
#include "services/dashboard/page/page_markup.hpp"

namespace cohort::dashboard {
namespace {

/// Maximum length of a string in a card.
constexpr std::size_t max_characters = 60;

struct card {
  std::string_view slot;
  std::string_view service;
};
constexpr std::array<card, 3> cards{
    {{"time", "time_service"}, {"system", "sysinfo_service"}, {"weather", "weather_service"}}};

/// The lines below the title of a card.
struct facts {
  std::string main;
  std::string detail;
};

/// Returns the shortest decimal representation that parses to the same number, or one with this number of decimals.
std::string number_text(double value, std::optional<int> decimals = {}) {
  std::array<char, 400> digits{};
  const auto end = digits.data() + digits.size();
  const auto written = decimals ? std::to_chars(digits.data(), end, value, std::chars_format::fixed, *decimals)
                                : std::to_chars(digits.data(), end, value);
  return {digits.data(), written.ptr};
}

/// The parsed body of a service's response.
class body_reader {
 public:
  explicit body_reader(simdjson::dom::element root) : root_(root) {}

  /// A string or a number at a pointer, such as `/weather/condition`; empty if there is none.
  std::string text(std::string_view pointer) const {
    simdjson::dom::element found;
    if (root_.at_pointer(pointer).get(found) != simdjson::SUCCESS) return {};
    std::string_view string;
    if (found.get(string) == simdjson::SUCCESS) return std::string{string};
    const auto value = number(pointer);
    return value ? number_text(*value) : std::string{};
  }
  std::optional<double> number(std::string_view pointer) const {
    double value = 0;
    if (root_.at_pointer(pointer).get(value) != simdjson::SUCCESS) return std::nullopt;
    return value;
  }
  bool flag(std::string_view pointer) const {
    bool value = false;
    return root_.at_pointer(pointer).get(value) == simdjson::SUCCESS && value;
  }

 private:
  simdjson::dom::element root_;
};

std::string or_not_available(std::string text, std::string_view unit = {}) {
  if (text.empty() || text == "N/A") return "N/A";
  return text.append(unit);
}

std::string join_with_comma(const std::string& first, const std::string& second) {
  if (first.empty() || second.empty()) return or_not_available(first + second);
  return first + ", " + second;
}

facts time_facts(const body_reader& body) {
  const auto timestamp = body.text("/timestamp");
  const auto space = timestamp.find(' ');
  if (timestamp.size() != 19 || space != 10) return {timestamp, join_with_comma({}, body.text("/timezone"))};
  return {timestamp.substr(11), join_with_comma(timestamp.substr(0, 10), body.text("/timezone"))};
}

facts system_facts(const body_reader& body) {
  const auto memory = body.number("/memory_percent");
  const auto load = body.number("/load_average/0");
  const auto average = load ? number_text(*load, 2) : std::string{"N/A"};
  const auto cpus = or_not_available(body.text("/cpu_count"));
  return {(memory ? number_text(*memory, 1) + " %" : std::string{"N/A"}) + " memory",
          "load " + average + " on " + cpus + (cpus == "1" ? " CPU · " : " CPUs · ") +
              or_not_available(body.text("/hostname"))};
}

facts weather_facts(const body_reader& body) {
  auto main = or_not_available(body.text("/weather/temperature_c"), " °C");
  if (const auto condition = body.text("/weather/condition"); !condition.empty()) main += " " + condition;
  auto detail = join_with_comma(body.text("/location/city"), body.text("/location/country"));
  // The mark is placed first, so that a long name does not hide it.
  if (body.flag("/sample")) detail.insert(0, "Sample data for ");
  if (const auto age = body.number("/cache_age_seconds"); age && body.flag("/cached")) {
    const std::chrono::duration<double> bounded_age{std::clamp(*age, 0.0, 1e9)};
    detail += " · " + format_coarse_duration(std::chrono::duration_cast<duration>(bounded_age)) + " old";
  }
  return {main, detail};
}

facts facts_of(std::size_t index, const std::string& body) {
  const auto parsed = json::parse(body, [index](simdjson::dom::element root) -> result<facts> {
    const body_reader reader{root};
    return index == 0 ? time_facts(reader) : index == 1 ? system_facts(reader) : weather_facts(reader);
  });
  return parsed ? facts{truncate(parsed->main, max_characters), truncate(parsed->detail, max_characters)} : facts{};
}

/// The badge of each state, indexed by `part_state`.
constexpr std::array<badge_style, part_state_names.size()> badge_styles{{{"check", "good"},
                                                                         {"clock", "warn"},
                                                                         {"hourglass", "bad"},
                                                                         {"cross", "bad"},
                                                                         {"shed", "warn"},
                                                                         {"broken", "bad"}}};

/// An expired report without an error is being refreshed, so it counts as fresh.
part_state displayed_state(const part& part) {
  if (part.state != part_state::stale) return part.state;
  const auto has_error = json::parse(
      part.body, [](simdjson::dom::element root) -> result<bool> { return !body_reader{root}.text("/error").empty(); });
  return has_error && !*has_error ? part_state::fresh : part_state::stale;
}

bool has_response(const part& part) { return part.state == part_state::fresh || part.state == part_state::stale; }

std::string format_result(const part& part) {
  const auto elapsed = format_duration(part.elapsed);
  switch (part.state) {
    case part_state::fresh: return elapsed;
    case part_state::stale: return displayed_state(part) == part_state::stale ? elapsed + ", stale" : elapsed;
    case part_state::open: return "not called";
    case part_state::shed: return "shed";
    case part_state::timeout: return "timed out, " + elapsed;
    case part_state::error: break;
  }
  return "failed, " + elapsed;
}

constexpr std::array<std::string_view, part_state_names.size()> headline_states{
    "in time", "stale", "timed out", "failed", "overloaded", "breaker open"};

std::string headline_html(const page_values::snapshot& values, std::size_t firing) {
  std::size_t known = 0;
  std::size_t count_in_time = 0;
  std::string problems;
  const part* slowest = nullptr;
  std::string_view slowest_name;
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const auto& part = values.parts.at(i);
    if (!part) continue;
    ++known;
    const auto state = displayed_state(*part);
    if (has_response(*part)) ++count_in_time;
    if (state != part_state::fresh) {
      problems.append(" · ").append(cards.at(i).slot).append(" ");
      problems += headline_states.at(static_cast<std::size_t>(state));
    }
    if (has_response(*part) && (!slowest || part->elapsed > slowest->elapsed)) {
      slowest = &*part;
      slowest_name = cards.at(i).slot;
    }
  }
  if (known == 0) return {};
  auto text = std::to_string(count_in_time) + " of " + std::to_string(known) + " in time" + problems;
  const bool is_firing = problems.empty() && firing > 0;
  if (is_firing) text += " · " + pluralize(firing, "alert") + " firing";
  if (problems.empty() && !is_firing && slowest) {
    text += " · slowest " + format_duration(slowest->elapsed) + " of " + format_duration(slowest->timeout) + " (";
    text.append(slowest_name).append(")");
  }
  const auto* const tone = count_in_time < known ? "bad" : problems.empty() && firing == 0 ? "good" : "warn";
  return std::string{R"(<p id="headline" data-tone=")"} + tone + "\">" + text + "</p>";
}

std::string card_html(const page_values::snapshot& values, std::size_t index, std::string_view field) {
  const auto& part = values.parts.at(index);
  if (!part) return {};
  if (field == "badge") {
    const auto state = displayed_state(*part);
    return badge_html(badge_styles.at(static_cast<std::size_t>(state)), to_string(state));
  }
  if (field == "result") return format_result(*part);
  // There is no response to a call that an open breaker has rejected.
  if (field == "timing" && part->state == part_state::open) return "N/A";
  if (field == "timing") return format_duration(part->elapsed) + " of " + format_duration(part->timeout);
  if (part->body.empty()) return {};
  const auto texts = facts_of(index, part->body);
  return http::escape_html(field == "fact" ? texts.main : field == "fact-detail" ? texts.detail : std::string{});
}

}  // namespace

std::string slot_html(const page_values::snapshot& values, std::size_t firing, std::string_view slot) {
  if (slot == "headline") return headline_html(values, firing);
  if (slot == "clock") return card_html(values, 0, "fact");
  const auto dot = slot.find('.');
  if (dot == slot.npos) return {};
  for (std::size_t i = 0; i < cards.size(); ++i) {
    if (cards.at(i).slot == slot.substr(0, dot)) return card_html(values, i, slot.substr(dot + 1));
  }
  return {};
}

std::string initial_events(const page_values::snapshot& values, const initial_data& data) {
  std::string text;
  json::writer out{text};
  const auto add = [&](std::string_view type, std::string_view event_json) {
    out.open_array().value(type).raw(event_json).close_array();
  };
  out.open_array();
  for (std::size_t i = 0; i < cards.size(); ++i) {
    if (const auto& part = values.parts.at(i)) add("part", part_json(0, cards.at(i).service, *part));
  }
  if (!values.request.empty()) add("request", values.request);
  add("alerts", data.alerts);
  add("history", data.history);
  if (!data.experiment.empty()) add("experiment", data.experiment);
  out.close_array();
  // A closing script tag within a string would also end the script.
  for (auto at = text.find('<'); at != text.npos; at = text.find('<', at)) text.replace(at, 1, "\\u003c");
  return text;
}

}  // namespace cohort::dashboard
