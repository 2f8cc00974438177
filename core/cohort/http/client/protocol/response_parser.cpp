// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/response_parser.hpp>

#include <algorithm>
#include <string>

#include <cohort/http/client/protocol/response_head_scanner.hpp>
#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

namespace beast_http = boost::beast::http;

client_error to_client_error(const boost::beast::error_code& failure, bool is_header_done) noexcept {
  // Beast reports the error after the header is complete, but the header is malformed.
  if (failure == beast_http::error::bad_transfer_encoding) return client_error::response_malformed;
  if (failure == beast_http::error::body_limit) return client_error::body_too_large;
  if (failure == beast_http::error::header_limit) return client_error::response_header_too_large;
  if (failure == beast_http::error::partial_message) {
    return is_header_done ? client_error::body_truncated : client_error::response_truncated;
  }
  return is_header_done ? client_error::body_malformed : client_error::response_malformed;
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The pattern of a status line up to its code, such as `HTTP/1.1 200`; `d` is a digit.
constexpr std::string_view status_line_pattern = "HTTP/d.d ddd";

bool matches_status_line(std::string_view bytes) noexcept {
  const auto matches = [](char c, char expected) { return expected == 'd' ? is_digit(c) : c == expected; };
  const auto length = std::min(bytes.size(), status_line_pattern.size());
  return std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length), status_line_pattern.begin(),
                    matches);
}

/// The trailing whitespace (BWS) of a chunk's size line.
struct whitespace_range {
  std::size_t begin = 0;
  std::size_t end = 0;
  /// More bytes are needed to find the end of the line.
  bool is_open = false;
};

constexpr bool is_whitespace(char c) noexcept { return c == ' ' || c == '\t'; }

/// Beast accepts whitespace before an extension, but not at the end of the line.
whitespace_range whitespace_after_chunk_size(std::string_view bytes, std::size_t size_begin) noexcept {
  auto size_end = size_begin;
  while (size_end < bytes.size() && is_hex_digit(bytes[size_end])) ++size_end;
  const bool has_following_bytes =
      size_end < bytes.size() && (is_whitespace(bytes[size_end]) || bytes[size_end] == ';');
  if (size_end == size_begin || !has_following_bytes) return {};
  const auto line_end = bytes.find_first_of("\r\n", size_end);
  if (line_end == std::string_view::npos) return {size_end, bytes.size(), true};
  auto begin = line_end;
  while (is_whitespace(bytes[begin - 1])) --begin;
  return {begin, line_end};
}

/// The offset of the trailer section after the last chunk (RFC 9112 section 7.1.2). Returns no value if `bytes` start
/// with another chunk, an incomplete line, or the empty line that follows if there are no trailers.
std::optional<std::size_t> find_trailers(std::string_view bytes, std::size_t size_begin) noexcept {
  const auto size_end = bytes.find_first_not_of('0', size_begin);
  if (size_end == size_begin || size_end == std::string_view::npos || is_hex_digit(bytes[size_end]))
    return std::nullopt;
  const auto line_end = bytes.find("\r\n", size_end);
  if (line_end == std::string_view::npos) return std::nullopt;
  const auto begin = line_end + 2;
  if (begin == bytes.size() || bytes.substr(begin).starts_with("\r\n")) return std::nullopt;
  return begin;
}

/// Renames all fields. Beast would use the trailers `Connection`, `Content-Length`, `Transfer-Encoding` and `Upgrade`
/// as header fields, but they have no effect there (RFC 9110 section 6.5.1).
std::string rename_trailers(std::string_view bytes, std::size_t begin, std::size_t end) {
  std::string renamed_bytes{bytes};
  for (auto line = begin; line < end; line = bytes.find("\r\n", line) + 2) {
    if (is_token({&renamed_bytes[line], 1})) renamed_bytes[line] = 'x';
  }
  return renamed_bytes;
}

}  // namespace

response_parser::response_parser(limits bounds, bool is_head_request)
    : limits_(bounds), is_head_request_(is_head_request) {
  base::header_limit(static_cast<std::uint32_t>(bounds.max_header_bytes));
  base::body_limit(bounds.max_body_bytes);
  base::skip(is_head_request);
}

std::size_t response_parser::parse(std::string_view bytes, std::optional<client_error>& failure) {
  if (simple_body_) return parse_simple_body(bytes);
  if (!has_received_bytes_) {
    if (const auto size = parse_simple_head(bytes)) return size;
  }
  has_received_bytes_ = has_received_bytes_ || !bytes.empty();
  boost::beast::error_code error;
  std::size_t consumed = 0;
  if (!is_status_line_done_) {
    consumed = parse_status_line(bytes, error);
  } else if (base::is_header_done() && base::chunked()) {
    consumed = parse_chunked(bytes, error);
  } else {
    consumed = base::put(asio::buffer(bytes.data(), bytes.size()), error);
  }
  if (error && error != beast_http::error::need_more) failure = to_client_error(error, base::is_header_done());
  return consumed;
}

/// Returns the size of a header section of the most common form, or zero if Beast must parse it, including a header
/// section that exceeds a limit.
std::size_t response_parser::parse_simple_head(std::string_view bytes) {
  if (is_head_request_) return 0;
  const auto head = scan_response_head(bytes, limits_.store_fields ? &response_.fields : nullptr);
  if (!head || head->size > limits_.max_header_bytes || head->content_length > limits_.max_body_bytes) {
    response_.fields = {};
    return 0;
  }
  response_.status = static_cast<status>(head->status);
  simple_body_ = {head->content_length, head->keep_alive};
  has_received_bytes_ = true;
  return head->size;
}

