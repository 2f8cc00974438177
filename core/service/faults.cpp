#include "core/service/faults.hpp"

#include <algorithm>
#include <array>

#include "core/json/reader.hpp"
#include "core/json/writer.hpp"

namespace cohort::service {
namespace {

struct field {
  std::string_view name;
  std::int64_t faults::* value;
  std::int64_t least;
  std::int64_t most;
};

constexpr std::array<field, 6> fields{
    {{"latency_ms", &faults::latency_ms, 0, 60'000},
     {"error_percent", &faults::error_percent, 0, 100},
     {"hang_percent", &faults::hang_percent, 0, 100},
     {"memory_mb", &faults::memory_mb, 0, 4096},
     // Some of a loop is left, to take the faults back (little, if several services share it).
     {"cpu_percent", &faults::cpu_percent, 0, 95},
     {"seconds", &faults::seconds, 1, 3600}}};

/// No more of what somebody sent than fits a line.
std::string shown(std::string text) {
  constexpr std::size_t most = 60;
  return text.size() > most ? text.substr(0, most) + "…" : text;
}

std::string unknown(std::string_view name) {
  std::string known;
  for (const auto& each : fields) known.append(known.empty() ? "" : ", ").append(each.name);
  return "there is no field \"" + shown(std::string{name}) + "\", but " + known;
}

using outcome = result<faults, std::string>;

outcome from_document(simdjson::dom::element root) {
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return std::string{"the body is JSON, but must be an object"};
  faults wanted;
  for (const auto member : object) {
    const auto* const known = std::ranges::find(fields, member.key, &field::name);
    if (known == fields.end()) return unknown(member.key);
    std::int64_t number = 0;
    const bool is_number = member.value.get(number) == simdjson::SUCCESS;
    if (!is_number || number < known->least || number > known->most) {
      return std::string{known->name} + " is " + shown(simdjson::minify(member.value)) +
             ", but must be a whole number from " + std::to_string(known->least) + " to " + std::to_string(known->most);
    }
    wanted.*known->value = number;
  }
  return wanted;
}

}  // namespace

result<faults, std::string> read_faults(std::string_view json) {
  auto read = json::read(json, [](simdjson::dom::element root) {
    return result<outcome>{boost::system::in_place_value, from_document(root)};
  });
  if (!read)
    return std::string{R"(the body is no JSON, but must be an object such as {"latency_ms":500,"seconds":60})"};
  return std::move(*read);
}

std::string describe(const faults& which, duration remaining) {
  std::string text;
  json::writer body{text};
  body.open_object().field("active", which.any());
  for (const auto& each : fields) {
    if (each.value != &faults::seconds) body.field(each.name, which.*each.value);
  }
  const auto left = which.any() ? std::chrono::ceil<std::chrono::seconds>(remaining).count() : 0;
  body.field("remaining_seconds", left).close_object();
  return text;
}

}  // namespace cohort::service
