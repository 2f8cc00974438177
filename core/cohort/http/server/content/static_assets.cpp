// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/static_assets.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <cohort/http/message/body/content_negotiation.hpp>
#include <cohort/http/message/conditional/conditional_request.hpp>

namespace cohort::http {
namespace {

/// `content_type` may have parameters.
void describe_asset(operation& operation, std::string content_type) {
  content_type.resize(std::min(content_type.find(';'), content_type.size()));
  const std::vector<header_description> headers{{"ETag", "The entity tag"},
                                                {"Cache-Control", "Time for which the response is fresh"}};
  operation.summary("An asset of the page")
      .tags({"page"})
      .returns(status::ok, "The file", {.media_type = std::move(content_type), .schema = "{}"}, headers)
      .returns(status::not_modified, "The client has the current file", {}, headers)
      .returns_error(status::precondition_failed, "The file has another entity tag");
}

}  // namespace

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
  std::vector<asset> directory;
  for (const auto& file : files) {
    if (file.path.starts_with("/assets/")) {
      directory.push_back(file);
      continue;
    }
    describe_asset(
        routes.get(std::string{file.path}, [file](request_context& context) { return asset_response(file, context); }),
        std::string{file.content_type});
  }
  if (directory.empty()) return;
  auto& assets = routes.get("/assets/{path...}", [directory = std::move(directory)](request_context& context) {
    for (const auto& file : directory)
      if (file.path == context.head().path) return asset_response(file, context);
    return not_found_response();
  });
  describe_asset(assets, "*/*");
  assets.returns_error(status::not_found, "The file does not exist");
}

}  // namespace cohort::http
