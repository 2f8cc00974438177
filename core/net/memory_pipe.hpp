#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/net/stream.hpp"

namespace cohort::net {

/// Two ends of a connection within one loop. What one writes the other reads after `latency`; at most `capacity` bytes
/// are on the way, then writes wait, as with a full socket buffer.
struct memory_pipe_settings {
  /// One way. Without effect where there is a `memory_line`.
  duration latency{0};
  std::size_t capacity = 64 * 1024;
  /// The most that one read gives; 1 shows every way in which a message can be cut.
  std::size_t largest_read = 64 * 1024;
};

/// One of a connection's two ends: 0 or 1.
using pipe_side = std::size_t;

/// Makes what was written so far arrive, then a reset: what a peer sees of a process that was killed.
void reset_memory_stream(stream& which);

/// What a connection's bytes meet on their way, and who watches them go by: a simulated network puts its own there.
class memory_line {
 public:
  virtual ~memory_line() = default;

  /// When so many bytes that leave `from` now reach the other side; zero bytes are a sign, such as the end's. What
  /// comes out of order is put right by the pipe.
  virtual time_point arrival(pipe_side from, std::size_t bytes) = 0;
  virtual void on_sent(pipe_side from, std::string_view bytes) = 0;
  virtual void on_read(pipe_side by, std::string_view bytes) = 0;
  /// `by` closed, or its process is gone; `reset` if its peer gets a reset. Once for each side.
  virtual void on_closed(pipe_side by, bool reset) = 0;
};

/// Both ends of a connection, and what can befall it. An end behaves as a TCP socket of Linux does: what was sent
/// before a close or a reset still arrives; who closes with bytes unread, or is sent bytes after closing, answers with
/// a reset.
class memory_pipe {
 public:
  /// A `line` replaces `how.latency`.
  explicit memory_pipe(memory_pipe_settings how = {}, std::shared_ptr<memory_line> line = nullptr);
  ~memory_pipe();
  memory_pipe(memory_pipe&&) noexcept;
  memory_pipe& operator=(memory_pipe&&) noexcept;

  /// The stream of that side, on the calling loop; once for each. It may outlive this.
  stream_ptr make_end(pipe_side side, std::string peer_address);

  /// Both ends get a reset, now; what is on the way is lost.
  void reset();
  /// The process at that side is gone: its own operations end, and its peer gets a reset.
  void kill(pipe_side side);
  /// The same of the whole machine: the peer hears nothing, until it sends to a machine that is there again.
  void vanish(pipe_side side);
  /// So many bytes from that side still get through, then both ends get a reset.
  void break_after(pipe_side from, std::uint64_t bytes);
  /// What that side sends does not get through, until `release`; nothing of it is lost.
  void hold(pipe_side from);
  void release(pipe_side from);

 private:
  friend void reset_memory_stream(stream& which);
  struct state;
  class end;
  std::shared_ptr<state> state_;
};

std::pair<stream_ptr, stream_ptr> make_memory_pipe(memory_pipe_settings how = {},
                                                   std::string first_address = "192.0.2.1",
                                                   std::string second_address = "192.0.2.2");

}  // namespace cohort::net
