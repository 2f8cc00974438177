// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cohort::http {

/// A content coding that can be applied to a response (RFC 9110 section 8.4.1).
enum class content_coding : std::uint8_t { gzip, brotli };

/// `gzip` or `br`, as in `Content-Encoding`.
std::string_view content_coding_name(content_coding coding) noexcept;

/// Encodes a body incrementally.
class content_encoder {
 public:
  enum class operation : std::uint8_t {
    /// Output may be delayed, for a better ratio.
    process,
    /// All input can be decoded from the output so far.
    flush,
    /// Ends the body. No further call is allowed.
    finish,
  };

  virtual ~content_encoder() = default;

  /// Encodes `input` and appends the result to `output`. The result is little longer than the input and the delayed
  /// output, which has at most 64 KiB. Returns false if there is not enough memory; then the body cannot be completed.
  virtual bool encode(std::string_view input, operation step, std::string& output) = 0;

  /// The memory in use, in bytes.
  virtual std::size_t memory_bytes() const noexcept = 0;
};

/// Settings of an encoder. The fastest quality is 0 (brotli) or 1 (gzip); the best compression is 11 (brotli) or 9
/// (gzip).
struct content_encoder_settings {
  content_coding coding = content_coding::gzip;
  int quality = 5;
  /// The length of the body in bytes; 0 if it is not known. A short body needs less memory.
  std::uint64_t size_hint = 0;
};

/// Maximum memory of an encoder in bytes, for qualities up to 9 (gzip, which uses 0.3 MiB) and up to 5 (brotli).
constexpr std::size_t max_content_encoder_bytes = 2 * 1024 * 1024;

/// Whether the program was built with this coding (CMake option COHORT_BROTLI).
bool is_supported(content_coding coding) noexcept;

/// Returns null if the coding is not supported, the quality is out of range, or there is not enough memory.
std::unique_ptr<content_encoder> make_content_encoder(const content_encoder_settings& settings);

}  // namespace cohort::http
