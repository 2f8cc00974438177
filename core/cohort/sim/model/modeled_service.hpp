// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/client/upstream/upstream_settings.hpp>
#include <cohort/service/service.hpp>
#include <cohort/sim/cpu/distribution.hpp>
#include <cohort/sim/cpu/processor.hpp>
#include <cohort/sim/model/call_cache.hpp>

namespace cohort::sim {

/// A call that a modeled service makes for each of its requests.
struct modeled_call {
  /// The name of the upstream's hosts, which listen on `modeled_service_port`.
  std::string upstream;
  /// The name of the setting that contains the policy, such as `PRICE_POLICY`.
  std::string policy_variable;
  http::upstream_settings default_policy{};
  /// The cache of the call's responses; if empty, each request makes the call.
  std::optional<call_cache_settings> cache{};
};

/// The work of one request to a modeled service: it spends CPU time, waits without using the CPU, then makes all of
/// its calls concurrently.
struct service_model {
  std::string name;
  distribution cpu;
  distribution latency;
  std::vector<modeled_call> calls;
  /// Whether a request fails with 502 if a call fails. Otherwise the response is a partial result, with status 200.
  bool needs_all_calls = true;
};

/// The effects of faults on the instances of a modeled service. Changes apply to requests that start afterwards.
struct fault_effects {
  /// Multiplies `service_model::latency` and `service_model::cpu`.
  double slowdown = 1;
  duration extra_latency{};
  /// The probability that a request fails with 500.
  double failure_ratio = 0;
  /// The probability that a request receives no response before its deadline.
  double hang_ratio = 0;
};

/// The default port of modeled services.
inline constexpr std::uint16_t modeled_service_port = 8080;

/// A service with the behavior of `model` at all paths. The server, admission control, clients and policies of the
/// service are those of Cohort. `faults` may be null. `spend` consumes the CPU time of a request: in a simulation it is
/// `spend_cpu`, in a real process a function that keeps a core busy. The settings of each call are its policy and its
/// URL (`url_variable_for`).
service::definition modeled_service(std::shared_ptr<const service_model> model,
                                    std::shared_ptr<const fault_effects> faults = nullptr,
                                    std::function<void(duration)> spend = spend_cpu);

/// The environment variable of the policy: `PRICE_SERVICE_POLICY` for `price-service`.
std::string policy_variable_for(std::string_view upstream);
/// The environment variable of the URL: `PRICE_SERVICE_URL` for `price-service`. Default: the hosts of that name, at
/// `modeled_service_port`.
std::string url_variable_for(std::string_view upstream);

}  // namespace cohort::sim
