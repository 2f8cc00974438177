// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include <cohort/messaging/broker_url.hpp>
#include <cohort/service/service.hpp>
#include "services/dashboard/aggregator.hpp"
#include "services/dashboard/page/page_link.hpp"
#include "services/dashboard/session.hpp"

namespace cohort::dashboard {

/// The settings of the page, except those of the services.
struct page_settings {
  /// Whether there is `/api/experiment` (`add_experiment_routes`).
  bool has_experiments = false;
  /// Delivers new weather reports to `/api/events` immediately. If it is empty, new reports arrive with the next poll.
  std::optional<messaging::broker_endpoint> broker{};
  /// Links to other programs, which are visible to all visitors of the page.
  std::vector<page_link> links{};
};

/// The routes are the page at `/` and the runbook at `/runbook`; `/api/aggregate`, `/api/time-proxy`, `/api/events`,
/// `/api/requests`, `/api/history`; `/api/alerts`, to which Alertmanager's webhook posts; `/session` and
/// `/session/renewal` (`add_session_routes`). A session cookie is accepted instead of the API key.
http::router app(service::service_context context, service::api_key_authenticator& authenticator,
                 const aggregator_settings& settings, session_cookies sessions, const page_settings& page = {});

service::definition definition();
/// Includes experiments if `faults_enabled` is true after the settings have been parsed; see
/// `faults::add_fault_injection`.
service::definition definition_with_experiments(std::shared_ptr<const bool> faults_enabled);

}  // namespace cohort::dashboard
