// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/save_body.hpp>

#include <cerrno>

namespace cohort::http {

response file_error_response(const error_code& error) {
  if (error == boost::system::errc::file_exists) return error_response(status::conflict, "The file already exists");
  const bool exceeds_quota = error == error_code{EDQUOT, boost::system::system_category()};
  const bool is_full = exceeds_quota || error == boost::system::errc::no_space_on_device;
  return error_response(is_full ? status::insufficient_storage : status::internal_server_error,
                        is_full ? "There is no space left for the file" : "The file cannot be stored");
}

response save_error_response(const save_error& error) {
  return error.body ? body_error_response(*error.body) : file_error_response(error.file);
}

task<result<std::uint64_t, save_error>> save_body(body_reader& body, std::filesystem::path target, call_context context,
                                                  keep_options options) {
  auto file = temporary_file::create_in_directory_of(target);
  if (!file) co_return save_error{.file = file.error()};
  for (;;) {
    auto read_task = body.read(context);
    const auto part = co_await std::move(read_task);
    if (!part) co_return save_error{.body = part.error()};
    if (part->empty()) break;
    if (const auto error = file->write(*part)) co_return save_error{.file = error};
  }
  if (const auto error = file->keep(target, options)) co_return save_error{.file = error};
  co_return file->size();
}

}  // namespace cohort::http
