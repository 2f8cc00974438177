// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include <cohort/http/client/streaming/streamed_response.hpp>
#include <cohort/http/message/body/temporary_file.hpp>

namespace cohort::http {

/// Stores the rest of a response's body, as the server sent it, in the file `target` (mode 0644, restricted by the
/// umask), and returns the size of the file. The file receives its name once the body is complete. A truncated body and
/// a cancelled call leave no file; a crash leaves at most a hidden file `.upload-…`. The error is a `client_error`, or
/// a system error if the file could not be created, written or named. The transfer times out
/// (`client_error::body_timeout`) at the deadline of `context`, or after `idle_timeout` without a byte. A body of more
/// than `max_bytes` fails with `client_error::body_too_large`. Writing blocks the loop while the page cache does not
/// accept more data. `body` must outlive the task.
task<result<std::uint64_t>> save_body(response_body_stream& body, std::filesystem::path target, call_context context,
                                      std::uint64_t max_bytes, duration idle_timeout = std::chrono::seconds{30},
                                      keep_options options = {.replaces = true, .is_durable = false});

}  // namespace cohort::http
