// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <brotli/decode.h>
#include <zlib.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cohort::test {

/// The decoded part of a body that may be truncated.
struct decoded_body {
  std::string text;
  /// Whether the encoded data is complete, its checksum (if any) is correct, and no bytes follow.
  bool is_complete = false;
};

inline decoded_body decode_gzip(std::string_view encoded) {
  z_stream state{};
  if (inflateInit2(&state, 15 + 16) != Z_OK) throw std::runtime_error("inflateInit2 failed");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard{&state, &inflateEnd};
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(encoded.data()));
  state.avail_in = static_cast<uInt>(encoded.size());
  decoded_body result;
  for (int code = Z_OK; code == Z_OK;) {
    std::array<char, 4096> block;
    state.next_out = reinterpret_cast<Bytef*>(block.data());
    state.avail_out = static_cast<uInt>(block.size());
    code = inflate(&state, Z_SYNC_FLUSH);
    if (code == Z_DATA_ERROR) throw std::runtime_error("invalid gzip");
    result.text.append(block.data(), block.size() - state.avail_out);
    result.is_complete = code == Z_STREAM_END && state.avail_in == 0;
  }
  return result;
}

inline decoded_body decode_brotli(std::string_view encoded) {
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state{
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &BrotliDecoderDestroyInstance};
  auto available_in = encoded.size();
  const auto* next_in = reinterpret_cast<const std::uint8_t*>(encoded.data());
  decoded_body result;
  for (auto code = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT; code == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;) {
    std::array<std::uint8_t, 4096> block;
    auto* next_out = block.data();
    auto available_out = block.size();
    code = BrotliDecoderDecompressStream(state.get(), &available_in, &next_in, &available_out, &next_out, nullptr);
    if (code == BROTLI_DECODER_RESULT_ERROR) throw std::runtime_error("invalid brotli");
    result.text.append(reinterpret_cast<const char*>(block.data()), block.size() - available_out);
    result.is_complete = code == BROTLI_DECODER_RESULT_SUCCESS && available_in == 0;
  }
  return result;
}

/// Decodes a body by its `Content-Encoding`.
inline decoded_body decode(std::string_view coding, std::string_view body) {
  if (coding == "gzip") return decode_gzip(body);
  if (coding == "br") return decode_brotli(body);
  if (coding.empty()) return {std::string{body}, true};
  throw std::runtime_error("unknown content coding " + std::string{coding});
}

/// Returns JSON-like text without long repetitions, which compresses to about a third of its size.
inline std::string compressible_text(std::size_t size) {
  std::string text;
  for (unsigned i = 0, random_state = 1; text.size() < size; ++i) {
    random_state = random_state * 1664525U + 1013904223U;
    text += "{\"id\":" + std::to_string(i) + ",\"value\":" + std::to_string(random_state >> 8U) + "},\n";
  }
  text.resize(size);
  return text;
}

/// Returns text that no coding can compress.
inline std::string incompressible_text(std::size_t size, unsigned seed = 7) {
  std::string text(size, ' ');
  unsigned random_state = seed;
  for (auto& character : text) {
    random_state = random_state * 1664525U + 1013904223U;
    character = static_cast<char>(random_state >> 24U);
  }
  return text;
}

}  // namespace cohort::test
