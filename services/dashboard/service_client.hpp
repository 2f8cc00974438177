// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <boost/url/url.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/service/service.hpp>
#include "services/dashboard/requests/call_history.hpp"

namespace cohort::dashboard {

/// The state of one part of an aggregate. `shed`: the service rejected the call because of overload, or the limit of
/// concurrent calls was reached. `open`: the circuit breaker is open.
enum class part_state { fresh, stale, timeout, error, shed, open };
inline constexpr std::array<std::string_view, 6> part_state_names{"fresh", "stale", "timeout", "error", "shed", "open"};
constexpr std::string_view to_string(part_state state) noexcept {
  return part_state_names[static_cast<std::size_t>(state)];
}

/// The parts of an aggregate, in the order of their indices.
inline constexpr std::array<std::string_view, 3> part_names{"time_service", "sysinfo_service", "weather_service"};

/// The response of one service, or the reason why it is missing.
struct part {
  part_state state = part_state::error;
  std::string body;  // one JSON object, unchanged; empty without a response
  duration elapsed{};
  duration timeout{};
  std::string reason{};  // the reason if the state is not fresh or stale; otherwise empty
  reported_values values{};
  duration time_until_probe{};  // time until the open circuit breaker permits the next call
};

/// Client for one of the services that the dashboard aggregates.
class service_client {
 public:
  struct endpoint {
    std::string label;  // label in the metrics of the dashboard: time, sysinfo, weather
    boost::urls::url url;
    std::string upstream;   // label in the metrics of clients
    std::size_t index = 0;  // index of the part in the aggregate
  };

  /// Adds its calls to `history` unless `history` is null.
  service_client(const service::service_context& context, endpoint endpoint, const http::upstream_settings& policy,
                 std::shared_ptr<call_history> history);

  /// The name of the upstream, in metrics and in records of requests.
  const std::string& label() const noexcept { return upstream_.name(); }

  /// Calls the service. The timeout is `timeout` or, by default, that of the policy, capped by the caller's deadline.
  /// The task never fails: the returned state is the outcome.
  task<part> fetch(call_context context, std::optional<duration> timeout = {});

 private:
  std::unique_ptr<http::client_request> take_request();
  void return_request(std::unique_ptr<http::client_request> request);
  void record(const part& result, const telemetry::trace_context& trace);
  /// Time until the circuit breaker of this loop permits a call.
  duration breaker_retry_after() const;

  http::upstream_directory& directory_;
  http::upstream upstream_;
  const config::replaceable_secret& api_key_;
  boost::urls::url url_;
  /// The requests of completed calls for each loop, reused because a copy of the URL and the fields would take four
  /// allocations.
  std::vector<std::vector<std::unique_ptr<http::client_request>>> reusable_requests_;
  const std::size_t index_;
  std::shared_ptr<call_history> history_;
  telemetry::histogram& durations_;
  std::array<telemetry::counter*, part_state_names.size()> outcomes_;
};

}  // namespace cohort::dashboard
