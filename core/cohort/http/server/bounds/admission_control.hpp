// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <cohort/http/server/router.hpp>
#include <cohort/http/server/server_metrics.hpp>
#include <cohort/policy/overload/burst_allowance.hpp>
#include <cohort/policy/overload/concurrency_limiter.hpp>
#include <cohort/policy/overload/deadline_admission.hpp>
#include <cohort/runtime/loop_lag_monitor.hpp>

namespace cohort::http {

/// Settings of `admission_control`.
struct admission_settings {
  /// The action for an infeasible request: a request whose remaining time is shorter than the recent median latency of
  /// its route. `observe` counts such a request; `reject` also responds with 504.
  enum class infeasible_action { ignore, observe, reject };
  infeasible_action deadline_admission = infeasible_action::observe;

  /// Whether requests above an adaptive concurrency limit are rejected with 503.
  bool limit_concurrency = true;
  /// The concurrency limiter, whose initial limit is above the number of calls that may wait in the bulkheads of
  /// upstreams, so that no request is rejected before the latency indicates an overload.
  policy::concurrency_limiter::settings concurrency{.initial_limit = 1000, .max_limit = 4000};

  /// Maximum queueing delay on the event loop; a request that waited longer is rejected. This limit detects CPU-bound
  /// overload, in which few requests are in flight and the others wait in their sockets. The limit is high because a
  /// single long delay can have causes outside the process.
  duration max_loop_lag = std::chrono::milliseconds{500};
  /// The maximum queueing delay in overload, which starts once the loop has lagged for `overload_delay`. With
  /// `max_loop_lag` alone, nearly all requests in an overload would wait for almost that time. Source: "controlled
  /// delay" in Maurer, "Fail at Scale" (ACM Queue, 2015).
  duration max_loop_lag_in_overload = std::chrono::milliseconds{10};
  duration overload_delay = std::chrono::milliseconds{100};
  /// The additional time for which the loop may lag in a burst (`policy::burst_allowance`): a burst that the loop
  /// serves in this time is not shed. The sum with `overload_delay` is at most `max_loop_lag`.
  duration max_burst = std::chrono::milliseconds{400};
};

/// The response header field with the reason why admission control rejected a request.
inline constexpr std::string_view rejection_reason_field = "x-cohort-refused";
/// Envoy's response header field for a request that was rejected because of overload.
inline constexpr std::string_view overloaded_field = "x-envoy-overloaded";

/// Admission control of a server on one loop: rejects requests that cannot meet their deadline, and overload. Admission
/// control applies to routes with an asynchronous handler that are not probes; processing a synchronous request costs
/// no more than rejecting it.
class admission_control {
 public:
  /// All arguments must outlive this object.
  admission_control(const admission_settings& settings, const router& routes, server_metrics& metrics,
                    loop& event_loop);

  /// The admission of one request, from its construction to its destruction.
  class permit {
   public:
    enum class completion { responded, deadline_exceeded, cancelled };

    /// All references must outlive the permit. An exempt request is admitted and not recorded.
    permit(admission_control& control, const route& requested_route, const request_context& context, bool is_exempt);
    ~permit();
    permit(const permit&) = delete;
    permit& operator=(const permit&) = delete;

    bool is_admitted() const noexcept { return decision_ == decision::admitted; }
    /// The response to a request that is not admitted: 504 (infeasible) or 503 (overload).
    response rejection() const;
    /// Sets the outcome of the request. The default is `cancelled`; the latency of a cancelled request is not used.
    void set_completion(completion value) noexcept { completion_ = value; }

   private:
    friend class admission_control;
    enum class decision { admitted, infeasible, overload };

    admission_control& control_;
    const route& route_;
    const request_context& context_;
    time_point start_time_;
    bool is_exempt_;
    /// The remaining and the required time of an infeasible request.
    duration remaining_time_{};
    duration required_time_{};
    decision decision_;
    completion completion_ = completion::cancelled;
  };

 private:
  struct route_state {
    policy::deadline_admission deadline_admission;
    policy::concurrency_limiter limiter;
    /// The limit that the metrics report.
    std::size_t reported_limit = 0;
  };
  permit::decision admit(permit& request);
  void release(const permit& request);
  void report_limit(const route& requested_route, route_state& state);

  const admission_settings& settings_;
  server_metrics& metrics_;
  loop& loop_;
  loop_lag_monitor lag_monitor_;
  policy::burst_allowance burst_allowance_;
  /// The states of the routes, indexed by `route::index`; null for routes without admission control.
  std::vector<std::unique_ptr<route_state>> route_states_;
};

}  // namespace cohort::http
