// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/load_balancer.hpp>

#include <algorithm>

#include <cohort/policy/same_endpoint.hpp>

namespace cohort::policy {
namespace {

/// The divisor of the ejection time after connect failures. The default ejection times are 5 s, 10 s … 55 s.
constexpr int connect_ejection_divisor = 6;

}  // namespace

const load_balancer::address_entry* load_balancer::find(const endpoint& address) const noexcept {
  const auto found = std::ranges::find_if(
      entries_, [&](const address_entry& candidate) { return same_endpoint(candidate.address, address); });
  return found == entries_.end() ? nullptr : &*found;
}

load_balancer::address_entry* load_balancer::find(const endpoint& address) noexcept {
  const auto found = std::ranges::find_if(
      entries_, [&](const address_entry& candidate) { return same_endpoint(candidate.address, address); });
  return found == entries_.end() ? nullptr : &*found;
}

void load_balancer::update(std::span<const endpoint> addresses, time_point now) {
  // Slow start has no purpose unless other addresses share the load.
  const bool has_slow_start = address_count() > 0;
  // Optimization: usually, the addresses have not changed, and each address has the same index as its entry.
  const auto is_at_position = [&](std::size_t position, const endpoint& address) {
    return position < addresses.size() && same_endpoint(addresses[position], address);
  };
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& entry = entries_[i];
    const bool is_still_listed =
        is_at_position(i, entry.address) || std::ranges::find(addresses, entry.address) != addresses.end();
    if (is_still_listed && !entry.is_listed) {
      entry.activation_time = now;
      entry.has_slow_start = has_slow_start;
      entry.failure_count = entry.connect_failure_count = 0;
    }
    entry.is_listed = is_still_listed;
  }
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const bool is_known =
        (i < entries_.size() && is_at_position(i, entries_[i].address)) || find(addresses[i]) != nullptr;
    if (!is_known)
      entries_.push_back({.address = addresses[i], .activation_time = now, .has_slow_start = has_slow_start});
  }
  std::erase_if(entries_, [](const address_entry& entry) { return !entry.is_listed && entry.in_flight == 0; });
  // If all addresses are ejected, all of them become active.
  if (active_count(now) > 0) return;
  for (auto& entry : entries_) entry.activation_time = now;
}

template <class Eligible>
std::optional<load_balancer::endpoint> load_balancer::pick_among(Eligible is_eligible, time_point now,
                                                                 random_generator& random) const {
  const auto count = static_cast<std::uint64_t>(std::ranges::count_if(entries_, is_eligible));
  if (count == 0) return std::nullopt;
  const auto find_nth_eligible = [&](std::uint64_t n) {
    const auto* candidate = entries_.data();
    if (count == entries_.size()) return candidate + n;
    while (!is_eligible(*candidate) || n-- > 0) ++candidate;
    return candidate;
  };
  const auto first = random.uniform_below(count);
  if (count == 1) return find_nth_eligible(first)->address;
  const auto second = (first + 1 + random.uniform_below(count - 1)) % count;
  const auto* preferred_entry = find_nth_eligible(first);
  const auto* other_entry = find_nth_eligible(second);
  if (other_entry->in_flight < preferred_entry->in_flight) std::swap(preferred_entry, other_entry);
  return (random.bernoulli(slow_start_weight(*preferred_entry, now)) ? preferred_entry : other_entry)->address;
}

std::optional<load_balancer::endpoint> load_balancer::pick(std::span<const endpoint> avoid, time_point now,
                                                           random_generator& random) const {
  const auto is_tried = [&](const address_entry& candidate) {
    return std::ranges::find(avoid, candidate.address) != avoid.end();
  };
  const auto is_active_and_untried = [&](const address_entry& candidate) {
    return candidate.is_active(now) && !is_tried(candidate);
  };
  const auto is_untried = [&](const address_entry& candidate) { return candidate.is_listed && !is_tried(candidate); };
  const auto is_active = [&](const address_entry& candidate) { return candidate.is_active(now); };
  if (auto found = pick_among(is_active_and_untried, now, random)) return found;
  if (auto found = pick_among(is_untried, now, random)) return found;
  return pick_among(is_active, now, random);
}

