// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <cohort/http/client/upstream/upstream_traffic.hpp>
#include "services/dashboard/aggregator.hpp"

namespace cohort::dashboard {

/// The traffic between the dashboard, its services, and the providers of the weather service: the data of the event
/// `map`. Used by one poll at a time.
class service_map {
 public:
  /// The client, the key and the metrics of `context` must outlive this object.
  service_map(const service::service_context& context, const aggregator_settings& settings);

  /// Totals since the start of the process, as
  /// `{"at_ms":2000,"services":{"time_service":{"calls":7,…},…},"weather":{"providers":[…]}}`. `at_ms` is
  /// a monotonic time for rates. `weather` is the body of `/api/weather/providers`, fetched with every third map; null
  /// if the last fetch failed.
  task<std::string> next_json();

  /// Timeout of the request to the weather service.
  static constexpr duration providers_timeout = std::chrono::milliseconds{500};
  static constexpr unsigned maps_per_fetch = 3;

 private:
  task<> fetch_providers();

  http::client& client_;
  const config::replaceable_secret& api_key_;
  boost::urls::url providers_url_;
  std::vector<std::pair<std::string_view, http::upstream_traffic>> services_;
  std::string providers_ = "null";
  unsigned maps_until_fetch_ = 0;
};

}  // namespace cohort::dashboard
