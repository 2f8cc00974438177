// SPDX-License-Identifier: BSL-1.0
// Compressed bodies of responses.
#include <zlib.h>

#include <string>

#include <cohort/http/message/body/gzip.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz {
namespace {

constexpr std::size_t max_bytes = 4096;

std::string compress_zlib(std::string_view text) {
  std::string output(compressBound(text.size()), '\0');
  uLongf size = output.size();
  const auto code = compress(reinterpret_cast<Bytef*>(output.data()), &size,
                             reinterpret_cast<const Bytef*>(text.data()), text.size());
  require(code == Z_OK, "zlib compresses");
  output.resize(size);
  return output;
}

void run(std::string_view input) {
  bool too_large = false;
  const auto content = http::gunzip(input, max_bytes, too_large);
  require(!content || content->size() <= max_bytes, "decompressed data is limited");
  require(!(content && too_large), "a result beyond the limit is an error");
  const auto compressed = compress_zlib(input);
  require(http::gunzip(compressed, input.size(), too_large) == input, "decompression reverses compression");
  if (input.empty()) return;
  require(!http::gunzip(compressed, input.size() - 1, too_large) && too_large, "a limit is exact");
  require(!http::gunzip(std::string_view{compressed}.substr(0, compressed.size() - 1), max_bytes, too_large),
          "truncated data is an error");
}

const registration fuzz_registration{{"gzip", run}};

}  // namespace
}  // namespace cohort::fuzz
