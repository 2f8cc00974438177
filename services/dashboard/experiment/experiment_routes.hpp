// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <cohort/http/server/router.hpp>
#include <cohort/service/authentication/api_key_authenticator.hpp>
#include "services/dashboard/experiment/experiment.hpp"

namespace cohort::dashboard {

/// Whether the client may view and start experiments. If the service has an API key, the client needs the key or a
/// session. Otherwise, the client is on this host, since `--enable-faults` without a key requires a loopback address.
bool may_use_experiments(const http::request_context& context, const service::api_key_authenticator& authenticator);

/// Adds `GET /api/experiment`, the state, and `POST /api/experiment`, which starts an experiment: 202; 409 while one is
/// running; 403 for pages of other origins. Both routes return 404 to clients that are not authorized. `authenticator`
/// must outlive the router.
void add_experiment_routes(http::router& router, std::shared_ptr<experiment> experiments,
                           const service::api_key_authenticator& authenticator);

}  // namespace cohort::dashboard
