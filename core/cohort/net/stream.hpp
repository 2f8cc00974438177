// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <cohort/runtime/completion_handler.hpp>
#include <cohort/runtime/time/deadline.hpp>

namespace cohort::net {

/// Number of bytes transferred, or the error: `asio::error::eof`, `timed_out` (the stream's deadline has passed),
/// `operation_aborted` (cancelled, or this end was closed), or a system error.
using io_result = result<std::size_t>;

/// Two buffers that are sent one after the other, such as a header section and a body. A buffer can be empty.
using const_buffers = std::array<asio::const_buffer, 2>;

/// Provides memory for a read once bytes have arrived, so that an idle connection needs no read buffer.
class read_memory {
 public:
  /// Returns memory for at least one byte, which is valid until `release` or the end of the read.
  virtual asio::mutable_buffer prepare() = 0;
  /// Called when no bytes have arrived, so that the read must wait.
  virtual void release() noexcept = 0;

 protected:
  ~read_memory() = default;
};

/// Bidirectional byte stream: TCP, TLS or an in-memory pipe. Use it on its loop only. At most one read and one write
/// may be pending, and the stream must outlive them.
class stream {
 public:
  virtual ~stream() = default;

  /// Returns an awaitable for an `io_result`: reads at least one byte.
  auto read_some(asio::mutable_buffer buffer) {
    return async_operation<io_result>([this, buffer](completion_handler<io_result> handler) {  //
      start_read(buffer, std::move(handler));
    });
  }

  /// Like the overload above, but reads into memory that is prepared when it is needed; `memory` must outlive the read.
  auto read_some(read_memory& memory) {
    return async_operation<io_result>([this, &memory](completion_handler<io_result> handler) {  //
      start_deferred_read(memory, std::move(handler));
    });
  }

  /// Returns an awaitable for an `io_result`: writes at least one byte.
  auto write_some(const_buffers buffers) {
    return async_operation<io_result>(
        [this, buffers](completion_handler<io_result> handler) { start_write(buffers, std::move(handler)); });
  }

  /// Writes as many bytes as possible without waiting, which avoids one iteration of the loop. Returns `would_block` if
  /// no byte was written. The default implementation always returns `would_block`.
  virtual io_result try_write(const_buffers buffers);

  /// Writes up to `count` bytes of the open file `file` from `offset`, without copying the bytes into the program and
  /// without waiting for the peer. Returns `would_block` if no byte was written, 0 at the end of the file. Reading the
  /// file blocks the loop if its bytes are not in the page cache. The default implementation always returns
  /// `operation_not_supported`; `write_file` then copies.
  virtual io_result try_send_file(int file, std::uint64_t offset, std::size_t count);

  /// Returns an awaitable for an `io_result`: 0 once the stream accepts bytes. Precondition: `try_send_file` has
  /// returned `would_block`.
  auto wait_writable() {
    return async_operation<io_result>(
        [this](completion_handler<io_result> handler) { start_wait_writable(std::move(handler)); });
  }

  /// Sets the deadline, and replaces an earlier deadline. After the deadline, pending and new reads and writes fail
  /// with `timed_out`.
  virtual void set_deadline(deadline stream_deadline) = 0;

  /// Calls `on_hangup` from the loop, at most once, when the peer closes or resets the connection; it is not called
  /// while received bytes are unread. Precondition: no read is pending. Call `unwatch_hangup` before the next read.
  virtual void watch_hangup(std::function<void()> on_hangup) = 0;
  virtual void unwatch_hangup() noexcept = 0;

  /// Reduces the cost of `is_readable` until the next read or write. Call it when a stream becomes idle between two
  /// messages. The default implementation does nothing.
  virtual void watch_idle() {}

  /// True if a read would not wait, because bytes have arrived, the stream has ended, or an error has occurred. An idle
  /// connection that is readable cannot be reused.
  virtual bool is_readable() noexcept = 0;

  /// Closes the sending direction; the receiving direction stays open.
  virtual void shutdown_write() noexcept = 0;
  /// Closes both directions immediately. Pending operations fail with `operation_aborted`.
  virtual void close() noexcept = 0;
  /// Like `close`, but the peer receives a reset instead of the end of the stream. The peer therefore detects that a
  /// close-delimited message is truncated. With TLS, the stream ends without close_notify.
  virtual void reset() noexcept { close(); }

  /// Address of the peer without the port, for logs and limits; `unknown` if the connection no longer exists.
  virtual std::string peer_address() const = 0;

 protected:
  virtual void start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) = 0;
  /// The default implementation prepares the memory immediately.
  virtual void start_deferred_read(read_memory& memory, completion_handler<io_result> handler);
  virtual void start_write(const_buffers buffers, completion_handler<io_result> handler) = 0;
  virtual void start_wait_writable(completion_handler<io_result> handler);
};

using stream_ptr = std::unique_ptr<stream>;

/// Writes both buffers completely. Returns the number of bytes written, or the first error. Yields to the loop like
/// `write_file`, after 64 operations or 1 MiB on all streams of the loop (`must_yield_after`).
task<result<std::size_t>> write_all(stream& destination, const_buffers buffers);

/// Writes up to `count` bytes, at most 256 KiB, of the open file `file` from `offset`. Returns the number of bytes
/// written, which is 0 at the end of the file, or the first error. Reads the file in the calling thread (see
/// `stream::try_send_file`).
task<io_result> write_file(stream& destination, int file, std::uint64_t offset, std::size_t count);

}  // namespace cohort::net
