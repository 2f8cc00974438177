// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <optional>
#include <string>

#include <cohort/service/service.hpp>
#include "services/dashboard/experiment/experiment_settings.hpp"

namespace cohort::dashboard {

/// Calls the fault injection of a service (`/api/faults`), with the dashboard's own API key. If the service has several
/// replicas, each request reaches one of them.
class fault_client {
 public:
  /// `base` is the URL of the service. The client and the key of `context` must outlive this object.
  fault_client(const service::service_context& context, const boost::urls::url& base);

  /// Injects the faults until `remove` or for `seconds`, unless other faults are injected. Returns an error message,
  /// empty if the faults are injected.
  task<std::string> inject(experiment_settings settings, std::int64_t seconds);
  /// Returns whether the faults have been removed.
  task<bool> remove();

 private:
  task<http::client_result> send(http::method verb, std::string body);

  http::client& client_;
  const config::replaceable_secret& api_key_;
  boost::urls::url url_;
};

}  // namespace cohort::dashboard
