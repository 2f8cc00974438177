// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/scripted_database.hpp>

#include <algorithm>
#include <cctype>

#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::postgres {
namespace {

/// The first word of a statement, in upper case.
std::string command_of(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(" \t\n"), text.size());
  text.remove_prefix(begin);
  std::string command{text.substr(0, text.find_first_of(" \t\n;"))};
  std::transform(command.begin(), command.end(), command.begin(),
                 [](unsigned char character) { return static_cast<char>(std::toupper(character)); });
  return command;
}

}  // namespace

scripted_reply scripted_reply::failed(std::string sqlstate, std::string message) {
  return {.failure = error{errc::statement_failed, std::move(sqlstate), std::move(message)}};
}

struct scripted_database::state {
  reply_function reply;
  duration connect_delay{};
  duration reset_delay{};
  bool is_running = true;
  /// Connections of an earlier generation are lost.
  std::uint64_t generation = 0;
  wait_queue drop_waiters;
  std::vector<std::string> statements;
  std::string copied_data;
  std::size_t open = 0;
  std::size_t max_open = 0;
  std::size_t cancelled = 0;
};

class scripted_database::scripted_connection final : public connection {
 public:
  explicit scripted_connection(std::shared_ptr<state> server)
      : server_(std::move(server)), generation_(server_->generation) {
    server_->max_open = std::max(server_->max_open, ++server_->open);
  }
  ~scripted_connection() override { --server_->open; }

  connection_status status() const noexcept override {
    // A client detects a lost connection only when it uses the connection.
    if (is_broken_) return connection_status::broken;
    if (reply_) return connection_status::active;
    if (has_failed_) return connection_status::failed_transaction;
    return is_in_transaction_ ? connection_status::in_transaction : connection_status::idle;
  }
  bool is_alive() noexcept override { return !is_broken_ && generation_ == server_->generation; }

  task<std::optional<error>> start(const statement& statement, deadline) override {
    if (!is_alive()) co_return lose_connection();
    server_->statements.push_back(statement.text);
    command_ = command_of(statement.text);
    reply_ = reply_to(statement);
    next_row_ = 0;
    ready_at_ = loop::current().now() + reply_->delay;
    co_return std::nullopt;
  }

  task<result<bool>> fetch(rows& target_rows, fetch_limits limits, deadline fetch_deadline) override {
    if (!target_rows.has_columns()) target_rows.set_columns(std::make_shared<const column_list>(reply_->columns));
    for (;;) {
      if (auto failure = co_await wait(fetch_deadline)) co_return std::move(*failure);
      if (reply_->failure || next_row_ == reply_->rows.size()) co_return finish(target_rows);
      for (const auto& value : reply_->rows[next_row_]) {
        target_rows.append_value(value ? std::optional<std::string_view>{*value} : std::nullopt);
      }
      target_rows.end_row();
      ++next_row_;
      ready_at_ = loop::current().now() + reply_->row_delay;
      if (target_rows.size() >= limits.max_rows || target_rows.bytes() > limits.max_bytes) co_return true;
    }
  }

  task<std::optional<error>> start_copy(const std::string& text, copy_direction, deadline start_deadline) override {
    copied_rows_ = 0;
    const statement statement{text};
    auto start_task = start(statement, start_deadline);
    co_return co_await std::move(start_task);
  }

  task<result<std::string>> read_copy(deadline read_deadline) override {
    if (auto failure = co_await wait(read_deadline)) co_return std::move(*failure);
    if (reply_->failure || next_row_ == reply_->rows.size()) {
      rows discarded_rows;
      const auto ended = finish(discarded_rows);
      if (!ended) co_return ended.error();
      co_return std::string{};
    }
    std::string line;
    for (const auto& value : reply_->rows[next_row_++]) {
      if (!line.empty()) line += '\t';
      line += value.value_or("\\N");
    }
    ready_at_ = loop::current().now() + reply_->row_delay;
    co_return line + "\n";
  }

  task<std::optional<error>> write_copy(std::string_view data, deadline write_deadline) override {
    if (auto failure = co_await wait(write_deadline)) co_return failure;
    server_->copied_data += data;
    copied_rows_ += static_cast<std::uint64_t>(std::count(data.begin(), data.end(), '\n'));
    co_return std::nullopt;
  }

  task<result<std::uint64_t>> end_copy(deadline end_deadline) override {
    if (auto failure = co_await wait(end_deadline)) co_return std::move(*failure);
    rows discarded_rows;
    const auto ended = finish(discarded_rows);
    if (!ended) co_return ended.error();
    co_return copied_rows_;
  }

