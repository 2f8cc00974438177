// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/stream.hpp>

#include <boost/asio/error.hpp>

namespace cohort::net {
namespace {

void consume(const_buffers& buffers, std::size_t count) noexcept {
  for (auto& buffer : buffers) {
    const auto consumed = std::min(count, buffer.size());
    buffer += consumed;
    count -= consumed;
  }
}

}  // namespace

io_result stream::try_write(const_buffers) { return error_code{asio::error::would_block}; }

task<result<std::size_t>> write_all(stream& destination, const_buffers buffers) {
  const auto total = buffers[0].size() + buffers[1].size();
  for (auto remaining = total; remaining > 0;) {
    auto written = destination.try_write(buffers);
    if (!written && written.error() == asio::error::would_block) {
      auto writing = destination.write_some(buffers);
      written = co_await std::move(writing);
    }
    if (!written) co_return written.error();
    consume(buffers, *written);
    remaining -= *written;
  }
  co_return total;
}

}  // namespace cohort::net
