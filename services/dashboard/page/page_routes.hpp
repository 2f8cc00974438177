// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>

#include <cohort/http/server/router.hpp>
#include "services/dashboard/alerts/alert_store.hpp"
#include "services/dashboard/page/page_link.hpp"
#include "services/dashboard/page/page_values.hpp"
#include "services/dashboard/requests/call_history.hpp"

namespace cohort::dashboard {

/// The data of the page, and its authorization.
struct page_sources {
  std::shared_ptr<page_values> values;
  std::shared_ptr<alert_store> alerts;
  std::shared_ptr<call_history> history;
  /// Whether the client may view the values of the page. If the service has an API key, the client needs the key or a
  /// session.
  std::function<bool(const http::request_context&)> is_authenticated;
  /// The state of experiments; empty for clients that may not start them. Returns the state of experiments; null if
  /// there are no experiments.
  std::function<std::string(const http::request_context&)> experiment;
  std::vector<page_link> links;
};

/// Adds the page at `/`, whose HTML contains the current values; its files; the runbook at `/runbook`; and an HTML page
/// for 404 responses to browsers.
void add_page_routes(http::router& router, page_sources sources);

}  // namespace cohort::dashboard
