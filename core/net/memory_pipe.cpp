#include "core/net/memory_pipe.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

#include "core/net/memory_pipe_state.hpp"

namespace cohort::net {

using detail::not_yet;

memory_pipe::state::state(memory_pipe_settings settings, std::shared_ptr<memory_line> between)
    : how(settings), line(std::move(between)) {}

time_point memory_pipe::state::arrival(pipe_side from, std::size_t bytes) {
  auto& latest = to[1 - from].latest_arrival;
  latest = std::max(latest, line ? line->arrival(from, bytes) : home.now() + how.latency);
  return latest;
}

/// How many were taken; nothing if it is known by now that nobody is there.
std::optional<std::size_t> memory_pipe::state::send(pipe_side from, std::string bytes) {
  auto& out = to[1 - from];
  const auto count = bytes.size();
  const bool is_lost = closed[1 - from] && !out.held;
  if (is_lost) {
    bounce(from, arrival(from, count));
    if (to[from].broken(home.now())) return std::nullopt;
  }
  if (line) line->on_sent(from, bytes);
  if (is_lost) return count;
  out.in_flight += count;
  carry(from, std::move(bytes));
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
  if (out.breaks_after != detail::unlimited) out.breaks_after -= bytes.size();
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
  in.reset_arrives = when;
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
