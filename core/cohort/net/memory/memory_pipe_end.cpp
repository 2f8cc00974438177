// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <boost/asio/error.hpp>
#include <cassert>

#include <cohort/net/memory/memory_pipe_state.hpp>

namespace cohort::net {

using detail::no_arrival_time;

memory_pipe::end::end(std::shared_ptr<state> pipe_state, pipe_side side, std::string peer_address, loop& event_loop)
    : state_(std::move(pipe_state)),
      loop_(event_loop),
      side_(side),
      peer_address_(std::move(peer_address)),
      deadline_timer_(loop_, this, [](void* self) { static_cast<end*>(self)->abort_pending(); }),
      advance_timer_(loop_.timers(), this) {
  state_->ends[side_] = this;
}

memory_pipe::end::~end() {
  if (is_moved_) return;
  close();
  state_->ends[side_] = nullptr;
}

std::unique_ptr<memory_pipe::end> memory_pipe::end::move_to(loop& target) {
  assert(!read_ && !write_ && !watch_);
  is_moved_ = true;
  return std::make_unique<end>(state_, side_, peer_address_, target);
}

io_result memory_pipe::end::try_write(const_buffers buffers) {
  const auto sent = send(buffers);
  if (!sent) return error_code{asio::error::would_block};
  if (*sent) state_->notify(1 - side_);
  schedule_advance();
  return *sent;
}

void memory_pipe::end::watch_hangup(std::function<void()> on_hangup) {
  watch_ = std::make_shared<hangup_watch>(hangup_watch{std::move(on_hangup)});
  advance();
}

void memory_pipe::end::unwatch_hangup() noexcept {
  if (!watch_) return;
  watch_->on_hangup = nullptr;
  watch_.reset();
  schedule_advance();
}

bool memory_pipe::end::is_readable() noexcept {
  const auto now = loop_.now();
  return is_closed() || incoming_channel().has_data(now) || incoming_channel().has_ended(now) ||
         incoming_channel().is_reset(now);
}

void memory_pipe::end::close() noexcept {
  if (is_closed()) return;
  const bool has_unread_data = incoming_channel().has_data(loop_.now());
  if (has_unread_data) state_->send_reset(side_);
  state_->send_fin(side_);
  close_side(has_unread_data);
}

void memory_pipe::end::reset() noexcept {
  if (is_closed()) return;
  state_->send_reset(side_);
  close_side(true);
}

void memory_pipe::end::power_off() {
  if (!is_closed()) close_side(false);
}

void memory_pipe::end::advance() {
  const auto* const current = loop::current_or_null();
  if (current && current != &loop_) {
    // The timer runs this function again on the loop of this end.
    return write_ ? advance_timer_.arm(loop_.now()) : schedule_advance();
  }
  if (read_) {
    if (const auto received = receive(read_.buffers)) {
      read_.complete(*received);
      state_->notify(1 - side_);
    }
  }
  if (write_) {
    if (const auto sent = send(write_.buffers)) {
      write_.complete(*sent);
      // The other end may wait on another loop.
      state_->notify(1 - side_);
    }
  }
  if (watch_) check_hangup();
  schedule_advance();
}

void memory_pipe::end::start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) {
  assert(!read_ && "only one read may be pending");
  // As with a socket, an empty read completes immediately. Asio's TLS stream issues an empty read to complete an
  // operation that does not need more bytes.
  if (buffer.size() == 0) return handler.post(std::size_t{0});
  if (const auto received = receive(buffer)) {
    handler.post(*received);
    return state_->notify(1 - side_);
  }
  read_ = {buffer, std::move(handler)};
  auto slot = read_.handler.get_cancellation_slot();
  if (slot.is_connected()) slot.assign([this](asio::cancellation_type) { abort(read_); });
  schedule_advance();
}

void memory_pipe::end::start_write(const_buffers buffers, completion_handler<io_result> handler) {
  assert(!write_ && "only one write may be pending");
  if (const auto sent = send(buffers)) {
    handler.post(*sent);
    schedule_advance();
    return state_->notify(1 - side_);
  }
  write_ = {buffers, std::move(handler)};
  auto slot = write_.handler.get_cancellation_slot();
  if (slot.is_connected()) slot.assign([this](asio::cancellation_type) { abort(write_); });
  schedule_advance();
}

