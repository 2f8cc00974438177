#include "core/http/connection_pool.hpp"

#include <algorithm>

namespace cohort::http {
namespace {

/// A look-up that is merely due must not hold a request up for long.
constexpr duration patience_with_known_addresses = std::chrono::milliseconds{20};
/// Origins that are remembered; a redirect or a user may name any.
constexpr std::size_t most_destinations = 256;

using outcome = policy::load_balancer::outcome;

}  // namespace

/// One origin: its addresses, what is known of them, and the idle connections to them, used last at the back.
struct connection_pool::destination {
  struct idle_connection {
    net::endpoint where;
    net::stream_ptr stream;
    time_point expires;
  };

  destination(origin which, policy::load_balancer::settings how) : name(std::move(which)), balancer(how) {}

  origin name;
  policy::load_balancer balancer;
  std::list<idle_connection> idle;
  time_point look_up_at{};
  duration round_trip{};
  std::uint64_t ejections = 0;
};

// ---- a lease

connection_pool::lease::lease(connection_pool& pool, std::shared_ptr<destination> to, net::endpoint where)
    : pool_(&pool), destination_(std::move(to)), where_(where) {
  destination_->balancer.begin(where_);
}

connection_pool::lease::lease(lease&& other) noexcept
    : pool_(other.pool_),
      destination_(std::move(other.destination_)),
      where_(other.where_),
      stream_(std::move(other.stream_)),
      reused_(other.reused_),
      ended_(std::exchange(other.ended_, true)) {}

connection_pool::lease::~lease() { finish(outcome::none, false); }

void connection_pool::lease::finish(outcome how, bool keep) {
  if (std::exchange(ended_, true)) return;
  if (destination_->balancer.end(where_, how, pool_->home_.now())) ++destination_->ejections;
  if (keep && stream_) pool_->keep(*destination_, where_, std::move(stream_));
  stream_.reset();
}

// ---- the pool

connection_pool::connection_pool(net::network& reach, const client_limits& limits, loop& home)
    : connector_(reach), limits_(limits), home_(home), sweep_timer_(home.timers(), this) {}

connection_pool::~connection_pool() = default;

task<result<connection_pool::lease, client_error>> connection_pool::take(origin to, deadline until, preference wanted) {
  const auto from = destination_of(to);
  if (home_.now() >= from->look_up_at) {
    const auto unknown = co_await look_up(from, until);
    if (unknown) co_return *unknown;
  }
  std::optional<client_error> failure;
  for (auto left = from->balancer.addresses(); left > 0; --left) {
    const auto where = from->balancer.pick(wanted.avoid, home_.now(), home_.random());
    if (!where) break;
    auto made = co_await open(from, *where, until, wanted.fresh, left - 1);
    if (made) co_return std::move(*made);
    const auto why = made.error();
    if (!is_connect_failure(why)) co_return why;
    // In the enumeration's order: `connect_refused` is for a name whose every address refused.
    failure = std::max(failure.value_or(why), why);
    wanted.avoid.push_back(*where);
  }
  co_return failure.value_or(client_error::connect_failed);
}

task<std::optional<client_error>> connection_pool::look_up(std::shared_ptr<destination> to, deadline until) {
  const auto now = home_.now();
  const bool known = to->balancer.addresses() > 0;
  // Before the wait: the others go on with what is known.
  if (known) to->look_up_at = now + limits_.look_up_again;
  const auto by = known ? std::min(until, deadline::after(now, patience_with_known_addresses)) : until;
  auto found = co_await connector_.resolve(to->name, by);
  if (found) {
    to->look_up_at = home_.now() + limits_.look_up_again;
    to->balancer.update(*found, home_.now());
    co_return std::nullopt;
  }
  // A resolver that is slow says nothing of the name; one that does not know it any more does.
  if (known && is_timeout(found.error())) co_return std::nullopt;
  to->look_up_at = time_point{};
  co_return found.error();
}

task<result<connection_pool::lease, client_error>> connection_pool::open(std::shared_ptr<destination> to,
                                                                         net::endpoint where, deadline until,
                                                                         bool fresh, std::size_t others) {
  lease made{*this, to, where};
  if (!fresh) made.stream_ = take_idle(*to, where);
  if (made.stream_) {
    made.reused_ = true;
    co_return std::move(made);
  }
  // What is left is shared with the addresses that are left, so that one black hole does not cost the others.
  const auto now = home_.now();
  auto connect_by = until;
  if (others > 0) {
    const auto share =
        until.is_never() ? limits_.connect_time : until.remaining(now) / static_cast<std::int64_t>(others + 1);
    connect_by = std::min(until, deadline::after(now, std::min(share, limits_.connect_time)));
  }
  auto connected = co_await connector_.connect_to(to->name, where, connect_by, until);
  if (!connected) {
    const auto why = connected.error();
    const bool has_local_cause =
        why == client_error::cancelled || why == client_error::no_descriptor || why == client_error::no_local_port;
    made.finish(has_local_cause ? outcome::none : outcome::connect_failure, false);
    // Who is not there may have moved: what comes next looks the name up again.
    to->look_up_at = time_point{};
    co_return why;
  }
  // RFC 6298's smoothing of round trips.
  const auto measured = connected->round_trip;
  to->round_trip = to->round_trip == duration{} ? measured : to->round_trip + (measured - to->round_trip) / 8;
  made.stream_ = std::move(connected->stream);
  co_return std::move(made);
}

std::shared_ptr<connection_pool::destination> connection_pool::destination_of(const origin& which) {
  if (const auto found = destinations_.find(which); found != destinations_.end()) return found->second;
  if (destinations_.size() >= most_destinations) forget_unused();
  return destinations_.emplace(which, std::make_shared<destination>(which, limits_.balancing)).first->second;
}

void connection_pool::forget_unused() {
  std::erase_if(destinations_,
                [](const auto& each) { return each.second->idle.empty() && each.second.use_count() == 1; });
}

net::stream_ptr connection_pool::take_idle(destination& from, const net::endpoint& where) {
  for (auto each = from.idle.end(); each != from.idle.begin();) {
    --each;
    if (each->where != where) continue;
    auto kept = std::move(each->stream);
    const bool fresh = each->expires > home_.now();
    each = from.idle.erase(each);
    // Readable means closed, or bytes that nobody asked for.
    if (fresh && !kept->readable()) return kept;
  }
  return nullptr;
}

void connection_pool::keep(destination& to, const net::endpoint& where, net::stream_ptr stream) {
  // An address that the name has lost gets no more requests.
  if (limits_.idle_connections_per_origin == 0 || !to.balancer.knows(where)) return;
  if (to.idle.size() >= limits_.idle_connections_per_origin) to.idle.pop_front();
  stream->set_deadline(deadline::never());
  const auto expires = home_.now() + limits_.idle_time;
  to.idle.push_back({where, std::move(stream), expires});
  if (!sweep_timer_.armed()) sweep_timer_.arm(expires);
}

duration connection_pool::round_trip(const origin& to) const noexcept {
  const auto found = destinations_.find(to);
  return found == destinations_.end() ? duration{} : found->second->round_trip;
}

connection_pool::address_counts connection_pool::addresses(const origin& of) const noexcept {
  const auto found = destinations_.find(of);
  if (found == destinations_.end()) return {};
  const auto& balancer = found->second->balancer;
  return {balancer.addresses(), balancer.ejected(home_.now()), found->second->ejections};
}

void connection_pool::close_idle() {
  for (auto& [name, each] : destinations_) each->idle.clear();
  sweep_timer_.disarm();
}

void connection_pool::on_sweep() {
  const auto now = home_.now();
  auto next = time_point::max();
  for (auto& [name, each] : destinations_) {
    std::erase_if(each->idle,
                  [&](const auto& idle) { return idle.expires <= now || !each->balancer.knows(idle.where); });
    if (!each->idle.empty()) next = std::min(next, each->idle.front().expires);
  }
  if (next != time_point::max()) sweep_timer_.arm(next);
}

}  // namespace cohort::http
