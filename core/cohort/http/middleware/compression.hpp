// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/message/body/content_encoder.hpp>
#include <cohort/http/server/pipeline.hpp>

namespace cohort::http {

/// The default media types: text, JSON, XML, JavaScript, WebAssembly and SVG, but not `text/event-stream`.
std::vector<std::string> compressible_media_types();

struct compression_settings {
  /// Minimum size of a body in bytes; a shorter body is sent unencoded. A streamed body without a content length is
  /// encoded.
  std::size_t min_size = 1024;
  /// The media types to encode, without parameters. `text/*` matches all subtypes except `text/event-stream`, which
  /// must be listed; `+json` matches all types with that suffix.
  std::vector<std::string> media_types = compressible_media_types();
  /// The quality of gzip, from 1 (fastest) to 9 (best compression).
  int gzip_quality = 5;
  /// The quality of brotli, from 0 (fastest) to 11 (best compression). From 6 on, a response needs more memory than
  /// `max_content_encoder_bytes`.
  int brotli_quality = 4;
  /// Whether to use brotli in addition to gzip. The setting has no effect if the program was built without brotli
  /// (COHORT_BROTLI).
  bool brotli = true;
  /// The maximum number of responses that are streamed with a content coding at a time; further responses are sent
  /// unencoded. The limit bounds the memory, because each response needs up to `max_content_encoder_bytes`.
  std::size_t max_streams = 64;
};

/// Applies content codings to responses. Thread-safe.
class compressor {
 public:
  /// Throws `std::invalid_argument` for a quality out of range.
  explicit compressor(compression_settings settings = {});

  /// Encodes the body of a response to `request` with the coding that `Accept-Encoding` prefers; `br` is preferred
  /// among equal weights.
  ///
  /// A response is not encoded in these cases:
  /// - Its status is 1xx, 204, 205, 206 or 304.
  /// - It has a `Content-Encoding`, a `Content-Range`, a digest or `Cache-Control: no-transform`.
  /// - Its media type is not listed.
  /// - Its body is short or does not become shorter, and the client accepts `identity`.
  ///
  /// An encoded response has a weak entity tag (RFC 9110 section 8.8.1), no `Accept-Ranges`, and
  /// `Vary: Accept-Encoding`, which is also added to a response that was not encoded only because of the request.
  void apply(const request_head& request, response& result) const;

 private:
  bool is_listed(std::string_view media_type) const noexcept;
  bool is_eligible(const response& result) const noexcept;
  void encode_buffered_body(response& result, content_coding coding, bool must_encode) const;
  void encode_stream(const request_head& request, response& result, content_coding coding) const;
  content_encoder_settings encoder_settings(content_coding coding, std::uint64_t size_hint) const noexcept;

  compression_settings settings_;
  std::shared_ptr<std::atomic<std::size_t>> active_stream_count_ = std::make_shared<std::atomic<std::size_t>>(0);
};

/// Applies a `compressor` to the responses of a router, group or operation. Do not use it for responses that contain
/// both a secret and input of the request: the length of an encoded body can disclose the secret (BREACH).
///
/// A body of up to 64 KiB is encoded before it is sent and has a content length. A longer or streamed body is encoded
/// while it is sent, and is chunked. The encoder may buffer the output of a producer until it calls
/// `body_writer::flush` or `pause`, or returns; with `text/event-stream`, each write is flushed.
middleware compression(compression_settings settings = {});

}  // namespace cohort::http
