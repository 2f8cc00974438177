#include "core/policy/load_balancer.hpp"

#include <algorithm>

namespace cohort::policy {

const load_balancer::member* load_balancer::find(const endpoint& where) const noexcept {
  const auto found = std::ranges::find(members_, where, &member::where);
  return found == members_.end() ? nullptr : &*found;
}

load_balancer::member* load_balancer::find(const endpoint& where) noexcept {
  const auto found = std::ranges::find(members_, where, &member::where);
  return found == members_.end() ? nullptr : &*found;
}

void load_balancer::update(std::span<const endpoint> addresses, time_point now) {
  // Where there is nobody to take over from, there is nothing to be slow about.
  const auto joined = this->addresses() == 0 ? now - how_.slow_start : now;
  for (auto& each : members_) {
    const bool stays = std::ranges::find(addresses, each.where) != addresses.end();
    if (stays && !each.listed) {
      each.joined = joined;
      each.failures = each.connect_failures = 0;
    }
    each.listed = stays;
  }
  for (const auto& address : addresses) {
    if (find(address) == nullptr) members_.push_back({.where = address, .joined = joined});
  }
  std::erase_if(members_, [](const member& each) { return !each.listed && each.in_flight == 0; });
  // Those that worked have left: better one that failed than none.
  if (pickable(now) > 0) return;
  for (auto& each : members_) each.joined = now;
}

template <class Eligible>
std::optional<load_balancer::endpoint> load_balancer::pick_among(Eligible eligible, time_point now,
                                                                 random_source& random) const {
  const auto choices = static_cast<std::uint64_t>(std::ranges::count_if(members_, eligible));
  if (choices == 0) return std::nullopt;
  const auto choice = [&](std::uint64_t number) {
    const auto* at = members_.data();
    while (!eligible(*at) || number-- > 0) ++at;
    return at;
  };
  const auto first = random.below(choices);
  if (choices == 1) return choice(first)->where;
  const auto second = (first + 1 + random.below(choices - 1)) % choices;
  const auto* better = choice(first);
  const auto* other = choice(second);
  if (other->in_flight < better->in_flight) std::swap(better, other);
  return (random.chance(share(*better, now)) ? better : other)->where;
}

std::optional<load_balancer::endpoint> load_balancer::pick(std::span<const endpoint> avoid, time_point now,
                                                           random_source& random) const {
  const auto avoided = [&](const member& each) { return std::ranges::find(avoid, each.where) != avoid.end(); };
  const auto fresh = [&](const member& each) { return each.pickable(now) && !avoided(each); };
  const auto untried = [&](const member& each) { return each.listed && !avoided(each); };
  const auto any = [&](const member& each) { return each.pickable(now); };
  if (auto found = pick_among(fresh, now, random)) return found;
  if (auto found = pick_among(untried, now, random)) return found;
  return pick_among(any, now, random);
}

void load_balancer::begin(const endpoint& to) {
  auto* known = find(to);
  if (known == nullptr) known = &members_.emplace_back(member{.where = to, .listed = false});
  ++known->in_flight;
}

bool load_balancer::end(const endpoint& at, outcome what, time_point now) noexcept {
  auto* known = find(at);
  --known->in_flight;
  if (known->pickable(now)) return note(*known, what, now);
  if (!known->listed && known->in_flight == 0) members_.erase(members_.begin() + (known - members_.data()));
  return false;
}

bool load_balancer::note(member& of, outcome what, time_point now) noexcept {
  if (what == outcome::none) return false;
  if (what == outcome::success) {
    of.failures = of.connect_failures = 0;
    return false;
  }
  ++of.failures;
  of.connect_failures = what == outcome::connect_failure ? of.connect_failures + 1 : 0;
  const bool too_often = of.failures >= how_.failures || of.connect_failures >= how_.connect_failures;
  if (!too_often || pickable(now) == 1) return false;
  eject(of, now);
  return true;
}

void load_balancer::eject(member& which, time_point now) noexcept {
  const auto forgiven = (now - which.joined) / how_.first_ejection;
  which.ejections -= static_cast<unsigned>(std::clamp<std::int64_t>(forgiven, 0, which.ejections));
  const auto most = how_.longest_ejection / how_.first_ejection + 1;
  which.ejections = static_cast<unsigned>(std::min<std::int64_t>(which.ejections + 1, most));
  which.joined = now + std::min<duration>(how_.first_ejection * which.ejections, how_.longest_ejection);
  which.failures = which.connect_failures = 0;
}

double load_balancer::share(const member& of, time_point now) const noexcept {
  const auto passed = now - of.joined;
  if (passed >= how_.slow_start) return 1;
  return std::max(0.1, static_cast<double>(passed.count()) / static_cast<double>(how_.slow_start.count()));
}

std::size_t load_balancer::pickable(time_point now) const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(members_, [now](const member& each) { return each.pickable(now); }));
}

std::size_t load_balancer::addresses() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(members_, true, &member::listed));
}

std::size_t load_balancer::ejected(time_point now) const noexcept { return addresses() - pickable(now); }

bool load_balancer::knows(const endpoint& at) const noexcept {
  const auto* known = find(at);
  return known != nullptr && known->listed;
}

std::size_t load_balancer::in_flight(const endpoint& at) const noexcept {
  const auto* known = find(at);
  return known == nullptr ? 0 : known->in_flight;
}

}  // namespace cohort::policy
