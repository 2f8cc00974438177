// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <cohort/http/client/streaming/streamed_response.hpp>

namespace cohort::http {

/// A file as the body of a request, or as a part of a body. At most 64 KiB of the file are in memory. Reading the file
/// blocks the loop if its bytes are not in the page cache. If the file was truncated after `open`, reading fails; bytes
/// that were appended are not sent.
class file_source final : public request_body_source {
 public:
  /// Opens a regular file. Errors: see open(2), and `is_a_directory` or `invalid_argument` for other kinds of file.
  static result<std::unique_ptr<file_source>> open(const std::string& path);
  ~file_source() override;

  task<result<std::string_view, client_error>> read(call_context context) override;
  std::optional<std::uint64_t> content_length() const override { return size_; }
  bool rewind() override {
    offset_ = 0;
    return true;
  }

 private:
  file_source(int descriptor, std::uint64_t size) noexcept : descriptor_(descriptor), size_(size) {}

  int descriptor_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::string buffer_;
};

}  // namespace cohort::http
