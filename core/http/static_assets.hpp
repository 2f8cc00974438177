#pragma once

#include <span>
#include <string_view>

#include "core/http/router.hpp"

namespace cohort::http {

/// A file that is part of the program.
struct asset {
  std::string_view path;
  std::string_view content_type;
  /// Strong, with its quotes. The packed form gets one of its own.
  std::string_view etag;
  /// Its name changes with its content, so it may be kept for ever.
  bool immutable;
  std::string_view identity;
  /// Empty where packing does not pay.
  std::string_view gzip;
};

/// The answer for one file: packed if the client takes that, 304 if it has it already (RFC 9110 section 13.1.2).
response serve_asset(const asset& file, const request_context& context);

/// Whether `Accept-Encoding` lets us send gzip (RFC 9110 section 12.5.3).
bool accepts_gzip(std::string_view accept_encoding) noexcept;

/// Routes for all of `files`, which must outlive the router: those below `/assets/` under one pattern, so that metrics
/// do not get a new label with each build.
void add_assets(router& to, std::span<const asset> files);

}  // namespace cohort::http
