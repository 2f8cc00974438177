// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/proxy_protocol/prefixed_stream.hpp>

#include <algorithm>

namespace cohort::net {
namespace {

/// Gives access to the protected functions of another stream.
struct protected_access : stream {
  static void read(stream& other, asio::mutable_buffer buffer, completion_handler<io_result> handler) {
    (other.*&protected_access::start_read)(buffer, std::move(handler));
  }
  static void write(stream& other, const_buffers buffers, completion_handler<io_result> handler) {
    (other.*&protected_access::start_write)(buffers, std::move(handler));
  }
};

}  // namespace

void prefixed_stream::start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) {
  if (prefix_.empty()) return protected_access::read(*rest_, buffer, std::move(handler));
  const auto size = asio::buffer_copy(buffer, asio::buffer(prefix_));
  prefix_.erase(0, size);
  if (prefix_.empty()) std::string{}.swap(prefix_);
  handler.post(size);
}

void prefixed_stream::start_write(const_buffers buffers, completion_handler<io_result> handler) {
  protected_access::write(*rest_, buffers, std::move(handler));
}

}  // namespace cohort::net
