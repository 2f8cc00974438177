// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/postgres/connection.hpp>

namespace cohort::postgres {

/// The reply of a `scripted_database` to a statement: rows, or an error.
struct scripted_reply {
  /// A value in PostgreSQL's text format, or null.
  using value = std::optional<std::string>;

  column_list columns{};
  std::vector<std::vector<value>> rows{};
  /// The number of affected rows. For a reply with columns, the number of `rows`.
  std::uint64_t affected_rows = 0;
  std::optional<error> failure{};
  /// The delay before the first row, and between two rows.
  duration delay{};
  duration row_delay{};

  /// Returns the reply to a failed statement, with the SQLSTATE of the server.
  static scripted_reply failed(std::string sqlstate, std::string message = {});
};

/// A database for tests and simulations, in which a function replies to the statements. The database uses the clock of
/// the loop, which may be virtual. BEGIN, COMMIT and ROLLBACK have the same effects as in PostgreSQL. The database
/// itself stores no data; the function may store data. Used on one thread.
class scripted_database final : public database {
 public:
  using reply_function = std::function<scripted_reply(std::string_view text, std::span<const parameter> parameters)>;

  explicit scripted_database(reply_function reply);
  ~scripted_database() override;

  task<result<std::unique_ptr<connection>>> connect(deadline connect_deadline) override;

  /// Set the simulated durations of a connection attempt, and of a cancellation or rollback.
  void set_connect_delay(duration delay) noexcept;
  void set_reset_delay(duration delay) noexcept;
  /// Stops the server: open connections are closed, running statements fail with `connection_lost`, and new connections
  /// are refused, until `start`.
  void stop();
  void start() noexcept;
  /// Closes the open connections, as an immediate restart or a firewall does.
  void drop_connections();

  /// The data of all COPY … FROM STDIN statements, including unfinished ones. The rows of the reply to a COPY … TO
  /// STDOUT become its data, one line of text each.
  const std::string& copied_data() const noexcept;
  /// The statements in the order of their execution, including transaction commands.
  const std::vector<std::string>& statements() const noexcept;
  std::size_t open_connections() const noexcept;
  std::size_t max_open_connections() const noexcept;
  /// The number of statements that were cancelled.
  std::size_t cancelled_statements() const noexcept;

 private:
  struct state;
  class scripted_connection;
  std::shared_ptr<state> state_;
};

}  // namespace cohort::postgres
