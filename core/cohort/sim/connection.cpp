// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/connection.hpp>

#include <cohort/sim/network.hpp>

namespace cohort::sim {

using namespace std::chrono_literals;

/// The minimum retransmission timeout of Linux; RFC 6298 recommends 1 s.
constexpr duration data_retransmission_timeout = 200ms;

connection::connection(network& owner, const host& client, const host& server, std::uint16_t port, std::uint64_t id)
    : network_(&owner),
      loop_(owner.loop_),
      hosts_{&client, &server},
      link_(owner.link_between(client, server)),
      port_(port),
      id_(id),
      latency_fraction_(owner.random_.uniform()),
      release_timer_(loop_.timers(), this) {}

net::stream_ptr connection::make_stream(net::pipe_side side) {
  return pipe_->make_stream(side, hosts_[1 - side]->address.to_string());
}

void connection::open(std::size_t max_read_size, std::size_t capacity) {
  net::memory_pipe_settings settings;
  settings.max_read_size = max_read_size;
  settings.capacity = capacity;
  pipe_.emplace(settings, shared_from_this());
}

void connection::reset() {
  if (!is_open()) return;
  network_->record_fault(client().name, server().name, "reset #" + std::to_string(id_));
  pipe_->reset();
}

void connection::reset_after(const host& sender, std::uint64_t bytes) {
  if (!is_open()) return;
  const net::pipe_side side = &sender == hosts_[0] ? 0 : 1;
  network_->record_fault(
      client().name, server().name,
      "reset #" + std::to_string(id_) + " after " + std::to_string(bytes) + " B from " + hosts_[side]->name);
  pipe_->reset_after(side, bytes);
}

void connection::make_half_open() {
  if (!is_open()) return;
  network_->record_fault(client().name, server().name, "half-open #" + std::to_string(id_));
  is_half_open_ = true;
  update();
}

void connection::kill(net::pipe_side side) {
  const auto self = shared_from_this();  // on_closed destroys the pipe, which owns this object
  if (pipe_) pipe_->kill(side);
}

void connection::power_off(net::pipe_side side) {
  const auto self = shared_from_this();
  if (pipe_) pipe_->power_off(side);
  update();
}

void connection::update() {
  if (!pipe_) return;
  const auto is_powered_off = [](const host* machine) { return machine->state == host_state::powered_off; };
  const bool is_blocked =
      is_half_open_ || link_.partitioned_since || is_powered_off(hosts_[0]) || is_powered_off(hosts_[1]);
  if (is_blocked) {
    release_timer_.disarm();
    if (held_since_) return;
    held_since_ = loop_.now();
    pipe_->hold(0);
    pipe_->hold(1);
  } else if (held_since_ && !release_timer_.armed()) {
    const auto now = loop_.now();
    release_timer_.arm(now + network_->random_.uniform_between(duration{0}, now - *held_since_));
  }
}

void connection::release() {
  const auto self = shared_from_this();
  held_since_.reset();
  for (const net::pipe_side side : {0U, 1U}) {
    if (pipe_) pipe_->release(side);
  }
}

void connection::detach_network() noexcept {
  network_ = nullptr;
  release_timer_.disarm();
  pipe_.reset();
}

time_point connection::arrival_time(net::pipe_side sender, std::size_t bytes) {
  const auto now = network_ ? network_->now() : loop_.now();
  if (!network_) return now;
  const auto& conditions = network_->conditions_of(link_);
  auto departure = now;
  if (conditions.bytes_per_second > 0 && bytes > 0) {
    auto& busy_until = link_.busy_until[hosts_[sender]->index < hosts_[1 - sender]->index ? 0 : 1];
    const auto nanoseconds = static_cast<double>(bytes) * 1e9 / static_cast<double>(conditions.bytes_per_second);
    departure = busy_until = std::max(busy_until, now) + duration{static_cast<duration::rep>(nanoseconds)};
  }
  const auto range = static_cast<double>((conditions.max_latency - conditions.min_latency).count());
  const auto latency = conditions.min_latency + duration{static_cast<duration::rep>(range * latency_fraction_)};
  const auto jitter = network_->random_.uniform_between(duration{0}, conditions.jitter);
  const auto retransmission = bytes > 0 ? network_->draw_retransmission(conditions, data_retransmission_timeout) : 0s;
  return departure + latency + jitter + retransmission;
}

void connection::on_sent(net::pipe_side sender, std::string_view bytes) {
  if (!network_) return;
  network_->record(event_kind::bytes, hosts_[sender]->name, hosts_[1 - sender]->name, id_, bytes);
  for (auto* observer : network_->observers_) observer->on_sent(*this, sender, bytes);
}

void connection::on_read(net::pipe_side reader, std::string_view bytes) {
  if (!network_) return;
  for (auto* observer : network_->observers_) observer->on_read(*this, reader, bytes);
}

void connection::on_closed(net::pipe_side side, bool reset) {
  closed_[side] = true;
  if (network_) {
    const auto kind = reset ? event_kind::reset : event_kind::closed;
    network_->record(kind, hosts_[side]->name, hosts_[1 - side]->name, id_, {});
    for (auto* observer : network_->observers_) observer->on_closed(*this, side);
  }
  if (!closed_[1 - side]) return;
  release_timer_.disarm();
  pipe_.reset();  // breaks the ownership cycle with this object
}

}  // namespace cohort::sim
