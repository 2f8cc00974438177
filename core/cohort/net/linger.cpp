// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/linger.hpp>

namespace cohort::net {

task<> linger(stream& source, deadline linger_deadline, asio::mutable_buffer memory, std::size_t max_bytes) {
  source.shutdown_write();
  source.set_deadline(linger_deadline);
  for (std::size_t discarded_bytes = 0; discarded_bytes < max_bytes;) {
    auto read_task = source.read_some(memory);
    const auto size = co_await std::move(read_task);
    if (!size) co_return;
    discarded_bytes += *size;
  }
}

}  // namespace cohort::net