template <class Buffers>
void memory_pipe::end::abort(detail::pending_operation<Buffers>& operation) {
  operation.complete(error_code{asio::error::operation_aborted});
  schedule_advance();
}

std::optional<error_code> memory_pipe::end::local_error() const noexcept {
  if (is_closed()) return error_code{asio::error::operation_aborted};
  if (deadline_timer_.expired()) return error_code{asio::error::timed_out};
  return std::nullopt;
}

std::optional<io_result> memory_pipe::end::receive(asio::mutable_buffer buffer) {
  if (const auto error = local_error()) return io_result{*error};
  auto& channel = incoming_channel();
  const auto now = loop_.now();
  if (channel.has_data(now)) return io_result{consume_segment(buffer)};
  if (channel.has_ended(now)) return io_result{error_code{asio::error::eof}};
  if (channel.is_reset(now)) return io_result{error_code{asio::error::connection_reset}};
  return std::nullopt;
}

std::size_t memory_pipe::end::consume_segment(asio::mutable_buffer buffer) {
  auto& channel = incoming_channel();
  auto& segment = channel.segments.front();
  const auto size = std::min({buffer.size(), segment.bytes.size() - segment.consumed, state_->settings.max_read_size});
  auto* const destination = static_cast<char*>(buffer.data());
  std::copy_n(segment.bytes.data() + segment.consumed, size, destination);
  segment.consumed += size;
  if (segment.consumed == segment.bytes.size()) channel.segments.pop_front();
  channel.in_flight -= size;
  if (state_->link) state_->link->on_read(side_, {destination, size});
  return size;
}

std::optional<io_result> memory_pipe::end::send(const const_buffers& buffers) {
  if (const auto error = local_error()) return io_result{*error};
  auto& outgoing_channel = state_->channels[1 - side_];
  if (outgoing_channel.is_fin_sent || incoming_channel().is_reset(loop_.now())) {
    return io_result{error_code{asio::error::broken_pipe}};
  }
  const auto capacity = state_->settings.capacity;
  const auto available = capacity - std::min(outgoing_channel.in_flight, capacity);
  if (available == 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(std::min(available, buffers[0].size() + buffers[1].size()));
  for (const auto& buffer : buffers) {
    bytes.append(static_cast<const char*>(buffer.data()), std::min(buffer.size(), available - bytes.size()));
  }
  const auto sent = state_->send(side_, std::move(bytes));
  if (!sent) return io_result{error_code{asio::error::broken_pipe}};
  return io_result{*sent};
}

void memory_pipe::end::close_side(bool sends_reset) {
  unwatch_hangup();
  state_->is_closed[side_] = true;
  if (state_->link) state_->link->on_closed(side_, sends_reset);
  reject_incoming();
  abort_pending();
}

/// Responds to the segments in flight with a reset, because this end is closed.
void memory_pipe::end::reject_incoming() {
  auto& channel = incoming_channel();
  const auto now = loop_.now();
  while (!channel.segments.empty() && channel.segments.front().arrival_time != no_arrival_time) {
    const auto arrival_time = channel.segments.front().arrival_time;
    if (arrival_time > now) state_->respond_with_reset(1 - side_, arrival_time);
    channel.segments.pop_front();
  }
}

void memory_pipe::end::abort_pending() {
  const auto error = local_error();
  if (read_) read_.complete(*error);
  if (write_) write_.complete(*error);
  schedule_advance();
}

void memory_pipe::end::check_hangup() {
  const auto now = loop_.now();
  const auto& channel = incoming_channel();
  watch_->is_done = channel.has_data(now) || channel.has_ended(now) || channel.is_reset(now);
  if (!watch_->is_done || channel.has_data(now)) return;
  asio::post(loop_.get_executor(), [watch = watch_] {
    if (const auto on_hangup = std::exchange(watch->on_hangup, nullptr)) on_hangup();
  });
}

void memory_pipe::end::schedule_advance() noexcept {
  const bool waits_for_data = read_ || (watch_ && !watch_->is_done);
  const auto next = waits_for_data ? incoming_channel().next_arrival_time()
                    : write_       ? incoming_channel().reset_arrival_time
                                   : no_arrival_time;
  if (next == no_arrival_time) {
    advance_timer_.disarm();
  } else {
    advance_timer_.arm(next);
  }
}

}  // namespace cohort::net
