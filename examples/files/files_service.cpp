// SPDX-License-Identifier: BSL-1.0
// Uploads files to a directory and serves them: request bodies as streams, and files with ranges and conditional
// requests. See README.md.
#include <filesystem>
#include <memory>

#include <cohort/http/server/content/directory.hpp>
#include <cohort/http/server/content/save_body.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/service/service.hpp>

using namespace cohort;

namespace {

struct settings {
  std::string directory = "files";
  std::int64_t max_bytes = std::int64_t{8} << 30U;
};

/// Returns whether a file name has no slash, is not hidden, and is not too long for a file system.
bool is_valid_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && name.front() != '.' &&
         name.find_first_of(std::string_view{"/\0", 2}) == std::string_view::npos;
}

task<http::response> upload(std::shared_ptr<const settings> values, http::request_context& context,
                            http::body_reader& body) {
  const std::string name{context.parameter("path")};
  if (!is_valid_name(name)) co_return http::error_response(http::status::bad_request, "The file name is invalid");
  // Without this check, a part would replace the complete file (RFC 9110 section 14.5).
  if (context.head().find("content-range"))
    co_return http::error_response(http::status::bad_request, "A part of a file cannot be uploaded");
  auto save_task = http::save_body(body, std::filesystem::path{values->directory} / name, context);
  const auto size = co_await std::move(save_task);
  if (!size) co_return http::save_error_response(size.error());
  std::string text;
  json::writer{text}.open_object().field("name", name).field("bytes", static_cast<std::int64_t>(*size)).close_object();
  co_return http::json_response(std::move(text), http::status::created);
}

http::response remove(const settings& values, http::request_context& context) {
  const auto name = context.parameter("path");
  if (!is_valid_name(name)) return http::error_response(http::status::bad_request, "The file name is invalid");
  std::error_code error;
  const bool was_removed = std::filesystem::remove(std::filesystem::path{values.directory} / name, error);
  if (error) return http::error_response(http::status::internal_server_error, "The file cannot be removed");
  return was_removed ? http::response{http::status::no_content} : http::not_found_response();
}

}  // namespace

int main(int argc, char** argv) {
  auto values = std::make_shared<settings>();
  service::definition files;
  files.name = "files-service";
  files.metric_prefix = "files_service";
  files.description = "File service: PUT, GET, HEAD and DELETE /files/{name}";
  files.version = "1.0.0";
  files.port = 5014;
  files.add_options = [values](config::options& options) {
    options.add(values->directory, {"--directory", "FILES_DIRECTORY", "Directory of the files"}, config::text(),
                values->directory);
    options.add(values->max_bytes, {"--max-bytes", "FILES_MAX_BYTES", "Maximum size of a file, in bytes"},
                config::integer(0, std::int64_t{1} << 50U), std::to_string(values->max_bytes));
  };
  files.app = [values](service::service_context&, service::api_key_authenticator&) {
    http::router routes;
    std::filesystem::create_directories(values->directory);
    http::directory(routes, "/files", values->directory, {.index_file = {}});
    routes
        .put("/files/{path...}", [values](http::request_context& context,
                                          http::body_reader& body) { return upload(values, context, body); })
        .body_limit(static_cast<std::uint64_t>(values->max_bytes));
    routes.del("/files/{path...}", [values](http::request_context& context) { return remove(*values, context); });
    return routes;
  };
  return service::run(argc, argv, std::move(files));
}
