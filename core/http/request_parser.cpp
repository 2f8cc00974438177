#include "core/http/request_parser.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

#include "core/http/target.hpp"

namespace cohort::http {
namespace {

namespace beast_http = boost::beast::http;

std::string_view plain(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

status status_for(const boost::beast::error_code& failed) noexcept {
  if (failed == beast_http::error::body_limit) return status::payload_too_large;
  if (failed == beast_http::error::header_limit) return status::request_header_fields_too_large;
  return status::bad_request;
}

/// Whether it ends in a version that is one, and none of ours; Beast says so of any request line with a bad third word.
bool wants_other_version(std::string_view request_line) noexcept {
  constexpr std::string_view shape = " HTTP/d.d";
  if (request_line.size() < shape.size()) return false;
  const auto version = request_line.substr(request_line.size() - shape.size());
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return version.starts_with(" HTTP/") && is_digit(version[6]) && version[7] == '.' && is_digit(version[8]) &&
         !version.ends_with("1.1") && !version.ends_with("1.0");
}

/// uri-host [ ":" port ] (RFC 9110 section 7.2), loosely: what could make two readers disagree is refused.
bool is_host(std::string_view value) noexcept {
  return value.find_first_of(" \t,/\\@?#\"<>") == std::string_view::npos;
}

}  // namespace

head_scanner::state head_scanner::scan(std::string_view bytes) noexcept {
  while (scanned_ < bytes.size()) {
    const auto* found = static_cast<const char*>(std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_));
    if (!found) {
      scanned_ = bytes.size();
      return state::incomplete;
    }
    const auto end = static_cast<std::size_t>(found - bytes.data());
    if (end == line_start_ || bytes[end - 1] != '\r') return state::bare_line_feed;
    const bool empty_line = end - line_start_ == 1;
    scanned_ = line_start_ = end + 1;
    if (empty_line) return state::complete;
  }
  return state::incomplete;
}

request_parser::request_parser(const server_limits& limits, request_head& head, std::string& body)
    : limits_(limits), head_(head), body_(body) {
  base::header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  base::body_limit(limits.body_bytes);
}

request_parser::verdict request_parser::parse_head(std::string_view bytes) {
  head_.clear();
  head_bytes_ = bytes;
  boost::beast::error_code failed;
  base::put(asio::buffer(bytes.data(), bytes.size()), failed);
  if (failed == beast_http::error::bad_version && wants_other_version(bytes.substr(0, bytes.find("\r\n")))) {
    return status::http_version_not_supported;
  }
  // Beast counts what a Content-Length announces against the limit here already.
  if (failed) return status_for(failed);
  if (!base::is_header_done() || folded_) return status::bad_request;
  if (head_.fields.size() > limits_.fields) return status::request_header_fields_too_large;
  if (auto wrong = check_target()) return wrong;
  if (auto wrong = check_framing()) return wrong;
  if (auto wrong = check_host()) return wrong;
  base::eager(true);
  return std::nullopt;
}

std::optional<std::uint64_t> request_parser::announced_length() const {
  const auto length = base::content_length();
  return length ? std::optional<std::uint64_t>{*length} : std::nullopt;
}

std::size_t request_parser::parse_body(std::string_view bytes, verdict& wrong) {
  // No chunked body ends in less, and Beast 1.81 asserts that it gets as much once it has seen the last chunk's size.
  constexpr std::size_t shortest_end = std::string_view{"0\r\n\r\n"}.size();
  if (base::chunked() && bytes.size() < shortest_end) return 0;
  boost::beast::error_code failed;
  const auto used = base::put(asio::buffer(bytes.data(), bytes.size()), failed);
  if (failed && failed != beast_http::error::need_more) wrong = status_for(failed);
  return used;
}

request_parser::verdict request_parser::check_target() {
  if (head_.target.size() > limits_.target_bytes) return status::uri_too_long;
  const auto parts = split_target(head_.target);
  if (!parts) {
    // Authority-form belongs to CONNECT, which is known and not done here.
    return head_.method == method::connect ? status::not_implemented : status::bad_request;
  }
  head_.path = parts->path;
  head_.query = parts->query;
  return std::nullopt;
}

request_parser::verdict request_parser::check_framing() const {
  std::size_t lengths = 0;
  std::size_t codings = 0;
  for (const auto& each : head_.fields) {
    if (each.id == field::content_length) {
      ++lengths;
      if (each.value.find(',') != std::string_view::npos) return status::bad_request;
    }
    if (each.id == field::transfer_encoding) {
      ++codings;
      if (head_.http_1_0 || codings > 1) return status::bad_request;
      if (!same_name(each.value, "chunked")) return status::not_implemented;
    }
  }
  if (lengths > 1 || (lengths > 0 && codings > 0)) return status::bad_request;
  return std::nullopt;
}

request_parser::verdict request_parser::check_host() const {
  std::size_t hosts = 0;
  for (const auto& each : head_.fields) {
    if (each.id != field::host) continue;
    ++hosts;
    if (!is_host(each.value)) return status::bad_request;
  }
  if (hosts > 1 || (hosts == 0 && !head_.http_1_0)) return status::bad_request;
  return std::nullopt;
}

void request_parser::on_request_impl(beast_http::verb verb, view method_text, view target, int version, error&) {
  head_.method = verb;
  head_.method_text = plain(method_text);
  head_.target = plain(target);
  head_.http_1_0 = version == 10;
}

void request_parser::on_field_impl(beast_http::field id, view name, view value, error&) {
  if (!in_header_) return;  // a trailer, before Boost 1.87
  // Beast unfolds into a buffer of its own: then the value is not where it was sent. Or, where the first line of a
  // value is empty, it skips that: then there is a line's end between name and value.
  const auto* start = value.data();
  const bool in_place = std::less_equal<>{}(head_bytes_.data(), start) &&
                        std::less_equal<>{}(start + value.size(), head_bytes_.data() + head_bytes_.size());
  const auto* name_end = name.data() + name.size();
  folded_ = folded_ || (in_place ? std::find(name_end, start, '\n') != start : !value.empty());
  head_.fields.push_back({id, plain(name), plain(value)});
}

std::size_t request_parser::on_body_impl(view bytes, error&) {
  body_.append(bytes.data(), bytes.size());
  return bytes.size();
}

void request_parser::on_chunk_header_impl(std::uint64_t, view extension, error& failed) {
  for (const char c : extension) {
    if (static_cast<unsigned char>(c) < ' ' && c != '\t') failed = beast_http::error::bad_chunk_extension;
  }
}

std::size_t request_parser::on_chunk_body_impl(std::uint64_t, view bytes, error&) {
  body_.append(bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace cohort::http