  task<bool> reset(deadline reset_deadline) override {
    if (reply_) ++server_->cancelled;
    const auto ready_at = deadline::after(loop::current().now(), server_->reset_delay);
    const auto wait_result = co_await server_->drop_waiters.wait(std::min(ready_at, reset_deadline));
    if (wait_result != wait_status::timed_out || reset_deadline < ready_at || !is_alive()) co_return false;
    if (is_in_transaction_) server_->statements.emplace_back("rollback");
    reply_.reset();
    is_in_transaction_ = has_failed_ = false;
    co_return true;
  }

 private:
  scripted_reply reply_to(const statement& statement) {
    if (command_ == "ROLLBACK" || command_ == "COMMIT" || command_ == "BEGIN") return {};
    if (has_failed_) return scripted_reply::failed("25P02", "current transaction is aborted");
    return server_->reply(statement.text, statement.parameters);
  }

  /// Waits until the next row or the end is ready.
  task<std::optional<error>> wait(deadline fetch_deadline) {
    const deadline ready{ready_at_};
    if (!ready.expired(loop::current().now())) {
      const auto wait_result = co_await server_->drop_waiters.wait(std::min(ready, fetch_deadline));
      if (wait_result == wait_status::cancelled) co_return error{errc::cancelled};
      if (wait_result == wait_status::timed_out && fetch_deadline < ready) co_return error{errc::timeout};
    }
    if (!is_alive()) co_return lose_connection();
    co_return std::nullopt;
  }

  result<bool> finish(rows& target_rows) {
    auto failure = std::move(reply_->failure);
    const auto affected_rows = reply_->columns.empty() ? reply_->affected_rows : reply_->rows.size();
    reply_.reset();
    if (failure) {
      has_failed_ = is_in_transaction_;
      return std::move(*failure);
    }
    const bool is_rollback = command_ == "COMMIT" && has_failed_;
    target_rows.set_outcome(is_rollback ? "ROLLBACK" : command_, affected_rows);
    if (command_ == "BEGIN") is_in_transaction_ = true;
    if (command_ == "COMMIT" || command_ == "ROLLBACK") is_in_transaction_ = has_failed_ = false;
    return false;
  }

  error lose_connection() {
    is_broken_ = true;
    return {errc::connection_lost, {}, "server closed the connection unexpectedly"};
  }

  std::shared_ptr<state> server_;
  std::uint64_t generation_;
  bool is_broken_ = false;
  bool is_in_transaction_ = false;
  bool has_failed_ = false;
  std::string command_;
  std::optional<scripted_reply> reply_;
  std::size_t next_row_ = 0;
  time_point ready_at_{};
  std::uint64_t copied_rows_ = 0;
};

scripted_database::scripted_database(reply_function reply) : state_(std::make_shared<state>()) {
  state_->reply = std::move(reply);
}
scripted_database::~scripted_database() = default;

task<result<std::unique_ptr<connection>>> scripted_database::connect(deadline connect_deadline) {
  const auto server = state_;
  const auto ready = deadline::after(loop::current().now(), server->connect_delay);
  if (server->connect_delay > duration::zero()) {
    const auto wait_result = co_await sleep_until(std::min(ready, connect_deadline));
    if (wait_result == wait_status::cancelled) co_return error{errc::cancelled};
    if (connect_deadline < ready) co_return error{errc::connect_timeout};
  }
  if (!server->is_running) co_return error{errc::connect_failed, {}, "Connection refused"};
  std::unique_ptr<connection> connection = std::make_unique<scripted_connection>(server);
  co_return std::move(connection);
}

void scripted_database::set_connect_delay(duration delay) noexcept { state_->connect_delay = delay; }
void scripted_database::set_reset_delay(duration delay) noexcept { state_->reset_delay = delay; }
void scripted_database::stop() {
  state_->is_running = false;
  drop_connections();
}
void scripted_database::start() noexcept { state_->is_running = true; }
void scripted_database::drop_connections() {
  ++state_->generation;
  state_->drop_waiters.notify_all();
}

const std::string& scripted_database::copied_data() const noexcept { return state_->copied_data; }
const std::vector<std::string>& scripted_database::statements() const noexcept { return state_->statements; }
std::size_t scripted_database::open_connections() const noexcept { return state_->open; }
std::size_t scripted_database::max_open_connections() const noexcept { return state_->max_open; }
std::size_t scripted_database::cancelled_statements() const noexcept { return state_->cancelled; }

}  // namespace cohort::postgres
