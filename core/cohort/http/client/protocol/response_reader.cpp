// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/response_reader.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <cohort/runtime/thread_object.hpp>

namespace cohort::http {
namespace {

constexpr std::size_t read_size = 16 * 1024;
/// Maximum number and size of the buffers of completed exchanges that a thread keeps for reuse: 256 KiB in total.
constexpr std::size_t max_kept_buffers = 8;
constexpr std::size_t max_kept_size = 2 * read_size;
struct free_buffers {
  std::array<std::string, max_kept_buffers> buffers;
  std::size_t count = 0;
};

}  // namespace

response_reader::response_reader(response_parser::limits limits, bool is_head_request)
    : limits_(limits), is_head_request_(is_head_request) {
  parser_.emplace(limits_, is_head_request_);
}

response_reader::~response_reader() {
  size_ = 0;
  release();
}

void response_reader::release() noexcept {
  if (buffer_.empty() || size_ > 0) return;
  if (buffer_.size() <= max_kept_size) {
    auto* const reusable_buffers = try_thread_object<free_buffers>();
    if (reusable_buffers && reusable_buffers->count < max_kept_buffers)
      reusable_buffers->buffers[reusable_buffers->count++] = std::move(buffer_);
  }
  std::string{}.swap(buffer_);
}

std::string response_reader::take_excess_bytes() {
  std::string bytes{excess()};
  size_ = 0;
  release();
  return bytes;
}

asio::mutable_buffer response_reader::prepare() {
  if (buffer_.empty()) {
    auto* const reusable_buffers = try_thread_object<free_buffers>();
    if (reusable_buffers && reusable_buffers->count > 0)
      buffer_ = std::move(reusable_buffers->buffers[--reusable_buffers->count]);
  }
  if (buffer_.size() < size_ + read_size) buffer_.resize(size_ + read_size);
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
      if (keeps_interim_responses_) interim_responses_.push_back(std::move(parser_->response()));
      parser_.emplace(limits_, is_head_request_);
    } else if (consumed == 0) {
      break;
    }
  }
  size_ -= parsed;
  std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(parsed), size_, buffer_.begin());
  release();
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
