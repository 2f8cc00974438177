// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/libpq/libpq_connection.hpp>

#include <array>

namespace cohort::postgres {
namespace {

/// Whether the prepared statement no longer exists or no longer matches its tables. The SQLSTATE is
/// invalid_sql_statement_name (after DISCARD, or behind a connection pooler) or feature_not_supported (`cached plan
/// must not change result type`). Such a statement was not executed.
bool is_stale_statement(const error& failure) noexcept {
  return failure.sqlstate == "26000" || failure.sqlstate == "0A000";
}

std::string_view field(const PGresult& failed, int code) noexcept {
  const auto* const text = PQresultErrorField(&failed, code);
  return text ? std::string_view{text} : std::string_view{};
}

std::string_view first_line(std::string_view text) noexcept { return text.substr(0, text.find('\n')); }

/// Cancels a connection's running statement over a separate connection, and waits until the server closes that
/// connection. Blocks.
struct cancel_request {
  std::shared_ptr<PGcancel> request;
  bool operator()() const {
    std::array<char, 256> message{};
    return PQcancel(request.get(), message.data(), static_cast<int>(message.size())) == 1;
  }
};

}  // namespace

error server_error(errc code, const PGresult& failed) {
  return {code, std::string{field(failed, PG_DIAG_SQLSTATE)}, std::string{field(failed, PG_DIAG_MESSAGE_PRIMARY)},
          std::string{field(failed, PG_DIAG_CONSTRAINT_NAME)}};
}

libpq_connection::libpq_connection(pg_connection native_connection, std::unique_ptr<libpq_socket> socket,
                                   blocking_pool& blocking, std::size_t max_prepared_statements)
    : connection_(std::move(native_connection)),
      socket_(std::move(socket)),
      blocking_(blocking),
      prepared_statements_(max_prepared_statements) {}

connection_status libpq_connection::status() const noexcept {
  if (is_broken_ || PQstatus(connection_.get()) != CONNECTION_OK) return connection_status::broken;
  switch (PQtransactionStatus(connection_.get())) {
    case PQTRANS_IDLE: return connection_status::idle;
    case PQTRANS_ACTIVE: return connection_status::active;
    case PQTRANS_INTRANS: return connection_status::in_transaction;
    case PQTRANS_INERROR: return connection_status::failed_transaction;
    case PQTRANS_UNKNOWN: break;
  }
  return connection_status::broken;
}

bool libpq_connection::is_alive() noexcept {
  if (status() == connection_status::broken) return false;
  // A message of the server on an idle connection states why the server closes it.
  return !socket_->has_input();
}

error libpq_connection::wait_error(socket_status status) const {
  return {status == socket_status::timed_out ? errc::timeout : errc::cancelled};
}

error libpq_connection::connection_error() {
  is_broken_ = true;
  return {errc::connection_lost, {}, std::string{first_line(PQerrorMessage(connection_.get()))}};
}

error libpq_connection::error_of(const PGresult& failed) {
  const auto severity = field(failed, PG_DIAG_SEVERITY_NONLOCALIZED);
  // If the connection was closed, libpq itself reports an error, which has no severity.
  if (severity.empty() && PQstatus(connection_.get()) != CONNECTION_OK) return connection_error();
  if (severity == "FATAL" || severity == "PANIC") {
    is_broken_ = true;
    return server_error(errc::connection_lost, failed);
  }
  auto failure = server_error(errc::statement_failed, failed);
  if (failure.message.empty()) failure.message = first_line(PQresultErrorMessage(&failed));
  return failure;
}

task<std::optional<error>> libpq_connection::flush() {
  for (;;) {
    const auto flushed = PQflush(connection_.get());
    if (flushed == 0) co_return std::nullopt;
    if (flushed < 0) co_return connection_error();
    const auto wait_result = co_await socket_->wait_writable();
    if (wait_result != socket_status::ready) co_return wait_error(wait_result);
  }
}

task<result<pg_result>> libpq_connection::next_result() {
  while (PQisBusy(connection_.get())) {
    const auto wait_result = co_await socket_->wait_for_input();
    if (wait_result != socket_status::ready) co_return wait_error(wait_result);
    if (!PQconsumeInput(connection_.get())) co_return connection_error();
  }
  co_return pg_result{PQgetResult(connection_.get())};
}

task<std::optional<error>> libpq_connection::discard_results() {
  std::optional<error> failure;
  for (;;) {
    auto next = co_await next_result();
    if (!next) co_return next.error();
    if (!*next) co_return failure;
    const auto status = PQresultStatus(next->get());
    // The COPY cannot end before its data is transferred, so the connection is closed.
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      is_broken_ = true;
      co_return error{errc::unsupported, {}, "use copy_in or copy_out for COPY"};
    }
    if (status == PGRES_FATAL_ERROR && !failure) failure = error_of(**next);
    if (is_broken_) co_return failure;
  }
}

