// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/memory/memory_pipe.hpp>

#include <algorithm>
#include <cassert>
#include <vector>

#include <cohort/net/memory/memory_pipe_state.hpp>

namespace cohort::net {

using detail::no_arrival_time;

memory_pipe::state::state(memory_pipe_settings pipe_settings, std::shared_ptr<memory_link> pipe_link)
    : settings(pipe_settings), link(std::move(pipe_link)) {}

time_point memory_pipe::state::now() const noexcept {
  const auto* current = loop::current_or_null();
  return (current ? *current : event_loop).now();
}

/// Keeps the order of segments: a segment never arrives before an earlier segment.
time_point memory_pipe::state::schedule_arrival(pipe_side sender, std::size_t size) {
  auto& latest_time = channels[1 - sender].latest_arrival_time;
  latest_time = std::max(latest_time, link ? link->arrival_time(sender, size) : now() + settings.latency);
  return latest_time;
}

/// Sends bytes and returns their number. Returns an empty optional if the receiver has closed its end and the resulting
/// reset has arrived.
std::optional<std::size_t> memory_pipe::state::send(pipe_side sender, std::string bytes) {
  auto& outgoing_channel = channels[1 - sender];
  const auto size = bytes.size();
  const bool has_receiver_closed = is_closed[1 - sender] && !outgoing_channel.is_held;
  if (has_receiver_closed) {
    respond_with_reset(sender, schedule_arrival(sender, size));
    if (channels[sender].is_reset(now())) return std::nullopt;
  }
  if (link) link->on_sent(sender, bytes);
  if (has_receiver_closed) return size;
  outgoing_channel.in_flight += size;
  transmit(sender, std::move(bytes));
  return size;
}

void memory_pipe::state::transmit(pipe_side sender, std::string bytes) {
  auto& outgoing_channel = channels[1 - sender];
  if (outgoing_channel.is_held) {
    outgoing_channel.segments.push_back({no_arrival_time, std::move(bytes)});
    return;
  }
  const auto arrival_time = schedule_arrival(sender, bytes.size());
  const bool causes_reset = bytes.size() >= outgoing_channel.bytes_until_reset;
  if (causes_reset) bytes.resize(outgoing_channel.bytes_until_reset);
  if (outgoing_channel.bytes_until_reset != detail::no_reset_scheduled)
    outgoing_channel.bytes_until_reset -= bytes.size();
  if (!bytes.empty()) outgoing_channel.segments.push_back({arrival_time, std::move(bytes)});
  if (!causes_reset) return;
  reset_at(1 - sender, arrival_time);
  respond_with_reset(sender, arrival_time);
}

void memory_pipe::state::send_fin(pipe_side sender) {
  auto& outgoing_channel = channels[1 - sender];
  if (outgoing_channel.is_fin_sent || outgoing_channel.is_reset_sent) return;
  outgoing_channel.is_fin_sent = true;
  if (!outgoing_channel.is_held) outgoing_channel.fin_arrival_time = schedule_arrival(sender, 0);
  notify(1 - sender);
}

void memory_pipe::state::send_reset(pipe_side sender) {
  auto& outgoing_channel = channels[1 - sender];
  if (outgoing_channel.is_reset_sent) return;
  outgoing_channel.is_reset_sent = true;
  if (!outgoing_channel.is_held) outgoing_channel.reset_arrival_time = schedule_arrival(sender, 0);
  notify(1 - sender);
}

void memory_pipe::state::reset_at(pipe_side receiver, time_point time) {
  auto& incoming_channel = channels[receiver];
  incoming_channel.is_reset_sent = true;
  incoming_channel.reset_arrival_time = time;
  while (!incoming_channel.segments.empty() && incoming_channel.segments.back().arrival_time > time)
    incoming_channel.segments.pop_back();
}

/// Sends a reset to `receiver`, whose segment arrives at a closed end at `arrival_time`.
void memory_pipe::state::respond_with_reset(pipe_side receiver, time_point arrival_time) {
  auto& incoming_channel = channels[receiver];
  if (std::exchange(incoming_channel.is_reset_sent, true) || incoming_channel.is_held) return;
  const auto sent = now();
  const auto reverse_latency = (link ? link->arrival_time(1 - receiver, 0) : sent + settings.latency) - sent;
  reset_at(receiver, std::max(incoming_channel.latest_arrival_time, arrival_time + reverse_latency));
}

void memory_pipe::state::release(pipe_side sender) {
  auto& outgoing_channel = channels[1 - sender];
  outgoing_channel.is_held = false;
  std::vector<std::string> held_segments;  // in reverse order
  while (!outgoing_channel.segments.empty() && outgoing_channel.segments.back().arrival_time == no_arrival_time) {
    held_segments.push_back(std::move(outgoing_channel.segments.back().bytes));
    outgoing_channel.segments.pop_back();
  }
  for (; !held_segments.empty(); held_segments.pop_back()) {
    if (is_closed[1 - sender]) {
      respond_with_reset(sender, schedule_arrival(sender, held_segments.back().size()));
    } else {
      transmit(sender, std::move(held_segments.back()));
    }
  }
  if (outgoing_channel.is_fin_sent && outgoing_channel.fin_arrival_time == no_arrival_time)
    outgoing_channel.fin_arrival_time = schedule_arrival(sender, 0);
  if (outgoing_channel.is_reset_sent && outgoing_channel.reset_arrival_time == no_arrival_time)
    outgoing_channel.reset_arrival_time = schedule_arrival(sender, 0);
  notify(0);
  notify(1);
}

void memory_pipe::state::notify(pipe_side side) {
  if (ends[side]) ends[side]->advance();
}

memory_pipe::memory_pipe(memory_pipe_settings settings, std::shared_ptr<memory_link> link)
    : state_(std::make_shared<state>(settings, std::move(link))) {}
memory_pipe::~memory_pipe() = default;
memory_pipe::memory_pipe(memory_pipe&&) noexcept = default;
memory_pipe& memory_pipe::operator=(memory_pipe&&) noexcept = default;

stream_ptr memory_pipe::make_stream(pipe_side side, std::string peer_address) {
  assert(!state_->ends[side] && "a side can have only one stream");
  return std::make_unique<end>(state_, side, std::move(peer_address), state_->event_loop);
}

void memory_pipe::reset() {
  for (const pipe_side side : {0U, 1U}) state_->reset_at(side, state_->now());
  for (const pipe_side side : {0U, 1U}) state_->notify(side);
}

void memory_pipe::kill(pipe_side side) {
  if (state_->ends[side]) state_->ends[side]->reset();
}

void memory_pipe::power_off(pipe_side side) {
  hold(0);
  hold(1);
  if (state_->ends[side]) state_->ends[side]->power_off();
}

void memory_pipe::reset_after(pipe_side sender, std::uint64_t size) {
  state_->channels[1 - sender].bytes_until_reset = size;
}

void memory_pipe::hold(pipe_side sender) {
  auto& outgoing_channel = state_->channels[1 - sender];
  const auto now = state_->now();
  outgoing_channel.is_held = true;
  for (auto& segment : outgoing_channel.segments) {
    if (segment.arrival_time > now) segment.arrival_time = no_arrival_time;
  }
  if (outgoing_channel.fin_arrival_time > now) outgoing_channel.fin_arrival_time = no_arrival_time;
  if (outgoing_channel.reset_arrival_time > now) outgoing_channel.reset_arrival_time = no_arrival_time;
}

void memory_pipe::release(pipe_side sender) { state_->release(sender); }

std::pair<stream_ptr, stream_ptr> make_memory_pipe(memory_pipe_settings settings, std::string first_address,
                                                   std::string second_address) {
  memory_pipe pipe{settings};
  auto first = pipe.make_stream(0, std::move(second_address));
  return {std::move(first), pipe.make_stream(1, std::move(first_address))};
}

stream_ptr move_memory_stream(stream_ptr stream, loop& target) {
  auto* const end = dynamic_cast<memory_pipe::end*>(stream.get());
  if (!end || &end->event_loop() == &target) return stream;
  return end->move_to(target);
}

void reset_memory_stream(stream& end) { dynamic_cast<memory_pipe::end&>(end).reset(); }

}  // namespace cohort::net
