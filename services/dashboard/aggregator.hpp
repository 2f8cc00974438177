// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <functional>

#include "services/dashboard/requests/request_report.hpp"
#include "services/dashboard/service_client.hpp"

namespace cohort::dashboard {

/// Base URLs and call policies of the three services.
struct aggregator_settings {
  boost::urls::url time;
  boost::urls::url sysinfo;
  boost::urls::url weather;
  http::upstream_settings time_policy = default_policy(std::chrono::seconds{3});
  http::upstream_settings sysinfo_policy = default_policy(std::chrono::seconds{3});
  http::upstream_settings weather_policy = default_policy(std::chrono::seconds{5});

  /// The breaker sends a probe every 4 s, regardless of the duration of the failure. The page therefore shows a
  /// recovered service within 5 s, and the load of the probes is negligible.
  static http::upstream_settings default_policy(duration timeout) {
    http::upstream_settings policy;
    policy.timeout = timeout;
    policy.breaker.base_open_time = policy.breaker.max_open_time = std::chrono::seconds{4};
    return policy;
  }
};

/// The responses of the three services.
struct aggregate {
  /// The body of `/api/aggregate`.
  std::string body;
  std::array<call_summary, 3> calls;
};

/// Calls the three services concurrently and combines their responses.
class aggregator {
 public:
  /// `prefix` distinguishes the upstreams of several aggregators in metrics. Calls are added to `history` unless it is
  /// null.
  aggregator(const service::service_context& context, const aggregator_settings& settings,
             const std::string& prefix = {}, const std::shared_ptr<call_history>& history = nullptr);

  /// Called when a part arrives, with the index of the part, its name in the body, and the part.
  using part_observer = std::function<void(std::size_t index, std::string_view service, const part& part)>;

  /// Completes within the longest timeout of the parts. Never fails. `timeout` replaces the timeouts of all parts.
  task<dashboard::aggregate> aggregate(call_context context, part_observer observer = {},
                                       std::optional<duration> timeout = {});
  /// The time service's response.
  task<part> fetch_time(call_context context);
  /// The data of the event `poll`: the number of an aggregate, and the timeouts of its calls.
  std::string poll_json(std::uint64_t number) const;

 private:
  service_client time_;
  service_client sysinfo_;
  service_client weather_;
  /// The timeouts of the parts, in the order of the parts.
  std::array<duration, 3> timeouts_;
};

/// The data of the event `part`: one part of the aggregate `number`, as in the body of `/api/aggregate`. If the circuit
/// breaker is open, `probe_in_ms` is the time until its next probe.
std::string part_json(std::uint64_t number, std::string_view service, const part& part);

/// The body of `/api/time-proxy` if the time service has failed.
std::string time_error_body(const part& failed);

}  // namespace cohort::dashboard
