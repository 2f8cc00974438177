#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace cohort::test {

/// As gzip packs it; with 15 bits of window only, as zlib does.
inline std::string packed(std::string_view plain, int window_bits) {
  z_stream state{};
  if (deflateInit2(&state, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib");
  }
  std::string made(deflateBound(&state, plain.size()), '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  state.avail_in = static_cast<uInt>(plain.size());
  state.next_out = reinterpret_cast<Bytef*>(made.data());
  state.avail_out = static_cast<uInt>(made.size());
  const int code = deflate(&state, Z_FINISH);
  made.resize(state.total_out);
  deflateEnd(&state);
  if (code != Z_STREAM_END) throw std::runtime_error("zlib");
  return made;
}

inline std::string gzipped(std::string_view plain) { return packed(plain, 15 + 16); }

}  // namespace cohort::test
