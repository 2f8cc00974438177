// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/pool/pool_metrics.hpp>

#include <array>
#include <string_view>

namespace cohort::postgres {
namespace {

constexpr std::array<std::string_view, 11> outcomes{"ok",      "statement_error", "timeout", "shed",
                                                    "dns",     "connect",         "reset",   "authentication",
                                                    "too_big", "cancelled",       "invalid"};

}  // namespace

pool_metrics::pool_metrics(telemetry::registry& registry, const std::string& upstream)
    : calls(registry,
            {.prefix = "cohort_postgres",
             .in_flight_help = "Database calls in flight, including waiting calls.",
             .requests_help = "Database calls and transactions, by outcome.",
             .duration_help = "Duration of a database call or transaction, in seconds.",
             .outcomes = outcomes},
            upstream),
      waiting(registry.make_gauge("cohort_postgres_waiting", "Database calls that wait for a connection.",
                                  {{"upstream", upstream}})),
      connections_open(registry.make_gauge("cohort_postgres_connections", "Connections to a database, by state.",
                                           {{"upstream", upstream}, {"state", "open"}})),
      connections_idle(
          registry.make_gauge("cohort_postgres_connections", "", {{"upstream", upstream}, {"state", "idle"}})),
      connects_succeeded(registry.make_counter("cohort_postgres_connects_total",
                                               "Attempts to connect to a database, by result.",
                                               {{"upstream", upstream}, {"result", "ok"}})),
      connects_failed(
          registry.make_counter("cohort_postgres_connects_total", "", {{"upstream", upstream}, {"result", "failed"}})),
      retries(registry.make_counter("cohort_postgres_retries_total",
                                    "Statements resent because they had not been executed.", {{"upstream", upstream}})),
      resets_succeeded(registry.make_counter(
          "cohort_postgres_resets_total",
          "Connections with an unfinished statement or transaction: reused after a cancellation and rollback, or closed.",
          {{"upstream", upstream}, {"result", "reused"}})),
      resets_failed(
          registry.make_counter("cohort_postgres_resets_total", "", {{"upstream", upstream}, {"result", "closed"}})),
      wait_durations(registry.make_histogram("cohort_postgres_wait_duration_seconds",
                                             "Time that a database call waited for a connection, in seconds.",
                                             {{"upstream", upstream}})) {}

}  // namespace cohort::postgres
