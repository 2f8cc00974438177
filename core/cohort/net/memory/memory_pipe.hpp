// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <cohort/net/stream.hpp>

namespace cohort::net {

/// Settings of an in-memory connection.
struct memory_pipe_settings {
  /// One-way latency. Ignored if there is a `memory_link`.
  duration latency{0};
  /// Maximum number of bytes in flight per direction. Writes beyond this limit wait, as they do for a full socket
  /// buffer.
  std::size_t capacity = 64 * 1024;
  /// Maximum number of bytes per read. The value 1 splits a message after each byte, for tests of parsers.
  std::size_t max_read_size = 64 * 1024;
};

/// One of the two ends of a connection: 0 or 1.
using pipe_side = std::size_t;

/// Resets the connection of a stream of `memory_pipe`, as the system does when a process is killed. The peer receives
/// the bytes that were written before, and then the error `connection_reset`.
void reset_memory_stream(stream& end);

/// Moves a stream of `memory_pipe`, which must have no pending operations, to another loop of its thread. Other streams
/// are returned unchanged.
stream_ptr move_memory_stream(stream_ptr stream, loop& target);

/// Interface that determines the latency of a connection and observes its bytes, implemented by a simulated network.
class memory_link {
 public:
  virtual ~memory_link() = default;

  /// Returns the time at which `size` bytes that `sender` sends now arrive at the other side. `size` is zero for a
  /// control segment (FIN or RST). The pipe keeps the order of segments regardless of arrival times.
  virtual time_point arrival_time(pipe_side sender, std::size_t size) = 0;
  virtual void on_sent(pipe_side sender, std::string_view bytes) = 0;
  virtual void on_read(pipe_side reader, std::string_view bytes) = 0;
  /// Called once for each side, when the side is closed or its process is killed. `is_reset` is true if the peer
  /// receives a reset.
  virtual void on_closed(pipe_side side, bool is_reset) = 0;
};

/// An in-memory connection with fault injection. Its ends behave like TCP sockets of Linux. Data sent before a close or
/// a reset still arrives. An end that closes with unread data, or receives data after closing, sends a reset. All uses
/// must be on one thread. The ends may belong to different loops, which must share a virtual clock.
class memory_pipe {
 public:
  /// A `link` replaces `settings.latency`.
  explicit memory_pipe(memory_pipe_settings settings = {}, std::shared_ptr<memory_link> link = nullptr);
  ~memory_pipe();
  memory_pipe(memory_pipe&&) noexcept;
  memory_pipe& operator=(memory_pipe&&) noexcept;

  /// Creates the stream of one side, on the loop on which the pipe was created. May be called once per side. The stream
  /// may outlive the pipe.
  stream_ptr make_stream(pipe_side side, std::string peer_address);

  /// Resets both ends immediately. Data in flight is lost.
  void reset();
  /// Kills the process at `side`: its operations are aborted, and its peer receives a reset.
  void kill(pipe_side side);
  /// Powers off the host at `side`: its operations are aborted, and its peer receives no segments until it sends data
  /// after `release`.
  void power_off(pipe_side side);
  /// Delivers `size` more bytes of `sender`, then resets both ends.
  void reset_after(pipe_side sender, std::uint64_t size);
  /// Delays the delivery of bytes from `sender` until `release`. No bytes are lost.
  void hold(pipe_side sender);
  void release(pipe_side sender);

 private:
  friend void reset_memory_stream(stream& end);
  friend stream_ptr move_memory_stream(stream_ptr stream, loop& target);
  struct state;
  class end;
  std::shared_ptr<state> state_;
};

/// Creates both ends of a connection without fault injection.
std::pair<stream_ptr, stream_ptr> make_memory_pipe(memory_pipe_settings settings = {},
                                                   std::string first_address = "192.0.2.1",
                                                   std::string second_address = "192.0.2.2");

}  // namespace cohort::net
