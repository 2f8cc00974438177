// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/request_parser.hpp>

#include <algorithm>
#include <cstring>
#include <functional>

#include <cohort/http/message/field_line.hpp>
#include <cohort/http/message/request/target.hpp>

namespace cohort::http {
namespace {

namespace beast_http = boost::beast::http;

std::string_view to_std_string_view(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

constexpr std::size_t initial_field_capacity = 8;

/// Whether Beast neither checks the field nor uses it to find the end of the request.
bool is_simple(field id, std::string_view value) noexcept {
  switch (id) {
    case field::connection: return iequals(value, "keep-alive") || iequals(value, "close");
    case field::content_length:
    case field::proxy_connection:
    case field::transfer_encoding:
    case field::upgrade: return false;
    default: return true;
  }
}

bool is_target_char(char c) noexcept { return c > ' ' && c < '\x7f'; }

bool is_decimal(char c) noexcept { return c >= '0' && c <= '9'; }

/// Returns the reason why `split_target` returned no result.
std::string_view invalid_target_reason(std::string_view target) {
  if (target.find('#') != std::string_view::npos) return "the target has a fragment";
  if (!percent_decode(target) || target.find("%00") != std::string_view::npos) {
    return "the target has an invalid percent-encoding";
  }
  if (!target.starts_with('/')) return "the target is neither a path nor an http URL";
  return "the target has an invalid character";
}

constexpr std::string_view conflicting_framing_error = "both Content-Length and Transfer-Encoding";
constexpr std::string_view repeated_length_error = "Content-Length is repeated";

}  // namespace

head_scanner::state head_scanner::scan(std::string_view bytes) noexcept {
  while (scanned_size_ < bytes.size()) {
    const auto* found =
        static_cast<const char*>(std::memchr(bytes.data() + scanned_size_, '\n', bytes.size() - scanned_size_));
    if (!found) {
      scanned_size_ = bytes.size();
      return state::incomplete;
    }
    const auto end = static_cast<std::size_t>(found - bytes.data());
    if (end == line_start_ || bytes[end - 1] != '\r') return state::bare_line_feed;
    const bool is_empty_line = end - line_start_ == 1;
    scanned_size_ = line_start_ = end + 1;
    if (is_empty_line) return state::complete;
  }
  return state::incomplete;
}

request_parser::request_parser(const server_limits& limits, request_head& head, std::string& body)
    : limits_(limits), head_(head), body_decoder_(limits, body) {
  base::header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
  base::skip(true);  // the body is decoded by `body_decoder`
}

request_parser::rejection request_parser::parse_head(std::string_view bytes) {
  head_.clear();
  head_.fields.reserve(initial_field_capacity);
  if (!parse_simple_head(bytes)) {
    if (const auto rejection = parse_any_head(bytes)) return rejection;
  }
  if (head_.fields.size() > limits_.max_fields) return status::request_header_fields_too_large;
  if (const auto rejection = check_target()) return rejection;
  if (const auto rejection = check_framing()) return rejection;
  if (const auto rejection = check_host()) return rejection;
  return check_connection();
}

/// Parses a valid header section of the most common form, which is HTTP/1.1 without a body or an upgrade. Returns false
/// for any other header section.
bool request_parser::parse_simple_head(std::string_view bytes) {
  constexpr std::string_view version = " HTTP/1.1";
  if (bytes.size() > limits_.max_header_bytes) return false;
  auto remaining = bytes;
  auto line = take_line(remaining);
  if (!line || !line->ends_with(version)) return false;
  line->remove_suffix(version.size());
  const auto space = line->find(' ');
  if (space == std::string_view::npos) return false;
  const auto method = line->substr(0, space);
  const auto target = line->substr(space + 1);
  if (!is_token(method) || target.empty() || !std::all_of(target.begin(), target.end(), is_target_char)) return false;
  while (!remaining.starts_with("\r\n")) {
    const auto header = take_field_line(remaining);
    if (!header) return false;
    const auto id = beast_http::string_to_field(header->name);
    if (!is_simple(id, header->value)) return false;
    head_.fields.push_back({id, header->name, header->value});
  }
  head_.method = beast_http::string_to_verb(method);
  head_.method_text = method;
  head_.target = target;
  return true;
}

/// Parses any header section with Beast, which takes longer.
request_parser::rejection request_parser::parse_any_head(std::string_view bytes) {
  head_.fields.clear();
  if (const auto rejection = check_version(bytes)) return rejection;
  head_bytes_ = bytes;
  boost::beast::error_code failed;
  base::put(boost::asio::buffer(bytes.data(), bytes.size()), failed);
  if (failed == beast_http::error::header_limit) return status::request_header_fields_too_large;
  if (failed) return reject(beast_error_reason(failed));
  if (has_folded_line_) return reject("a header field has a folded line");
  if (!base::is_header_done()) return reject("the header section is incomplete");
  return std::nullopt;
}

/// `head_` has the fields before the invalid field.
std::string_view request_parser::beast_error_reason(const error& failed) const noexcept {
  using error_value = beast_http::error;
  const bool has_length = head_.find(field::content_length).has_value();
  if (failed == error_value::bad_line_ending) return "a line does not end with CRLF";
  if (failed == error_value::bad_method) return "the method is invalid";
  if (failed == error_value::bad_target) return "the target is empty or has an invalid character";
  if (failed == error_value::bad_version) return "the HTTP version is invalid";
  if (failed == error_value::bad_field) return "the name of a header field is invalid";
  if (failed == error_value::bad_value) return "the value of a header field is invalid";
  if (failed == error_value::multiple_content_length) return repeated_length_error;
  if (failed == error_value::bad_content_length) {
    if (head_.find(field::transfer_encoding)) return conflicting_framing_error;
    return has_length ? repeated_length_error : "Content-Length is invalid";
  }
  if (failed == error_value::bad_transfer_encoding) {
    return has_length ? conflicting_framing_error : "Transfer-Encoding is invalid";
  }
  return "the header section is invalid";
}

/// Returns 505 for a major version other than 1. A minor version above 1 is processed as 1.1 (RFC 9110 section 2.5).
/// Beast would reject such a version, so `bytes` is replaced by a copy with the version 1.1.
request_parser::rejection request_parser::check_version(std::string_view& bytes) {
  constexpr std::string_view version_pattern = " HTTP/d.d";
  const auto line = bytes.substr(0, bytes.find('\r'));
  if (line.size() < version_pattern.size()) return std::nullopt;
  const auto version = line.substr(line.size() - version_pattern.size());
  const char major = version[6];
  const char minor = version[8];
  if (!version.starts_with(" HTTP/") || !is_decimal(major) || version[7] != '.' || !is_decimal(minor))
    return std::nullopt;
  if (major != '1') return status::http_version_not_supported;
  if (minor <= '1') return std::nullopt;
  rewritten_head_ = bytes;
  rewritten_head_[line.size() - 1] = '1';
  bytes = rewritten_head_;
  return std::nullopt;
}

request_parser::rejection request_parser::check_target() {
  if (head_.target.size() > limits_.max_target_bytes) return status::uri_too_long;
  const auto parts = split_target(head_.target);
  if (!parts) {
    // Only CONNECT has the authority-form; a server that is not a proxy responds with 501 (RFC 9110 sections 9.1 and
    // 9.3.6).
    if (head_.method == method::connect) return status::not_implemented;
    return reject(invalid_target_reason(head_.target));
  }
  head_.path = parts->path;
  head_.query = parts->query;
  if (head_.path == "*") {
    return head_.method == method::options ? rejection{} : reject("the target * is valid for OPTIONS only");
  }
  // An absolute-form without path and query means `*` if the method is OPTIONS (RFC 9112 section 3.2.4).
  if (head_.method == method::options && !head_.target.starts_with('/') &&
      head_.target.find_first_of("/?", head_.target.find("//") + 2) == std::string_view::npos) {
    head_.path = "*";
  }
  return std::nullopt;
}

request_parser::rejection request_parser::check_framing() {
  std::size_t length_count = 0;
  std::size_t coding_count = 0;
  for (const auto& header : head_.fields) {
    if (header.id == field::content_length) {
      ++length_count;
      if (header.value.find(',') != std::string_view::npos) return reject(repeated_length_error);
    }
    if (header.id == field::transfer_encoding) {
      ++coding_count;
      if (head_.is_http_1_0) return reject("Transfer-Encoding in HTTP/1.0");
      if (coding_count > 1) return reject("Transfer-Encoding is repeated");
      if (!iequals(header.value, "chunked")) return status::not_implemented;
    }
  }
  if (length_count > 1 || (length_count > 0 && coding_count > 0)) {
    return reject(coding_count > 0 ? conflicting_framing_error : repeated_length_error);
  }
  if (coding_count > 0) body_decoder_.start_chunked();
  if (length_count > 0) {
    content_length_ = *base::content_length();
    body_decoder_.start_fixed_length(*content_length_);
  }
  return std::nullopt;
}

/// The host of an absolute-form replaces that of `Host` (RFC 9112 section 3.2.2), so that a request has one host only.
request_parser::rejection request_parser::check_host() {
  header_field* host = nullptr;
  for (auto& header : head_.fields) {
    if (header.id != field::host) continue;
    if (host) return reject("Host is repeated");
    if (!header.value.empty() && !is_host_and_port(header.value)) return reject("the value of Host is invalid");
    host = &header;
  }
  if (!host && !head_.is_http_1_0) return reject("Host is missing");
  const auto authority = target_authority(head_.target);
  if (authority.empty()) return std::nullopt;
  if (host) {
    host->value = authority;
  } else {
    head_.fields.push_back({field::host, "Host", authority});
  }
  return std::nullopt;
}

/// `close` takes precedence over `keep-alive`; `Proxy-Connection` has no meaning (RFC 9112 sections 9.3 and 9.6).
/// Returns 417 for an expectation other than `100-continue`; HTTP/1.0 has no expectations (RFC 9110 section 10.1.1).
request_parser::rejection request_parser::check_connection() {
  bool has_close = false;
  bool has_keep_alive = false;
  for (const auto& header : head_.fields) {
    if (header.id == field::connection) {
      for (auto list = header.value; !list.empty();) {
        const auto option = next_list_element(list);
        has_close = has_close || iequals(option, "close");
        has_keep_alive = has_keep_alive || iequals(option, "keep-alive");
      }
    }
    if (header.id == field::expect && !head_.is_http_1_0) {
      for (auto list = header.value; !list.empty();) {
        const auto expectation = next_list_element(list);
        if (expectation.empty()) continue;
        if (!iequals(expectation, "100-continue")) return status::expectation_failed;
        expects_continue_ = true;
      }
    }
  }
  keep_alive_ = !has_close && (has_keep_alive || !head_.is_http_1_0);
  return std::nullopt;
}

void request_parser::on_request_impl(beast_http::verb verb, view method_text, view target, int version, error&) {
  head_.method = verb;
  head_.method_text = to_std_string_view(method_text);
  head_.target = to_std_string_view(target);
  head_.is_http_1_0 = version == 10;
}

void request_parser::on_field_impl(beast_http::field id, view name, view value, error&) {
  // Beast unfolds a folded value into its own buffer, so the value is outside the header section. If the first line of
  // a value is empty, Beast skips it instead, so there is a line end between name and value.
  const auto* start = value.data();
  const bool is_in_place = std::less_equal<>{}(head_bytes_.data(), start) &&
                           std::less_equal<>{}(start + value.size(), head_bytes_.data() + head_bytes_.size());
  const auto* name_end = name.data() + name.size();
  has_folded_line_ = has_folded_line_ || (is_in_place ? std::find(name_end, start, '\n') != start : !value.empty());
  head_.fields.push_back({id, to_std_string_view(name), to_std_string_view(value)});
}

}  // namespace cohort::http
