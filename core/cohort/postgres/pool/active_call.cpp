// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/pool/active_call.hpp>

#include <algorithm>

namespace cohort::postgres {
namespace {

constexpr std::size_t max_logged_statement = 200;

/// Whether an error is logged for each call. Errors of the server are logged, because their causes are bugs, limits or
/// violated constraints. Connection failures are logged only when the server becomes unreachable, and overload is only
/// counted in a metric.
bool is_logged(errc code) noexcept {
  switch (code) {
    case errc::statement_failed:
    case errc::connection_lost:
    case errc::timeout:
    case errc::result_too_large:
    case errc::invalid_parameter:
    case errc::transaction_aborted:
    case errc::unsupported: return true;
    default: return false;
  }
}

/// The protocol counts parameters in 16 bits, and strings end at a NUL byte.
std::optional<error> find_error(const statement& statement) {
  if (statement.text.find('\0') != std::string::npos) {
    return error{errc::invalid_parameter, {}, "the statement contains a NUL byte", {}, true};
  }
  if (statement.parameters.size() > 65535) {
    return error{errc::invalid_parameter, {}, "more than 65535 parameters", {}, true};
  }
  for (std::size_t i = 0; i < statement.parameters.size(); ++i) {
    const auto& value = statement.parameters[i];
    if (value.is_null() || value.is_binary() || value.value().find('\0') == std::string::npos) continue;
    return error{errc::invalid_parameter,
                 {},
                 "parameter $" + std::to_string(i + 1) +
                     " contains a NUL byte, which PostgreSQL does not accept in text; use postgres::bytes",
                 {},
                 true};
  }
  return std::nullopt;
}

}  // namespace

active_call::active_call(loop& event_loop, std::shared_ptr<pool_metrics> metrics, telemetry::logger log,
                         std::string name, const pool_settings& settings, const call_context& context,
                         deadline call_deadline)
    : loop_(event_loop),
      metrics_(std::move(metrics)),
      log_(std::move(log)),
      name_(std::move(name)),
      max_result_bytes_(settings.max_result_bytes),
      request_id_(context.request_id),
      trace_(context.trace),
      timing_(context.timing),
      deadline_(call_deadline),
      started_(event_loop.now()),
      recording_(telemetry::find_request_record(context), name_, started_, call_deadline,
                 telemetry::call_kind::postgres) {
  metrics_->calls.on_start();
}

active_call::~active_call() {
  if (has_ended_) return;
  // The request may have ended, so its timing may no longer exist.
  timing_ = nullptr;
  recording_.abandon();
  end(errc::cancelled);
}

void active_call::end(std::optional<errc> failure) {
  if (std::exchange(has_ended_, true)) return;
  const auto outcome = failure ? error_class(*failure) : std::string_view{"ok"};
  const auto now = loop_.now();
  metrics_->calls.on_end(outcome, now - started_, trace_, now);
  if (timing_) timing_->add(name_, now - started_, outcome);
  recording_.end(outcome);
}

void active_call::log_failure(const error& failure, std::string_view text) const {
  if (!is_logged(failure.code)) return;
  const auto reason = log_text(failure);
  log_.write(telemetry::log_level::warn, "postgres: statement failed",
             {{"upstream", std::string_view{name_}},
              {"error", std::string_view{reason}},
              {"statement", text.substr(0, max_logged_statement)},
              {"request_id", std::string_view{request_id_}}});
}

task<std::optional<error>> active_call::start(const statement& statement) {
  auto invalid = find_error(statement);
  if (invalid) co_return std::move(invalid);
  recording_.set_detail(statement.text);
  const telemetry::server_timing::scoped_wait wait{timing_};
  co_return co_await (*lease_)->start(statement, deadline_);
}

task<result<bool>> active_call::fetch(rows& target_rows, fetch_limits limits) {
  const telemetry::server_timing::scoped_wait wait{timing_};
  co_return co_await (*lease_)->fetch(target_rows, limits, deadline_);
}

task<std::optional<error>> active_call::start_copy(const std::string& text, copy_direction direction) {
  auto invalid = find_error(statement{text});
  if (invalid) co_return std::move(invalid);
  recording_.set_detail(text);
  const telemetry::server_timing::scoped_wait wait{timing_};
  co_return co_await (*lease_)->start_copy(text, direction, deadline_);
}

task<result<std::string>> active_call::read_copy() {
  const telemetry::server_timing::scoped_wait wait{timing_};
  co_return co_await (*lease_)->read_copy(deadline_);
}

task<std::optional<error>> active_call::write_copy(std::string_view data) {
  const telemetry::server_timing::scoped_wait wait{timing_};
  co_return co_await (*lease_)->write_copy(data, deadline_);
}

task<result<std::uint64_t>> active_call::end_copy() {
  const telemetry::server_timing::scoped_wait wait{timing_};
  co_return co_await (*lease_)->end_copy(deadline_);
}

task<result<rows>> active_call::execute(const statement& statement) {
  if (auto failure = co_await start(statement)) co_return std::move(*failure);
  rows rows;
  const fetch_limits limits{.max_bytes = max_result_bytes_};
  const auto has_more = co_await fetch(rows, limits);
  if (!has_more) co_return has_more.error();
  if (*has_more) {
    co_return error{errc::result_too_large,
                    {},
                    "more than " + std::to_string(max_result_bytes_) + " bytes; read it with pool::stream"};
  }
  co_return std::move(rows);
}

}  // namespace cohort::postgres
