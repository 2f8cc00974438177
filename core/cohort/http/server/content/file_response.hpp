// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <cohort/http/message/response.hpp>
#include <cohort/http/server/request_context.hpp>

namespace cohort::http {

struct file_options {
  /// The media type. If it is empty, the extension of the file name determines it (`media_type_of_file`).
  std::string content_type;
  /// The value of `Cache-Control`; not sent if empty.
  std::string cache_control = "no-cache";
  /// Whether to send `<file>.br` or `<file>.gz` from the same directory, if the client accepts that coding and the
  /// variant is not older than the file.
  bool precompressed = true;
};

/// The media type for the extension of a file name; `application/octet-stream` if it is not known.
std::string_view media_type_of_file(std::string_view name) noexcept;

/// Returns the response to GET or HEAD with a file as its content:
/// - Conditional requests (RFC 9110 section 13) are evaluated with 304 and 412. The strong entity tag is derived from
///   the file's size, modification time and inode.
/// - Ranges and `If-Range` (RFC 9110 section 14) are supported with 206 and 416. Ranges that `parse_byte_ranges`
///   ignores have the response 200.
/// - Precompressed variants are sent with `Vary`.
///
/// The response is 404 if `path` does not name a readable regular file, and 503 if the process has no free file
/// descriptor. `path` is not validated: use `directory` for a path from a request. Opening blocks the loop; the content
/// is sent in chunks of at most 256 KiB, each of which blocks the loop while the system reads it into the page cache.
/// If the file is truncated, the response is aborted; replacing the file by renaming does not affect it.
response file_response(const request_context& context, const std::filesystem::path& path,
                       const file_options& options = {});

/// An open file descriptor.
class open_file {
 public:
  /// Takes ownership of a descriptor, which may be -1.
  explicit open_file(int descriptor = -1) noexcept : descriptor_(descriptor) {}
  ~open_file();
  open_file(open_file&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  open_file& operator=(open_file&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

/// Opens a file for reading, relative to a directory or, with `AT_FDCWD`, to the current directory. On failure, the
/// result has no descriptor and `errno` is set. The function never waits for the writer of a FIFO.
using file_opener = std::function<open_file(const std::string& path)>;

/// Like `file_response` above, but opens the file with `open`.
response file_response(const request_context& context, const std::string& path, const file_options& options,
                       const file_opener& open);

}  // namespace cohort::http
