// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_script.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace cohort::faults {
namespace {

using namespace std::chrono_literals;
using kind = link_fault::kind;

enum class parameter : std::uint8_t { none, delay, bytes, optional_bytes };

struct fault_kind {
  std::string_view name;
  kind type;
  parameter parameter_kind;
  /// The default value of `bytes`.
  std::int64_t default_bytes = 0;
};

constexpr std::array<fault_kind, 10> fault_kinds{{{"none", kind::none, parameter::none},
                                                  {"latency", kind::latency, parameter::delay},
                                                  {"bandwidth", kind::bandwidth, parameter::bytes},
                                                  {"slice", kind::slice, parameter::bytes},
                                                  {"reset", kind::reset, parameter::optional_bytes},
                                                  {"half-open", kind::half_open, parameter::none},
                                                  {"black-hole", kind::black_hole, parameter::optional_bytes},
                                                  {"garbage", kind::garbage, parameter::none},
                                                  {"cut-header", kind::cut_header, parameter::optional_bytes, 20},
                                                  {"cut-body", kind::cut_body, parameter::optional_bytes, 1}}};

constexpr std::string_view accepted_faults =
    "none, latency TIME, bandwidth BYTES, slice BYTES, reset [BYTES], half-open, black-hole [BYTES], garbage, "
    "cut-header [BYTES] or cut-body [BYTES]";

constexpr duration max_time = 24h;
constexpr std::int64_t max_bytes = 1'000'000'000;

std::vector<std::string_view> split_words(std::string_view line) {
  constexpr std::string_view whitespace = " \t\r";
  std::vector<std::string_view> words;
  for (auto begin = line.find_first_not_of(whitespace); begin != line.npos;
       begin = line.find_first_not_of(whitespace)) {
    line.remove_prefix(begin);
    words.push_back(line.substr(0, line.find_first_of(whitespace)));
    line.remove_prefix(words.back().size());
  }
  return words;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0 || number > max_bytes) return std::nullopt;
  return number;
}

std::optional<duration> parse_time(std::string_view text) {
  const auto unit_position = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_integer(text.substr(0, unit_position));
  const auto unit = text.substr(unit_position);
  const duration length = unit == "ms" ? duration{1ms} : unit == "s" ? duration{1s} : unit == "m" ? duration{1min} : 0s;
  if (!number || length == 0s || *number > max_time / length) return std::nullopt;
  return *number * length;
}

std::optional<link_fault> parse_fault_words(std::vector<std::string_view> words) {
  const auto* const found = std::ranges::find(fault_kinds, words.empty() ? "" : words.front(), &fault_kind::name);
  if (found == fault_kinds.end() || words.size() > 2) return std::nullopt;
  const auto argument = words.size() == 2 ? std::optional{words.back()} : std::nullopt;
  link_fault fault{.type = found->type, .bytes = found->default_bytes};
  const bool is_required = found->parameter_kind == parameter::delay || found->parameter_kind == parameter::bytes;
  if (!argument) return is_required ? std::nullopt : std::optional{fault};
  if (found->parameter_kind == parameter::none) return std::nullopt;
  if (found->parameter_kind == parameter::delay) {
    const auto delay = parse_time(*argument);
    if (!delay) return std::nullopt;
    fault.delay = *delay;
    return fault;
  }
  const auto bytes = parse_integer(*argument);
  if (!bytes || (*bytes == 0 && is_required)) return std::nullopt;
  fault.bytes = *bytes;
  return fault;
}

std::string invalid_fault_message(std::string_view text) {
  return "the fault is \"" + std::string{text.substr(0, 60)} + "\", but must be " + std::string{accepted_faults};
}

result<scripted_fault, std::string> parse_line(const std::vector<std::string_view>& words) {
  if (words.size() < 4) {
    return "expected START LENGTH LINK FAULT [PARAMETER], got " + std::to_string(words.size()) + " words";
  }
  const auto start = parse_time(words[0]);
  const auto length = parse_time(words[1]);
  if (!start || !length || *length == 0s) {
    return "start and length are \"" + std::string{words[0]} + " " + std::string{words[1]} +
           "\", but must be durations such as 500ms, 2s or 1m, at most 24 hours; the length must exceed 0";
  }
  const auto fault = parse_fault_words({words.begin() + 3, words.end()});
  if (!fault) {
    std::string text;
    for (auto word = words.begin() + 3; word != words.end(); ++word) {
      text.append(text.empty() ? "" : " ").append(*word);
    }
    return invalid_fault_message(text);
  }
  return scripted_fault{*start, *length, std::string{words[2]}, *fault};
}

}  // namespace

result<link_fault, std::string> parse_link_fault(std::string_view text) {
  const auto fault = parse_fault_words(split_words(text));
  if (!fault) return invalid_fault_message(text);
  return *fault;
}

std::string to_text(const link_fault& fault) {
  const auto& found = *std::ranges::find(fault_kinds, fault.type, &fault_kind::type);
  std::string text{found.name};
  if (found.parameter_kind == parameter::delay) {
    return text + " " + std::to_string(std::chrono::floor<std::chrono::milliseconds>(fault.delay).count()) + "ms";
  }
  if (found.parameter_kind != parameter::none) text.append(" ").append(std::to_string(fault.bytes));
  return text;
}

result<std::vector<scripted_fault>, std::string> parse_fault_script(std::string_view text) {
  std::vector<scripted_fault> faults;
  for (int number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const auto words = split_words(line);
    if (words.empty()) continue;
    const auto line_prefix = "line " + std::to_string(number) + ": ";
    auto parsed = parse_line(words);
    if (!parsed) return line_prefix + parsed.error();
    const auto overlaps = [&](const scripted_fault& other) {
      return other.link == parsed->link && parsed->start < other.start + other.length &&
             other.start < parsed->start + parsed->length;
    };
    if (std::ranges::any_of(faults, overlaps)) {
      return line_prefix + "the fault overlaps an earlier fault of the link \"" + parsed->link + "\"";
    }
    faults.push_back(std::move(*parsed));
  }
  std::ranges::sort(faults, {}, &scripted_fault::start);
  return faults;
}

}  // namespace cohort::faults
