// SPDX-License-Identifier: BSL-1.0
// Fuzzes compressed response bodies.
#include <zlib.h>

#include <string>

#include <cohort/http/message/body/gzip.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::gzip_target {
namespace {

constexpr std::size_t max_bytes = 4096;

// Compresses with a state that all executions share, and with a small window: allocating and clearing the state of
// `compress` would take most of the time of an execution.
std::string compress_zlib(std::string_view text) {
  static z_stream state{};
  static const int initialized = deflateInit2(&state, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 9, 1, Z_DEFAULT_STRATEGY);
  require(initialized == Z_OK, "zlib initializes");
  require(deflateReset(&state) == Z_OK, "zlib resets its state");
  std::string output(deflateBound(&state, text.size()), '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  state.avail_in = static_cast<uInt>(text.size());
  state.next_out = reinterpret_cast<Bytef*>(output.data());
  state.avail_out = static_cast<uInt>(output.size());
  require(deflate(&state, Z_FINISH) == Z_STREAM_END, "zlib compresses");
  output.resize(state.total_out);
  return output;
}

void run(std::string_view input) {
  bool is_too_large = false;
  const auto content = http::gunzip(input, max_bytes, is_too_large);
  require(!content || content->size() <= max_bytes, "the size of decompressed data is limited");
  require(!(content && is_too_large), "data that exceeds the size limit is an error");
  const auto compressed = compress_zlib(input);
  require(http::gunzip(compressed, input.size(), is_too_large) == input, "decompression reverses compression");
  if (input.empty()) return;
  require(!http::gunzip(compressed, input.size() - 1, is_too_large) && is_too_large,
          "the size limit is exact to one byte");
  require(!http::gunzip(std::string_view{compressed}.substr(0, compressed.size() - 1), max_bytes, is_too_large),
          "truncated data is an error");
}

const registration fuzz_registration{{"gzip", run}};

}  // namespace
}  // namespace cohort::fuzz::gzip_target
