// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/file_response.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <vector>

#include <cohort/http/message/body/content_negotiation.hpp>
#include <cohort/http/message/conditional/byte_range.hpp>
#include <cohort/http/message/conditional/conditional_request.hpp>
#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/time/date_format.hpp>

namespace cohort::http {
namespace {

/// A smaller file is read completely and sent together with the header section.
constexpr std::uint64_t max_buffered_file = 16 * 1024;

using file_ptr = std::shared_ptr<const open_file>;

/// An open regular file and its validators.
struct selected_file {
  file_ptr file;
  std::uint64_t size = 0;
  timespec modification_time{};
  std::string etag;
  /// The content coding of a precompressed variant; empty for the file itself.
  std::string_view coding;

  std::chrono::sys_seconds last_modified() const noexcept {
    // A date in the future is not sent (RFC 9110 section 8.8.2.1).
    const auto now = std::chrono::floor<std::chrono::seconds>(loop::current().wall_now());
    return std::min(std::chrono::sys_seconds{std::chrono::seconds{modification_time.tv_sec}},
                    std::chrono::time_point_cast<std::chrono::seconds>(now));
  }
};

void append_number(std::string& text, std::uint64_t number, int base) {
  std::array<char, 24> digits;
  text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr);
}

std::string make_etag(const struct stat& status) {
  std::string etag{'"'};
  append_number(etag,
                static_cast<std::uint64_t>(status.st_mtim.tv_sec) * std::nano::den +
                    static_cast<std::uint64_t>(status.st_mtim.tv_nsec),
                16);
  etag += '-';
  append_number(etag, static_cast<std::uint64_t>(status.st_size), 16);
  etag += '-';
  append_number(etag, status.st_ino, 16);
  return etag += '"';
}

/// Opens a file. Returns an empty result, with `errno` set, if it is not a readable regular file.
std::optional<selected_file> select(const std::string& path, const file_opener& open) {
  auto file = open(path);
  struct stat status{};
  if (!file || ::fstat(file.descriptor(), &status) != 0) return std::nullopt;
  if (!S_ISREG(status.st_mode)) {
    errno = ENOENT;
    return std::nullopt;
  }
  selected_file selected_file;
  selected_file.file = std::make_shared<const open_file>(std::move(file));
  selected_file.size = static_cast<std::uint64_t>(status.st_size);
  selected_file.modification_time = status.st_mtim;
  selected_file.etag = make_etag(status);
  return selected_file;
}

bool is_older(const timespec& a, const timespec& b) noexcept {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/// Replaces the file with a variant that the client prefers. Returns whether there are variants.
bool select_variant(const request_head& head, const std::string& path, const file_opener& open, selected_file& file) {
  std::vector<std::string_view> codings;
  std::vector<selected_file> variants;
  for (const auto& [coding, extension] : {std::pair{"br", ".br"}, std::pair{"gzip", ".gz"}}) {
    auto variant = select(path + extension, open);
    if (!variant || is_older(variant->modification_time, file.modification_time)) continue;
    variant->coding = coding;
    codings.emplace_back(coding);
    variants.push_back(std::move(*variant));
  }
  if (const auto chosen = negotiate_content_coding(head, codings)) file = std::move(variants[*chosen]);
  return !codings.empty();
}

std::string content_range(const byte_range& range, std::uint64_t size) {
  std::string text = "bytes ";
  append_number(text, range.offset, 10);
  text += '-';
  append_number(text, range.offset + range.length - 1, 10);
  text += '/';
  append_number(text, size, 10);
  return text;
}

/// A string, and the part of the file that follows it.
struct body_part {
  std::string prefix;
  byte_range range;
};

task<> write_parts(file_ptr file, std::shared_ptr<const std::vector<body_part>> parts, body_writer* writer) {
  for (const auto& part : *parts) {
    if (!part.prefix.empty()) co_await writer->write(part.prefix);
    if (part.range.length == 0) continue;
    auto send_task = writer->send_file(file->descriptor(), part.range.offset, part.range.length);
    if (!co_await std::move(send_task)) co_return;
  }
}

void stream_parts(response& result, const selected_file& selected_file, std::vector<body_part> parts, media_type type) {
  std::uint64_t length = 0;
  for (const auto& part : parts) length += part.prefix.size() + part.range.length;
  auto producer = [file = selected_file.file,
                   shared = std::make_shared<const std::vector<body_part>>(std::move(parts))](body_writer& writer) {
    return write_parts(file, shared, &writer);
  };
  result.stream(std::move(producer), type, length);
}

/// A body of the media type multipart/byteranges (RFC 9110 section 14.6).
void stream_ranges(response& result, const selected_file& file, const std::vector<byte_range>& ranges,
                   std::string_view type) {
  std::string boundary;
  for (int i = 0; i < 2; ++i) append_number(boundary, loop::current().random().next(), 16);
  std::vector<body_part> parts;
  for (const auto& range : ranges) {
    std::string prefix = parts.empty() ? "--" : "\r\n--";
    prefix.append(boundary).append("\r\nContent-Type: ").append(type);
    prefix.append("\r\nContent-Range: ").append(content_range(range, file.size)).append("\r\n\r\n");
    parts.push_back({std::move(prefix), range});
  }
  parts.push_back({"\r\n--" + boundary + "--\r\n", {0, 0}});
  stream_parts(result, file, std::move(parts), "multipart/byteranges; boundary=" + boundary);
}

/// The entire file, if it is small and unchanged.
std::optional<std::string> read_if_small(const selected_file& file) {
  if (file.size > max_buffered_file) return std::nullopt;
  std::string content(file.size, '\0');
  const auto size = ::pread(file.file->descriptor(), content.data(), content.size(), 0);
  if (size < 0 || static_cast<std::uint64_t>(size) != file.size) return std::nullopt;
  return content;
}

/// The ranges of the request; empty if the entire file is sent.
std::optional<std::vector<byte_range>> requested_ranges(const request_head& head, const selected_file& file) {
  std::optional<std::string_view> value;
  for (const auto& header : head.fields) {
    if (header.id != field::range) continue;
    if (value) return std::nullopt;
    value = header.value;
  }
  if (!value || head.method != method::get) return std::nullopt;
  const auto now = std::chrono::floor<std::chrono::seconds>(loop::current().wall_now());
  if (!permits_range(head, {file.etag, file.last_modified()}, now)) return std::nullopt;
  return parse_byte_ranges(*value, file.size);
}

void set_content(response& result, const selected_file& file, const std::optional<std::vector<byte_range>>& ranges,
                 std::string_view type) {
  if (!ranges) {
    if (auto content = read_if_small(file)) {
      result.body(std::move(*content), type);
    } else {
      stream_parts(result, file, {{{}, {0, file.size}}}, type);
    }
  } else if (ranges->size() == 1) {
    result.set("Content-Range", content_range(ranges->front(), file.size));
    stream_parts(result, file, {{{}, ranges->front()}}, type);
  } else {
    stream_ranges(result, file, *ranges, type);
  }
}

/// The response to a request for a file that could not be opened.
response open_error_response(int error) {
  if (error == EMFILE || error == ENFILE || error == ENOMEM) {
    return overload_response("The server is overloaded, retry later");
  }
  return error_response(status::not_found, "The file does not exist");
}

}  // namespace

open_file::~open_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

response file_response(const request_context& context, const std::string& path, const file_options& options,
                       const file_opener& open) {
  auto selected = select(path, open);
  if (!selected) return open_error_response(errno);
  const auto& head = context.head();
  const bool has_variants = options.precompressed && select_variant(head, path, open, *selected);

  const validators current{selected->etag, selected->last_modified()};
  const auto condition = evaluate_preconditions(head, current);
  if (condition == precondition::failed) {
    return error_response(status::precondition_failed, "The file has changed").set("ETag", selected->etag);
  }
  const bool is_current = condition == precondition::not_modified;
  const auto ranges = is_current ? std::nullopt : requested_ranges(head, *selected);
  if (ranges && ranges->empty()) {
    auto failed = error_response(status::range_not_satisfiable, "The requested range is not satisfiable");
    return failed.set("Content-Range", "bytes */" + std::to_string(selected->size));
  }
  response result{is_current ? status::not_modified : ranges ? status::partial_content : status::ok};
  result.set("ETag", selected->etag);
  result.set("Last-Modified", format_imf_fixdate(*current.last_modified));
  if (!options.cache_control.empty()) result.set("Cache-Control", options.cache_control);
  if (has_variants) result.set("Vary", "Accept-Encoding");
  if (is_current) return result;
  result.set("Accept-Ranges", "bytes");
  if (!selected->coding.empty()) result.set("Content-Encoding", selected->coding);
  const auto type = options.content_type.empty() ? media_type_of_file(path) : std::string_view{options.content_type};
  set_content(result, *selected, ranges, type);
  return result;
}

response file_response(const request_context& context, const std::filesystem::path& path, const file_options& options) {
  return file_response(context, path.string(), options, [](const std::string& name) {
    return open_file{::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  });
}

}  // namespace cohort::http
