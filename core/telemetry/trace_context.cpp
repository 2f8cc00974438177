#include "core/telemetry/trace_context.hpp"

#include <algorithm>

namespace cohort::telemetry {
namespace {

// Where the parts of `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01` stand.
constexpr std::size_t version_at = 0;
constexpr std::size_t trace_at = 3;
constexpr std::size_t parent_at = 36;
constexpr std::size_t flags_at = 53;
constexpr std::size_t length_of_00 = 55;

constexpr std::uint64_t sampled_flag = 1;
constexpr std::uint64_t no_version = 0xFF;

std::optional<std::uint64_t> hexadecimal(std::string_view digits) noexcept {
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

void put_hexadecimal(char* to, std::uint64_t number) noexcept {
  for (int i = 15; i >= 0; --i) {
    to[i] = "0123456789abcdef"[number & 0xFU];
    number >>= 4U;
  }
}

std::uint64_t id_from(random_source& chance) noexcept { return std::max<std::uint64_t>(chance.next(), 1); }

}  // namespace

std::array<char, 32> trace_id::hex() const noexcept {
  std::array<char, 32> text;
  put_hexadecimal(text.data(), high);
  put_hexadecimal(text.data() + 16, low);
  return text;
}

std::optional<trace_context> parse_traceparent(std::string_view value) noexcept {
  if (value.size() < length_of_00) return std::nullopt;
  if (value[trace_at - 1] != '-' || value[parent_at - 1] != '-' || value[flags_at - 1] != '-') return std::nullopt;
  const auto version = hexadecimal(value.substr(version_at, 2));
  if (!version || *version == no_version) return std::nullopt;
  if (value.size() > length_of_00 && (*version == 0 || value[length_of_00] != '-')) return std::nullopt;
  const auto high = hexadecimal(value.substr(trace_at, 16));
  const auto low = hexadecimal(value.substr(trace_at + 16, 16));
  const auto parent = hexadecimal(value.substr(parent_at, 16));
  const auto flags = hexadecimal(value.substr(flags_at, 2));
  if (!high || !low || !parent || !flags || *parent == 0) return std::nullopt;
  const trace_id id{*high, *low};
  if (!id) return std::nullopt;
  return trace_context{.id = id, .sampled = (*flags & sampled_flag) != 0};
}

bool is_sane_tracestate(std::string_view value) noexcept {
  constexpr std::size_t longest = 512;
  return !value.empty() && value.size() <= longest &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

trace_context begin_trace(random_source& chance) noexcept {
  const auto high = chance.next();
  return {.id = {high, id_from(chance)}, .sampled = true};
}

std::array<char, 55> format_traceparent(const trace_context& of, random_source& chance) noexcept {
  std::array<char, 55> text;
  text.fill('-');
  text[version_at] = text[version_at + 1] = '0';
  put_hexadecimal(text.data() + trace_at, of.id.high);
  put_hexadecimal(text.data() + trace_at + 16, of.id.low);
  put_hexadecimal(text.data() + parent_at, id_from(chance));
  text[flags_at] = '0';
  text[flags_at + 1] = of.sampled ? '1' : '0';
  return text;
}

}  // namespace cohort::telemetry
