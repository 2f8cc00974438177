// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/message/body/temporary_file.hpp>
#include <cohort/http/message/form/multipart_parser.hpp>
#include <cohort/http/message/form/urlencoded.hpp>
#include <cohort/http/message/response.hpp>
#include <cohort/http/server/request_context.hpp>
#include <cohort/runtime/task.hpp>
#include <cohort/telemetry/call_context.hpp>

namespace cohort::http {

/// A file of a form.
struct uploaded_file {
  /// The name of the form's field.
  std::string field;
  /// The file name as the client sent it, which must never be used as a path.
  std::string filename;
  /// The value as the client sent it; empty if it sent none.
  std::string content_type;
  /// The file is removed with this object unless `content.keep(…)` gives it a name.
  temporary_file content;
};

/// The fields and files of a `multipart/form-data` body.
struct multipart_form {
  form_fields fields;
  std::vector<uploaded_file> files;

  /// The value of the first field with this name.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
};

/// Reads a `multipart/form-data` body: fields into memory, files into a directory. Pass the bytes of the body in chunks
/// of any size:
///
///     http::multipart_reader reader{context, "/var/lib/photos"};
///     if (!reader.write(context.body()) || !reader.finish()) return reader.error_response();
///     auto form = reader.take_form();
///
/// In all cases, including errors, only the kept files remain in the directory.
class multipart_reader {
 public:
  /// If the `Content-Type` is not `multipart/form-data` with a boundary, the error is 415.
  multipart_reader(const request_context& context, std::filesystem::path directory,
                   const multipart_limits& limits = {});

  /// Returns false if the body is invalid or a file cannot be written: then `error_response` is the response.
  bool write(std::string_view bytes);
  /// Must be called at the end of the body. Returns false if the body is incomplete.
  bool finish();
  /// Precondition: `finish` returned true.
  multipart_form take_form() noexcept { return std::move(form_); }

  /// The response is 400, 413 or 415 with the field and the reason, or 507 if there is no space on the disk. If a file
  /// cannot be written for another reason, the response is 500 and does not contain `disk_error`.
  response error_response() const;
  error_code disk_error() const noexcept { return disk_error_; }

 private:
  bool handle(multipart_parser::event next);
  bool start_part();
  bool check_disk(error_code error);

  std::filesystem::path directory_;
  std::optional<multipart_parser> parser_;
  multipart_form form_;
  std::optional<multipart_error> error_;
  error_code disk_error_;
};

/// Reads a complete streamed body into `form`. Returns an empty result if the form is complete; otherwise the error
/// response of `form`, or of `body_error_response` if the body could not be read. `Body` is `body_reader`; `body` and
/// `form` must outlive the task.
template <class Body>
task<std::optional<response>> read_form(Body& body, multipart_reader& form, call_context context) {
  for (;;) {
    auto read_task = body.read(context);
    const auto bytes = co_await std::move(read_task);
    if (!bytes) co_return body_error_response(bytes.error());
    if (bytes->empty()) break;
    if (!form.write(*bytes)) co_return form.error_response();
  }
  if (!form.finish()) co_return form.error_response();
  co_return std::nullopt;
}

}  // namespace cohort::http
