// SPDX-License-Identifier: BSL-1.0
#include "loadgen/measurement/histogram.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace cohort::loadgen {
namespace {

// The layout for 2048 sub-buckets: one counter for each value below 2048, then 1024 counters for each power of two.
constexpr unsigned half_count_bits = 10;
constexpr std::uint64_t linear_range = std::uint64_t{1} << (half_count_bits + 1);

// HdrHistogram's V2 encoding: https://github.com/HdrHistogram/HdrHistogram, AbstractHistogram.encodeIntoByteBuffer.
// 0x10 means that counts have up to eight bytes.
constexpr std::uint32_t v2_cookie = 0x1c849303 | 0x10;
constexpr std::uint32_t v2_compressed_cookie = 0x1c849304 | 0x10;

template <class Number>
void append_big_endian(std::string& output, Number number) {
  for (int shift = 8 * (static_cast<int>(sizeof number) - 1); shift >= 0; shift -= 8) {
    output.push_back(static_cast<char>(number >> shift));
  }
}

/// ZigZag LEB128 of up to nine bytes; the ninth holds eight bits.
void append_zig_zag(std::string& output, std::int64_t number) {
  auto rest = (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
  for (int byte = 0; byte < 8 && rest >= 0x80; ++byte, rest >>= 7) output.push_back(static_cast<char>(rest | 0x80));
  output.push_back(static_cast<char>(rest));
}

std::string deflate(const std::string& bytes) {
  auto size = compressBound(bytes.size());
  std::string compressed(size, '\0');
  compress(reinterpret_cast<Bytef*>(compressed.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
           bytes.size());
  compressed.resize(size);
  return compressed;
}

std::string encode_base64(const std::string& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // EVP_EncodeBlock writes a terminating zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

}  // namespace

std::size_t histogram::index_of(std::uint64_t microseconds) noexcept {
  const auto exponent =
      static_cast<unsigned>(std::bit_width(microseconds | (linear_range - 1))) - (half_count_bits + 1);
  return (std::size_t{exponent} << half_count_bits) + (microseconds >> exponent);
}

std::uint64_t histogram::lowest_value_at(std::size_t index) noexcept {
  if (index < linear_range) return index;
  const auto exponent = (index >> half_count_bits) - 1;
  return (index - (exponent << half_count_bits)) << exponent;
}

std::uint64_t histogram::highest_value_at(std::size_t index) noexcept { return lowest_value_at(index + 1) - 1; }

void histogram::record(std::uint64_t microseconds, std::uint64_t count) {
  if (count == 0) return;
  const auto value = std::min(microseconds, highest_trackable_value);
  const auto index = index_of(value);
  auto& counters = chunks_[index >> half_count_bits];
  if (!counters) counters = std::make_unique<chunk>();
  (*counters)[index & (sub_bucket_half_count - 1)] += count;
  count_ += count;
  sum_ += value * count;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void histogram::record(duration value) {
  const auto microseconds = std::chrono::ceil<std::chrono::microseconds>(value).count();
  record(static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)));
}

void histogram::add(const histogram& other) {
  for (std::size_t i = 0; i < chunk_count; ++i) {
    if (!other.chunks_[i]) continue;
    if (!chunks_[i]) chunks_[i] = std::make_unique<chunk>();
    for (std::size_t slot = 0; slot < sub_bucket_half_count; ++slot) (*chunks_[i])[slot] += (*other.chunks_[i])[slot];
  }
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double histogram::mean() const noexcept {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::size_t histogram::index_at_rank(const histogram& first, const histogram* second, std::uint64_t rank) noexcept {
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < chunk_count; ++i) {
    const chunk* const first_chunk = first.chunks_[i].get();
    const chunk* const second_chunk = second != nullptr ? second->chunks_[i].get() : nullptr;
    if (first_chunk == nullptr && second_chunk == nullptr) continue;
    for (std::size_t slot = 0; slot < sub_bucket_half_count; ++slot) {
      cumulative +=
          (first_chunk != nullptr ? (*first_chunk)[slot] : 0) + (second_chunk != nullptr ? (*second_chunk)[slot] : 0);
      if (cumulative >= rank) return (i << half_count_bits) + slot;
    }
  }
  return index_of(highest_trackable_value);
}

std::uint64_t histogram::value_at_rank(std::uint64_t rank) const noexcept {
  if (count_ == 0) return 0;
  return std::min(highest_value_at(index_at_rank(*this, nullptr, std::max<std::uint64_t>(rank, 1))), max_);
}

std::uint64_t histogram::percentile(double percent) const noexcept {
  return value_at_rank(percentile_rank(percent, count_));
}

std::uint64_t histogram::count_at_or_below(std::uint64_t microseconds) const noexcept {
  if (microseconds >= max_) return count_;
  std::uint64_t cumulative = 0;
  for_each_index([&](std::size_t index, std::uint64_t count) {
    if (highest_value_at(index) <= microseconds) cumulative += count;
  });
  return cumulative;
}

template <class Visit>
void histogram::for_each_index(Visit visit) const {
  for (std::size_t i = 0; i < chunk_count; ++i) {
    if (!chunks_[i]) continue;
    for (std::size_t slot = 0; slot < sub_bucket_half_count; ++slot) {
      if (const auto count = (*chunks_[i])[slot]; count > 0) visit((i << half_count_bits) + slot, count);
    }
  }
}

void histogram::for_each_bucket(const std::function<void(const bucket&)>& visit) const {
  for_each_index([&](std::size_t index, std::uint64_t count) {
    visit({.lowest_value = lowest_value_at(index), .highest_value = highest_value_at(index), .count = count});
  });
}

/// Encodes the counters up to the last counter that is not zero. A negative number -n represents n zeros.
std::string histogram::encode_counts() const {
  std::string encoded;
  std::size_t next = 0;
  const auto append_zeros = [&](std::size_t count) {
    if (count > 0) append_zig_zag(encoded, count == 1 ? 0 : -static_cast<std::int64_t>(count));
  };
  for_each_index([&](std::size_t index, std::uint64_t count) {
    append_zeros(index - next);
    append_zig_zag(encoded, static_cast<std::int64_t>(count));
    next = index + 1;
  });
  if (count_ == 0) append_zeros(1);
  return encoded;
}

std::string histogram::encode_v2() const {
  const auto counts = encode_counts();
  std::string payload;
  append_big_endian(payload, v2_cookie);
  append_big_endian(payload, static_cast<std::uint32_t>(counts.size()));
  append_big_endian(payload, std::uint32_t{0});  // normalizing index offset
  append_big_endian(payload, std::uint32_t{3});  // significant digits
  append_big_endian(payload, std::uint64_t{1});  // lowest discernible value
  append_big_endian(payload, highest_trackable_value);
  append_big_endian(payload, std::bit_cast<std::uint64_t>(1.0));  // integer to double conversion ratio
  payload += counts;

  const auto compressed = deflate(payload);
  std::string encoded;
  append_big_endian(encoded, v2_compressed_cookie);
  append_big_endian(encoded, static_cast<std::uint32_t>(compressed.size()));
  return encode_base64(encoded + compressed);
}

std::uint64_t percentile_rank(double percent, std::uint64_t count) noexcept {
  __extension__ using uint128 = unsigned __int128;
  constexpr std::uint64_t hundred_percent = 100'000'000'000;  // in units of 10⁻⁹ percent
  const auto scaled_percent = static_cast<std::uint64_t>(std::llround(std::clamp(percent, 0.0, 100.0) * 1e9));
  const auto rank = (uint128{scaled_percent} * count + (hundred_percent - 1)) / hundred_percent;
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(rank), 1);
}

}  // namespace cohort::loadgen
