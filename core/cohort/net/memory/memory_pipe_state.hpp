// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include <cohort/net/deadline_timer.hpp>
#include <cohort/net/memory/memory_pipe.hpp>

// Implementation of `memory_pipe`.
namespace cohort::net {
namespace detail {

/// The arrival time of a segment that is held or has not been sent.
inline constexpr auto no_arrival_time = time_point::max();
inline constexpr auto no_reset_scheduled = std::numeric_limits<std::uint64_t>::max();

/// One direction of a connection.
struct channel {
  struct segment {
    time_point arrival_time;
    std::string bytes;
    std::size_t consumed = 0;
  };

  bool has_data(time_point now) const noexcept { return !segments.empty() && segments.front().arrival_time <= now; }
  bool has_ended(time_point now) const noexcept {
    return fin_arrival_time <= now && fin_arrival_time <= reset_arrival_time;
  }
  bool is_reset(time_point now) const noexcept { return reset_arrival_time <= now; }
  time_point next_arrival_time() const noexcept {
    const auto first = segments.empty() ? no_arrival_time : segments.front().arrival_time;
    return std::min({first, fin_arrival_time, reset_arrival_time});
  }

  std::deque<segment> segments;
  std::size_t in_flight = 0;  // bytes
  bool is_held = false;
  bool is_fin_sent = false;
  bool is_reset_sent = false;
  time_point fin_arrival_time = no_arrival_time;
  time_point reset_arrival_time = no_arrival_time;
  time_point latest_arrival_time{};
  std::uint64_t bytes_until_reset = no_reset_scheduled;
};

/// A pending read or write.
template <class Buffers>
struct pending_operation {
  Buffers buffers{};
  completion_handler<io_result> handler;

  explicit operator bool() const noexcept { return static_cast<bool>(handler); }
  void complete(io_result transfer_result) {
    auto completed_handler = std::move(handler);
    completed_handler.post(transfer_result);
  }
};

}  // namespace detail

/// The state that both ends share.
struct memory_pipe::state {
  state(memory_pipe_settings pipe_settings, std::shared_ptr<memory_link> pipe_link);

  time_point schedule_arrival(pipe_side sender, std::size_t size);
  std::optional<std::size_t> send(pipe_side sender, std::string bytes);
  void transmit(pipe_side sender, std::string bytes);
  void send_fin(pipe_side sender);
  void send_reset(pipe_side sender);
  void reset_at(pipe_side receiver, time_point time);
  void respond_with_reset(pipe_side receiver, time_point arrival_time);
  void release(pipe_side sender);
  void notify(pipe_side side);
  /// The current time of the running loop.
  time_point now() const noexcept;

  memory_pipe_settings settings;
  std::shared_ptr<memory_link> link;
  std::array<detail::channel, 2> channels;  // indexed by the receiving side
  std::array<end*, 2> ends{};
  std::array<bool, 2> is_closed{};
  /// The loop on which the pipe was created.
  loop& event_loop = loop::current();
};

/// One end of a memory pipe.
class memory_pipe::end final : public stream {
 public:
  end(std::shared_ptr<state> pipe_state, pipe_side side, std::string peer_address, loop& event_loop);
  ~end() override;

  io_result try_write(const_buffers buffers) override;
  void set_deadline(deadline stream_deadline) override { deadline_timer_.set(stream_deadline); }
  void watch_hangup(std::function<void()> on_hangup) override;
  void unwatch_hangup() noexcept override;
  bool is_readable() noexcept override;
  void shutdown_write() noexcept override { state_->send_fin(side_); }
  void close() noexcept override;
  std::string peer_address() const override { return peer_address_; }

  void reset() noexcept override;
  void power_off();
  /// Completes the pending operations that are possible now, on the loop of this end. May be called on any loop of the
  /// thread.
  void advance();
  /// Creates an end on another loop, which replaces this end.
  std::unique_ptr<end> move_to(loop& target);
  const loop& event_loop() const noexcept { return loop_; }

 private:
  struct hangup_watch {
    std::function<void()> on_hangup;
    bool is_done = false;
  };

  detail::channel& incoming_channel() noexcept { return state_->channels[side_]; }
  bool is_closed() const noexcept { return state_->is_closed[side_]; }

  void start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) override;
  void start_write(const_buffers buffers, completion_handler<io_result> handler) override;
  template <class Buffers>
  void abort(detail::pending_operation<Buffers>& operation);

  /// The error of all operations if this end is closed or its deadline has expired; otherwise empty.
  std::optional<error_code> local_error() const noexcept;
  /// Tries to receive. Returns an empty optional if the caller must wait.
  std::optional<io_result> receive(asio::mutable_buffer buffer);
  std::size_t consume_segment(asio::mutable_buffer buffer);
  /// Tries to send. Returns an empty optional if the caller must wait.
  std::optional<io_result> send(const const_buffers& buffers);

  void close_side(bool sends_reset);
  void reject_incoming();
  /// Aborts the pending operations if the deadline has expired or this end is closed.
  void abort_pending();
  void check_hangup();
  void schedule_advance() noexcept;

  std::shared_ptr<state> state_;
  loop& loop_;
  pipe_side side_;
  std::string peer_address_;
  bool is_moved_ = false;
  std::shared_ptr<hangup_watch> watch_;
  detail::pending_operation<asio::mutable_buffer> read_;
  detail::pending_operation<const_buffers> write_;
  deadline_timer deadline_timer_;
  bound_timer<&end::advance> advance_timer_;
};

}  // namespace cohort::net
