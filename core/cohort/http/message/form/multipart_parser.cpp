// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/form/multipart_parser.hpp>

#include <simdjson.h>

#include <algorithm>

#include <cohort/http/message/form/header_parameters.hpp>

namespace cohort::http {
namespace {

constexpr std::size_t max_boundary_length = 70;
/// Whitespace after a boundary (RFC 2046: transport padding), and the line break.
constexpr std::size_t max_boundary_end = 64;
constexpr std::size_t max_name_bytes = 256;
constexpr std::size_t max_filename_bytes = 1024;

/// Whether `c` is in `bchars` (RFC 2046 section 5.1.1).
bool is_boundary_char(char c) noexcept {
  const bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_alphanumeric || std::string_view{"'()+_,-./:=? "}.find(c) != std::string_view::npos;
}

/// Browsers encode `"`, CR and LF in names as `%22`, `%0D` and `%0A` (HTML standard, "multipart/form-data encoding
/// algorithm"). Line breaks stay encoded: names without them are safer.
std::string decode_quotes(std::string text) {
  for (auto at = text.find("%22"); at != std::string::npos; at = text.find("%22", at + 1)) text.replace(at, 3, "\"");
  return text;
}

bool is_valid_text(std::string_view text) noexcept {
  return is_field_value(text) && simdjson::validate_utf8(text.data(), text.size());
}

std::string limit_message(std::uint64_t count, std::string_view unit) {
  return "must have at most " + std::to_string(count) + " " + std::string{unit};
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const auto value = parse_parameters(content_type);
  if (!value || !iequals(value->value, "multipart/form-data")) return std::nullopt;
  const auto boundary = value->find("boundary");
  if (!boundary || boundary->empty() || boundary->size() > max_boundary_length || boundary->back() == ' ' ||
      !std::ranges::all_of(*boundary, is_boundary_char)) {
    return std::nullopt;
  }
  return std::string{*boundary};
}

multipart_parser::multipart_parser(std::string_view boundary, const multipart_limits& limits)
    : limits_(limits), delimiter_("\r\n--" + std::string{boundary}) {}

multipart_parser::event multipart_parser::next(std::string_view& input) {
  if (state_ == state::failed || state_ == state::epilogue) {
    input = {};
    return state_ == state::failed ? event::error : event::end;
  }
  // The bytes before the limit are parsed first, so that the error does not depend on the segmentation of the input.
  auto allowed = input.substr(0, limits_.max_total_bytes - total_bytes_);
  const auto size_before = allowed.size();
  const auto result = read(allowed);
  const auto size_read = size_before - allowed.size();
  total_bytes_ += size_read;
  input.remove_prefix(size_read);
  if (result == event::need_input && !input.empty())
    return fail(status::payload_too_large, "", limit_message(limits_.max_total_bytes, "bytes"));
  return result;
}

multipart_parser::event multipart_parser::read(std::string_view& input) {
  if (state_ == state::boundary_end) return read_boundary_end(input);
  if (state_ == state::header) return read_header(input);
  return read_content(input);
}

multipart_parser::event multipart_parser::finish() {
  if (state_ == state::epilogue) return event::end;
  if (state_ == state::failed) return event::error;
  return fail(status::bad_request, state_ == state::content ? part_.name : "", "must end with the last boundary");
}

multipart_parser::event multipart_parser::read_content(std::string_view& input) {
  for (;;) {
    if (matched_bytes_ == delimiter_.size()) {
      if (end_of_content()) return event::part_end;
      return read_boundary_end(input);
    }
    if (input.empty()) return event::need_input;
    if (matched_bytes_ > 0) {
      // The previous input ended with a prefix of the delimiter.
      const auto remaining = std::string_view{delimiter_}.substr(matched_bytes_);
      const auto length = std::min(remaining.size(), input.size());
      if (input.substr(0, length) == remaining.substr(0, length)) {
        matched_bytes_ += length;
        input.remove_prefix(length);
        continue;
      }
      // The delimiter has a CR only at its start, so no other match can start within these bytes.
      const auto bytes = std::string_view{delimiter_}.substr(implied_bytes_, matched_bytes_ - implied_bytes_);
      matched_bytes_ = implied_bytes_ = 0;
      if (state_ == state::content && !bytes.empty()) return emit(bytes);
      continue;
    }
    auto data_end = input.find(delimiter_);
    if (data_end == std::string_view::npos) {
      const auto last_carriage_return = input.rfind('\r');
      const auto tail =
          last_carriage_return == std::string_view::npos ? std::string_view{} : input.substr(last_carriage_return);
      const bool is_delimiter_start = tail.size() < delimiter_.size() && std::string_view{delimiter_}.starts_with(tail);
      matched_bytes_ = is_delimiter_start ? tail.size() : 0;
      data_end = input.size() - matched_bytes_;
    } else {
      matched_bytes_ = delimiter_.size();
    }
    const auto bytes = input.substr(0, data_end);
    input.remove_prefix(data_end + matched_bytes_);
    if (state_ == state::content && !bytes.empty()) return emit(bytes);
  }
}

multipart_parser::event multipart_parser::emit(std::string_view bytes) {
  part_bytes_ += bytes.size();
  const auto limit = part_.is_file() ? limits_.max_file_bytes : std::uint64_t{limits_.max_field_bytes};
  if (part_bytes_ > limit) return fail(status::payload_too_large, part_.name, limit_message(limit, "bytes"));
  data_ = bytes;
  return event::data;
}

bool multipart_parser::end_of_content() noexcept {
  const bool is_part = state_ == state::content;
  state_ = state::boundary_end;
  matched_bytes_ = implied_bytes_ = 0;
  data_ = {};
  return is_part;
}

multipart_parser::event multipart_parser::read_boundary_end(std::string_view& input) {
  while (!input.empty()) {
    pending_ += input.front();
    input.remove_prefix(1);
    if (pending_ == "--") {
      if (part_count_ == 0) return fail(status::bad_request, "", "must have at least one part");
      state_ = state::epilogue;
      return event::end;
    }
    if (pending_.ends_with('\n')) {
      if (trimmed(std::string_view{pending_}.substr(0, pending_.size() - 1)) != "\r") break;
      pending_.clear();
      state_ = state::header;
      return read_header(input);
    }
    if (pending_.size() > max_boundary_end) break;
  }
  if (pending_.size() <= max_boundary_end && !pending_.ends_with('\n')) return event::need_input;
  return fail(status::bad_request, "", "must have only whitespace after a boundary");
}

multipart_parser::event multipart_parser::read_header(std::string_view& input) {
  while (!input.empty()) {
    const auto line_end = input.find('\n');
    const auto length = line_end == std::string_view::npos ? input.size() : line_end + 1;
    if (pending_.size() + length > limits_.max_header_bytes)
      return fail(
          status::payload_too_large, "",
          "must have at most " + std::to_string(limits_.max_header_bytes) + " bytes in the header section of a part");
    pending_.append(input.substr(0, length));
    input.remove_prefix(length);
    if (pending_ != "\r\n" && !pending_.ends_with("\r\n\r\n")) continue;
    part_ = {};
    part_bytes_ = 0;
    if (!parse_header_section(pending_)) return event::error;
    if (++part_count_ > limits_.max_parts)
      return fail(status::payload_too_large, "", limit_message(limits_.max_parts, "parts"));
    pending_.clear();
    state_ = state::content;
    matched_bytes_ = implied_bytes_ = 2;
    return event::part;
  }
  return event::need_input;
}

bool multipart_parser::parse_header_section(std::string_view section) {
  bool has_disposition = false;
  while (section != "\r\n" && !section.empty()) {
    const auto end = section.find("\r\n");
    if (!parse_header_line(section.substr(0, end), has_disposition)) {
      if (state_ != state::failed) fail(status::bad_request, part_.name, "has a malformed header section");
      return false;
    }
    section.remove_prefix(end + 2);
  }
  if (!has_disposition) fail(status::bad_request, "", "must have a Content-Disposition field in each part");
  return has_disposition;
}

bool multipart_parser::parse_header_line(std::string_view line, bool& has_disposition) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || !is_field_value(line)) return false;
  const auto name = line.substr(0, colon);
  const auto value = trimmed(line.substr(colon + 1));
  if (iequals(name, "content-type")) {
    part_.content_type = value;
  } else if (iequals(name, "content-transfer-encoding")) {
    // These values, which RFC 7578 section 4.7 deprecates, mean that the content is not encoded.
    return iequals(value, "binary") || iequals(value, "8bit") || iequals(value, "7bit");
  } else if (iequals(name, "content-disposition")) {
    const auto disposition = parse_parameters(value);
    const auto part_name = disposition ? disposition->find("name") : std::nullopt;
    if (has_disposition || !part_name || !iequals(disposition->value, "form-data")) return false;
    part_.name = decode_quotes(std::string{*part_name});
    if (part_.name.empty() || part_.name.size() > max_name_bytes || !is_valid_text(part_.name)) {
      part_.name.clear();
      return false;
    }
    // `filename*` is ignored, because RFC 7578 section 4.2 forbids this parameter.
    if (const auto filename = disposition->find("filename")) {
      part_.filename = decode_quotes(std::string{*filename});
      if (part_.filename->size() > max_filename_bytes || !is_valid_text(*part_.filename)) return false;
    }
    has_disposition = true;
  }
  return true;
}

multipart_parser::event multipart_parser::fail(status code, std::string_view field, std::string reason) {
  error_ = {code, std::string{field}, std::move(reason)};
  state_ = state::failed;
  data_ = {};
  return event::error;
}

}  // namespace cohort::http
