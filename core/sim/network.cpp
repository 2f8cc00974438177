#include "core/sim/network.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cassert>

namespace cohort::sim {

namespace {

std::string text_of(const std::vector<asio::ip::address>& addresses) {
  std::string text;
  for (const auto& each : addresses) text.append(text.empty() ? "" : ", ").append(each.to_string());
  return text;
}

}  // namespace

/// One life of one host: what its programs use.
class network::view final : public net::network {
 public:
  view(sim::network& owner, const host& here) : owner_(&owner), here_(here) {}

  void end() noexcept { alive_ = false; }

  task<result<std::vector<net::endpoint>>> resolve(std::string name, std::uint16_t port, deadline until) override;
  task<result<net::stream_ptr>> connect(net::endpoint peer, deadline until) override;

 private:
  task<error_code> wait_until_reachable(const host* target, deadline until);
  static task<error_code> rest(time_point until, deadline limit);

  sim::network* owner_;
  const host& here_;
  bool alive_ = true;
};

/// Nothing if that moment has come.
task<error_code> network::view::rest(time_point until, deadline limit) {
  auto resting = sleep_until(std::min(deadline{until}, limit));
  if (co_await std::move(resting) == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
  co_return limit < deadline{until} ? error_code{asio::error::timed_out} : error_code{};
}

task<result<std::vector<net::endpoint>>> network::view::resolve(std::string name, std::uint16_t port, deadline until) {
  error_code is_name;
  const auto numeric = asio::ip::make_address(name, is_name);
  std::vector<net::endpoint> all;
  if (!is_name) {
    all.emplace_back(numeric, port);
    co_return all;
  }
  auto& known = owner_->names_[name];
  if (known.most_delay > duration{0}) {
    const auto when = loop::current().now() + owner_->chance_.between(known.least_delay, known.most_delay);
    auto resting = rest(when, until);
    if (const auto failed = co_await std::move(resting)) {
      owner_->record(event_kind::dns, here_.name, {}, 0, name + ": no answer");
      co_return failed;
    }
  }
  if (!alive_) co_return error_code{asio::error::network_down};
  if (known.fails) {
    owner_->record(event_kind::dns, here_.name, {}, 0, name + ": failure");
    co_return error_code{asio::error::host_not_found_try_again};
  }
  if (known.addresses.empty()) {
    owner_->record(event_kind::dns, here_.name, {}, 0, name + ": unknown");
    co_return error_code{asio::error::host_not_found};
  }
  owner_->record(event_kind::dns, here_.name, {}, 0, name + ": " + text_of(known.addresses));
  for (const auto& each : known.addresses) all.emplace_back(each, port);
  co_return all;
}

/// As long as nothing gets there, a connect is repeated, ever more slowly (RFC 6298 section 5.7).
task<error_code> network::view::wait_until_reachable(const host* target, deadline until) {
  const auto began = loop::current().now();
  bool waited = false;
  while (alive_ && !(target && owner_->is_reachable(here_, *target))) {
    auto changing = owner_->changed_.wait(until);
    const auto woken = co_await std::move(changing);
    if (woken == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
    if (woken == wait_status::timed_out) co_return error_code{asio::error::timed_out};
    waited = true;
  }
  if (!waited) co_return error_code{};
  const auto now = loop::current().now();
  co_return co_await rest(now + owner_->chance_.between(duration{0}, now - began), until);
}

task<result<net::stream_ptr>> network::view::connect(net::endpoint peer, deadline until) {
  auto* const target = owner_->host_at(peer.address());
  const auto number = ++owner_->connections_made_;
  const auto shown = (target ? target->name : peer.address().to_string()) + ":" + std::to_string(peer.port());
  owner_->record(event_kind::connect, here_.name, shown, number, {});
  std::shared_ptr<connection> made;
  do {
    auto waiting = wait_until_reachable(target, until);
    if (const auto failed = co_await std::move(waiting)) co_return failed;
    if (!alive_) co_return error_code{asio::error::network_down};
    if (!made) made = std::make_shared<connection>(*owner_, here_, *target, peer.port(), number);
    const auto there = made->arrival(0, 0);
    const auto back = made->arrival(1, 0);
    auto round_trip = rest(there + (back - loop::current().now()), until);
    if (const auto failed = co_await std::move(round_trip)) co_return failed;
    if (!alive_) co_return error_code{asio::error::network_down};
  } while (!owner_->is_reachable(here_, *target));
  const auto listening = owner_->listeners_.find(peer);
  if (target->refuses || listening == owner_->listeners_.end()) {
    owner_->record(event_kind::refused, target->name, here_.name, number, {});
    co_return error_code{asio::error::connection_refused};
  }
  owner_->open(made);
  auto near = made->make_end(0);
  listening->second.acceptor->arrive(made->make_end(1));
  if (owner_->on_connection_) owner_->on_connection_(*made);
  co_return near;
}

network::network(loop& home, trace& events) : home_(home), trace_(events), chance_(home.random().next()) {}

network::~network() {
  for (auto& [where, each] : listeners_) each.acceptor->forget_owner();
  for (auto& each : connections_) each->forget_network();
}

host& network::add_host(std::string name) {
  assert(!find(name));
  // 10.0.0.0/16: as many hosts as anybody simulates.
  const auto number = hosts_.size();
  const asio::ip::address_v4 address{static_cast<asio::ip::address_v4::uint_type>(0x0A000001U + number)};
  auto& made = hosts_.emplace_back(host{std::move(name), address, number});
  views_.push_back(std::make_unique<view>(*this, made));
  current_views_.push_back(views_.back().get());
  names_[made.name].addresses = {made.address};
  return made;
}

host* network::find(std::string_view name) noexcept {
  const auto found = std::find_if(hosts_.begin(), hosts_.end(), [&](const host& each) { return each.name == name; });
  return found == hosts_.end() ? nullptr : &*found;
}

net::network& network::reach(const host& from) { return *current_views_[from.number]; }

std::unique_ptr<net::acceptor> network::listen(const host& at, std::uint16_t port) {
  const net::endpoint where{at.address, port};
  assert(!listeners_.contains(where));
  auto made = std::make_unique<net::memory_acceptor>(where, [this, where] { listeners_.erase(where); });
  listeners_[where] = {&at, made.get()};
  return made;
}

std::vector<std::shared_ptr<connection>> network::connections(const host& a, const host& b) const {
  std::vector<std::shared_ptr<connection>> found;
  for (const auto& each : connections_) {
    const bool between = (&each->from() == &a && &each->to() == &b) || (&each->from() == &b && &each->to() == &a);
    if (between && each->is_open()) found.push_back(each);
  }
  return found;
}

std::size_t network::open_connections() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(), [](const auto& each) { return each->is_open(); }));
}

