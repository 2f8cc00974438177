// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body/gzip.hpp>

#include <zlib.h>

#include <array>
#include <memory>

namespace cohort::http {

std::optional<std::string> gunzip(std::string_view compressed, std::size_t max_bytes, bool& is_too_large) {
  is_too_large = false;
  z_stream state{};
  // A window of 15 bits; adding 32 makes zlib detect whether the format is gzip or zlib.
  int code = inflateInit2(&state, 15 + 32);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> state_guard{&state, &inflateEnd};

  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  state.avail_in = static_cast<uInt>(compressed.size());
  std::string content;
  std::array<char, 16 * 1024> block;
  while (code != Z_STREAM_END) {
    // The data is malformed or truncated, or an allocation failed.
    if (code != Z_OK) return std::nullopt;
    state.next_out = reinterpret_cast<Bytef*>(block.data());
    state.avail_out = static_cast<uInt>(block.size());
    code = inflate(&state, Z_NO_FLUSH);
    const auto size = block.size() - state.avail_out;
    if (content.size() + size > max_bytes) {
      is_too_large = true;
      return std::nullopt;
    }
    content.append(block.data(), size);
    // The members of a gzip file are concatenated (RFC 1952 section 2.2).
    if (code == Z_STREAM_END && state.avail_in > 0) code = inflateReset(&state);
  }
  return content;
}

}  // namespace cohort::http
