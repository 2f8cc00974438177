#include "loadgen/histogram.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace cohort::loadgen {
namespace {

// The layout for 2048 sub-buckets: values below 2048 have a counter each; above, every power of two has 1024 counters.
constexpr unsigned half_bits = 10;
constexpr std::uint64_t unit_range = std::uint64_t{1} << (half_bits + 1);

// HdrHistogram's V2 encoding: https://github.com/HdrHistogram/HdrHistogram, AbstractHistogram.encodeIntoByteBuffer. The
// low digit's place says that counts take up to eight bytes.
constexpr std::uint32_t plain_cookie = 0x1c849303 | 0x10;
constexpr std::uint32_t compressed_cookie = 0x1c849304 | 0x10;

/// Big endian.
template <class Number>
void append(std::string& to, Number number) {
  for (int shift = 8 * (static_cast<int>(sizeof number) - 1); shift >= 0; shift -= 8) {
    to.push_back(static_cast<char>(number >> shift));
  }
}

/// ZigZag LEB128 of up to nine bytes: the ninth has eight bits of its own.
void append_variable(std::string& to, std::int64_t number) {
  auto rest = (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
  for (int byte = 0; byte < 8 && rest >= 0x80; ++byte, rest >>= 7) to.push_back(static_cast<char>(rest | 0x80));
  to.push_back(static_cast<char>(rest));
}

std::string deflated(const std::string& plain) {
  auto size = compressBound(plain.size());
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(plain.data()), plain.size());
  packed.resize(size);
  return packed;
}

std::string base64(const std::string& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // EVP writes a final zero, too
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

}  // namespace

std::size_t histogram::index_of(std::uint64_t microseconds) noexcept {
  const auto bucket = static_cast<unsigned>(std::bit_width(microseconds | (unit_range - 1))) - (half_bits + 1);
  return (std::size_t{bucket} << half_bits) + (microseconds >> bucket);
}

std::uint64_t histogram::least_at(std::size_t index) noexcept {
  if (index < unit_range) return index;
  const auto bucket = (index >> half_bits) - 1;
  return (index - (bucket << half_bits)) << bucket;
}

std::uint64_t histogram::greatest_at(std::size_t index) noexcept { return least_at(index + 1) - 1; }

void histogram::record(std::uint64_t microseconds, std::uint64_t times) {
  if (times == 0) return;
  const auto value = std::min(microseconds, greatest_trackable);
  const auto index = index_of(value);
  auto& counters = chunks_[index >> half_bits];
  if (!counters) counters = std::make_unique<chunk>();
  (*counters)[index & (sub_bucket_half - 1)] += times;
  count_ += times;
  sum_ += value * times;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void histogram::record(duration span) {
  const auto above = std::chrono::ceil<std::chrono::microseconds>(span).count();
  record(static_cast<std::uint64_t>(std::max<std::int64_t>(above, 0)));
}

void histogram::add(const histogram& other) {
  for (std::size_t i = 0; i < chunk_count; ++i) {
    if (!other.chunks_[i]) continue;
    if (!chunks_[i]) chunks_[i] = std::make_unique<chunk>();
    for (std::size_t slot = 0; slot < sub_bucket_half; ++slot) (*chunks_[i])[slot] += (*other.chunks_[i])[slot];
  }
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double histogram::mean() const noexcept {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::size_t histogram::index_of_rank(const histogram& of, const histogram* also, std::uint64_t rank) noexcept {
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i < chunk_count; ++i) {
    const chunk* const first = of.chunks_[i].get();
    const chunk* const second = also != nullptr ? also->chunks_[i].get() : nullptr;
    if (first == nullptr && second == nullptr) continue;
    for (std::size_t slot = 0; slot < sub_bucket_half; ++slot) {
      passed += (first != nullptr ? (*first)[slot] : 0) + (second != nullptr ? (*second)[slot] : 0);
      if (passed >= rank) return (i << half_bits) + slot;
    }
  }
  return index_of(greatest_trackable);
}

std::uint64_t histogram::at_rank(std::uint64_t rank) const noexcept {
  if (count_ == 0) return 0;
  return std::min(greatest_at(index_of_rank(*this, nullptr, std::max<std::uint64_t>(rank, 1))), max_);
}

std::uint64_t histogram::percentile(double percent) const noexcept { return at_rank(rank_of(percent, count_)); }

std::uint64_t histogram::count_up_to(std::uint64_t microseconds) const noexcept {
  if (microseconds >= max_) return count_;
  std::uint64_t up_to = 0;
  for_each_index([&](std::size_t index, std::uint64_t count) {
    if (greatest_at(index) <= microseconds) up_to += count;
  });
  return up_to;
}

template <class Visit>
void histogram::for_each_index(Visit visit) const {
  for (std::size_t i = 0; i < chunk_count; ++i) {
    if (!chunks_[i]) continue;
    for (std::size_t slot = 0; slot < sub_bucket_half; ++slot) {
      if (const auto count = (*chunks_[i])[slot]; count > 0) visit((i << half_bits) + slot, count);
    }
  }
}

void histogram::for_each_bucket(const std::function<void(const bucket&)>& visit) const {
  for_each_index([&](std::size_t index, std::uint64_t count) {
    visit({.least = least_at(index), .greatest = greatest_at(index), .count = count});
  });
}

/// The counters up to the last that is not zero; a negative number stands for so many zeros.
std::string histogram::payload() const {
  std::string counters;
  std::size_t next = 0;
  const auto append_zeros = [&](std::size_t many) {
    if (many > 0) append_variable(counters, many == 1 ? 0 : -static_cast<std::int64_t>(many));
  };
  for_each_index([&](std::size_t index, std::uint64_t count) {
    append_zeros(index - next);
    append_variable(counters, static_cast<std::int64_t>(count));
    next = index + 1;
  });
  if (count_ == 0) append_zeros(1);
  return counters;
}

std::string histogram::encoded() const {
  const auto counters = payload();
  std::string plain;
  append(plain, plain_cookie);
  append(plain, static_cast<std::uint32_t>(counters.size()));
  append(plain, std::uint32_t{0});  // normalizing index offset
  append(plain, std::uint32_t{3});  // significant digits
  append(plain, std::uint64_t{1});  // lowest discernible value
  append(plain, greatest_trackable);
  append(plain, std::bit_cast<std::uint64_t>(1.0));  // from integers to doubles
  plain += counters;

  const auto packed = deflated(plain);
  std::string all;
  append(all, compressed_cookie);
  append(all, static_cast<std::uint32_t>(packed.size()));
  return base64(all + packed);
}

std::uint64_t rank_of(double percent, std::uint64_t count) noexcept {
  __extension__ using wide = unsigned __int128;
  constexpr std::uint64_t whole = 100'000'000'000;  // 100 % in billionths of a percent
  const auto share = static_cast<std::uint64_t>(std::llround(std::clamp(percent, 0.0, 100.0) * 1e9));
  return std::max<std::uint64_t>(static_cast<std::uint64_t>((wide{share} * count + (whole - 1)) / whole), 1);
}

void censored_histogram::record_at_least(duration span) {
  const auto below = std::chrono::floor<std::chrono::microseconds>(span).count();
  censored_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(below, 0)));
}

void censored_histogram::add(const censored_histogram& other) {
  known_.add(other.known_);
  censored_.add(other.censored_);
}

percentile_value censored_histogram::percentile(double percent) const {
  if (count() == 0) return {};
  const auto rank = rank_of(percent, count());
  const auto soonest = histogram::index_of_rank(known_, &censored_, rank);
  // If the others never end, they come after all that are known.
  if (rank <= known_.count() && histogram::index_of_rank(known_, nullptr, rank) == soonest) {
    return {.microseconds = std::min(histogram::greatest_at(soonest), known_.max())};
  }
  return {.microseconds = std::min(histogram::greatest_at(soonest), std::max(known_.max(), censored_.max())),
          .lower_bound = true};
}

}  // namespace cohort::loadgen
