#include "core/net/memory_pipe.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cassert>
#include <cstring>
#include <deque>
#include <limits>
#include <optional>

#include "core/net/expiry.hpp"

namespace cohort::net {
namespace {

constexpr auto not_yet = time_point::max();

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
  std::uint64_t breaks_after = std::numeric_limits<std::uint64_t>::max();
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

}  // namespace

/// What the two ends share. Directions are named by the side that they lead to.
struct memory_pipe::state {
  state(memory_pipe_settings settings, std::shared_ptr<memory_line> between)
      : how(settings), line(std::move(between)) {}

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
  std::array<channel, 2> to;
  std::array<end*, 2> ends{};
  /// Nobody reads there any more.
  std::array<bool, 2> closed{};
  loop& home = loop::current();
};

class memory_pipe::end final : public stream {
 public:
  end(std::shared_ptr<state> shared, pipe_side side, std::string peer)
      : shared_(std::move(shared)),
        side_(side),
        peer_(std::move(peer)),
        expiry_(shared_->home, this, [](void* self) { static_cast<end*>(self)->interrupt(); }),
        wake_(shared_->home.timers(), this) {
    shared_->ends[side_] = this;
  }
  ~end() override {
    close();
    shared_->ends[side_] = nullptr;
  }

  io_result try_write(const_buffers from) override {
    const auto sent = put(from);
    if (!sent) return error_code{asio::error::would_block};
    if (*sent) shared_->tell(1 - side_);
    arm_wake();
    return *sent;
  }
  void set_deadline(deadline limit) override { expiry_.set(limit); }
  void watch_hangup(std::function<void()> on_hangup) override {
    watch_ = std::make_shared<watch>(watch{std::move(on_hangup)});
    advance();
  }
  void unwatch_hangup() noexcept override {
    if (!watch_) return;
    watch_->on_hangup = nullptr;
    watch_.reset();
    arm_wake();
  }
  bool readable() noexcept override {
    const auto now = shared_->home.now();
    return closed() || incoming().has_arrived(now) || incoming().ended(now) || incoming().broken(now);
  }
  void shutdown_write() noexcept override { shared_->send_fin(side_); }
  void close() noexcept override {
    if (closed()) return;
    const bool unread = incoming().has_arrived(shared_->home.now());
    if (unread) shared_->send_reset(side_);
    shared_->send_fin(side_);
    leave(unread);
  }
  std::string peer_address() const override { return peer_; }

  void reset() {
    if (closed()) return;
    shared_->send_reset(side_);
    leave(true);
  }
  void vanish() {
    if (!closed()) leave(false);
  }
  /// Something may have come, or may go.
  void advance() {
    if (reading_) {
      if (const auto got = take(reading_.where)) {
        reading_.finish(*got);
        shared_->tell(1 - side_);
      }
    }
    if (writing_) {
      if (const auto sent = put(writing_.where)) {
        writing_.finish(*sent);
        shared_->tell(1 - side_);
      }
    }
    if (watch_ && !watch_->is_over) look_for_hangup();
    arm_wake();
  }

 private:
  struct watch {
    std::function<void()> on_hangup;
    bool is_over = false;
  };

  channel& incoming() noexcept { return shared_->to[side_]; }
  bool closed() const noexcept { return shared_->closed[side_]; }

  void start_read(asio::mutable_buffer into, completion<io_result> done) override {
    assert(!reading_ && "one read at a time");
    if (const auto got = take(into)) {
      done.post(*got);
      return shared_->tell(1 - side_);
    }
    reading_ = {into, std::move(done)};
    auto slot = reading_.done.get_cancellation_slot();
    if (slot.is_connected()) slot.assign([this](asio::cancellation_type) { abort(reading_); });
    arm_wake();
  }
  void start_write(const_buffers from, completion<io_result> done) override {
    assert(!writing_ && "one write at a time");
    if (const auto sent = put(from)) {
      done.post(*sent);
      arm_wake();
      return shared_->tell(1 - side_);
    }
    writing_ = {from, std::move(done)};
    auto slot = writing_.done.get_cancellation_slot();
    if (slot.is_connected()) slot.assign([this](asio::cancellation_type) { abort(writing_); });
    arm_wake();
  }
  template <class Buffers>
  void abort(pending<Buffers>& which) {
    which.finish(error_code{asio::error::operation_aborted});
    arm_wake();
  }

  std::optional<error_code> refusal() const noexcept {
    if (closed()) return error_code{asio::error::operation_aborted};
    if (expiry_.expired()) return error_code{asio::error::timed_out};
    return std::nullopt;
  }

