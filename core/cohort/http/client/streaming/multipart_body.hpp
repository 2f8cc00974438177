// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/client/streaming/streamed_response.hpp>

namespace cohort::http {

/// A `multipart/form-data` body (RFC 7578), for `open_options::body`. Its parts are sent in the order of the calls, one
/// after the other, so that at most 64 KiB of its files are in memory:
///
///     http::multipart_body form;
///     form.add_field("title", "Report");
///     if (const auto error = form.add_file("report", "/var/lib/app/report.pdf", "application/pdf")) …
///     request.fields.emplace_back("Content-Type", form.content_type());
///     auto opened = co_await archive->open(std::move(request), context, {.body = &form});
///
/// The body can be resent in a retry if all of its sources support `rewind`, which is true for fields and files. The
/// boundary is random.
class multipart_body final : public request_body_source {
 public:
  multipart_body();

  /// Adds a field. `name` is UTF-8; quotes and line breaks in it are percent-encoded, as browsers do.
  multipart_body& add_field(std::string_view name, std::string value);
  /// Adds a regular file from the disk, with the last segment of its path as its name. Returns the error if it cannot
  /// be opened; then nothing is added.
  error_code add_file(std::string_view name, const std::string& path,
                      std::string_view content_type = "application/octet-stream");
  /// Adds a file with the bytes of `content`, which is not null. `content_type` is a media type without line breaks;
  /// any other string throws `std::invalid_argument`.
  multipart_body& add_file(std::string_view name, std::string_view filename, std::string_view content_type,
                           std::unique_ptr<request_body_source> content);

  /// The value of `Content-Type`, with the boundary.
  std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }

  task<result<std::string_view, client_error>> read(call_context context) override;
  /// Returns an empty result if the length of one of the files is not known.
  std::optional<std::uint64_t> content_length() const override;
  bool rewind() override;

 private:
  struct part {
    /// The delimiter and the header section.
    std::string head;
    std::unique_ptr<request_body_source> content;
  };
  std::string head_of(std::string_view name, std::string_view extra_parameters) const;
  std::string last_delimiter() const { return "--" + boundary_ + "--\r\n"; }

  std::string boundary_;
  std::vector<part> parts_;
  /// The part that is sent next; `parts_.size()` means the last delimiter.
  std::size_t index_ = 0;
  bool is_head_sent_ = false;
  std::string text_;
};

}  // namespace cohort::http