task<std::optional<error>> libpq_connection::run_command(const std::string& text) {
  if (!PQsendQuery(connection_.get(), text.c_str())) co_return connection_error();
  if (auto failure = co_await flush()) co_return failure;
  co_return co_await discard_results();
}

task<std::optional<error>> libpq_connection::prepare(const std::string& text, std::uint64_t& number) {
  if (prepared_statements_.is_full()) {
    const auto deallocate_command = "deallocate " + prepared_statements::name_of(prepared_statements_.remove_oldest());
    // In a failed transaction, the server ignores this command and reports the error of the transaction for the
    // statement.
    if (auto failure = co_await run_command(deallocate_command); failure && failure->code != errc::statement_failed) {
      co_return failure;
    }
  }
  number = prepared_statements_.next_number();
  const auto name = prepared_statements::name_of(number);
  if (!PQsendPrepare(connection_.get(), name.c_str(), text.c_str(), 0, nullptr)) co_return connection_error();
  auto failure = co_await flush();
  if (!failure) failure = co_await discard_results();
  if (!failure) prepared_statements_.add(text, number);
  co_return failure;
}

bool libpq_connection::send(const statement& statement, std::uint64_t number) {
  constexpr std::size_t inline_capacity = 16;
  const auto count = statement.parameters.size();
  std::array<const char*, inline_capacity> inline_values;
  std::array<int, inline_capacity> inline_lengths, inline_formats;
  std::vector<const char*> heap_values(count > inline_capacity ? count : 0);
  std::vector<int> heap_lengths(heap_values.size()), heap_formats(heap_values.size());
  auto* const values = heap_values.empty() ? inline_values.data() : heap_values.data();
  auto* const lengths = heap_lengths.empty() ? inline_lengths.data() : heap_lengths.data();
  auto* const formats = heap_formats.empty() ? inline_formats.data() : heap_formats.data();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& value = statement.parameters[i];
    values[i] = value.is_null() ? nullptr : value.value().c_str();
    lengths[i] = value.is_null() ? 0 : static_cast<int>(value.value().size());
    formats[i] = value.is_binary() ? 1 : 0;
  }
  auto* const connection = connection_.get();
  const int parameter_count = static_cast<int>(count);
  const int is_sent = number == 0 ? PQsendQueryParams(connection, statement.text.c_str(), parameter_count, nullptr,
                                                      values, lengths, formats, 0)
                                  : PQsendQueryPrepared(connection, prepared_statements::name_of(number).c_str(),
                                                        parameter_count, values, lengths, formats, 0);
  return is_sent != 0 && PQsetSingleRowMode(connection) != 0;
}

task<std::optional<error>> libpq_connection::start(const statement& statement, deadline start_deadline) {
  socket_->set_deadline(start_deadline);
  running_ = 0;
  const auto before = status();
  // In a failed transaction, the server does not prepare statements.
  if (prepared_statements_.is_enabled() && before != connection_status::failed_transaction) {
    if (auto* const known = prepared_statements_.find(statement.text)) {
      running_ = known->number;
    } else {
      auto failure = co_await prepare(statement.text, running_);
      if (failure) {
        failure->not_executed = true;
        co_return failure;
      }
    }
  }
  if (!send(statement, running_)) co_return connection_error();
  co_return co_await flush();
}

