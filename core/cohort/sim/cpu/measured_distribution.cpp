// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/cpu/measured_distribution.hpp>

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include <cohort/json/parser.hpp>

namespace cohort::sim {
namespace {

using simdjson::dom::element;

constexpr std::uint32_t hdr_v2_cookie = 0x1c849303;
constexpr std::uint32_t hdr_v2_compressed_cookie = 0x1c849304;
constexpr std::size_t hdr_header_bytes = 40;
constexpr std::size_t max_payload_bytes = std::size_t{16} << 20U;
/// Limits of the values in a file, so that each time fits a `duration` and the sum of all counts fits an integer.
constexpr std::chrono::hours max_time{24};
constexpr std::int64_t max_count = 1'000'000'000'000;

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t pending = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const auto digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    pending = pending << 6U | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(pending >> bits & 0xFFU);
  }
  return bytes;
}

std::uint32_t read_big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::optional<std::string> inflate(std::string_view compressed) {
  std::string payload(max_payload_bytes, '\0');
  auto size = static_cast<uLongf>(payload.size());
  const auto status = ::uncompress(reinterpret_cast<Bytef*>(payload.data()), &size,
                                   reinterpret_cast<const Bytef*>(compressed.data()), compressed.size());
  if (status != Z_OK) return std::nullopt;
  payload.resize(size);
  return payload;
}

/// A zigzag-encoded LEB128 number of at most nine bytes; the ninth byte has eight bits.
std::optional<std::int64_t> read_zig_zag(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 9; ++i) {
    if (bytes.empty()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    const bool is_last = i == 8 || byte < 0x80U;
    value |= static_cast<std::uint64_t>(i == 8 ? byte : byte & 0x7FU) << (7 * i);
    if (is_last) break;
  }
  return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

/// The highest value, in microseconds, of a bucket with three significant digits: 2048 buckets of width 1, then 1024
/// buckets for each power of two.
constexpr std::uint64_t highest_value(std::uint64_t index) {
  if (index < 2048) return index;
  const auto shift = index / 1024 - 1;
  return ((index % 1024 + 1024 + 1) << shift) - 1;
}

/// The buckets of HdrHistogram's compressed V2 encoding with three significant digits, as `loadgen` writes it.
std::optional<std::vector<distribution::bucket>> decode_hdr(std::string_view text) {
  const auto encoded = decode_base64(text);
  if (!encoded || encoded->size() < 8 || read_big_endian(*encoded) != hdr_v2_compressed_cookie) return std::nullopt;
  const auto payload = inflate(std::string_view{*encoded}.substr(8));
  if (!payload || payload->size() < hdr_header_bytes || read_big_endian(*payload) != hdr_v2_cookie) return std::nullopt;
  if (read_big_endian(std::string_view{*payload}.substr(12)) != 3) return std::nullopt;
  std::string_view counts = *payload;
  counts.remove_prefix(hdr_header_bytes);
  /// The index of 2^36 µs, the largest power of two below `max_time`.
  constexpr std::uint64_t max_index = 27 * 1024;
  static_assert(std::cmp_less_equal(highest_value(max_index), std::chrono::microseconds{max_time}.count()));
  std::vector<distribution::bucket> buckets;
  std::uint64_t index = 0;
  while (!counts.empty()) {
    const auto count = read_zig_zag(counts);
    if (!count || *count > max_count || *count < -max_count) return std::nullopt;
    if (*count < 0) {
      index += static_cast<std::uint64_t>(-*count);
      continue;
    }
    if (index >= max_index) return std::nullopt;
    if (*count > 0) {
      const auto lower_bound_us = index == 0 ? 0 : highest_value(index - 1);
      if (buckets.empty() || buckets.back().upper_bound < std::chrono::microseconds{lower_bound_us}) {
        buckets.push_back({std::chrono::microseconds{lower_bound_us}, 0});
      }
      buckets.push_back({std::chrono::microseconds{highest_value(index)}, static_cast<std::uint64_t>(*count)});
    }
    ++index;
  }
  return buckets;
}

result<distribution, std::string> read_target(element report, std::string_view name) {
  simdjson::dom::array targets;
  std::string_view verdict;
  if (report["targets"].get(targets) != simdjson::SUCCESS || report["verdict"]["word"].get(verdict)) {
    return std::string{"the file is not a JSON report of loadgen"};
  }
  if (verdict == "invalid") return std::string{"the report's verdict is `invalid`: the generator was the bottleneck"};
  if (name.empty() && targets.size() != 1) {
    return "the report has " + std::to_string(targets.size()) + " targets; name one of them";
  }
  std::string names;
  for (const auto target : targets) {
    std::string_view target_name;
    if (target["name"].get(target_name)) continue;
    names.append(names.empty() ? "" : ", ").append(target_name);
    if (!name.empty() && name != target_name) continue;
    std::string_view encoded;
    if (target["totals"]["service"]["hdr_v2_base64"].get(encoded)) break;
    auto buckets = decode_hdr(encoded);
    if (!buckets || buckets->empty()) return "the target " + std::string{target_name} + " has no service times";
    return distribution::empirical(std::move(*buckets));
  }
  return "the report has no target " + std::string{name} + "; it has " + names;
}

/// A sample line of the Prometheus text format.
struct sample {
  std::string_view name;
  std::map<std::string, std::string, std::less<>> labels;
  double value = 0;
};

std::optional<sample> parse_sample(std::string_view line) {
  sample sample;
  const auto end_of_name = line.find_first_of("{ ");
  if (end_of_name == std::string_view::npos) return std::nullopt;
  sample.name = line.substr(0, end_of_name);
  line.remove_prefix(end_of_name);
  if (line.front() == '{') {
    line.remove_prefix(1);
    while (!line.empty() && line.front() != '}') {
      const auto equals = line.find("=\"");
      if (equals == std::string_view::npos) return std::nullopt;
      auto& value = sample.labels[std::string{line.substr(0, equals)}];
      line.remove_prefix(equals + 2);
      while (!line.empty() && line.front() != '"') {
        if (line.front() == '\\' && line.size() > 1) line.remove_prefix(1);
        value += line.front();
        line.remove_prefix(1);
      }
      line.remove_prefix(std::min<std::size_t>(1, line.size()));
      if (line.starts_with(',')) line.remove_prefix(1);
    }
    line.remove_prefix(std::min<std::size_t>(1, line.size()));
  }
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const auto parse_result = std::from_chars(line.data(), line.data() + line.size(), sample.value);
  const bool is_count = sample.value >= 0 && sample.value <= max_count;
  if (parse_result.ec != std::errc{} || !is_count) return std::nullopt;
  return sample;
}

/// The bound of a bucket in seconds, or infinity. Empty if the text is not a valid bound of a duration.
std::optional<double> parse_upper_bound(std::string_view text) {
  constexpr std::chrono::duration<double> max_bound = max_time;
  if (text == "+Inf") return HUGE_VAL;
  double bound = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bound);
  if (parsed.ec != std::errc{} || !(bound >= 0 && bound <= max_bound.count())) return std::nullopt;
  return bound;
}

