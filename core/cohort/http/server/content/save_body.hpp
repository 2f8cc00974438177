// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include <cohort/http/message/body/temporary_file.hpp>
#include <cohort/http/server/content/body_reader.hpp>

namespace cohort::http {

/// The reason why a body was not stored in a file.
struct save_error {
  /// The error of the body; empty if the body could be read.
  std::optional<body_error> body{};
  /// The error of the system, if the file could not be created, written or named.
  error_code file{};
};

/// The response to a file that could not be stored: 507 if there is no space on the disk, 409 if the file exists and
/// must not be replaced, otherwise 500. The response does not contain the error.
response file_error_response(const error_code& error);
/// The response to a body that was not stored: the result of `body_error_response` or `file_error_response`.
response save_error_response(const save_error& error);

/// Stores the rest of a request's body in the file `target` (mode 0644, restricted by the umask), and returns the size
/// of the file. The file receives its name once the body is complete. A body with an error and a cancelled request
/// leave no file; a crash leaves at most a hidden file `.upload-…`. `target` must not be a path that a client can
/// choose freely. `context` sets the deadline. Writing blocks the loop while the page cache does not accept more data.
/// `body` must outlive the task.
task<result<std::uint64_t, save_error>> save_body(body_reader& body, std::filesystem::path target, call_context context,
                                                  keep_options options = {.replaces = true, .is_durable = false});

}  // namespace cohort::http
