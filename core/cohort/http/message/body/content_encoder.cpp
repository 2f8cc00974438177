// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body/content_encoder.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <new>

#ifdef COHORT_BROTLI
#include <brotli/encode.h>
#endif

namespace cohort::http {
namespace {

/// Counts the memory that a compression library allocates; each block starts with its size.
class counting_allocator {
 public:
  static void* allocate(void* self, std::size_t size) noexcept {
    if (size > std::numeric_limits<std::size_t>::max() - header) return nullptr;
    auto* block = static_cast<std::byte*>(std::malloc(size + header));
    if (!block) return nullptr;
    *reinterpret_cast<std::size_t*>(block) = size;
    static_cast<counting_allocator*>(self)->bytes_ += size;
    return block + header;
  }
  static void release(void* self, void* memory) noexcept {
    if (!memory) return;
    auto* block = static_cast<std::byte*>(memory) - header;
    static_cast<counting_allocator*>(self)->bytes_ -= *reinterpret_cast<std::size_t*>(block);
    std::free(block);
  }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  static constexpr std::size_t header = alignof(std::max_align_t);
  std::size_t bytes_ = 0;
};

/// Returns the window for a body of this size, as a power of two.
int window_bits(std::uint64_t size_hint, int min, int max) noexcept {
  int bits = min;
  while (bits < max && (size_hint == 0 || (std::uint64_t{1} << static_cast<unsigned>(bits)) < size_hint)) ++bits;
  return bits;
}

class gzip_encoder final : public content_encoder {
 public:
  gzip_encoder() = default;
  ~gzip_encoder() override { deflateEnd(&state_); }
  gzip_encoder(const gzip_encoder&) = delete;
  gzip_encoder& operator=(const gzip_encoder&) = delete;

  bool start(const content_encoder_settings& settings) noexcept {
    state_.opaque = &memory_;
    state_.zalloc = [](void* self, uInt count, uInt size) {
      return counting_allocator::allocate(self, std::size_t{count} * size);
    };
    state_.zfree = &counting_allocator::release;
    // zlib: the memory is 2^(window + 2) + 2^(memory level + 9) bytes. Adding 16 selects the format gzip.
    const int bits = window_bits(settings.size_hint, 9, 15);
    return deflateInit2(&state_, settings.quality, Z_DEFLATED, bits + 16, std::max(bits - 7, 1), Z_DEFAULT_STRATEGY) ==
           Z_OK;
  }

  bool encode(std::string_view input, operation step, std::string& output) override {
    state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    const int flush = step == operation::finish ? Z_FINISH : step == operation::flush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
    for (auto remaining = input.size();;) {
      state_.avail_in = static_cast<uInt>(std::min<std::size_t>(remaining, std::numeric_limits<uInt>::max()));
      const auto input_size = state_.avail_in;
      std::array<char, 16 * 1024> block;
      state_.next_out = reinterpret_cast<Bytef*>(block.data());
      state_.avail_out = static_cast<uInt>(block.size());
      const int code = deflate(&state_, input_size == remaining ? flush : Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return false;
      output.append(block.data(), block.size() - state_.avail_out);
      remaining -= input_size - state_.avail_in;
      if (code == Z_STREAM_END || (remaining == 0 && state_.avail_out > 0)) return true;
    }
  }

  std::size_t memory_bytes() const noexcept override { return memory_.bytes(); }

 private:
  counting_allocator memory_;
  z_stream state_{};
};

#ifdef COHORT_BROTLI
class brotli_encoder final : public content_encoder {
 public:
  ~brotli_encoder() override {
    if (state_) BrotliEncoderDestroyInstance(state_);
  }
  brotli_encoder() = default;
  brotli_encoder(const brotli_encoder&) = delete;
  brotli_encoder& operator=(const brotli_encoder&) = delete;

  bool start(const content_encoder_settings& settings) noexcept {
    state_ = BrotliEncoderCreateInstance(&counting_allocator::allocate, &counting_allocator::release, &memory_);
    if (!state_) return false;
    const auto bits = static_cast<std::uint32_t>(window_bits(settings.size_hint, BROTLI_MIN_WINDOW_BITS, 16));
    const auto size = static_cast<std::uint32_t>(std::min<std::uint64_t>(settings.size_hint, 1U << 30U));
    return BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(settings.quality)) &&
           BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, bits) &&
           BrotliEncoderSetParameter(state_, BROTLI_PARAM_SIZE_HINT, size);
  }

  bool encode(std::string_view input, operation step, std::string& output) override {
    const auto operation = step == operation::finish  ? BROTLI_OPERATION_FINISH
                           : step == operation::flush ? BROTLI_OPERATION_FLUSH
                                                      : BROTLI_OPERATION_PROCESS;
    auto available_in = input.size();
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    do {
      std::size_t available_out = 0;
      if (!BrotliEncoderCompressStream(state_, operation, &available_in, &next_in, &available_out, nullptr, nullptr))
        return false;
      for (std::size_t size = 0; BrotliEncoderHasMoreOutput(state_); size = 0) {
        const auto* bytes = BrotliEncoderTakeOutput(state_, &size);
        output.append(reinterpret_cast<const char*>(bytes), size);
      }
    } while (available_in > 0 || (step == operation::finish && !BrotliEncoderIsFinished(state_)));
    return true;
  }

  std::size_t memory_bytes() const noexcept override { return memory_.bytes(); }

 private:
  counting_allocator memory_;
  BrotliEncoderState* state_ = nullptr;
};
#endif

template <class Encoder>
std::unique_ptr<content_encoder> start(const content_encoder_settings& settings) {
  std::unique_ptr<Encoder> encoder{new (std::nothrow) Encoder};
  if (!encoder || !encoder->start(settings)) return nullptr;
  return encoder;
}

}  // namespace

std::string_view content_coding_name(content_coding coding) noexcept {
  return coding == content_coding::brotli ? "br" : "gzip";
}

bool is_supported([[maybe_unused]] content_coding coding) noexcept {
#ifdef COHORT_BROTLI
  return true;
#else
  return coding == content_coding::gzip;
#endif
}

std::unique_ptr<content_encoder> make_content_encoder(const content_encoder_settings& settings) {
  if (settings.coding == content_coding::gzip) {
    return settings.quality >= 1 && settings.quality <= 9 ? start<gzip_encoder>(settings) : nullptr;
  }
#ifdef COHORT_BROTLI
  if (settings.quality >= 0 && settings.quality <= 11) return start<brotli_encoder>(settings);
#endif
  return nullptr;
}

}  // namespace cohort::http
