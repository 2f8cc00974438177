// One end of a memory pipe: a stream.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <cassert>
#include <cstring>

#include "core/net/memory_pipe_state.hpp"

namespace cohort::net {

using detail::not_yet;

memory_pipe::end::end(std::shared_ptr<state> shared, pipe_side side, std::string peer)
    : shared_(std::move(shared)),
      side_(side),
      peer_(std::move(peer)),
      expiry_(shared_->home, this, [](void* self) { static_cast<end*>(self)->interrupt(); }),
      wake_(shared_->home.timers(), this) {
  shared_->ends[side_] = this;
}

memory_pipe::end::~end() {
  close();
  shared_->ends[side_] = nullptr;
}

io_result memory_pipe::end::try_write(const_buffers from) {
  const auto sent = put(from);
  if (!sent) return error_code{asio::error::would_block};
  if (*sent) shared_->tell(1 - side_);
  arm_wake();
  return *sent;
}

void memory_pipe::end::watch_hangup(std::function<void()> on_hangup) {
  watch_ = std::make_shared<watch>(watch{std::move(on_hangup)});
  advance();
}

void memory_pipe::end::unwatch_hangup() noexcept {
  if (!watch_) return;
  watch_->on_hangup = nullptr;
  watch_.reset();
  arm_wake();
}

bool memory_pipe::end::readable() noexcept {
  const auto now = shared_->home.now();
  return closed() || incoming().has_arrived(now) || incoming().ended(now) || incoming().broken(now);
}

void memory_pipe::end::close() noexcept {
  if (closed()) return;
  const bool unread = incoming().has_arrived(shared_->home.now());
  if (unread) shared_->send_reset(side_);
  shared_->send_fin(side_);
  leave(unread);
}

void memory_pipe::end::reset() {
  if (closed()) return;
  shared_->send_reset(side_);
  leave(true);
}

void memory_pipe::end::vanish() {
  if (!closed()) leave(false);
}

void memory_pipe::end::advance() {
  if (reading_) {
    if (const auto got = take(reading_.where)) {
      reading_.finish(*got);
      shared_->tell(1 - side_);
    }
  }
  if (writing_) {
    if (const auto sent = put(writing_.where)) {
      writing_.finish(*sent);
    }
  }
  if (watch_) look_for_hangup();
  arm_wake();
}

void memory_pipe::end::start_read(asio::mutable_buffer into, completion<io_result> done) {
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

void memory_pipe::end::start_write(const_buffers from, completion<io_result> done) {
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
void memory_pipe::end::abort(detail::pending<Buffers>& which) {
  which.finish(error_code{asio::error::operation_aborted});
  arm_wake();
}

std::optional<error_code> memory_pipe::end::refusal() const noexcept {
  if (closed()) return error_code{asio::error::operation_aborted};
  if (expiry_.expired()) return error_code{asio::error::timed_out};
  return std::nullopt;
}

std::optional<io_result> memory_pipe::end::take(asio::mutable_buffer into) {
  if (const auto no = refusal()) return io_result{*no};
  auto& from = incoming();
  const auto now = shared_->home.now();
  if (from.has_arrived(now)) return io_result{take_arrived(into)};
  if (from.ended(now)) return io_result{error_code{asio::error::eof}};
  if (from.broken(now)) return io_result{error_code{asio::error::connection_reset}};
  return std::nullopt;
}

std::size_t memory_pipe::end::take_arrived(asio::mutable_buffer into) {
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

std::optional<io_result> memory_pipe::end::put(const const_buffers& from) {
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

void memory_pipe::end::leave(bool by_reset) {
  unwatch_hangup();
  shared_->closed[side_] = true;
  if (shared_->line) shared_->line->on_closed(side_, by_reset);
  refuse_what_is_on_its_way();
  interrupt();
}

void memory_pipe::end::refuse_what_is_on_its_way() {
  auto& from = incoming();
  const auto now = shared_->home.now();
  while (!from.pieces.empty() && from.pieces.front().arrives != not_yet) {
    if (from.pieces.front().arrives > now) shared_->bounce(1 - side_, from.pieces.front().arrives);
    from.pieces.pop_front();
  }
}

void memory_pipe::end::interrupt() {
  const auto why = refusal();
  if (reading_) reading_.finish(*why);
  if (writing_) writing_.finish(*why);
  arm_wake();
}

void memory_pipe::end::look_for_hangup() {
  const auto now = shared_->home.now();
  const auto& from = incoming();
  watch_->is_over = from.has_arrived(now) || from.ended(now) || from.broken(now);
  if (!watch_->is_over || from.has_arrived(now)) return;
  asio::post(shared_->home.get_executor(), [told = watch_] {
    if (const auto call = std::exchange(told->on_hangup, nullptr)) call();
  });
}

void memory_pipe::end::arm_wake() noexcept {
  const bool waits = reading_ || (watch_ && !watch_->is_over);
  const auto next = waits ? incoming().next_event() : writing_ ? incoming().reset_arrives : not_yet;
  if (next == not_yet) {
    wake_.disarm();
  } else {
    wake_.arm(next);
  }
}

}  // namespace cohort::net
