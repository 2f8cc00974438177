// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/proxy_protocol/prefixed_stream.hpp>

#include <algorithm>

namespace cohort::net {
namespace {

/// Calls protected functions of another stream.
struct protected_access : stream {
  static void read(stream& target, asio::mutable_buffer buffer, completion_handler<io_result> handler) {
    (target.*&protected_access::start_read)(buffer, std::move(handler));
  }
  static void write(stream& target, const_buffers buffers, completion_handler<io_result> handler) {
    (target.*&protected_access::start_write)(buffers, std::move(handler));
  }
};

}  // namespace

void prefixed_stream::start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) {
  if (prefix_.empty()) return protected_access::read(*stream_, buffer, std::move(handler));
  const auto size = asio::buffer_copy(buffer, asio::buffer(prefix_));
  prefix_.erase(0, size);
  if (prefix_.empty()) std::string{}.swap(prefix_);
  handler.post(size);
}

void prefixed_stream::start_write(const_buffers buffers, completion_handler<io_result> handler) {
  protected_access::write(*stream_, buffers, std::move(handler));
}

}  // namespace cohort::net
