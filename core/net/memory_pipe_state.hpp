#pragma once

#include <array>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "core/net/expiry.hpp"
#include "core/net/memory_pipe.hpp"

// What a memory pipe is made of; for its own sources.
namespace cohort::net {
namespace detail {

inline constexpr auto not_yet = time_point::max();
inline constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

/// One direction: what is on its way to one side.
struct channel {
  struct piece {
    time_point arrives;  // `not_yet` while the direction is held
    std::string bytes;
    std::size_t taken = 0;
  };

  bool has_arrived(time_point now) const noexcept { return !pieces.empty() && pieces.front().arrives <= now; }
  bool ended(time_point now) const noexcept { return fin_arrives <= now && fin_arrives <= reset_arrives; }
  bool broken(time_point now) const noexcept { return reset_arrives <= now; }
  time_point next_event() const noexcept {
    const auto first = pieces.empty() ? not_yet : pieces.front().arrives;
    return std::min({first, fin_arrives, reset_arrives});
  }

  std::deque<piece> pieces;
  std::size_t in_flight = 0;
  bool held = false;
  bool fin_sent = false;
  bool reset_sent = false;
  time_point fin_arrives = not_yet;
  time_point reset_arrives = not_yet;
  time_point latest_arrival{};
  std::uint64_t breaks_after = unlimited;
};

/// An operation that waits, and how its coroutine cancels it.
template <class Buffers>
struct pending {
  Buffers where{};
  completion<io_result> done;

  explicit operator bool() const noexcept { return static_cast<bool>(done); }
  void finish(io_result with) {
    auto ending = std::move(done);
    ending.post(with);
  }
};

}  // namespace detail

/// What the two ends share. Directions are named by the side that they lead to.
struct memory_pipe::state {
  state(memory_pipe_settings settings, std::shared_ptr<memory_line> between);

  time_point arrival(pipe_side from, std::size_t bytes);
  std::optional<std::size_t> send(pipe_side from, std::string bytes);
  void carry(pipe_side from, std::string bytes);
  void send_fin(pipe_side from);
  void send_reset(pipe_side from);
  void reset_at(pipe_side to, time_point when);
  void bounce(pipe_side to, time_point reached);
  void release(pipe_side from);
  void tell(pipe_side side);

  memory_pipe_settings how;
  std::shared_ptr<memory_line> line;
  std::array<detail::channel, 2> to;
  std::array<end*, 2> ends{};
  /// Nobody reads there any more.
  std::array<bool, 2> closed{};
  loop& home = loop::current();
};

class memory_pipe::end final : public stream {
 public:
  end(std::shared_ptr<state> shared, pipe_side side, std::string peer);
  ~end() override;

  io_result try_write(const_buffers from) override;
  void set_deadline(deadline limit) override { expiry_.set(limit); }
  void watch_hangup(std::function<void()> on_hangup) override;
  void unwatch_hangup() noexcept override;
  bool readable() noexcept override;
  void shutdown_write() noexcept override { shared_->send_fin(side_); }
  void close() noexcept override;
  std::string peer_address() const override { return peer_; }

  void reset();
  void vanish();
  /// Something may have come, or may go.
  void advance();

 private:
  struct watch {
    std::function<void()> on_hangup;
    bool is_over = false;
  };

  detail::channel& incoming() noexcept { return shared_->to[side_]; }
  bool closed() const noexcept { return shared_->closed[side_]; }

  void start_read(asio::mutable_buffer into, completion<io_result> done) override;
  void start_write(const_buffers from, completion<io_result> done) override;
  template <class Buffers>
  void abort(detail::pending<Buffers>& which);

  std::optional<error_code> refusal() const noexcept;
  /// Nothing if a read has to wait.
  std::optional<io_result> take(asio::mutable_buffer into);
  std::size_t take_arrived(asio::mutable_buffer into);
  /// Nothing if a write has to wait.
  std::optional<io_result> put(const const_buffers& from);

  /// The end of this side, after which it neither says nor hears anything.
  void leave(bool by_reset);
  void refuse_what_is_on_its_way();
  /// Ends what waits: the deadline has passed, or this end is closed.
  void interrupt();
  void look_for_hangup();
  void arm_wake() noexcept;

  std::shared_ptr<state> shared_;
  pipe_side side_;
  std::string peer_;
  std::shared_ptr<watch> watch_;
  detail::pending<asio::mutable_buffer> reading_;
  detail::pending<const_buffers> writing_;
  expiry expiry_;
  bound_timer<&end::advance> wake_;
};

}  // namespace cohort::net
