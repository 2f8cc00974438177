// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include <cohort/http/client/streaming/streamed_response.hpp>
#include <cohort/http/message/body/temporary_file.hpp>

namespace cohort::http {

/// Stores the rest of a response's body, as the server sent it, in the file `target`, readable for all users less the
/// umask, and returns its size. The file gets its name once the body is complete: a truncated body, a cancelled call
/// and a crash of the program leave nothing behind. The error is a `client_error`, or that of the system, if the file
/// could not be created, written or named. The body ends at the deadline of `context`, or after `idle_timeout` without
/// a byte (`client_error::body_timeout`). Writing blocks the loop while the page cache does not accept more data.
/// `body` must outlive the task.
task<result<std::uint64_t>> save_body(response_body_stream& body, std::filesystem::path target, call_context context,
                                      duration idle_timeout = std::chrono::seconds{30},
                                      keep_options options = {.replaces = true, .is_durable = false});

}  // namespace cohort::http
