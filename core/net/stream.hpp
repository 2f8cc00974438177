#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/runtime/completion.hpp"
#include "core/runtime/deadline.hpp"

namespace cohort::net {

/// Bytes moved, or why none were: `asio::error::eof`, `timed_out` (the stream's deadline), `operation_aborted`
/// (cancelled or closed here), or what the system said.
using io_result = result<std::size_t>;

/// Up to two pieces to send as one, such as a head and a body.
using const_buffers = std::array<asio::const_buffer, 2>;

/// A connection: bytes both ways, on one loop. TCP, TLS and the in-memory network of tests look the same from here.
/// At most one read and one write may be under way; the stream must outlive them, as it does when the coroutine that
/// awaits them owns it.
class stream {
 public:
  virtual ~stream() = default;

  /// Awaitable for an `io_result`: at least one byte.
  auto read_some(asio::mutable_buffer into) {
    return operation<io_result>([this, into](completion<io_result> done) { start_read(into, std::move(done)); });
  }

  /// Awaitable for an `io_result`: at least one byte of the pieces, taken as one.
  auto write_some(const_buffers from) {
    return operation<io_result>([this, from](completion<io_result> done) { start_write(from, std::move(done)); });
  }

  /// What can be sent without waiting, `would_block` if nothing: saves a turn of the loop where it can.
  virtual io_result try_write(const_buffers from);

  /// The moment from which all reads and writes, also those under way, end with `timed_out`. Replaces the one before.
  virtual void set_deadline(deadline limit) = 0;

  /// Calls `on_hangup`, from the loop, if the peer closes or resets; not while bytes of the peer's wait to be read.
  /// Only between reads. `unwatch` before the next one.
  virtual void watch_hangup(std::function<void()> on_hangup) = 0;
  virtual void unwatch_hangup() noexcept = 0;

  /// Whether a read would not wait: bytes, the peer's end, or an error. An idle connection that says so is of no use.
  virtual bool readable() noexcept = 0;

  /// No more bytes from here; the peer's may still be read.
  virtual void shutdown_write() noexcept = 0;
  /// At once, both ways. What is under way ends with `operation_aborted`.
  virtual void close() noexcept = 0;

  /// The peer's address without its port, for logs and limits.
  virtual std::string peer_address() const = 0;

 protected:
  virtual void start_read(asio::mutable_buffer into, completion<io_result> done) = 0;
  virtual void start_write(const_buffers from, completion<io_result> done) = 0;
};

using stream_ptr = std::unique_ptr<stream>;

/// Sends all of both pieces; the first error ends it.
task<result<std::size_t>> write_all(stream& to, const_buffers from);

}  // namespace cohort::net