void network::open(const std::shared_ptr<connection>& made) {
  std::erase_if(connections_, [](const auto& each) { return !each->is_open(); });
  connections_.push_back(made);
  const auto& how = made->link_.own_conditions ? *made->link_.own_conditions : usual_;
  made->open(how.largest_read, how.capacity);
  record(event_kind::accepted, made->to().name, made->from().name, made->number(), {});
  for (auto* each : observers_) each->on_opened(*made);
}

void network::set_conditions(const host& a, const host& b, const link_conditions& how) {
  link_between(a, b).own_conditions = how;
  record_fault(a.name, b.name, "other conditions");
}

void network::refuse_connections(host& to, bool on) {
  to.refuses = on;
  record_fault(to.name, {}, on ? "refuses connections" : "takes connections");
}

void network::swallow_connections(host& to, bool on) {
  to.swallows = on;
  record_fault(to.name, {}, on ? "swallows connections" : "takes connections");
  changed_.notify_all();
}

void network::partition(const host& a, const host& b) {
  link_between(a, b).partitioned_since = home_.now();
  record_fault(a.name, b.name, "partitioned");
  update(a, b);
}

void network::heal(const host& a, const host& b) {
  link_between(a, b).partitioned_since.reset();
  record_fault(a.name, b.name, "healed");
  update(a, b);
  changed_.notify_all();
}

void network::update(const host& a, const host& b) {
  for (const auto& each : connections(a, b)) each->update();
}

void network::kill(host& which) {
  record_fault(which.name, {}, "killed");
  which.is = host::condition::killed;
  for (const auto& each : std::vector{connections_}) {
    for (const net::pipe_side side : {0U, 1U}) {
      if (each->hosts_[side] == &which) each->kill(side);
    }
  }
  end_life_of(which);
}

void network::vanish(host& which) {
  record_fault(which.name, {}, "vanished");
  which.is = host::condition::vanished;
  for (const auto& each : std::vector{connections_}) {
    for (const net::pipe_side side : {0U, 1U}) {
      if (each->hosts_[side] == &which) each->vanish(side);
    }
  }
  end_life_of(which);
}

void network::end_life_of(host& which) {
  current_views_[which.number]->end();
  for (auto each = listeners_.begin(); each != listeners_.end();) {
    const auto next = std::next(each);
    if (each->second.at == &which) each->second.acceptor->close();  // takes itself out
    each = next;
  }
  changed_.notify_all();
}

void network::revive(host& which) {
  assert(which.is != host::condition::up);
  record_fault(which.name, {}, "revived");
  which.is = host::condition::up;
  views_.push_back(std::make_unique<view>(*this, which));
  current_views_[which.number] = views_.back().get();
  for (const auto& each : std::vector{connections_}) {
    if (each->hosts_[0] == &which || each->hosts_[1] == &which) each->update();
  }
  changed_.notify_all();
}

void network::set_addresses(const std::string& name, std::vector<asio::ip::address> addresses) {
  record(event_kind::dns, name, {}, 0, "is at " + text_of(addresses));
  names_[name].addresses = std::move(addresses);
}

void network::add_address(const std::string& name, const asio::ip::address& address) {
  auto all = names_[name].addresses;
  if (std::find(all.begin(), all.end(), address) != all.end()) return;
  all.push_back(address);
  set_addresses(name, std::move(all));
}

void network::remove_address(const std::string& name, const asio::ip::address& address) {
  auto all = names_[name].addresses;
  std::erase(all, address);
  set_addresses(name, std::move(all));
}

void network::slow_name(const std::string& name, duration least, duration most) {
  record_fault(name, {}, "resolves slowly");
  names_[name].least_delay = least;
  names_[name].most_delay = most;
}

void network::fail_name(const std::string& name, bool on) {
  record_fault(name, {}, on ? "does not resolve" : "resolves again");
  names_[name].fails = on;
}

link& network::link_between(const host& a, const host& b) { return links_[std::minmax(a.number, b.number)]; }

host* network::host_at(const asio::ip::address& address) noexcept {
  const auto found =
      std::find_if(hosts_.begin(), hosts_.end(), [&](const host& each) { return each.address == address; });
  return found == hosts_.end() ? nullptr : &*found;
}

bool network::is_reachable(const host& from, const host& to) {
  return !to.swallows && to.is != host::condition::vanished && !link_between(from, to).partitioned_since;
}

void network::record(event_kind what, std::string_view from, std::string_view to, std::uint64_t number,
                     std::string_view content) {
  trace_.add({home_.now(), what, from, to, number, content});
}

void network::record_fault(std::string_view from, std::string_view to, std::string_view what) {
  record(event_kind::fault, from, to, 0, what);
}

}  // namespace cohort::sim
