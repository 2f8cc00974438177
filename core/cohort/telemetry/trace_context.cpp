// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/trace_context.hpp>

#include <algorithm>

#include <cohort/runtime/random.hpp>

namespace cohort::telemetry {
namespace {

// Offsets in `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.
constexpr std::size_t version_offset = 0;
constexpr std::size_t trace_offset = 3;
constexpr std::size_t parent_offset = 36;
constexpr std::size_t flags_offset = 53;
constexpr std::size_t version_00_length = 55;

constexpr std::uint64_t sampled_flag = 1;
constexpr std::uint64_t invalid_version = 0xFF;

std::optional<std::uint64_t> parse_hex(std::string_view digits) noexcept {
  std::uint64_t number = 0;
  for (const char digit : digits) {
    unsigned value = 0;
    if (digit >= '0' && digit <= '9') {
      value = static_cast<unsigned>(digit - '0');
    } else if (digit >= 'a' && digit <= 'f') {
      value = static_cast<unsigned>(digit - 'a') + 10;
    } else {
      return std::nullopt;
    }
    number = number << 4U | value;
  }
  return number;
}

void write_hex(char* output, std::uint64_t number) noexcept {
  for (int i = 15; i >= 0; --i) {
    output[i] = "0123456789abcdef"[number & 0xFU];
    number >>= 4U;
  }
}

}  // namespace

std::array<char, 32> trace_id::hex() const noexcept {
  std::array<char, 32> text;
  write_hex(text.data(), high);
  write_hex(text.data() + 16, low);
  return text;
}

std::optional<trace_context> parse_traceparent(std::string_view value) noexcept {
  if (value.size() < version_00_length) return std::nullopt;
  if (value[trace_offset - 1] != '-' || value[parent_offset - 1] != '-' || value[flags_offset - 1] != '-')
    return std::nullopt;
  const auto version = parse_hex(value.substr(version_offset, 2));
  if (!version || *version == invalid_version) return std::nullopt;
  if (value.size() > version_00_length && (*version == 0 || value[version_00_length] != '-')) return std::nullopt;
  const auto high = parse_hex(value.substr(trace_offset, 16));
  const auto low = parse_hex(value.substr(trace_offset + 16, 16));
  const auto parent = parse_hex(value.substr(parent_offset, 16));
  const auto flags = parse_hex(value.substr(flags_offset, 2));
  if (!high || !low || !parent || !flags || *parent == 0) return std::nullopt;
  const trace_id id{*high, *low};
  if (!id) return std::nullopt;
  return trace_context{.id = id, .is_sampled = (*flags & sampled_flag) != 0, .span_id = *parent};
}

std::optional<trace_id> parse_trace_id(std::string_view digits) noexcept {
  if (digits.size() != 32) return std::nullopt;
  const auto high = parse_hex(digits.substr(0, 16));
  const auto low = parse_hex(digits.substr(16));
  if (!high || !low || (*high | *low) == 0) return std::nullopt;
  return trace_id{*high, *low};
}

std::optional<std::uint64_t> parse_span_id(std::string_view digits) noexcept {
  const auto id = digits.size() == 16 ? parse_hex(digits) : std::nullopt;
  return id && *id != 0 ? id : std::nullopt;
}

std::array<char, 16> span_id_hex(std::uint64_t id) noexcept {
  std::array<char, 16> text;
  write_hex(text.data(), id);
  return text;
}

std::uint64_t make_span_id(random_generator& random) noexcept { return std::max<std::uint64_t>(random.next(), 1); }

bool is_valid_tracestate(std::string_view value) noexcept {
  constexpr std::size_t max_size = 512;
  return !value.empty() && value.size() <= max_size &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

trace_context start_trace(random_generator& random) noexcept {
  const auto high = random.next();
  return {.id = {high, make_span_id(random)}, .is_sampled = true};
}

std::array<char, 55> format_traceparent(const trace_context& trace, random_generator& random) noexcept {
  return format_traceparent(trace, make_span_id(random));
}

std::array<char, 55> format_traceparent(const trace_context& trace, std::uint64_t parent_id) noexcept {
  std::array<char, 55> text;
  text.fill('-');
  text[version_offset] = text[version_offset + 1] = '0';
  write_hex(text.data() + trace_offset, trace.id.high);
  write_hex(text.data() + trace_offset + 16, trace.id.low);
  write_hex(text.data() + parent_offset, parent_id);
  text[flags_offset] = '0';
  text[flags_offset + 1] = trace.is_sampled ? '1' : '0';
  return text;
}

}  // namespace cohort::telemetry
