// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/basic_endpoint.hpp>
#include <optional>
#include <span>
#include <vector>

#include <cohort/runtime/random.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace boost::asio::ip {
class tcp;
}

namespace cohort::policy {

/// Chooses an address of a host name: of two random addresses, the address with fewer requests in flight (power of two
/// choices). An address with consecutive failures is ejected for a time (passive outlier ejection). The last active
/// address is never ejected. If the last active address also fails, all ejected addresses become active again, because
/// one of them may have recovered. Slow start applies to new addresses and to addresses after an ejection: a selected
/// address is used with a probability that grows from 0.1 to 1 over `slow_start_window`. The class is a state machine
/// without I/O and without a clock. Not thread-safe. Source: Mitzenmacher, "The power of two choices" (2001). Slow
/// start is from Envoy, as is the ejection after 5 consecutive failures, for 30 s times the number of ejections, at
/// most 300 s. Envoy ejects at most 10 % of a cluster. Here, all addresses but one can be ejected, because clusters are
/// small. The shorter ejection after connect failures is not from Envoy; it limits the time for which restarted
/// replicas receive no requests.
class load_balancer {
 public:
  using endpoint = boost::asio::ip::basic_endpoint<boost::asio::ip::tcp>;

  struct settings {
    /// Number of consecutive failures after which an address is ejected.
    unsigned consecutive_failures = 5;
    /// Number of consecutive failed connection attempts after which an address is ejected. The default is lower,
    /// because a failed attempt shows that no process listens on the address.
    unsigned consecutive_connect_failures = 2;
    /// Duration of the first ejection. A later ejection lasts this time multiplied by the ejection count of the
    /// address. The count decreases by one per `base_ejection_time` without an ejection, and is at most 1 +
    /// `max_ejection_time / base_ejection_time`. Ejections after connect failures last a sixth of this time, because
    /// most of these addresses recover quickly, when their process restarts or their network recovers.
    duration base_ejection_time = std::chrono::seconds{30};
    duration max_ejection_time = std::chrono::seconds{300};
    duration slow_start_window = std::chrono::seconds{10};
  };
  enum class outcome {
    success,
    failure,  // a server error, no response, or a response that arrived later than the response to its hedge
    connect_failure,
    ignored,  // does not indicate the state of the address
  };

  explicit load_balancer(settings config) : settings_(config) {}

  /// Sets the addresses of the name. Known addresses keep their state. `on_request_end` must also be called for
  /// requests in flight to a removed address.
  void update(std::span<const endpoint> addresses, time_point now);
  /// Chooses an address; empty if the name has none. Addresses in `avoid`, which the call has already tried, are chosen
  /// only if there is no other address. An ejected address is preferred to them, because it may have recovered.
  std::optional<endpoint> pick(std::span<const endpoint> avoid, time_point now, random_generator& random) const;

  /// Records that a request is sent to `address`, which may no longer be in the list. Exactly one `on_request_end`
  /// must follow.
  void on_request_start(const endpoint& address);
  /// Records the outcome of the request; returns true if the outcome ejects the address. Has no effect while the
  /// address is ejected, because most of these requests started before the ejection. If the last active address reaches
  /// a failure limit, it stays active, and all ejections end. Ejections that end early are not counted and are not
  /// followed by a slow start.
  bool on_request_end(const endpoint& address, outcome result, time_point now) noexcept;

  /// Number of addresses of the name.
  std::size_t address_count() const noexcept;
  /// Number of ejected addresses.
  std::size_t ejected_count(time_point now) const noexcept;
  bool contains(const endpoint& address) const noexcept;
  std::size_t in_flight(const endpoint& address) const noexcept;

  /// The state of an address that determines its selection.
  struct address_status {
    endpoint address;
    std::size_t in_flight = 0;
    unsigned consecutive_failures = 0;
    unsigned consecutive_connect_failures = 0;
    /// The current count of ejections.
    unsigned ejections = 0;
    /// The remaining time of the ejection; zero if the address is not ejected.
    duration remaining_ejection_time{};
    /// The probability that a selected address is used: less than 1 during slow start, 0 while the address is ejected.
    double slow_start_weight = 1;
  };
  /// The addresses of the name.
  std::vector<address_status> statuses(time_point now) const;

 private:
  struct address_entry {
    endpoint address;
    bool is_listed = true;         // an unlisted address is kept only while requests are in flight
    time_point activation_time{};  // in the future while the address is ejected
    bool has_slow_start = true;    // slow start is measured from `activation_time`
    std::size_t in_flight = 0;
    unsigned failure_count = 0;          // consecutive
    unsigned connect_failure_count = 0;  // consecutive
    unsigned ejection_count = 0;

    bool is_active(time_point now) const noexcept { return is_listed && activation_time <= now; }
  };

  const address_entry* find(const endpoint& address) const noexcept;
  address_entry* find(const endpoint& address) noexcept;
  std::size_t active_count(time_point now) const noexcept;
  double slow_start_weight(const address_entry& candidate, time_point now) const noexcept;
  bool record(address_entry& target, outcome result, time_point now) noexcept;
  void eject(address_entry& target, time_point now) noexcept;
  template <class Eligible>
  std::optional<endpoint> pick_among(Eligible is_eligible, time_point now, random_generator& random) const;

  settings settings_;
  std::vector<address_entry> entries_;
};

}  // namespace cohort::policy