void load_balancer::on_request_start(const endpoint& address) {
  auto* found_entry = find(address);
  if (found_entry == nullptr)
    found_entry = &entries_.emplace_back(address_entry{.address = address, .is_listed = false});
  ++found_entry->in_flight;
}

bool load_balancer::on_request_end(const endpoint& address, outcome result, time_point now) noexcept {
  auto* found_entry = find(address);
  --found_entry->in_flight;
  if (found_entry->is_active(now)) return record(*found_entry, result, now);
  if (!found_entry->is_listed && found_entry->in_flight == 0)
    entries_.erase(entries_.begin() + (found_entry - entries_.data()));
  return false;
}

bool load_balancer::record(address_entry& target, outcome result, time_point now) noexcept {
  if (result == outcome::ignored) return false;
  if (result == outcome::success) {
    target.failure_count = target.connect_failure_count = 0;
    return false;
  }
  ++target.failure_count;
  target.connect_failure_count = result == outcome::connect_failure ? target.connect_failure_count + 1 : 0;
  const bool is_limit_reached = target.failure_count >= settings_.consecutive_failures ||
                                target.connect_failure_count >= settings_.consecutive_connect_failures;
  if (!is_limit_reached) return false;
  if (active_count(now) > 1) {
    eject(target, now);
    return true;
  }
  // The last active address has also failed, so the ejected addresses become active. Their ejections are not counted.
  for (auto& entry : entries_) {
    if (!entry.is_listed || entry.is_active(now)) continue;
    entry.activation_time = now;
    entry.has_slow_start = false;
    --entry.ejection_count;
  }
  return false;
}

void load_balancer::eject(address_entry& target, time_point now) noexcept {
  const auto expired_ejection_count = (now - target.activation_time) / settings_.base_ejection_time;
  target.ejection_count -=
      static_cast<unsigned>(std::clamp<std::int64_t>(expired_ejection_count, 0, target.ejection_count));
  const auto max_ejections = settings_.max_ejection_time / settings_.base_ejection_time + 1;
  target.ejection_count = static_cast<unsigned>(std::min<std::int64_t>(target.ejection_count + 1, max_ejections));
  const bool is_connect_ejection = target.connect_failure_count >= settings_.consecutive_connect_failures;
  const duration base_time = settings_.base_ejection_time / (is_connect_ejection ? connect_ejection_divisor : 1);
  target.activation_time = now + std::min<duration>(base_time * target.ejection_count, settings_.max_ejection_time);
  target.has_slow_start = true;
  target.failure_count = target.connect_failure_count = 0;
}

double load_balancer::slow_start_weight(const address_entry& candidate, time_point now) const noexcept {
  const auto active_time = now - candidate.activation_time;
  if (!candidate.has_slow_start || active_time >= settings_.slow_start_window) return 1;
  const auto fraction =
      static_cast<double>(active_time.count()) / static_cast<double>(settings_.slow_start_window.count());
  return std::max(0.1, fraction);
}

std::size_t load_balancer::active_count(time_point now) const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [now](const address_entry& candidate) { return candidate.is_active(now); }));
}

std::size_t load_balancer::address_count() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(entries_, true, &address_entry::is_listed));
}

std::size_t load_balancer::ejected_count(time_point now) const noexcept { return address_count() - active_count(now); }

bool load_balancer::contains(const endpoint& address) const noexcept {
  const auto* found_entry = find(address);
  return found_entry != nullptr && found_entry->is_listed;
}

std::size_t load_balancer::in_flight(const endpoint& address) const noexcept {
  const auto* found_entry = find(address);
  return found_entry == nullptr ? 0 : found_entry->in_flight;
}

std::vector<load_balancer::address_status> load_balancer::statuses(time_point now) const {
  std::vector<address_status> result;
  for (const auto& entry : entries_) {
    if (!entry.is_listed) continue;
    result.push_back({.address = entry.address,
                      .in_flight = entry.in_flight,
                      .consecutive_failures = entry.failure_count,
                      .consecutive_connect_failures = entry.connect_failure_count,
                      .ejections = entry.ejection_count,
                      .remaining_ejection_time = std::max(entry.activation_time - now, duration::zero()),
                      .slow_start_weight = entry.is_active(now) ? slow_start_weight(entry, now) : 0});
  }
  return result;
}

}  // namespace cohort::policy
