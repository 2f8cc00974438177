// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/server_shard.hpp>

#include <cohort/http/message/http_date.hpp>
#include <cohort/http/server/connection/connection.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>

namespace cohort::http {

server_state::server_state(const router& all_routes, server_settings chosen, server_metrics& request_metrics,
                           telemetry::logger logger)
    : routes(all_routes),
      settings(std::move(chosen)),
      metrics(request_metrics),
      log(std::move(logger)),
      rejected_field_logged_(routes.routes().size() + 1) {}

void server_state::log_rejected_field(const route* matched, std::string_view name) {
  const auto index = matched ? matched->index : rejected_field_logged_.size() - 1;
  if (rejected_field_logged_[index].exchange(true, std::memory_order_relaxed)) return;
  log.write(telemetry::log_level::error,
            "response header field not sent: its name or value is invalid, or the server sets the field itself",
            {{"field", name}, {"route", matched ? std::string_view{matched->pattern} : "unmatched"}});
}

server_shard::server_shard(server_state& state, loop& event_loop)
    : state_(state),
      loop_(event_loop),
      admission_(state.settings.admission, state.routes, state.metrics, event_loop),
      tasks_([this](const std::exception_ptr& failure) { log_failure(failure); }) {}

void server_shard::serve(net::stream_ptr stream) {
  tasks_.spawn_cancellable([this, &stream](asio::cancellation_signal& cancel_signal) {
    return run_connection(*this, std::move(stream), cancel_signal);
  });
}

task<> server_shard::run_connection(server_shard& self, net::stream_ptr stream,
                                    asio::cancellation_signal& cancel_signal) {
  struct count_guard {
    server_shard& shard;
    ~count_guard() {
      shard.connection_count.fetch_sub(1, std::memory_order_relaxed);
      shard.state_.connection_count.fetch_sub(1, std::memory_order_relaxed);
    }
  };
  const count_guard guard{self};
  connection served{self, std::move(stream), cancel_signal};
  co_await served.run();
}

void server_shard::log_failure(const std::exception_ptr& failure) {
  const auto message = exception_message(failure);
  state_.log.write(telemetry::log_level::error, "connection closed because of an exception",
                   {{"what", std::string_view{message}}});
}

task<> server_shard::drain(duration timeout) {
  draining_.set();
  const auto connections = connections_;
  for (auto* each : connections) each->drain();
  co_await with_deadline(deadline::after(loop_.now(), timeout), tasks_.join());
}

std::string_view server_shard::date_line() {
  const auto now = std::chrono::floor<std::chrono::seconds>(loop_.wall_now());
  if (now != date_second_ || date_line_.empty()) {
    date_second_ = now;
    date_line_ = "Date: " + format_http_date(now) + "\r\n";
  }
  return date_line_;
}

std::array<char, 16> server_shard::make_request_id() {
  auto bits = loop_.random().next();
  std::array<char, 16> id;
  for (auto& digit : id) {
    digit = "0123456789abcdef"[bits & 0xFU];
    bits >>= 4U;
  }
  return id;
}

}  // namespace cohort::http
