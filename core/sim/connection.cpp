#include "core/sim/connection.hpp"

#include "core/sim/network.hpp"

namespace cohort::sim {

connection::connection(network& owner, const host& from, const host& to, std::uint16_t port, std::uint64_t number)
    : network_(&owner),
      home_(owner.home_),
      hosts_{&from, &to},
      link_(owner.link_between(from, to)),
      port_(port),
      number_(number),
      place_(owner.chance_.unit()),
      letting_go_(home_.timers(), this) {}

net::stream_ptr connection::make_end(net::pipe_side side) {
  return pipe_->make_end(side, hosts_[1 - side]->address.to_string());
}

void connection::open(std::size_t largest_read, std::size_t capacity) {
  net::memory_pipe_settings how;
  how.largest_read = largest_read;
  how.capacity = capacity;
  pipe_.emplace(how, shared_from_this());
}

void connection::reset() {
  if (!is_open()) return;
  network_->record_fault(from().name, to().name, "reset #" + std::to_string(number_));
  pipe_->reset();
}

void connection::reset_after(const host& sender, std::uint64_t bytes) {
  if (!is_open()) return;
  const net::pipe_side side = &sender == hosts_[0] ? 0 : 1;
  network_->record_fault(
      from().name, to().name,
      "reset #" + std::to_string(number_) + " after " + std::to_string(bytes) + " B from " + hosts_[side]->name);
  pipe_->break_after(side, bytes);
}

void connection::lose() {
  if (!is_open()) return;
  network_->record_fault(from().name, to().name, "lost #" + std::to_string(number_));
  lost_ = true;
  update();
}

void connection::kill(net::pipe_side side) {
  const auto self = shared_from_this();  // the last end to go lets the pipe go
  if (pipe_) pipe_->kill(side);
}

void connection::vanish(net::pipe_side side) {
  const auto self = shared_from_this();
  if (pipe_) pipe_->vanish(side);
  update();
}

void connection::update() {
  if (!pipe_) return;
  const auto is_off = [](const host* each) { return each->is == host::condition::vanished; };
  const bool blocked = lost_ || link_.partitioned_since || is_off(hosts_[0]) || is_off(hosts_[1]);
  if (blocked) {
    letting_go_.disarm();
    if (held_since_) return;
    held_since_ = home_.now();
    pipe_->hold(0);
    pipe_->hold(1);
  } else if (held_since_ && !letting_go_.armed()) {
    const auto now = home_.now();
    letting_go_.arm(now + network_->chance_.between(duration{0}, now - *held_since_));
  }
}

void connection::let_go() {
  const auto self = shared_from_this();
  held_since_.reset();
  for (const net::pipe_side side : {0U, 1U}) {
    if (pipe_) pipe_->release(side);
  }
}

void connection::forget_network() noexcept {
  network_ = nullptr;
  letting_go_.disarm();
  pipe_.reset();
}

time_point connection::arrival(net::pipe_side from, std::size_t bytes) {
  const auto now = home_.now();
  if (!network_) return now;
  const auto& how = link_.own_conditions ? *link_.own_conditions : network_->usual_;
  auto leaves = now;
  if (how.bytes_per_second > 0 && bytes > 0) {
    auto& busy = link_.busy_until[hosts_[from]->number < hosts_[1 - from]->number ? 0 : 1];
    const auto takes = static_cast<double>(bytes) * 1e9 / static_cast<double>(how.bytes_per_second);
    leaves = busy = std::max(busy, now) + duration{static_cast<duration::rep>(takes)};
  }
  const auto span = static_cast<double>((how.most_latency - how.least_latency).count());
  const auto latency = how.least_latency + duration{static_cast<duration::rep>(span * place_)};
  return leaves + latency + network_->chance_.between(duration{0}, how.jitter);
}

void connection::on_sent(net::pipe_side from, std::string_view bytes) {
  if (!network_) return;
  network_->record(event_kind::bytes, hosts_[from]->name, hosts_[1 - from]->name, number_, bytes);
  for (auto* each : network_->observers_) each->on_sent(*this, from, bytes);
}

void connection::on_read(net::pipe_side by, std::string_view bytes) {
  if (!network_) return;
  for (auto* each : network_->observers_) each->on_read(*this, by, bytes);
}

void connection::on_closed(net::pipe_side by, bool reset) {
  closed_[by] = true;
  if (network_) {
    const auto what = reset ? event_kind::reset : event_kind::closed;
    network_->record(what, hosts_[by]->name, hosts_[1 - by]->name, number_, {});
    for (auto* each : network_->observers_) each->on_closed(*this, by);
  }
  if (!closed_[1 - by]) return;
  letting_go_.disarm();
  pipe_.reset();  // which would hold this for good
}

}  // namespace cohort::sim
