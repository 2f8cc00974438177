#include "core/http/static_assets.hpp"

namespace cohort::http {
namespace {

/// Weak comparison, as `If-None-Match` has it.
bool matches_etag(std::string_view list, std::string_view etag) noexcept {
  while (!list.empty()) {
    auto item = next_item(list);
    if (item == "*") return true;
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == etag) return true;
  }
  return false;
}

/// Whether `;q=` says that it is not wanted: zero, however many decimals.
bool is_refused(std::string_view parameters) noexcept {
  const auto weight = std::min(parameters.find("q="), parameters.find("Q="));
  if (weight == std::string_view::npos) return false;
  return trimmed(parameters.substr(weight + 2)).find_first_of("123456789") == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  bool any = false;
  while (!accept_encoding.empty()) {
    const auto item = next_item(accept_encoding);
    const auto semicolon = item.find(';');
    const auto coding = trimmed(item.substr(0, semicolon));
    const bool wanted = semicolon == std::string_view::npos || !is_refused(item.substr(semicolon));
    if (same_name(coding, "gzip")) return wanted;
    if (coding == "*") any = wanted;
  }
  return any;
}

response serve_asset(const asset& file, const request_context& context) {
  const bool packed =
      !file.gzip.empty() && accepts_gzip(context.head().find(field::accept_encoding).value_or(std::string_view{}));
  std::string etag{file.etag};
  if (packed) etag.insert(etag.size() - 1, "-gzip");
  const auto known = context.head().find(field::if_none_match);
  response made{known && matches_etag(*known, etag) ? status::not_modified : status::ok};
  made.set("ETag", etag);
  made.set("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (!file.gzip.empty()) made.set("Vary", "Accept-Encoding");
  if (made.code() == status::not_modified) return made;
  if (packed) made.set("Content-Encoding", "gzip");
  made.borrowed_body(packed ? file.gzip : file.identity, file.content_type);
  return made;
}

void add_assets(router& to, std::span<const asset> files) {
  bool any_below_assets = false;
  for (const auto& file : files) {
    if (file.path.starts_with("/assets/")) {
      any_below_assets = true;
      continue;
    }
    to.get(std::string{file.path}, [&file](request_context& context) { return serve_asset(file, context); });
  }
  if (!any_below_assets) return;
  to.get("/assets/*", [files](request_context& context) {
    for (const auto& file : files)
      if (file.path == context.head().path) return serve_asset(file, context);
    return no_such_route();
  });
}

}  // namespace cohort::http