std::size_t response_parser::parse_simple_body(std::string_view bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), simple_body_->bytes_left));
  if (limits_.store_body) response_.body.append(bytes.substr(0, size));
  simple_body_->bytes_left -= size;
  return size;
}

/// Parses the status line, and the bytes after it if the line is complete. The space after the code is required (RFC
/// 9112 section 4), but some servers omit it if the reason is empty; it is then inserted. A minor version above 1 is
/// processed as 1.1 (RFC 9110 section 2.5).
std::size_t response_parser::parse_status_line(std::string_view bytes, error& failure) {
  constexpr auto code_end = status_line_pattern.size();
  constexpr auto minor_version = std::string_view{"HTTP/1."}.size();
  if (matches_status_line(bytes)) {
    if (bytes.starts_with("HTTP/1.") && bytes.size() > minor_version && bytes[minor_version] > '1') {
      const auto line_end = bytes.find("\r\n");
      if (line_end == std::string_view::npos) return 0;
      auto line = std::string{bytes.substr(0, line_end)};
      line[minor_version] = '1';
      line.append(line_end == code_end ? " \r\n" : "\r\n");
      base::put(asio::buffer(line), failure);
      return line_end + 2;
    }
    const bool is_space_missing = bytes.size() > code_end && bytes[code_end] == '\r';
    if (bytes.size() <= code_end || (is_space_missing && bytes.size() == code_end + 1)) return 0;
    if (is_space_missing && bytes[code_end + 1] == '\n') {
      const auto line = std::string{bytes.substr(0, code_end)} + " \r\n";
      base::put(asio::buffer(line), failure);
      return code_end + 2;
    }
  }
  return base::put(asio::buffer(bytes.data(), bytes.size()), failure);
}

/// Parses at most up to the end of a chunk's header or data, so that each chunk's header is checked for whitespace.
std::size_t response_parser::parse_chunked(std::string_view bytes, error& failure) {
  std::string stripped_input;
  std::string renamed_input;
  std::string_view input = bytes;
  whitespace_range whitespace;
  if (chunk_bytes_left_ == 0) {
    const std::size_t size_begin = has_chunk_ ? std::string_view{"\r\n"}.size() : 0;
    whitespace = whitespace_after_chunk_size(bytes, size_begin);
    if (whitespace.is_open) return 0;
    if (whitespace.begin < whitespace.end) {
      stripped_input.append(bytes.substr(0, whitespace.begin)).append(bytes.substr(whitespace.end));
      input = stripped_input;
    }
    if (const auto trailers = find_trailers(input, size_begin)) {
      const auto trailers_end = input.find("\r\n\r\n", *trailers);
      if (trailers_end == std::string_view::npos) return 0;
      renamed_input = rename_trailers(input, *trailers, trailers_end);
      input = renamed_input;
    }
  }
  // Minimum size of the end of a chunked body. Beast 1.81 asserts that it receives all these bytes together with the
  // size of the last chunk.
  constexpr std::size_t min_end_size = std::string_view{"0\r\n\r\n"}.size();
  if (chunk_bytes_left_ == 0 && input.size() < min_end_size) return 0;
  const auto consumed = base::put(asio::buffer(input.data(), input.size()), failure);
  return consumed > whitespace.begin ? consumed + (whitespace.end - whitespace.begin) : consumed;
}

std::optional<client_error> response_parser::end() {
  if (!has_received_bytes_) return client_error::no_response;
  if (simple_body_) return client_error::body_truncated;
  if (!base::got_some()) return client_error::response_truncated;
  boost::beast::error_code error;
  base::put_eof(error);
  if (error) return to_client_error(error, base::is_header_done());
  return std::nullopt;
}

void response_parser::on_response_impl(int code, view, int version, error& failure) {
  // A status code has three digits and is at least 100 (RFC 9110 section 15). Beast accepts 000.
  if (code < 100) failure = beast_http::error::bad_status;
  response_.status = static_cast<status>(code);
  is_http_1_0_ = version == 10;
  is_status_line_done_ = true;
}

void response_parser::on_field_impl(beast_http::field id, view name, view value, error& failure) {
  if (!is_in_header_) return;
  // With any other transfer coding, the end of the response is undefined (RFC 9112 section 6.3).
  if (id == beast_http::field::transfer_encoding && (is_http_1_0_ || !iequals(trimmed(value), "chunked"))) {
    failure = beast_http::error::bad_transfer_encoding;
    return;
  }
  if (limits_.store_fields) response_.fields.emplace_back(name, value);
}

std::size_t response_parser::append_body(view bytes, error& failure) {
  // Beast's limit does not apply to a close-delimited body.
  if (bytes.size() > limits_.max_body_bytes - body_size_) {
    failure = beast_http::error::body_limit;
    return 0;
  }
  body_size_ += bytes.size();
  if (limits_.store_body) response_.body.append(bytes.data(), bytes.size());
  return bytes.size();
}

std::size_t response_parser::on_body_impl(view bytes, error& failure) { return append_body(bytes, failure); }

void response_parser::on_chunk_header_impl(std::uint64_t size, view, error&) {
  has_chunk_ = true;
  chunk_bytes_left_ = size;
}

std::size_t response_parser::on_chunk_body_impl(std::uint64_t, view bytes, error& failure) {
  const auto consumed = append_body(bytes, failure);
  chunk_bytes_left_ -= consumed;
  return consumed;
}

}  // namespace cohort::http
