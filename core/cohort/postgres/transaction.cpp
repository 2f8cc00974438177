// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/transaction.hpp>

#include <cohort/postgres/pool/active_call.hpp>

namespace cohort::postgres {

transaction::transaction(std::shared_ptr<active_call> call) noexcept : call_(std::move(call)) {}
transaction::transaction(transaction&&) noexcept = default;
transaction& transaction::operator=(transaction&&) noexcept = default;
transaction::~transaction() = default;

task<result<rows>> transaction::execute(statement statement) {
  const auto call = call_;
  if (!call || !call->has_connection()) co_return error{errc::closed, {}, "the transaction has ended", {}, true};
  if (call->status() == connection_status::active) {
    co_return error{errc::invalid_parameter, {}, "another statement of the transaction has not ended", {}, true};
  }
  auto execute_task = call->execute(statement);
  auto fetch_result = co_await std::move(execute_task);
  if (!fetch_result) call->log_failure(fetch_result.error(), statement.text);
  co_return fetch_result;
}

task<result<row_stream>> transaction::open_stream(statement statement) {
  const auto call = call_;
  if (!call || !call->has_connection()) co_return error{errc::closed, {}, "the transaction has ended", {}, true};
  auto start_task = call->start(statement);
  auto failure = co_await std::move(start_task);
  if (!failure) co_return row_stream{call, false};
  call->log_failure(*failure, statement.text);
  co_return std::move(*failure);
}

task<std::optional<error>> transaction::start_copy(std::string text, copy_direction direction) {
  const auto call = call_;
  if (!call || !call->has_connection()) co_return error{errc::closed, {}, "the transaction has ended", {}, true};
  if (call->status() == connection_status::active) {
    co_return error{errc::invalid_parameter, {}, "another statement of the transaction has not ended", {}, true};
  }
  auto start_task = call->start_copy(text, direction);
  auto failure = co_await std::move(start_task);
  if (failure) call->log_failure(*failure, text);
  co_return failure;
}

task<result<copy_reader>> transaction::copy_out(std::string text) {
  auto start_task = start_copy(std::move(text), copy_direction::to_client);
  auto failure = co_await std::move(start_task);
  if (failure) co_return std::move(*failure);
  co_return copy_reader{call_, false};
}

task<result<copy_writer>> transaction::copy_in(std::string text) {
  auto start_task = start_copy(std::move(text), copy_direction::from_client);
  auto failure = co_await std::move(start_task);
  if (failure) co_return std::move(*failure);
  co_return copy_writer{call_, false};
}

task<result<rows>> transaction::end(std::string command) {
  const auto call = call_;
  auto execute_task = execute(statement{command});
  auto ended = co_await std::move(execute_task);
  // PostgreSQL responds to COMMIT of a failed transaction with a successful ROLLBACK.
  if (ended && command == "commit" && ended->command() == "ROLLBACK") {
    ended = error{errc::transaction_aborted, {}, "a statement of the transaction had failed"};
    call->log_failure(ended.error(), command);
  }
  if (!call || !call->has_connection()) co_return ended;
  call->release();
  call->end(code_of(ended));
  co_return ended;
}

task<result<rows>> transaction::commit() { return end("commit"); }
task<result<rows>> transaction::rollback() { return end("rollback"); }

}  // namespace cohort::postgres
