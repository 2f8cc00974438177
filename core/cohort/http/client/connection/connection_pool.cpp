// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/connection/connection_pool.hpp>

#include <algorithm>
#include <span>

#include <cohort/http/client/connection/background_connect.hpp>
#include <cohort/http/client/connection/idle_connections.hpp>
#include <cohort/http/client/connection/superseded_exchange.hpp>

namespace cohort::http {
namespace {

/// Timeout of a resolution that only refreshes known addresses.
constexpr duration refresh_timeout = std::chrono::milliseconds{20};
/// Maximum number of origins. The limit bounds the memory, because redirects and users may request any origin.
constexpr std::size_t max_origins = 256;
/// Maximum time that a connection waits for the response to a request that another attempt of its call has superseded.
/// After that, the connection is closed.
constexpr duration superseded_grace_period = std::chrono::milliseconds{100};
constexpr std::size_t max_superseded = 64;

using outcome = policy::load_balancer::outcome;

}  // namespace

struct connection_pool::origin_state {
  origin_state(origin target, policy::load_balancer::settings settings) : name(std::move(target)), balancer(settings) {}

  origin name;
  policy::load_balancer balancer;
  idle_connections idle;
  time_point next_resolve{};
  duration round_trip_time{};
  std::uint64_t ejections = 0;
  /// The version of the TLS settings of the idle connections.
  std::uint64_t tls_version = 0;
};

// ---- lease

connection_pool::lease::lease(connection_pool& pool, std::shared_ptr<origin_state> state, net::endpoint address,
                              const bool* is_overtaken)
    : pool_(&pool), state_(std::move(state)), address_(address), is_overtaken_(is_overtaken) {
  state_->balancer.on_request_start(address_);
}

connection_pool::lease::lease(lease&& other) noexcept
    : pool_(other.pool_),
      state_(std::move(other.state_)),
      address_(other.address_),
      stream_(std::move(other.stream_)),
      is_overtaken_(other.is_overtaken_),
      tls_version_(other.tls_version_),
      is_reused_(other.is_reused_),
      is_released_(std::exchange(other.is_released_, true)) {}

connection_pool::lease::~lease() {
  if (!is_released_) release(outcome::ignored, false, pool_->loop_.now());
}

duration connection_pool::lease::round_trip_time() const noexcept { return state_->round_trip_time; }

void connection_pool::lease::close_idle_to_same_address() { state_->idle.close_connections_to(address_); }

void connection_pool::lease::release(outcome result, bool is_reusable, time_point now) {
  if (!end(result, now)) return;
  if (is_reusable && stream_) pool_->put_idle(*state_, address_, std::move(stream_), tls_version_, now);
  stream_.reset();
}

void connection_pool::lease::release_superseded(outcome result, bool is_head_request, time_point now) {
  if (!end(result, now)) return;
  pool_->discard_response(std::move(state_), address_, std::move(stream_), tls_version_, is_head_request);
}

bool connection_pool::lease::end(outcome result, time_point now) {
  if (std::exchange(is_released_, true)) return false;
  if (result == outcome::ignored && is_overtaken_ && *is_overtaken_) result = outcome::failure;
  if (state_->balancer.on_request_end(address_, result, now)) ++state_->ejections;
  return true;
}

// ---- pool

connection_pool::connection_pool(net::network& network, const client_settings& settings,
                                 const net::replaceable_tls_client_settings& tls, loop& loop)
    : network_(network),
      connector_(network, settings.proxies, tls),
      settings_(settings),
      tls_(tls),
      loop_(loop),
      expiry_timer_(loop.timers(), this) {}

connection_pool::~connection_pool() { end_background_work(); }

task<result<connection_pool::lease, client_error>> connection_pool::acquire(origin target, deadline call_deadline,
                                                                            lease_options options,
                                                                            telemetry::attempt_record* record) {
  const auto state = state_of(target);
  recycled_vector<net::endpoint> avoided_addresses;
  if (options.tried_addresses) avoided_addresses = *options.tried_addresses;
  if (loop_.now() >= state->next_resolve) {
    const auto error = co_await resolve(state, call_deadline);
    if (error) co_return *error;
  }
  std::optional<client_error> failure;
  // Addresses that accepted no connection. All other addresses are preferred to these, even if an earlier attempt
  // failed there.
  recycled_vector<net::endpoint> unreachable;
  for (auto addresses = state->balancer.address_count(); addresses > 0; --addresses) {
    auto address = state->balancer.pick(avoided_addresses, loop_.now(), loop_.random());
    if (address && std::ranges::find(unreachable, *address) != unreachable.end()) {
      address = state->balancer.pick(unreachable, loop_.now(), loop_.random());
    }
    if (!address) break;
    auto acquired_lease = co_await acquire_at(state, *address, call_deadline, options, addresses - 1, record);
    if (acquired_lease) co_return std::move(*acquired_lease);
    const auto error = acquired_lease.error();
    if (!is_connect_failure(error)) co_return error;
    // The greatest enumerator among the errors of all addresses, so that the error is `connect_refused` only if every
    // address refused the connection.
    failure = std::max(failure.value_or(error), error);
    avoided_addresses.push_back(*address);
    unreachable.push_back(*address);
  }
  co_return failure.value_or(client_error::connect_failed);
}

std::optional<connection_pool::lease> connection_pool::try_acquire(const origin& target, const lease_options& options,
                                                                   time_point now) {
  const auto found = origins_.find(target);
  if (options.needs_new_connection || found == origins_.end() || now >= found->second->next_resolve)
    return std::nullopt;
  auto& state = *found->second;
  const auto generator = loop_.random();
  std::span<const net::endpoint> avoided_addresses;
  if (options.tried_addresses) avoided_addresses = *options.tried_addresses;
  const auto address = state.balancer.pick(avoided_addresses, now, loop_.random());
  if (!address) return std::nullopt;
  if (state.name.secure) close_outdated(state);
  auto stream = state.idle.take(*address, now);
  if (!stream) {
    // `acquire` must use this selection: selecting twice would send too few requests to new addresses, which have no
    // idle connections.
    loop_.random() = generator;
    return std::nullopt;
  }
  lease lease{*this, found->second, *address, options.is_overtaken};
  lease.tls_version_ = state.tls_version;
  lease.stream_ = std::move(stream);
  lease.is_reused_ = true;
  return lease;
}

task<std::optional<client_error>> connection_pool::resolve(std::shared_ptr<origin_state> state,
                                                           deadline call_deadline) {
  const auto now = loop_.now();
  const bool is_refresh = state->balancer.address_count() > 0;
  // The next refresh is scheduled before the wait, so that other requests use the known addresses during the refresh.
  if (is_refresh) state->next_resolve = now + settings_.resolve_interval;
  const auto resolve_deadline =
      is_refresh ? std::min(call_deadline, deadline::after(now, refresh_timeout)) : call_deadline;
  auto addresses = co_await connector_.resolve(state->name, resolve_deadline);
  if (addresses) {
    state->next_resolve = loop_.now() + settings_.resolve_interval;
    state->balancer.update(*addresses, loop_.now());
    co_return std::nullopt;
  }
  // A resolver timeout does not invalidate the known addresses; a name that is not found does.
  if (is_refresh && is_timeout(addresses.error())) co_return std::nullopt;
  state->next_resolve = time_point{};
  co_return addresses.error();
}

task<result<connection_pool::lease, client_error>> connection_pool::acquire_at(
    std::shared_ptr<origin_state> state, net::endpoint address, deadline call_deadline, const lease_options& options,
    std::size_t other_addresses, telemetry::attempt_record* record) {
  lease lease{*this, state, address, options.is_overtaken};
  if (state->name.secure) close_outdated(*state);
  lease.tls_version_ = state->tls_version;
  if (!options.needs_new_connection) lease.stream_ = state->idle.take(address, loop_.now());
  if (lease.stream_) {
    lease.is_reused_ = true;
    co_return std::move(lease);
  }
  // The remaining time is divided among the remaining addresses, so that an address that never responds does not use
  // all of it.
  const auto now = loop_.now();
  auto connect_deadline = call_deadline;
  if (other_addresses > 0) {
    const auto time_share = call_deadline.is_never()
                                ? settings_.connect_timeout
                                : call_deadline.remaining(now) / static_cast<std::int64_t>(other_addresses + 1);
    connect_deadline = std::min(call_deadline, deadline::after(now, std::min(time_share, settings_.connect_timeout)));
  }
  if (record) {
    record->address = address;
    record->enter(telemetry::attempt_phase::connect, now);
  }
  auto connected = co_await connector_.connect_address(state->name, address, connect_deadline, call_deadline, record);
  if (!connected) {
    const auto error = connected.error();
    const bool has_local_cause = error == client_error::cancelled || error == client_error::no_file_descriptor ||
                                 error == client_error::no_local_port;
    lease.release(has_local_cause ? outcome::ignored : outcome::connect_failure, false, loop_.now());
    if (error == client_error::cancelled && options.is_superseded && *options.is_superseded) {
      connect_in_background(state, address);
    } else {
      // The server's address may have changed: the next request re-resolves the name.
      state->next_resolve = time_point{};
    }
    co_return error;
  }
  // Exponential smoothing with a gain of 1/8 (RFC 6298 section 2).
  const auto round_trip_sample = connected->round_trip_time;
  state->round_trip_time = state->round_trip_time == duration{}
                               ? round_trip_sample
                               : state->round_trip_time + (round_trip_sample - state->round_trip_time) / 8;
  lease.stream_ = std::move(connected->stream);
  co_return std::move(lease);
}

std::shared_ptr<connection_pool::origin_state> connection_pool::state_of(const origin& target) {
  if (const auto found = origins_.find(target); found != origins_.end()) return found->second;
  if (origins_.size() >= max_origins) remove_unused_origins();
  return origins_.emplace(target, std::make_shared<origin_state>(target, settings_.load_balancing)).first->second;
}

void connection_pool::close_outdated(origin_state& state) {
  const auto version = tls_.version();
  if (state.tls_version == version) return;
  state.tls_version = version;
  state.idle.close_all();
}

void connection_pool::remove_unused_origins() {
  std::erase_if(origins_,
                [](const auto& entry) { return entry.second->idle.empty() && entry.second.use_count() == 1; });
}

void connection_pool::put_idle(origin_state& state, const net::endpoint& address, net::stream_ptr stream,
                               std::uint64_t tls_version, time_point now) {
  if (state.name.secure && tls_version != tls_.version()) return;
  // The name may no longer resolve to the address.
  if (settings_.max_idle_per_origin == 0 || !state.balancer.contains(address)) return;
  const auto expiry = now + settings_.idle_timeout;
  // Calls are spread over all addresses: with fewer connections than addresses, most calls would open a new one.
  const auto max_idle = std::max(settings_.max_idle_per_origin, state.balancer.address_count());
  state.idle.put(address, std::move(stream), expiry, max_idle);
  if (!expiry_timer_.armed()) expiry_timer_.arm(expiry);
}

void connection_pool::discard_response(std::shared_ptr<origin_state> state, net::endpoint address,
                                       net::stream_ptr stream, std::uint64_t tls_version, bool is_head_request) {
  if (superseded_connections_.size() >= max_superseded) return;
  auto on_end = [this](superseded_exchange& exchange, net::stream_ptr reusable_stream) {
    on_superseded_end(exchange, std::move(reusable_stream));
  };
  const response_parser::limits limits{settings_.max_header_bytes, settings_.max_body_bytes, false, false};
  auto exchange = std::allocate_shared<superseded_exchange>(recycling_allocator<superseded_exchange>{},
                                                            std::move(stream), limits, is_head_request, on_end);
  superseded_connections_.push_back({exchange, std::move(state), address, tls_version});
  exchange->start(deadline::after(loop_.now(), superseded_grace_period));
}

void connection_pool::on_superseded_end(const superseded_exchange& exchange, net::stream_ptr reusable_stream) {
  const auto found =
      std::ranges::find(superseded_connections_, &exchange, [](const auto& each) { return each.exchange.get(); });
  const auto ended = std::move(*found);
  superseded_connections_.erase(found);
  if (reusable_stream)
    put_idle(*ended.state, ended.address, std::move(reusable_stream), ended.tls_version, loop_.now());
}

/// Establishes the connection that a superseded request was waiting for. Otherwise, each hedge under load would start a
/// connection and abandon it. Only plain TCP connections are established, because proxy and TLS handshakes belong to a
/// request.
void connection_pool::connect_in_background(std::shared_ptr<origin_state> state, net::endpoint address) {
  const auto& name = state->name;
  if (name.secure || name.is_unix_socket() || settings_.proxies.proxy_for(name)) return;
  if (background_connects_.size() >= max_superseded) return;
  auto on_end = [this, state, address](background_connect& background_connect, net::stream_ptr stream) {
    std::erase_if(background_connects_, [&](const auto& attempt) { return attempt.get() == &background_connect; });
    if (stream) put_idle(*state, address, std::move(stream), state->tls_version, loop_.now());
  };
  background_connects_.push_back(std::make_shared<background_connect>(std::move(on_end)));
  background_connects_.back()->start(network_, address, deadline::after(loop_.now(), settings_.connect_timeout));
}

/// Ends the background attempts, whose handlers refer to the pool.
void connection_pool::end_background_work() noexcept {
  for (const auto& each : superseded_connections_) each.exchange->close();
  superseded_connections_.clear();
  for (const auto& attempt : background_connects_) attempt->cancel();
  background_connects_.clear();
}

duration connection_pool::round_trip_time(const origin& target) const noexcept {
  const auto found = origins_.find(target);
  return found == origins_.end() ? duration{} : found->second->round_trip_time;
}

connection_pool::address_counts connection_pool::addresses(const origin& target, time_point now) const noexcept {
  const auto found = origins_.find(target);
  if (found == origins_.end()) return {};
  const auto& balancer = found->second->balancer;
  return {balancer.address_count(), balancer.ejected_count(now), found->second->ejections};
}

void connection_pool::refresh_addresses(const origin& target) noexcept {
  if (const auto found = origins_.find(target); found != origins_.end()) found->second->next_resolve = time_point{};
}

std::vector<connection_pool::origin_status> connection_pool::statuses() const {
  std::vector<origin_status> result;
  for (const auto& [target, state] : origins_) {
    auto& added = result.emplace_back(origin_status{target, state->round_trip_time, {}});
    for (auto& balancing : state->balancer.statuses(loop_.now())) {
      const auto idle = state->idle.count_connections_to(balancing.address);
      added.addresses.push_back({std::move(balancing), idle});
    }
  }
  return result;
}

void connection_pool::close_idle() {
  end_background_work();
  for (auto& [name, state] : origins_) state->idle.close_all();
  expiry_timer_.disarm();
}

void connection_pool::close_expired() {
  const auto now = loop_.now();
  auto next = time_point::max();
  for (auto& [name, state] : origins_) {
    state->idle.close_expired(now, state->balancer);
    next = std::min(next, state->idle.next_expiry());
  }
  if (next != time_point::max()) expiry_timer_.arm(next);
}

}  // namespace cohort::http
