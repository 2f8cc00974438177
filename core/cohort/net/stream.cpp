// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/stream.hpp>

#include <unistd.h>

#include <boost/asio/error.hpp>
#include <cerrno>

#include <cohort/runtime/loop_fairness.hpp>

namespace cohort::net {
namespace {

/// Maximum size of one chunk of a file, which limits the time for which reading it blocks the loop.
constexpr std::size_t max_file_chunk_bytes = 256 * 1024;
/// Maximum size of one chunk of a file that is copied into memory, which limits the time and the memory.
constexpr std::size_t max_copied_chunk_bytes = 64 * 1024;

void consume(const_buffers& buffers, std::size_t count) noexcept {
  for (auto& buffer : buffers) {
    const auto consumed = std::min(count, buffer.size());
    buffer += consumed;
    count -= consumed;
  }
}

}  // namespace

io_result stream::try_write(const_buffers) { return error_code{asio::error::would_block}; }

io_result stream::try_send_file(int, std::uint64_t, std::size_t) {
  return error_code{asio::error::operation_not_supported};
}

void stream::start_deferred_read(read_memory& memory, completion_handler<io_result> handler) {
  start_read(memory.prepare(), std::move(handler));
}

void stream::start_wait_writable(completion_handler<io_result> handler) {
  handler.post(error_code{asio::error::operation_not_supported});
}

task<result<std::size_t>> write_all(stream& destination, const_buffers buffers) {
  const auto total_size = buffers[0].size() + buffers[1].size();
  for (auto remaining = total_size; remaining > 0;) {
    auto written = destination.try_write(buffers);
    if (!written && written.error() == asio::error::would_block) {
      auto write_task = destination.write_some(buffers);
      written = co_await std::move(write_task);
    }
    if (!written) co_return written.error();
    consume(buffers, *written);
    remaining -= *written;
    if (must_yield_after(*written)) co_await yield_to_loop();
  }
  co_return total_size;
}

task<io_result> write_file(stream& destination, int file, std::uint64_t offset, std::size_t count) {
  count = std::min(count, max_file_chunk_bytes);
  for (;;) {
    const auto sent = destination.try_send_file(file, offset, count);
    if (sent) {
      if (must_yield_after(*sent)) co_await yield_to_loop();
      co_return *sent;
    }
    if (sent.error() == asio::error::operation_not_supported) break;
    if (sent.error() != asio::error::would_block) co_return sent.error();
    auto wait_task = destination.wait_writable();
    const auto wait_result = co_await std::move(wait_task);
    if (!wait_result) co_return wait_result.error();
  }
  std::string chunk(std::min(count, max_copied_chunk_bytes), '\0');
  const auto size = ::pread(file, chunk.data(), chunk.size(), static_cast<off_t>(offset));
  if (size < 0) co_return error_code{errno, boost::system::system_category()};
  if (size == 0) co_return std::size_t{0};
  const const_buffers buffers{asio::buffer(chunk.data(), static_cast<std::size_t>(size)), asio::const_buffer{}};
  auto write_task = write_all(destination, buffers);
  co_return co_await std::move(write_task);
}

}  // namespace cohort::net
