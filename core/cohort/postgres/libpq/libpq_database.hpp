// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <cohort/net/network.hpp>
#include <cohort/postgres/connection.hpp>
#include <cohort/runtime/blocking/blocking_pool.hpp>

namespace cohort::postgres {

struct libpq_settings {
  /// Maximum number of prepared statements of one connection. At the maximum, the least recently used statement is
  /// evicted. With 0, no statement is prepared, as some connection poolers require.
  std::size_t max_prepared_statements = 256;
};

/// A PostgreSQL server, accessed through libpq's asynchronous interface. The loop never blocks: names are resolved by
/// the network's resolver, and statements are cancelled on a thread of the blocking pool.
class libpq_database final : public database {
 public:
  /// `connection_string` is a URL (`postgresql://user:password@host:port/database?sslmode=verify-full`) or a list of
  /// keywords (`host=localhost dbname=shop`); missing parameters come from the environment (`PGHOST`, `PGPASSWORD` …).
  /// Multiple hosts, and multiple addresses of a host, are tried in order. Returns `invalid_connection_string` if the
  /// string is invalid; the message contains no part of the string. Reading files, such as the file of `service`,
  /// blocks. `network` and `blocking` must outlive the database and its connections. Source: libpq, section 34.1.1.
  static result<std::shared_ptr<libpq_database>> make(const std::string& connection_string, net::network& network,
                                                      blocking_pool& blocking, libpq_settings settings = {});
  ~libpq_database() override;

  task<result<std::unique_ptr<connection>>> connect(deadline connect_deadline) override;

 private:
  struct target;
  libpq_database(std::unique_ptr<target> server, net::network& network, blocking_pool& blocking,
                 libpq_settings settings);
  std::unique_ptr<target> target_;
  net::network& network_;
  blocking_pool& blocking_;
  libpq_settings settings_;
};

}  // namespace cohort::postgres
