// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/message/field.hpp>

namespace cohort::http {

/// The boundary of a `multipart/form-data` body from its `Content-Type`; empty if that is another media type, or has no
/// valid boundary (RFC 2046 section 5.1.1: 1 to 70 characters).
std::optional<std::string> multipart_boundary(std::string_view content_type);

struct multipart_limits {
  std::size_t max_parts = 128;
  /// Maximum size of the header section of one part.
  std::size_t max_header_bytes = 8192;
  /// Maximum size of the value of one field.
  std::size_t max_field_bytes = std::size_t{64} << 10U;
  /// Maximum size of the content of one file.
  std::uint64_t max_file_bytes = std::uint64_t{64} << 20U;
  /// Maximum total size of the body.
  std::uint64_t max_total_bytes = std::uint64_t{256} << 20U;
};

/// The header section of a part (RFC 7578 section 4).
struct multipart_part {
  /// The name of the field: UTF-8 without control characters, not empty.
  std::string name;
  /// The file name as the client sent it, which must never be used as a path. The name is set if the part is a file,
  /// but may be empty.
  std::optional<std::string> filename;
  /// The media type of the part; if it is empty, the type is `text/plain`.
  std::string content_type;

  bool is_file() const noexcept { return filename.has_value(); }
};

/// The reason why a body was rejected.
struct multipart_error {
  /// 400, or 413 if a size limit is exceeded.
  status code = status::bad_request;
  /// The name of the part; empty for the body itself.
  std::string field;
  /// The reason, such as `must have at most 65536 bytes`.
  std::string reason;
};

/// An incremental parser of `multipart/form-data` bodies (RFC 7578, RFC 2046 section 5.1). The input may be split at
/// any byte; the parser buffers at most a part's header section:
///
///     for (std::string_view bytes = …; ; ) {
///       switch (parser.next(bytes)) {          // removes the parsed bytes from `bytes`
///         case event::need_input: …            // `bytes` is empty: read more, or call `finish`
///         case event::part: … parser.part() …
///         case event::data: … parser.data() …  // of the current part; valid until the next call
///         case event::part_end: …
///         case event::end: …                   // the rest is ignored
///         case event::error: … parser.error() …
///       }
///     }
///
/// The parser is strict: it rejects parts without `Content-Disposition: form-data` or without a name, transfer
/// encodings, bare line feeds in header sections, and a body without its last boundary. The parser is a state machine
/// without I/O.
class multipart_parser {
 public:
  enum class event { need_input, part, data, part_end, end, error };

  /// Precondition: `boundary` is from `multipart_boundary`.
  explicit multipart_parser(std::string_view boundary, const multipart_limits& limits = {});

  /// Returns the next event of `input`, and removes the bytes that it has read from `input`. After `end` or `error`,
  /// further calls return the same event and remove all of `input`.
  event next(std::string_view& input);
  /// Must be called at the end of the body. Returns `end`, or `error` if the last boundary is missing.
  event finish();

  const multipart_part& part() const noexcept { return part_; }
  std::string_view data() const noexcept { return data_; }
  const multipart_error& error() const noexcept { return error_; }

 private:
  /// `preamble` is the state before the first boundary. `boundary_end` is the state after a boundary, up to the end of
  /// its line.
  enum class state { preamble, boundary_end, header, content, epilogue, failed };

  event read(std::string_view& input);
  event read_content(std::string_view& input);
  event read_boundary_end(std::string_view& input);
  event read_header(std::string_view& input);
  /// Reports bytes of the content as `data`, or an error if they exceed the limit of the field or file.
  event emit(std::string_view bytes);
  /// Handles a delimiter; returns whether it ended a part.
  bool end_of_content() noexcept;
  event fail(status code, std::string_view field, std::string reason);
  bool parse_header_section(std::string_view section);
  bool parse_header_line(std::string_view line, bool& has_disposition);

  multipart_limits limits_;
  /// CRLF, `--` and the boundary.
  std::string delimiter_;
  state state_ = state::preamble;
  /// The number of bytes at the end of the input read so far that are a prefix of the delimiter.
  std::size_t matched_bytes_ = 2;
  /// The number of bytes of that prefix that are not content even if the rest of the delimiter does not follow. The
  /// first boundary needs no line break before it; the line break before the boundary of an empty part belongs to its
  /// header section.
  std::size_t implied_bytes_ = 2;
  /// The header section of a part, or the rest of a boundary's line, up to the bytes read so far.
  std::string pending_;
  multipart_part part_;
  std::string_view data_;
  multipart_error error_;
  std::size_t part_count_ = 0;
  std::uint64_t part_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace cohort::http
