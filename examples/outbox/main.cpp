// SPDX-License-Identifier: BSL-1.0
#include <stdexcept>

#include <cohort/postgres/libpq/libpq_database.hpp>
#include "examples/outbox/orders.hpp"

using namespace cohort;

/// The environment provides the parameters that the connection string omits: PGHOST, PGPORT, PGUSER, PGPASSWORD,
/// PGDATABASE.
static std::shared_ptr<postgres::database> connect_to_server(service::service_context& context) {
  auto database = postgres::libpq_database::make("", context.network(), context.blocking);
  if (!database) throw std::invalid_argument{"invalid PG… variables: " + cohort::postgres::log_text(database.error())};
  return *database;
}

int main(int argc, char** argv) { return service::run(argc, argv, orders::outbox_service(connect_to_server)); }