/// The cumulative counts by upper bound in seconds. Samples with an invalid value or bound are ignored.
std::map<double, double> sum_buckets(std::string_view text, const std::string& name,
                                     const std::map<std::string, std::string, std::less<>>& labels) {
  std::map<double, double> cumulative;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(name)) continue;
    const auto parsed = parse_sample(line);
    if (!parsed || parsed->name != name) continue;
    const bool matches = std::all_of(labels.begin(), labels.end(), [&](const auto& required) {
      const auto found = parsed->labels.find(required.first);
      return found != parsed->labels.end() && found->second == required.second;
    });
    const auto bound = parsed->labels.find("le");
    if (!matches || bound == parsed->labels.end()) continue;
    if (const auto upper = parse_upper_bound(bound->second)) cumulative[*upper] += parsed->value;
  }
  return cumulative;
}

}  // namespace

result<distribution, std::string> distribution_from_loadgen_report(std::string_view json, std::string_view target) {
  element root;
  if (!json::parse_document(json, root)) return std::string{"the file is not valid JSON"};
  return read_target(root, target);
}

result<distribution, std::string> distribution_from_prometheus(
    std::string_view text, std::string_view metric, const std::map<std::string, std::string, std::less<>>& labels) {
  const std::string name{metric};
  if (!metric.ends_with("_seconds")) {
    return "the unit of the histogram " + name + " is not seconds: its name must end in _seconds";
  }
  const auto cumulative = sum_buckets(text, name + "_bucket", labels);
  if (cumulative.empty()) return "there is no histogram " + name + " with these labels";
  std::vector<distribution::bucket> buckets;
  double previous_count = 0;
  std::uint64_t overflow_count = 0;
  for (const auto& [bound, count] : cumulative) {
    const auto bucket_count = static_cast<std::uint64_t>(std::max(count - previous_count, 0.0));
    previous_count = std::max(previous_count, count);
    if (std::isinf(bound)) {
      overflow_count = bucket_count;
    } else {
      buckets.push_back({duration{static_cast<duration::rep>(bound * 1e9)}, bucket_count});
    }
  }
  if (previous_count == 0 || buckets.empty()) return "the histogram " + name + " has no values";
  return distribution::empirical(std::move(buckets), overflow_count);
}

}  // namespace cohort::sim
