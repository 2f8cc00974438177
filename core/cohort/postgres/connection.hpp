// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/postgres/values/parameter.hpp>
#include <cohort/postgres/values/rows.hpp>
#include <cohort/runtime/time/deadline.hpp>

namespace cohort::postgres {

/// An SQL statement and the values of its parameters `$1`, `$2` …
struct statement {
  std::string text;
  std::vector<parameter> parameters{};
};

/// Number of rows that `connection::fetch` adds.
struct fetch_limits {
  std::size_t max_rows = std::numeric_limits<std::size_t>::max();
  /// Fetching stops after the row that exceeds the limit.
  std::size_t max_bytes = std::numeric_limits<std::size_t>::max();
};

/// The direction of a COPY statement.
enum class copy_direction {
  from_client,  // COPY … FROM STDIN
  to_client,    // COPY … TO STDOUT
};

enum class connection_status {
  idle,                // outside a transaction
  in_transaction,      // idle within a transaction
  failed_transaction,  // idle within a transaction that only ROLLBACK can end
  active,              // a statement runs, or its rows have not been fetched
  broken,
};

/// One connection to a database, for one call at a time, on the loop on which it was created. Programs use a `pool`.
/// This interface separates the pool from the database, so that tests can replace the database (`scripted_database`).
///
/// An operation fails with `errc::timeout` at its deadline, and with `errc::cancelled` if the calling coroutine is
/// cancelled. The connection is then `active`, and must be `reset` or destroyed.
class connection {
 public:
  virtual ~connection() = default;
  virtual connection_status status() const noexcept = 0;
  /// Whether an idle connection is still open. Checks the socket without blocking.
  virtual bool is_alive() noexcept = 0;
  /// Sends a statement. `statement` must outlive the task.
  virtual task<std::optional<error>> start(const statement& statement, deadline start_deadline) = 0;
  /// Adds rows of the started statement to `target_rows`. Returns true if a limit was reached. Returns false at the end
  /// of the result; `target_rows` then contains the outcome of the statement, and the connection is no longer active.
  virtual task<result<bool>> fetch(rows& target_rows, fetch_limits limits, deadline fetch_deadline) = 0;
  /// Sends a COPY statement without parameters. Error: `unsupported` if the statement is not a COPY, or has the other
  /// direction.
  virtual task<std::optional<error>> start_copy(const std::string& text, copy_direction direction,
                                                deadline start_deadline) = 0;
  /// The next rows of a COPY to the client; empty at its end, when the connection is no longer active.
  virtual task<result<std::string>> read_copy(deadline read_deadline) = 0;
  /// Sends data of a COPY from the client. `data` must outlive the task.
  virtual task<std::optional<error>> write_copy(std::string_view data, deadline write_deadline) = 0;
  /// Ends the data, and returns the number of stored rows. The connection is then no longer active.
  virtual task<result<std::uint64_t>> end_copy(deadline end_deadline) = 0;
  /// Makes the connection idle: cancels a running statement on the server, discards its rows and rolls back a
  /// transaction. Returns false if that failed; the connection is then unusable.
  virtual task<bool> reset(deadline reset_deadline) = 0;
};

/// A database to which a pool connects. One object serves all loops. Thread-safe.
class database {
 public:
  virtual ~database() = default;
  /// Connects on the current loop. Errors: the values of `errc` that mean that nothing was sent, and `cancelled`.
  virtual task<result<std::unique_ptr<connection>>> connect(deadline connect_deadline) = 0;
};

}  // namespace cohort::postgres
