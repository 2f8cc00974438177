// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/postgres/connection.hpp>
#include <cohort/postgres/libpq/libpq_socket.hpp>
#include <cohort/postgres/pool/prepared_statements.hpp>
#include <cohort/runtime/blocking/blocking_pool.hpp>

namespace cohort::postgres {

struct pg_connection_deleter {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using pg_connection = std::unique_ptr<PGconn, pg_connection_deleter>;

struct pg_result_deleter {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using pg_result = std::unique_ptr<PGresult, pg_result_deleter>;

/// A connection through libpq. Rows are received one at a time (single-row mode), so that memory is bounded.
class libpq_connection final : public connection {
 public:
  libpq_connection(pg_connection native_connection, std::unique_ptr<libpq_socket> socket, blocking_pool& blocking,
                   std::size_t max_prepared_statements);

  connection_status status() const noexcept override;
  bool is_alive() noexcept override;
  task<std::optional<error>> start(const statement& statement, deadline start_deadline) override;
  task<result<bool>> fetch(rows& target_rows, fetch_limits limits, deadline fetch_deadline) override;
  task<std::optional<error>> start_copy(const std::string& text, copy_direction direction,
                                        deadline start_deadline) override;
  task<result<std::string>> read_copy(deadline read_deadline) override;
  task<std::optional<error>> write_copy(std::string_view data, deadline write_deadline) override;
  task<result<std::uint64_t>> end_copy(deadline end_deadline) override;
  task<bool> reset(deadline reset_deadline) override;

 private:
  /// The next result of the statement; null at its end.
  task<result<pg_result>> next_result();
  /// Reads results until the end of the command. Returns the first error among the results.
  task<std::optional<error>> discard_results();
  task<std::optional<error>> flush();
  task<std::optional<error>> prepare(const std::string& text, std::uint64_t& number);
  /// Executes a command without parameters and rows.
  task<std::optional<error>> run_command(const std::string& text);
  // COPY (libpq_copy.cpp).
  int take_copied_data(std::string& chunk);
  task<std::optional<error>> end_copied_data(const char* reason);
  task<bool> abandon_copy();
  bool send(const statement& statement, std::uint64_t number);
  void append_row(rows& target_rows, const PGresult& received);
  std::shared_ptr<const column_list> columns_of(const PGresult& received);

  error error_of(const PGresult& failed);
  error connection_error();
  error wait_error(socket_status status) const;

  pg_connection connection_;
  std::unique_ptr<libpq_socket> socket_;
  blocking_pool& blocking_;
  prepared_statements prepared_statements_;
  /// The number of the running prepared statement; 0 if there is none.
  std::uint64_t running_ = 0;
  /// The direction of the running COPY.
  std::optional<copy_direction> copy_direction_;
  bool is_broken_ = false;
};

/// The error of the server: SQLSTATE, message and constraint.
error server_error(errc code, const PGresult& failed);

}  // namespace cohort::postgres