  /// Nothing if a read has to wait.
  std::optional<io_result> take(asio::mutable_buffer into) {
    if (const auto no = refusal()) return io_result{*no};
    auto& from = incoming();
    const auto now = shared_->home.now();
    if (from.has_arrived(now)) return io_result{take_arrived(into)};
    if (from.ended(now)) return io_result{error_code{asio::error::eof}};
    if (from.broken(now)) return io_result{error_code{asio::error::connection_reset}};
    return std::nullopt;
  }
  std::size_t take_arrived(asio::mutable_buffer into) {
    auto& from = incoming();
    auto& first = from.pieces.front();
    const auto count = std::min({into.size(), first.bytes.size() - first.taken, shared_->how.largest_read});
    auto* const bytes = static_cast<char*>(into.data());
    std::memcpy(bytes, first.bytes.data() + first.taken, count);
    first.taken += count;
    if (first.taken == first.bytes.size()) from.pieces.pop_front();
    from.in_flight -= count;
    if (shared_->line) shared_->line->on_read(side_, {bytes, count});
    return count;
  }

  /// Nothing if a write has to wait.
  std::optional<io_result> put(const const_buffers& from) {
    if (const auto no = refusal()) return io_result{*no};
    auto& outgoing = shared_->to[1 - side_];
    if (outgoing.fin_sent || incoming().broken(shared_->home.now())) {
      return io_result{error_code{asio::error::broken_pipe}};
    }
    const auto room = shared_->how.capacity - std::min(outgoing.in_flight, shared_->how.capacity);
    if (room == 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(std::min(room, from[0].size() + from[1].size()));
    for (const auto& piece : from) {
      bytes.append(static_cast<const char*>(piece.data()), std::min(piece.size(), room - bytes.size()));
    }
    const auto sent = shared_->send(side_, std::move(bytes));
    if (!sent) return io_result{error_code{asio::error::broken_pipe}};
    return io_result{*sent};
  }

  /// The end of this side, after which it neither says nor hears anything.
  void leave(bool by_reset) {
    unwatch_hangup();
    shared_->closed[side_] = true;
    if (shared_->line) shared_->line->on_closed(side_, by_reset);
    refuse_what_is_on_its_way();
    interrupt();
    shared_->tell(1 - side_);
  }
  void refuse_what_is_on_its_way() {
    auto& from = incoming();
    const auto now = shared_->home.now();
    while (!from.pieces.empty() && from.pieces.front().arrives != not_yet) {
      if (from.pieces.front().arrives > now) shared_->bounce(1 - side_, from.pieces.front().arrives);
      from.pieces.pop_front();
    }
  }
  /// Ends what waits: the deadline has passed, or this end is closed.
  void interrupt() {
    const auto why = refusal();
    if (reading_) reading_.finish(*why);
    if (writing_) writing_.finish(*why);
    arm_wake();
  }

  void look_for_hangup() {
    const auto now = shared_->home.now();
    const auto& from = incoming();
    watch_->is_over = from.has_arrived(now) || from.ended(now) || from.broken(now);
    if (!watch_->is_over || from.has_arrived(now)) return;
    asio::post(shared_->home.get_executor(), [told = watch_] {
      if (const auto call = std::exchange(told->on_hangup, nullptr)) call();
    });
  }

  void arm_wake() noexcept {
    const bool waits = reading_ || (watch_ && !watch_->is_over);
    const auto next = waits ? incoming().next_event() : writing_ ? incoming().reset_arrives : not_yet;
    if (next == not_yet) {
      wake_.disarm();
    } else {
      wake_.arm(next);
    }
  }

  std::shared_ptr<state> shared_;
  pipe_side side_;
  std::string peer_;
  std::shared_ptr<watch> watch_;
  pending<asio::mutable_buffer> reading_;
  pending<const_buffers> writing_;
  expiry expiry_;
  bound_timer<&end::advance> wake_;
};

time_point memory_pipe::state::arrival(pipe_side from, std::size_t bytes) {
  auto& latest = to[1 - from].latest_arrival;
  latest = std::max(latest, line ? line->arrival(from, bytes) : home.now() + how.latency);
  return latest;
}

/// How many were taken; nothing if it is known by now that nobody is there.
std::optional<std::size_t> memory_pipe::state::send(pipe_side from, std::string bytes) {
  auto& out = to[1 - from];
  const auto count = bytes.size();
  if (closed[1 - from] && !out.held) {
    bounce(from, arrival(from, count));
    if (to[from].broken(home.now())) return std::nullopt;
  }
  if (line) line->on_sent(from, bytes);
  out.in_flight += count;
  if (!closed[1 - from] || out.held) carry(from, std::move(bytes));
  return count;
}

void memory_pipe::state::carry(pipe_side from, std::string bytes) {
  auto& out = to[1 - from];
  if (out.held) {
    out.pieces.push_back({not_yet, std::move(bytes)});
    return;
  }
  const auto arrives = arrival(from, bytes.size());
  const bool breaks = bytes.size() >= out.breaks_after;
  if (breaks) bytes.resize(out.breaks_after);
  if (out.breaks_after != std::numeric_limits<std::uint64_t>::max()) out.breaks_after -= bytes.size();
  if (!bytes.empty()) out.pieces.push_back({arrives, std::move(bytes)});
  if (!breaks) return;
  reset_at(1 - from, arrives);
  bounce(from, arrives);
}

void memory_pipe::state::send_fin(pipe_side from) {
  auto& out = to[1 - from];
  if (out.fin_sent || out.reset_sent) return;
  out.fin_sent = true;
  if (!out.held) out.fin_arrives = arrival(from, 0);
  tell(1 - from);
}

void memory_pipe::state::send_reset(pipe_side from) {
  auto& out = to[1 - from];
  if (out.reset_sent) return;
  out.reset_sent = true;
  if (!out.held) out.reset_arrives = arrival(from, 0);
  tell(1 - from);
}

void memory_pipe::state::reset_at(pipe_side side, time_point when) {
  auto& in = to[side];
  in.reset_sent = true;
  in.reset_arrives = std::min(in.reset_arrives, when);
  while (!in.pieces.empty() && in.pieces.back().arrives > in.reset_arrives) in.pieces.pop_back();
}

/// What reached the other side at that moment found nobody there.
void memory_pipe::state::bounce(pipe_side side, time_point reached) {
  auto& in = to[side];
  if (std::exchange(in.reset_sent, true) || in.held) return;
  const auto way_back = (line ? line->arrival(1 - side, 0) : home.now() + how.latency) - home.now();
  reset_at(side, std::max(in.latest_arrival, reached + way_back));
}

void memory_pipe::state::release(pipe_side from) {
  auto& out = to[1 - from];
  out.held = false;
  std::vector<std::string> kept;
  while (!out.pieces.empty() && out.pieces.back().arrives == not_yet) {
    kept.push_back(std::move(out.pieces.back().bytes));
    out.pieces.pop_back();
  }
  for (; !kept.empty(); kept.pop_back()) {
    if (closed[1 - from]) {
      bounce(from, arrival(from, kept.back().size()));
    } else {
      carry(from, std::move(kept.back()));
    }
  }
  if (out.fin_sent && out.fin_arrives == not_yet) out.fin_arrives = arrival(from, 0);
  if (out.reset_sent && out.reset_arrives == not_yet) out.reset_arrives = arrival(from, 0);
  tell(0);
  tell(1);
}

void memory_pipe::state::tell(pipe_side side) {
  if (ends[side]) ends[side]->advance();
}

memory_pipe::memory_pipe(memory_pipe_settings how, std::shared_ptr<memory_line> line)
    : state_(std::make_shared<state>(how, std::move(line))) {}
memory_pipe::~memory_pipe() = default;
memory_pipe::memory_pipe(memory_pipe&&) noexcept = default;
memory_pipe& memory_pipe::operator=(memory_pipe&&) noexcept = default;

stream_ptr memory_pipe::make_end(pipe_side side, std::string peer_address) {
  assert(!state_->ends[side]);
  return std::make_unique<end>(state_, side, std::move(peer_address));
}

void memory_pipe::reset() {
  for (const pipe_side side : {0U, 1U}) state_->reset_at(side, state_->home.now());
  for (const pipe_side side : {0U, 1U}) state_->tell(side);
}

void memory_pipe::kill(pipe_side side) {
  if (state_->ends[side]) state_->ends[side]->reset();
}

void memory_pipe::vanish(pipe_side side) {
  hold(0);
  hold(1);
  if (state_->ends[side]) state_->ends[side]->vanish();
}

void memory_pipe::break_after(pipe_side from, std::uint64_t bytes) { state_->to[1 - from].breaks_after = bytes; }

void memory_pipe::hold(pipe_side from) {
  auto& out = state_->to[1 - from];
  const auto now = state_->home.now();
  out.held = true;
  for (auto& each : out.pieces) {
    if (each.arrives > now) each.arrives = not_yet;
  }
  if (out.fin_arrives > now) out.fin_arrives = not_yet;
  if (out.reset_arrives > now) out.reset_arrives = not_yet;
}

void memory_pipe::release(pipe_side from) { state_->release(from); }

std::pair<stream_ptr, stream_ptr> make_memory_pipe(memory_pipe_settings how, std::string first_address,
                                                   std::string second_address) {
  memory_pipe made{how};
  auto first = made.make_end(0, std::move(second_address));
  return {std::move(first), made.make_end(1, std::move(first_address))};
}

void reset_memory_stream(stream& which) { dynamic_cast<memory_pipe::end&>(which).reset(); }

}  // namespace cohort::net
