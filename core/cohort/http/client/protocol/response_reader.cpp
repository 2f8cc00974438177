// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/response_reader.hpp>

#include <algorithm>

namespace cohort::http {
namespace {

constexpr std::size_t read_size = 16 * 1024;

}  // namespace

response_reader::response_reader(response_parser::limits limits, bool is_head_request)
    : limits_(limits), is_head_request_(is_head_request) {
  parser_.emplace(limits_, is_head_request_);
}

asio::mutable_buffer response_reader::prepare() {
  buffer_.resize(size_ + read_size);
  return asio::buffer(buffer_.data() + size_, read_size);
}

std::optional<client_error> response_reader::parse(std::size_t count) {
  size_ += count;
  std::optional<client_error> failure;
  std::size_t parsed = 0;
  while (parsed < size_ && !parser_->done() && !failure) {
    const auto consumed = parser_->parse(std::string_view{buffer_}.substr(parsed, size_ - parsed), failure);
    parsed += consumed;
    if (is_interim()) {
      parser_.emplace(limits_, is_head_request_);
    } else if (consumed == 0) {
      break;
    }
  }
  size_ -= parsed;
  std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(parsed), size_, buffer_.begin());
  if (!failure && !parser_->done() && size_ >= limits_.max_header_bytes) {
    failure = client_error::response_header_too_large;
  }
  return failure;
}

bool response_reader::is_interim() {
  return parser_->done() && parser_->response().status_code() < 200 &&
         parser_->response().status_code() != switching_protocols;
}

}  // namespace cohort::http
