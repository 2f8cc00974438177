// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>

#include <cohort/net/system/system_network.hpp>
#include <cohort/postgres/libpq/libpq_database.hpp>
#include <cohort/postgres/pool.hpp>
#include <cohort/runtime/runtime.hpp>
#include "tests/integration/postgres/postgres_server.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort::test {

using namespace std::chrono_literals;
using postgres::errc;

/// A loop, and a pool for the shared server. Skips the test if PostgreSQL is not installed.
class libpq_fixture {
 public:
  explicit libpq_fixture(postgres::pool_settings settings = {}, postgres::libpq_settings statements = {})
      : libpq_fixture(server().url(), settings, statements) {}
  libpq_fixture(const std::string& url, postgres::pool_settings settings, postgres::libpq_settings statements = {})
      : pool(postgres::libpq_database::make(url, network, blocking, statements).value(), 1, metrics,
             {log.sink(), "test", telemetry::log_level::debug, telemetry::log_format::json}, "database", settings) {}

  static postgres_server& server() {
    if (postgres_server::program_directory().empty()) SKIP("PostgreSQL is not installed");
    return postgres_server::shared();
  }

  /// Runs `work` on the loop, and closes the pool.
  void run(task<> work) {
    std::exception_ptr failure;
    asio::co_spawn(loops.at(0).get_executor(), run_and_close(std::move(work)), [&](std::exception_ptr exception) {
      failure = exception;
      loops.stop();
    });
    loops.run();
    if (failure) std::rethrow_exception(failure);
  }
  static call_context in(duration left) { return {.deadline = deadline::after(loop::current().now(), left)}; }

  captured_log log;
  telemetry::registry metrics{1};
  net::system_network network;
  blocking_pool blocking;
  runtime loops{1};
  postgres::pool pool;

 private:
  task<> run_and_close(task<> work) {
    std::exception_ptr failure;
    try {
      co_await std::move(work);
    } catch (...) {
      failure = std::current_exception();
    }
    co_await pool.close();
    if (failure) std::rethrow_exception(failure);
  }
};

}  // namespace cohort::test
