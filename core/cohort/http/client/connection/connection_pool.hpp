// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <cohort/http/client/client_settings.hpp>
#include <cohort/http/client/connection/connector.hpp>
#include <cohort/policy/load_balancer.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {

class background_connect;
class superseded_exchange;

/// The connections of one loop, by origin and address. Requests are balanced over all addresses of a name.
class connection_pool {
  struct origin_state;

 public:
  /// A connection in use by one request. If a lease is destroyed without `release`, the connection is closed, because a
  /// response may still arrive, and the load balancer receives no result.
  class lease {
   public:
    lease(connection_pool& pool, std::shared_ptr<origin_state> state, net::endpoint address, const bool* is_overtaken);
    ~lease();
    lease(lease&& other) noexcept;
    lease& operator=(lease&&) = delete;

    /// Valid until `release`.
    net::stream& stream() noexcept { return *stream_; }
    const net::endpoint& address() const noexcept { return address_; }
    /// See `connection_pool::round_trip_time`.
    duration round_trip_time() const noexcept;
    /// Whether the connection has carried a request before. The server may have closed it in the meantime.
    bool is_reused() const noexcept { return is_reused_; }
    /// Closes the idle connections to the same address. Called for a reused connection that received no response. If a
    /// peer or middlebox failed without a reset, these connections are also broken, and each would cause one request to
    /// time out.
    void close_idle_to_same_address();
    /// Ends the lease: reports `result` to the load balancer, and keeps the connection for other requests if
    /// `is_reusable`, otherwise closes it. Later calls have no effect.
    void release(policy::load_balancer::outcome result, bool is_reusable, time_point now);
    /// Like `release`, but for a request that was sent and whose response is no longer needed. The connection is kept
    /// for other requests if the response arrives within 100 ms; otherwise, it is closed, which cancels the request.
    void release_superseded(policy::load_balancer::outcome result, bool is_head_request, time_point now);

   private:
    /// Reports the result. Returns false if the lease has already ended.
    bool end(policy::load_balancer::outcome result, time_point now);

    friend class connection_pool;
    connection_pool* pool_;
    std::shared_ptr<origin_state> state_;
    net::endpoint address_;
    net::stream_ptr stream_;
    const bool* is_overtaken_ = nullptr;
    /// The version of the TLS settings of the connection.
    std::uint64_t tls_version_ = 0;
    bool is_reused_ = false;
    bool is_released_ = false;
  };

  /// Options for acquiring a connection.
  struct lease_options {
    /// Addresses at which the call has failed or is in progress; they are used only if there are no others. `client`
    /// adds the address once the connection is established. May be null; must outlive the exchange.
    recycled_vector<net::endpoint>* tried_addresses = nullptr;
    /// Whether to open a new connection instead of reusing an idle one.
    bool needs_new_connection = false;
    /// Whether the request is cancelled because a later request at another address received its response first. The
    /// cancellation then counts as a failure of the address. May be null; must outlive the lease.
    const bool* is_overtaken = nullptr;
    /// Whether the request is cancelled because another request of the same call received its response first. May be
    /// null; must outlive the exchange.
    const bool* is_superseded = nullptr;
  };

  /// The addresses of an origin.
  struct address_counts {
    std::size_t known = 0;
    std::size_t ejected = 0;
    /// Number of ejections since the pool was created.
    std::uint64_t ejections = 0;
  };

  /// All arguments must outlive the pool. `tls` is used instead of `settings.tls`. After `tls` has been replaced, no
  /// further request is sent on secure connections with the old settings.
  connection_pool(net::network& network, const client_settings& settings,
                  const net::replaceable_tls_client_settings& tls, loop& loop);
  ~connection_pool();

  /// Returns an idle connection that is still open, or establishes a new connection. Tries the addresses in the order
  /// of the load balancer; the error is the error of the last stage reached. `record`, which may be null and must
  /// outlive the task, receives the phases until the connection is established.
  task<result<lease, client_error>> acquire(origin target, deadline call_deadline, lease_options options,
                                            telemetry::attempt_record* record = nullptr);

  /// Like `acquire`, but does not wait: returns an idle connection, or no value if `acquire` would resolve or connect.
  std::optional<lease> try_acquire(const origin& target, const lease_options& options, time_point now);

  /// A new connection that does not belong to the pool; see `connector::connect`.
  task<result<net::stream_ptr, client_error>> connect(origin target, deadline call_deadline) {
    return connector_.connect(std::move(target), call_deadline);
  }

  /// Smoothed round-trip time of the connections to the origin; zero before the first connection.
  duration round_trip_time(const origin& target) const noexcept;
  address_counts addresses(const origin& target, time_point now) const noexcept;

  /// Re-resolves the name of the origin before the next request to it, even if `resolve_interval` has not passed.
  /// Connections and requests in flight are kept.
  void refresh_addresses(const origin& target) noexcept;

  struct address_status {
    policy::load_balancer::address_status balancing;
    std::size_t idle_connections = 0;
  };
  struct origin_status {
    origin target;
    duration round_trip_time{};
    std::vector<address_status> addresses;
  };
  /// The origins to which requests have been sent.
  std::vector<origin_status> statuses() const;
  /// Closes the idle connections to all origins.
  void close_idle();

 private:
  /// A connection with an outstanding response that no caller waits for.
  struct superseded_connection {
    std::shared_ptr<superseded_exchange> exchange;
    std::shared_ptr<origin_state> state;
    net::endpoint address;
    std::uint64_t tls_version;
  };

  task<std::optional<client_error>> resolve(std::shared_ptr<origin_state> state, deadline call_deadline);
  task<result<lease, client_error>> acquire_at(std::shared_ptr<origin_state> state, net::endpoint address,
                                               deadline call_deadline, const lease_options& options,
                                               std::size_t other_addresses, telemetry::attempt_record* record);
  void discard_response(std::shared_ptr<origin_state> state, net::endpoint address, net::stream_ptr stream,
                        std::uint64_t tls_version, bool is_head_request);
  void on_superseded_end(const superseded_exchange& exchange, net::stream_ptr reusable_stream);
  void connect_in_background(std::shared_ptr<origin_state> state, net::endpoint address);
  void end_background_work() noexcept;
  std::shared_ptr<origin_state> state_of(const origin& target);
  /// Keeps `stream` for reuse. Closes the stream if its TLS settings are outdated.
  void put_idle(origin_state& state, const net::endpoint& address, net::stream_ptr stream, std::uint64_t tls_version,
                time_point now);
  void close_outdated(origin_state& state);
  void remove_unused_origins();
  void close_expired();

  net::network& network_;
  connector connector_;
  const client_settings& settings_;
  const net::replaceable_tls_client_settings& tls_;
  loop& loop_;
  std::map<origin, std::shared_ptr<origin_state>> origins_;
  std::vector<superseded_connection> superseded_connections_;
  std::vector<std::shared_ptr<background_connect>> background_connects_;
  bound_timer<&connection_pool::close_expired> expiry_timer_;
};

}  // namespace cohort::http
