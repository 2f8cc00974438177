// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>

#include <cohort/postgres/connection.hpp>
#include <cohort/service/service.hpp>

namespace orders {

/// Connects to the database of the service, which is a server in `main` and a scripted database in tests.
using database_factory = std::function<std::shared_ptr<cohort::postgres::database>(cohort::service::service_context&)>;

/// Returns the definition of the outbox service, for `main` and for tests in a simulated fleet.
cohort::service::definition outbox_service(database_factory connect);

}  // namespace orders
