// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>
#include <string_view>

#include <cohort/http/server/router.hpp>

namespace cohort::http {

/// A file that is embedded in the program. All strings must stay valid for the program's lifetime.
struct asset {
  std::string_view path;
  std::string_view content_type;
  /// The strong entity tag of `identity`, with its quotes. The compressed form has a tag derived from it.
  std::string_view etag;
  /// Whether the path changes with the content, so that clients may cache the file forever.
  bool immutable;
  /// The uncompressed content.
  std::string_view identity;
  /// The content compressed with gzip; empty if that is not smaller.
  std::string_view gzip;
};

/// The response for a file: compressed if the client accepts gzip; 412 if `If-Match` does not list its entity tag, 304
/// if `If-None-Match` does (RFC 9110 section 13.2.2).
response asset_response(const asset& file, const request_context& context);

/// Adds routes for `files`. The list is copied, but not the strings. Files below `/assets/` share the route
/// `/assets/{path...}`, so that metric labels do not change with each build.
void add_assets(router& routes, std::span<const asset> files);

}  // namespace cohort::http
