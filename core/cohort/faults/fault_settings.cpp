// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_settings.hpp>

#include <algorithm>
#include <array>

#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>

namespace cohort::faults {
namespace {

struct field {
  std::string_view name;
  std::int64_t fault_settings::* member;
  std::int64_t min;
  std::int64_t max;
};

constexpr std::array<field, 6> fields{
    {{"latency_ms", &fault_settings::latency_ms, 0, 60'000},
     {"error_percent", &fault_settings::error_percent, 0, 100},
     {"hang_percent", &fault_settings::hang_percent, 0, 100},
     {"memory_mb", &fault_settings::memory_mb, 0, 4096},
     // The maximum is below 100, so that the loop can process the request that ends the injection.
     {"cpu_percent", &fault_settings::cpu_percent, 0, 95},
     {"seconds", &fault_settings::seconds, 1, 3600}}};

std::string shortened(std::string text) {
  constexpr std::size_t max_length = 60;
  return text.size() > max_length ? text.substr(0, max_length) + "…" : text;
}

std::string unknown_field_message(std::string_view name) {
  std::string known_names;
  for (const auto& field : fields) known_names.append(known_names.empty() ? "" : ", ").append(field.name);
  return "unknown field \"" + shortened(std::string{name}) + "\"; known fields: " + known_names;
}

using parse_result = result<fault_settings, std::string>;

parse_result parse_object(simdjson::dom::element root) {
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return std::string{"the body is JSON, but must be an object"};
  fault_settings settings;
  for (const auto json_field : object) {
    const auto* const known = std::ranges::find(fields, json_field.key, &field::name);
    if (known == fields.end()) return unknown_field_message(json_field.key);
    std::int64_t number = 0;
    const bool is_integer = json_field.value.get(number) == simdjson::SUCCESS;
    if (!is_integer || number < known->min || number > known->max) {
      return std::string{known->name} + " is " + shortened(simdjson::minify(json_field.value)) +
             ", but must be a whole number from " + std::to_string(known->min) + " to " + std::to_string(known->max);
    }
    settings.*known->member = number;
  }
  return settings;
}

}  // namespace

result<fault_settings, std::string> parse_fault_settings(std::string_view json) {
  auto parsed = json::parse(json, [](simdjson::dom::element root) {
    return result<parse_result>{boost::system::in_place_value, parse_object(root)};
  });
  if (parsed) return std::move(*parsed);
  return std::string{R"(the body is not valid JSON, but must be an object such as {"latency_ms":500,"seconds":60})"};
}

std::string to_json(const fault_settings& settings, duration remaining_time) {
  std::string text;
  json::writer body{text};
  body.open_object().field("active", settings.any());
  for (const auto& field : fields) {
    if (field.member != &fault_settings::seconds) body.field(field.name, settings.*field.member);
  }
  const auto remaining_seconds = settings.any() ? std::chrono::ceil<std::chrono::seconds>(remaining_time).count() : 0;
  body.field("remaining_seconds", remaining_seconds).close_object();
  return text;
}

}  // namespace cohort::faults
