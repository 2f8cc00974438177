// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace cohort::test {

/// Returns `text` compressed. `window_bits` is 15 for the zlib format and 15 + 16 for the gzip format.
inline std::string compress(std::string_view text, int window_bits) {
  z_stream state{};
  if (deflateInit2(&state, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2 failed");
  }
  std::string compressed(deflateBound(&state, text.size()), '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  state.avail_in = static_cast<uInt>(text.size());
  state.next_out = reinterpret_cast<Bytef*>(compressed.data());
  state.avail_out = static_cast<uInt>(compressed.size());
  const int code = deflate(&state, Z_FINISH);
  compressed.resize(state.total_out);
  deflateEnd(&state);
  if (code != Z_STREAM_END) throw std::runtime_error("deflate failed");
  return compressed;
}

inline std::string gzip_compress(std::string_view text) { return compress(text, 15 + 16); }

}  // namespace cohort::test
