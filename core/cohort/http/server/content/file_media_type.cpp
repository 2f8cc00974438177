// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>

#include <cohort/http/message/field.hpp>
#include <cohort/http/server/content/file_response.hpp>

namespace cohort::http {
namespace {

struct extension {
  std::string_view suffix;
  std::string_view media_type;
};

/// Source: the IANA registry of media types, and for scripts RFC 9239.
constexpr std::array extensions{
    extension{".avif", "image/avif"},
    extension{".bz2", "application/x-bzip2"},
    extension{".css", "text/css; charset=utf-8"},
    extension{".csv", "text/csv; charset=utf-8"},
    extension{".gif", "image/gif"},
    extension{".gz", "application/gzip"},
    extension{".htm", "text/html; charset=utf-8"},
    extension{".html", "text/html; charset=utf-8"},
    extension{".ico", "image/vnd.microsoft.icon"},
    extension{".jpeg", "image/jpeg"},
    extension{".jpg", "image/jpeg"},
    extension{".js", "text/javascript; charset=utf-8"},
    extension{".json", "application/json"},
    extension{".map", "application/json"},
    extension{".md", "text/markdown; charset=utf-8"},
    extension{".mjs", "text/javascript; charset=utf-8"},
    extension{".mp3", "audio/mpeg"},
    extension{".mp4", "video/mp4"},
    extension{".otf", "font/otf"},
    extension{".pdf", "application/pdf"},
    extension{".png", "image/png"},
    extension{".svg", "image/svg+xml"},
    extension{".tar", "application/x-tar"},
    extension{".ttf", "font/ttf"},
    extension{".txt", "text/plain; charset=utf-8"},
    extension{".wasm", "application/wasm"},
    extension{".webm", "video/webm"},
    extension{".webmanifest", "application/manifest+json"},
    extension{".webp", "image/webp"},
    extension{".woff", "font/woff"},
    extension{".woff2", "font/woff2"},
    extension{".xml", "application/xml"},
    extension{".yaml", "application/yaml"},
    extension{".yml", "application/yaml"},
    extension{".zip", "application/zip"},
    extension{".zst", "application/zstd"},
};

}  // namespace

std::string_view media_type_of_file(std::string_view name) noexcept {
  const auto dot = name.rfind('.');
  const auto suffix = dot == std::string_view::npos ? std::string_view{} : name.substr(dot);
  const auto* const found = std::find_if(extensions.begin(), extensions.end(),
                                         [&](const extension& entry) { return iequals(entry.suffix, suffix); });
  return found == extensions.end() ? std::string_view{"application/octet-stream"} : found->media_type;
}

}  // namespace cohort::http
