// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/server_shard.hpp>

#include <cohort/http/server/connection/connection.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>
#include <cohort/runtime/time/date_format.hpp>

namespace cohort::http {
namespace {

/// Timeout of pending TLS handshakes after the start of a drain.
constexpr duration handshake_drain_timeout = std::chrono::seconds{1};

}  // namespace

server_state::server_state(const router& routes, server_settings settings, server_metrics& metrics,
                           telemetry::logger log)
    : routes(routes),
      settings(std::move(settings)),
      metrics(metrics),
      log(std::move(log)),
      rejected_field_logged_(routes.routes().size() + 1) {}

void server_state::log_rejected_field(const route* matched_route, std::string_view name) {
  const auto index = matched_route ? matched_route->index : rejected_field_logged_.size() - 1;
  if (rejected_field_logged_[index].exchange(true, std::memory_order_relaxed)) return;
  log.write(telemetry::log_level::error,
            "response header field not sent: its name or value is invalid, or the server sets the field itself",
            {{"field", name}, {"route", matched_route ? std::string_view{matched_route->pattern} : "unmatched"}});
}

server_shard::server_shard(server_state& state, loop& event_loop)
    : state_(state),
      loop_(event_loop),
      admission_(state.settings.admission, state.routes, state.metrics, event_loop),
      tasks_([this](const std::exception_ptr& failure) { log_failure(failure); }) {}

void server_shard::serve(net::stream_ptr stream) {
  try {
    tasks_.spawn_cancellable([this, &stream](asio::cancellation_signal& cancel_signal) {
      return run_connection(*this, std::move(stream), cancel_signal);
    });
  } catch (const std::bad_alloc&) {
    // The connection is closed. `run_connection` did not start, so it does not count down.
    connection_count.fetch_sub(1, std::memory_order_relaxed);
    state_.connection_count.fetch_sub(1, std::memory_order_relaxed);
  }
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
  std::unique_ptr<const tls_client> tls;
  if (self.state_.settings.tls) {
    tls = co_await self.perform_tls_handshake(stream);
    if (!tls) co_return;
  }
  connection served{self, std::move(stream), cancel_signal, std::move(tls)};
  co_await served.run();
}

task<std::unique_ptr<const tls_client>> server_shard::perform_tls_handshake(net::stream_ptr& stream) {
  struct registration {
    std::vector<net::stream*>& streams;
    net::stream* plain;
    ~registration() { std::erase(streams, plain); }
  };
  const registration registered{handshakes_, stream.get()};
  handshakes_.push_back(stream.get());
  const auto timeout = draining_.is_set() ? handshake_drain_timeout : state_.settings.limits.header_timeout;
  stream->set_deadline(deadline::after(loop_.now(), timeout));
  auto accepting = state_.settings.tls->accept(stream, state_.log);
  co_return co_await std::move(accepting);
}

void server_shard::log_failure(const std::exception_ptr& failure) {
  const auto message = exception_message(failure);
  state_.log.write(telemetry::log_level::error, "connection closed because of an exception",
                   {{"what", std::string_view{message}}});
}

task<> server_shard::drain(duration timeout) {
  draining_.set();
  const auto connections = connections_;
  for (auto* open_connection : connections) open_connection->drain();
  for (auto* plain : handshakes_) plain->set_deadline(deadline::after(loop_.now(), handshake_drain_timeout));
  co_await with_deadline(deadline::after(loop_.now(), timeout), tasks_.join());
}

std::string_view server_shard::date_line() {
  const auto now = std::chrono::floor<std::chrono::seconds>(loop_.wall_now());
  if (now != date_second_ || date_line_.empty()) {
    date_second_ = now;
    date_line_ = "Date: " + format_imf_fixdate(now).str() + "\r\n";
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
