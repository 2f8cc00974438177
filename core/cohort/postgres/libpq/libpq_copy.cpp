// SPDX-License-Identifier: BSL-1.0
// COPY by libpq (PostgreSQL manual, "Functions Associated with the COPY Command").
#include <algorithm>

#include <cohort/postgres/libpq/libpq_connection.hpp>

namespace cohort::postgres {
namespace {

/// Maximum number of buffered bytes: bytes that the reader has not requested yet, or that the system has not accepted
/// yet.
constexpr std::size_t max_chunk_bytes = std::size_t{64} * 1024;

struct buffer_deleter {
  void operator()(char* buffer) const noexcept { PQfreemem(buffer); }
};

}  // namespace

task<std::optional<error>> libpq_connection::start_copy(const std::string& text, copy_direction direction,
                                                        deadline start_deadline) {
  socket_->set_deadline(start_deadline);
  // The statement is not prepared, because a COPY has no parameters and is rarely executed twice.
  if (!PQsendQuery(connection_.get(), text.c_str())) co_return connection_error();
  if (auto failure = co_await flush()) co_return failure;
  auto first = co_await next_result();
  if (!first) co_return first.error();
  const auto status = *first ? PQresultStatus(first->get()) : PGRES_EMPTY_QUERY;
  const auto expected = direction == copy_direction::to_client ? PGRES_COPY_OUT : PGRES_COPY_IN;
  if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN) {
    copy_direction_ = status == PGRES_COPY_OUT ? copy_direction::to_client : copy_direction::from_client;
    if (status == expected) co_return std::nullopt;
    const std::string message = expected == PGRES_COPY_OUT
                                    ? "the statement is COPY … FROM STDIN; COPY … TO STDOUT is required"
                                    : "the statement is COPY … TO STDOUT; COPY … FROM STDIN is required";
    co_return error{errc::unsupported, {}, message};
  }
  auto failure = status == PGRES_FATAL_ERROR ? error_of(**first) : error{errc::unsupported, {}, "not a COPY statement"};
  if (!is_broken_) {
    auto other = co_await discard_results();
    if (other && other->code != errc::statement_failed) co_return other;
  }
  co_return failure;
}

/// Appends the rows that have arrived. Returns 0 if more can follow, -1 at the end, -2 for an error.
int libpq_connection::take_copied_data(std::string& chunk) {
  while (chunk.size() < max_chunk_bytes) {
    char* row = nullptr;
    const int size = PQgetCopyData(connection_.get(), &row, 1);
    const std::unique_ptr<char, buffer_deleter> owned{row};
    if (size <= 0) return size;
    chunk.append(row, static_cast<std::size_t>(size));
  }
  return 0;
}

task<result<std::string>> libpq_connection::read_copy(deadline read_deadline) {
  socket_->set_deadline(read_deadline);
  std::string chunk;
  for (;;) {
    const int state = take_copied_data(chunk);
    if (!chunk.empty()) co_return std::move(chunk);
    if (state < 0) break;
    const auto wait_result = co_await socket_->wait_for_input();
    if (wait_result != socket_status::ready) co_return wait_error(wait_result);
    if (!PQconsumeInput(connection_.get())) co_return connection_error();
  }
  copy_direction_.reset();
  auto failure = co_await discard_results();
  if (failure) co_return std::move(*failure);
  co_return std::string{};
}

task<std::optional<error>> libpq_connection::write_copy(std::string_view data, deadline write_deadline) {
  socket_->set_deadline(write_deadline);
  while (!data.empty()) {
    const auto chunk = data.substr(0, max_chunk_bytes);
    const int put = PQputCopyData(connection_.get(), chunk.data(), static_cast<int>(chunk.size()));
    if (put < 0) co_return connection_error();
    if (put > 0) data.remove_prefix(chunk.size());
    if (auto failure = co_await flush()) co_return failure;
  }
  co_return std::nullopt;
}

/// Ends the data as complete, or with an error, so that the server discards the data.
task<std::optional<error>> libpq_connection::end_copied_data(const char* reason) {
  for (;;) {
    const int put = PQputCopyEnd(connection_.get(), reason);
    if (put < 0) co_return connection_error();
    if (auto failure = co_await flush()) co_return failure;
    if (put > 0) break;
  }
  copy_direction_.reset();
  co_return std::nullopt;
}

task<result<std::uint64_t>> libpq_connection::end_copy(deadline end_deadline) {
  socket_->set_deadline(end_deadline);
  auto failure = co_await end_copied_data(nullptr);
  if (failure) co_return std::move(*failure);
  auto first = co_await next_result();
  if (!first) co_return first.error();
  if (!*first) co_return connection_error();
  const bool is_stored = PQresultStatus(first->get()) == PGRES_COMMAND_OK;
  const auto count = detail::parse_number<std::uint64_t>(PQcmdTuples(first->get())).value_or(0);
  if (!is_stored) failure = error_of(**first);
  if (is_broken_) co_return std::move(*failure);
  auto other = co_await discard_results();
  if (failure) co_return std::move(*failure);
  if (other) co_return std::move(*other);
  co_return count;
}

/// Ends an abandoned COPY, so that the connection can be reset. Returns false if that failed.
task<bool> libpq_connection::abandon_copy() {
  if (copy_direction_ == copy_direction::from_client) {
    const auto failure = co_await end_copied_data("abandoned by the client");
    co_return !failure;
  }
  // The statement has been cancelled; its earlier rows are discarded.
  for (;;) {
    std::string discarded_data;
    if (take_copied_data(discarded_data) < 0) break;
    if (!discarded_data.empty()) continue;
    const auto wait_result = co_await socket_->wait_for_input();
    if (wait_result != socket_status::ready || !PQconsumeInput(connection_.get())) co_return false;
  }
  copy_direction_.reset();
  co_return true;
}

}  // namespace cohort::postgres