std::shared_ptr<const column_list> libpq_connection::columns_of(const PGresult& received) {
  auto* const known = running_ == 0 ? nullptr : prepared_statements_.find(running_);
  if (known && known->columns) return known->columns;
  auto columns = std::make_shared<column_list>();
  const int count = PQnfields(&received);
  for (int i = 0; i < count; ++i) columns->push_back({PQfname(&received, i), PQftype(&received, i)});
  if (known) known->columns = columns;
  return columns;
}

void libpq_connection::append_row(rows& target_rows, const PGresult& received) {
  if (!target_rows.has_columns()) target_rows.set_columns(columns_of(received));
  const int count = PQnfields(&received);
  for (int i = 0; i < count; ++i) {
    if (PQgetisnull(&received, 0, i)) {
      target_rows.append_value(std::nullopt);
    } else {
      const auto length = static_cast<std::size_t>(PQgetlength(&received, 0, i));
      target_rows.append_value(std::string_view{PQgetvalue(&received, 0, i), length});
    }
  }
  target_rows.end_row();
}

task<result<bool>> libpq_connection::fetch(rows& target_rows, fetch_limits limits, deadline fetch_deadline) {
  socket_->set_deadline(fetch_deadline);
  for (;;) {
    auto next = co_await next_result();
    if (!next) co_return next.error();
    auto* const received = next->get();
    if (!received) co_return false;
    switch (PQresultStatus(received)) {
      case PGRES_SINGLE_TUPLE:
        append_row(target_rows, *received);
        if (target_rows.size() >= limits.max_rows || target_rows.bytes() > limits.max_bytes) co_return true;
        break;
      case PGRES_TUPLES_OK:
        if (!target_rows.has_columns()) target_rows.set_columns(columns_of(*received));
        [[fallthrough]];
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY: {
        const std::string_view tag{PQcmdStatus(received)};
        const auto affected_rows = detail::parse_number<std::uint64_t>(PQcmdTuples(received)).value_or(0);
        target_rows.set_outcome(std::string{tag.substr(0, tag.find(' '))}, affected_rows);
        break;
      }
      case PGRES_FATAL_ERROR: {
        auto failure = error_of(*received);
        const bool was_idle = PQtransactionStatus(connection_.get()) == PQTRANS_ACTIVE;
        if (!is_broken_) {
          if (auto other = co_await discard_results(); other && other->code != errc::statement_failed) co_return *other;
        }
        if (running_ != 0 && is_stale_statement(failure)) {
          prepared_statements_.remove(running_);
          failure.not_executed = was_idle && status() == connection_status::idle;
        }
        co_return std::move(failure);
      }
      default:  // COPY
        is_broken_ = true;
        co_return error{errc::unsupported, {}, "use copy_in or copy_out for COPY"};
    }
  }
}

task<bool> libpq_connection::reset(deadline reset_deadline) {
  socket_->set_deadline(reset_deadline);
  if (copy_direction_ == copy_direction::from_client) {
    // The server waits for data and would not detect a cancellation.
    if (!co_await abandon_copy()) co_return false;
    static_cast<void>(co_await discard_results());
  } else if (status() == connection_status::active) {
    cancel_request cancel{{PQgetCancel(connection_.get()), &PQfreeCancel}};
    if (!cancel.request) co_return false;
    auto cancel_task = blocking_.run(reset_deadline, std::move(cancel), "postgres: cancel a statement");
    const auto cancelled = co_await std::move(cancel_task);
    if (!cancelled || !*cancelled) co_return false;
    if (auto failure = co_await flush()) co_return false;
    if (copy_direction_ && !co_await abandon_copy()) co_return false;
    // The cancelled statement's own error is expected.
    static_cast<void>(co_await discard_results());
  }
  const auto now = status();
  if (now == connection_status::in_transaction || now == connection_status::failed_transaction) {
    if (auto failure = co_await run_command("rollback")) co_return false;
  }
  co_return status() == connection_status::idle;
}

}  // namespace cohort::postgres
