// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/static_assets.hpp>

#include <array>

#include <cohort/http/message/conditional_request.hpp>
#include <cohort/http/message/content_negotiation.hpp>

namespace cohort::http {
response asset_response(const asset& file, const request_context& context) {
  constexpr std::array<std::string_view, 1> codings{"gzip"};
  const bool compressed = !file.gzip.empty() && negotiate_content_coding(context.head(), codings);
  std::string etag{file.etag};
  if (compressed) etag.insert(etag.size() - 1, "-gzip");
  const auto condition = evaluate_preconditions(context.head(), {etag});
  if (condition == precondition::failed) {
    auto failed = error_response(status::precondition_failed, "The file has another entity tag");
    return failed.set("ETag", etag);
  }
  const bool is_current = condition == precondition::not_modified;
  response result{is_current ? status::not_modified : status::ok};
  result.set("ETag", etag);
  result.set("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (!file.gzip.empty()) result.set("Vary", "Accept-Encoding");
  if (is_current) return result;
  if (compressed) result.set("Content-Encoding", "gzip");
  result.static_body(compressed ? file.gzip : file.identity, media_type::from_static(file.content_type));
  return result;
}

void add_assets(router& routes, std::span<const asset> files) {
  bool has_assets_directory = false;
  for (const auto& file : files) {
    if (file.path.starts_with("/assets/")) {
      has_assets_directory = true;
      continue;
    }
    routes.get(std::string{file.path}, [&file](request_context& context) { return asset_response(file, context); });
  }
  if (!has_assets_directory) return;
  routes.get("/assets/{path...}", [files](request_context& context) {
    for (const auto& file : files)
      if (file.path == context.head().path) return asset_response(file, context);
    return not_found_response();
  });
}

}  // namespace cohort::http
