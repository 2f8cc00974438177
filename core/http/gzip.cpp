#include "core/http/gzip.hpp"

#include <zlib.h>

#include <array>
#include <memory>

namespace cohort::http {

std::optional<std::string> gunzip(std::string_view packed, std::size_t most, bool& too_big) {
  too_big = false;
  z_stream state{};
  // 15 bits of window; 32 more: find out by itself whether it is gzip or zlib.
  if (inflateInit2(&state, 15 + 32) != Z_OK) return std::nullopt;
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner{&state, &inflateEnd};

  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  state.avail_in = static_cast<uInt>(packed.size());
  std::string plain;
  std::array<char, 16 * 1024> piece;
  for (int code = Z_OK; code != Z_STREAM_END;) {
    state.next_out = reinterpret_cast<Bytef*>(piece.data());
    state.avail_out = static_cast<uInt>(piece.size());
    code = inflate(&state, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) return std::nullopt;
    const auto made = piece.size() - state.avail_out;
    if (made == 0 && code != Z_STREAM_END) return std::nullopt;
    if (plain.size() + made > most) {
      too_big = true;
      return std::nullopt;
    }
    plain.append(piece.data(), made);
    // A gzip file may have several members, which belong together (RFC 1952 section 2.2).
    if (code == Z_STREAM_END && state.avail_in > 0) code = inflateReset(&state);
  }
  return plain;
}

}  // namespace cohort::http
