// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/response_reader.hpp"

#include <algorithm>
#include <cstring>

#include <cohort/http/client/protocol/exchange.hpp>

namespace cohort::loadgen {
namespace {

constexpr std::size_t max_header_bytes = std::size_t{64} << 10;
/// The maximum size of bodies that are compared with an expected text, before and after decompression.
constexpr std::size_t max_checked_body_bytes = std::size_t{16} << 20;
/// Maximum number of interim responses (1xx) before a response; a higher number is a protocol error.
constexpr unsigned max_interim_responses = 100;
constexpr unsigned switching_protocols = 101;

request_outcome outcome_of_status(unsigned code) noexcept {
  if (code < 200 || code > 599) return request_outcome::protocol;
  if (code == 429) return request_outcome::status_429;
  if (code == 503) return request_outcome::status_503;
  if (code < 300) return request_outcome::status_2xx;
  if (code < 400) return request_outcome::status_3xx;
  return code < 500 ? request_outcome::status_4xx : request_outcome::status_5xx;
}

}  // namespace

asio::mutable_buffer receive_buffer::prepare() {
  if (size_ == buffer_.size()) buffer_.resize(std::max(initial_size_, 2 * size_));
  return asio::buffer(buffer_.data() + size_, buffer_.size() - size_);
}

void receive_buffer::consume(std::size_t count) noexcept {
  size_ -= count;
  if (size_ > 0) std::memmove(buffer_.data(), buffer_.data() + count, size_);
}

void receive_buffer::reset() {
  size_ = 0;
  if (buffer_.size() > initial_size_) buffer_ = std::string(initial_size_, '\0');
}

void response_reader::start_response() {
  const bool checks_body = !target_.expected_body.empty();
  const http::response_parser::limits limits{.max_header_bytes = max_header_bytes,
                                             .max_body_bytes = checks_body ? max_checked_body_bytes : SIZE_MAX,
                                             .store_fields = checks_body,
                                             .store_body = checks_body};
  parser_.emplace(limits, target_.request.method == http::method::head);
}

bool response_reader::parse(receive_buffer& input) {
  if (!parser_) {
    const bool can_scan = target_.expected_body.empty() && target_.request.method != http::method::head;
    if (can_scan) scanned_ = scan_response(input.data());
    if (scanned_) {
      input.consume(scanned_->size);
      return true;
    }
    start_response();
  }
  std::optional<http::client_error> failure;
  while (!input.empty() && !parser_->done() && !failure) {
    const auto parsed = parser_->parse(input.data(), failure);
    if (parsed == 0) break;
    input.consume(parsed);
    if (!is_interim()) continue;
    if (++interim_count_ > max_interim_responses) return false;
    start_response();
  }
  // The buffer keeps only incomplete header fields and chunk headers.
  return !failure && (parser_->done() || input.data().size() <= max_header_bytes);
}

/// Interim responses precede the final response (RFC 9110 section 15.2).
bool response_reader::is_interim() { return parser_->done() && status() < 200 && status() != switching_protocols; }

bool response_reader::keep_alive() {
  if (scanned_) return scanned_->keep_alive;
  return parser_->done() && status() != switching_protocols && parser_->keep_alive();
}

bool response_reader::has_expected_body() {
  if (target_.expected_body.empty()) return true;
  auto& response = parser_->response();
  if (http::decode_content(response, max_checked_body_bytes)) return false;
  return response.body.find(target_.expected_body) != std::string::npos;
}

request_outcome response_reader::outcome() {
  const auto outcome = outcome_of_status(status());
  return is_success(outcome) && !has_expected_body() ? request_outcome::body_check : outcome;
}

}  // namespace cohort::loadgen
