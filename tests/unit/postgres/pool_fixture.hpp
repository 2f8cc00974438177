// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include <cohort/postgres/pool.hpp>
#include <cohort/postgres/scripted_database.hpp>
#include <cohort/runtime/time/virtual_time.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort::test {

using postgres::errc;
using postgres::scripted_reply;

/// A pool on virtual time with a scripted database, which replies to `select <number>` after `reply_delay`.
struct pool_fixture {
  explicit pool_fixture(postgres::pool_settings settings = {})
      : server(std::make_shared<postgres::scripted_database>(
            [this](std::string_view text, std::span<const postgres::parameter> parameters) {
              return reply(text, parameters);
            })),
        pool(server, 1, metrics, log(), "database", settings) {}
  ~pool_fixture() { time.run(pool.close()); }

  scripted_reply reply(std::string_view text, std::span<const postgres::parameter> parameters) {
    if (const auto found = replies.find(text); found != replies.end()) return found->second;
    scripted_reply scripted_reply{.columns = {{"value", postgres::type::text}}, .delay = reply_delay};
    scripted_reply.rows.push_back({parameters.empty() ? std::string{text} : parameters[0].value()});
    return scripted_reply;
  }

  call_context in(duration left) { return {.deadline = deadline::after(time.now(), left), .request_id = "r1"}; }
  /// Returns the value that is echoed, or the code of the error as a number.
  std::string query(std::string text, duration left = 10s) { return time.run(query_task(std::move(text), left)); }
  task<std::string> query_task(std::string text, duration left = 10s) {
    const auto fetched = co_await pool.query(in(left), std::move(text));
    co_return describe(fetched);
  }
  static std::string describe(const postgres::result<postgres::rows>& fetched) {
    if (!fetched) return std::string{postgres::error_class(fetched.error().code)};
    return fetched->empty() ? "" : fetched->begin().operator*().get<std::string>(0).value();
  }
  std::string metric(const std::string& series) const {
    const auto text = metrics.prometheus_text();
    const auto found = text.find("\n" + series + " ");
    if (found == std::string::npos) return "(none)";
    const auto value = found + series.size() + 2;
    return text.substr(value, text.find('\n', value) - value);
  }
  std::string outcome_count(const std::string& outcome) const {
    return metric("cohort_postgres_requests_total{upstream=\"database\",outcome=\"" + outcome + "\"}");
  }
  telemetry::logger log() { return {captured.sink(), "test", telemetry::log_level::info, telemetry::log_format::json}; }

  virtual_time time;
  captured_log captured;
  telemetry::registry metrics{1};
  std::map<std::string, scripted_reply, std::less<>> replies;
  duration reply_delay = 1ms;
  std::shared_ptr<postgres::scripted_database> server;
  postgres::pool pool;
};

}  // namespace cohort::test
