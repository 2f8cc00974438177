// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/streaming/save_body.hpp>

#include <algorithm>

#include <cohort/http/client/client_error.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {

task<result<std::uint64_t>> save_body(response_body_stream& body, std::filesystem::path target, call_context context,
                                      std::uint64_t max_bytes, duration idle_timeout, keep_options options) {
  auto file = temporary_file::create_in_directory_of(target);
  if (!file) co_return file.error();
  for (;;) {
    const auto idle_deadline = deadline::after(loop::current().now(), idle_timeout);
    auto read_task = body.read(std::min(context.deadline, idle_deadline));
    const auto part = co_await std::move(read_task);
    if (!part) co_return make_error_code(part.error());
    if (part->empty()) break;
    if (part->size() > max_bytes - file->size()) co_return make_error_code(client_error::body_too_large);
    if (const auto error = file->write(*part)) co_return error;
  }
  if (const auto error = file->keep(target, options)) co_return error;
  co_return file->size();
}

}  // namespace cohort::http
