// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/static_assets.hpp>

#include <algorithm>

#include <cohort/http/message/entity_tag.hpp>

namespace cohort::http {
namespace {

/// Whether the parameters contain a weight of zero, such as `;q=0.000`.
bool has_zero_weight(std::string_view parameters) noexcept {
  const auto weight = std::min(parameters.find("q="), parameters.find("Q="));
  if (weight == std::string_view::npos) return false;
  return trimmed(parameters.substr(weight + 2)).find_first_of("123456789") == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  bool accepts_any = false;
  while (!accept_encoding.empty()) {
    const auto element = next_list_element(accept_encoding);
    const auto semicolon = element.find(';');
    const auto coding = trimmed(element.substr(0, semicolon));
    const bool accepted = semicolon == std::string_view::npos || !has_zero_weight(element.substr(semicolon));
    if (iequals(coding, "gzip")) return accepted;
    if (coding == "*") accepts_any = accepted;
  }
  return accepts_any;
}

response asset_response(const asset& file, const request_context& context) {
  const auto accept_encoding = context.head().find(field::accept_encoding).value_or(std::string_view{});
  const bool compressed = !file.gzip.empty() && accepts_gzip(accept_encoding);
  std::string etag{file.etag};
  if (compressed) etag.insert(etag.size() - 1, "-gzip");
  const auto& head = context.head();
  if (head.find(field::if_match) && !lists_entity_tag(head, field::if_match, etag, tag_comparison::strong)) {
    auto failed = error_response(status::precondition_failed, "The file has another entity tag");
    return failed.set("ETag", etag);
  }
  const bool is_current = lists_entity_tag(head, field::if_none_match, etag, tag_comparison::weak);
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
