// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/server_shard.hpp>

#include <algorithm>
#include <bit>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <new>

#include <cohort/http/server/connection/connection.hpp>
#include <cohort/net/proxy_protocol/proxy_header_reader.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>
#include <cohort/runtime/platform/free_memory.hpp>
#include <cohort/runtime/time/date_format.hpp>

namespace cohort::http {
namespace {

/// Timeout of pending TLS handshakes after the start of a drain.
constexpr duration handshake_drain_timeout = std::chrono::seconds{1};
/// Minimum number of closed connections after which memory is returned to the system. At least half of the connections
/// that were open at the peak must also have closed.
constexpr std::size_t min_closed_for_return = 32;
constexpr duration limit_log_interval = std::chrono::minutes{1};

/// Eight hexadecimal digits, with the lowest of `bits` in the lowest byte. All digits are computed in parallel, because
/// each request without an ID needs them.
std::uint64_t hexadecimal_digits(std::uint32_t bits) noexcept {
  constexpr std::uint64_t byte_ones = 0x0101010101010101;
  std::uint64_t values = bits;
  values = (values | values << 16U) & 0x0000FFFF0000FFFF;
  values = (values | values << 8U) & 0x00FF00FF00FF00FF;
  values = (values | values << 4U) & 0x0F0F0F0F0F0F0F0F;
  const auto letter_bits = (values + byte_ones * 6) >> 4U & byte_ones;
  return values + byte_ones * '0' + letter_bits * ('a' - '9' - 1);
}

}  // namespace

server_state::server_state(const router& routes, server_settings settings, server_metrics& metrics,
                           telemetry::logger log)
    : routes(routes),
      settings(std::move(settings)),
      metrics(metrics),
      log(std::move(log)),
      clients(this->settings.limits.max_connections_per_client),
      rejected_field_logged_(routes.routes().size() + 1) {}

void server_state::log_rejected_field(const route* matched_route, std::string_view name) {
  const auto index = matched_route ? matched_route->index : rejected_field_logged_.size() - 1;
  if (rejected_field_logged_[index].exchange(true, std::memory_order_relaxed)) return;
  log.write(telemetry::log_level::error,
            "response header field not sent: its name or value is invalid, or the server sets the field itself",
            {{"field", name}, {"route", matched_route ? std::string_view{matched_route->pattern} : "unmatched"}});
}

void server_state::count_shed_connection(connection_info& info) noexcept {
  const auto& limits = settings.limits;
  const auto open = connection_count.fetch_add(1, std::memory_order_relaxed) + 1;
  if (open > limits.max_connections) info.is_surplus = true;
  // The rest of the reserve is for probes.
  if (open > limits.max_connections + limits.reserved_connections / 2) info.is_reserved = true;
}

server_shard::server_shard(server_state& state, loop& event_loop)
    : state_(state),
      loop_(event_loop),
      admission_(state.settings.admission, state.routes, state.metrics, event_loop),
      requests_(event_loop),
      tasks_([this](const std::exception_ptr& failure) { log_failure(failure); }),
      drain_timer_(event_loop.timers(), this) {}

/// A connection that does not serve requests yet: it waits for a PROXY protocol header or performs a TLS handshake.
class server_shard::pending_connection final : public open_connection {
 public:
  pending_connection(server_shard& shard, net::stream& plain, connection_info& info)
      : shard_(shard), plain_(plain), info_(info), start_time_(shard.loop_.now()) {
    shard_.connections_.insert(*this, start_time_);
  }
  ~pending_connection() {
    shard_.connections_.erase(*this);
    if (is_shed_) shard_.state_.count_shed_connection(info_);
  }
  pending_connection(const pending_connection&) = delete;
  pending_connection& operator=(const pending_connection&) = delete;

  std::optional<idleness> idle(time_point now, duration grace_period) const noexcept override {
    if (is_shed_ || now - start_time_ < grace_period || plain_.is_readable()) return std::nullopt;
    return idleness{start_time_, idle_state::handshake};
  }
  void shed() noexcept override {
    is_shed_ = true;
    shard_.state_.connection_count.fetch_sub(1, std::memory_order_relaxed);
    plain_.set_deadline(deadline{shard_.loop_.now()});
  }
  void drain() noexcept override { plain_.set_deadline(deadline::after(shard_.loop_.now(), handshake_drain_timeout)); }

 private:
  server_shard& shard_;
  net::stream& plain_;
  connection_info& info_;
  time_point start_time_;
  bool is_shed_ = false;
};

void server_shard::serve(net::stream_ptr stream, bool is_reserved) {
  try {
    tasks_.spawn_cancellable([this, &stream, is_reserved](asio::cancellation_signal& cancel_signal) {
      return run_connection(*this, std::move(stream), is_reserved, cancel_signal);
    });
  } catch (const std::bad_alloc&) {
    // The connection is closed. `run_connection` did not start, so it does not decrement the count.
    connection_count.fetch_sub(1, std::memory_order_relaxed);
    state_.connection_count.fetch_sub(1, std::memory_order_relaxed);
  }
}

bool server_shard::shed_oldest_idle(bool is_urgent) {
  // Closes idle connections too. Otherwise, while other connections are idle, each new client would receive 503, and
  // its connection would then be the next closing connection.
  if (is_urgent) shed_oldest_closing();
  const auto shed = connections_.shed_oldest(loop_.now(), is_urgent);
  if (shed) state_.metrics.bounds.on_shed(*shed);
  return shed.has_value();
}

bool server_shard::shed_oldest_closing() {
  const bool has_shed = connections_.shed_oldest_closing();
  if (has_shed) state_.metrics.bounds.on_shed(idle_state::closing);
  return has_shed;
}

task<> server_shard::run_connection(server_shard& self, net::stream_ptr stream, bool is_reserved,
                                    asio::cancellation_signal& cancel_signal) {
  struct count_guard {
    explicit count_guard(server_shard& owner) : shard(owner) {
      shard.open_peak_ = std::max(shard.open_peak_, ++shard.open_count_);
      shard.state_.metrics.connections.add(1);
      shard.state_.metrics.connections_total.increment();
    }
    ~count_guard() {
      shard.on_connection_closed();
      shard.connection_count.fetch_sub(1, std::memory_order_relaxed);
      shard.state_.connection_count.fetch_sub(1, std::memory_order_relaxed);
      shard.state_.metrics.connections.add(-1);
    }
    server_shard& shard;
  };
  const count_guard guard{self};
  auto& settings = self.state_.settings;
  connection_info info;
  info.peer_address = stream->peer_address();
  // The peer has already reset the connection, as load balancers do after a health check.
  if (info.peer_address == "unknown") co_return;
  info.client_address = info.peer_address;
  info.is_reserved = is_reserved;
  info.is_trusted_proxy = !settings.trusted_proxies.empty() && settings.trusted_proxies.contains(info.peer_address);
  if (info.is_trusted_proxy && settings.proxy_protocol != proxy_protocol_mode::off) {
    const bool accepted = co_await self.receive_proxy_header(stream, info);
    if (!accepted) co_return;
  }
  std::optional<client_connections::permit> permit;
  if (!self.acquire_client_permit(info, permit)) co_return;
  std::unique_ptr<const tls_connection_info> tls;
  if (settings.tls) {
    tls = co_await self.perform_tls_handshake(stream, info);
    if (!tls) co_return;
  }
  connection connection{self, std::move(stream), cancel_signal, std::move(tls), std::move(info)};
  co_await connection.run();
}

/// Returns memory to the system after many connections have closed, and once more after the last connection has closed.
void server_shard::on_connection_closed() noexcept {
  --open_count_;
  if (open_peak_ - open_count_ < min_closed_for_return || open_count_ > open_peak_ / 2) return;
  open_peak_ = open_count_ == 0 ? 0 : std::max(open_count_, min_closed_for_return);
  // A simulation returns no memory, because the memory does not belong to one server.
  if (!loop_.time_source().is_real_time()) return;
  try {
    // The closed connections free part of their memory in handlers that have already been posted.
    asio::post(loop_.get_executor(), return_free_memory);
  } catch (const std::bad_alloc&) {
    return_free_memory();
  }
}

/// Reads the header of a trusted proxy. Returns false if the connection must be closed.
task<bool> server_shard::receive_proxy_header(net::stream_ptr& stream, connection_info& info) {
  using outcome = net::received_proxy_header::outcome;
  const auto& limits = state_.settings.limits;
  const bool is_required = state_.settings.proxy_protocol == proxy_protocol_mode::required;
  const pending_connection pending{*this, *stream, info};
  auto timeout = is_required ? limits.proxy_header_timeout : limits.idle_timeout;
  if (draining_.is_set()) timeout = handshake_drain_timeout;
  stream->set_deadline(deadline::after(loop_.now(), timeout));
  auto read_task = net::read_proxy_header(stream, limits.proxy_header_timeout);
  const auto header = co_await std::move(read_task);
  state_.metrics.bounds.on_proxy_header(header.result);
  if (header.result == outcome::proxied) {
    info.client_address = header.client_address->to_string();
    info.is_trusted_proxy = false;
  }
  if (header.result == outcome::proxied || header.result == outcome::local) co_return true;
  if (header.result == outcome::absent && !is_required) co_return true;
  if (header.result == outcome::closed) co_return false;
  const auto cause = header.result == outcome::timeout  ? std::string_view{"receiving the header timed out"}
                     : header.result == outcome::absent ? std::string_view{"the connection starts without a header"}
                                                        : header.error;
  state_.log.write(telemetry::log_level::warn, "connection closed because of its PROXY protocol header",
                   {{"why", cause}, {"peer", std::string_view{info.peer_address}}});
  co_return false;
}

/// Counts the connection of its client. Returns false if the client has too many connections.
bool server_shard::acquire_client_permit(const connection_info& info,
                                         std::optional<client_connections::permit>& permit) {
  if (!state_.clients.is_limited()) return true;
  const auto address = net::parse_address(info.client_address);
  if (!address || address->is_loopback() || state_.settings.trusted_proxies.contains(*address)) return true;
  permit.emplace(state_.clients.acquire(info.client_address));
  if (*permit) return true;
  state_.metrics.bounds.on_rejected(connection_rejection::client_limit);
  if (loop_.now() >= next_client_limit_log_) {
    next_client_limit_log_ = loop_.now() + limit_log_interval;
    state_.log.write(telemetry::log_level::warn, "connection closed: per-client connection limit reached",
                     {{"client", std::string_view{info.client_address}},
                      {"limit", static_cast<std::int64_t>(state_.settings.limits.max_connections_per_client)}});
  }
  return false;
}

task<std::unique_ptr<const tls_connection_info>> server_shard::perform_tls_handshake(net::stream_ptr& stream,
                                                                                     connection_info& info) {
  const pending_connection pending{*this, *stream, info};
  const auto timeout = draining_.is_set() ? handshake_drain_timeout : state_.settings.limits.header_timeout;
  stream->set_deadline(deadline::after(loop_.now(), timeout));
  auto accept_task = state_.settings.tls->accept(stream, state_.log);
  co_return co_await std::move(accept_task);
}

void server_shard::log_failure(const std::exception_ptr& failure) {
  const auto message = exception_message(failure);
  state_.log.write(telemetry::log_level::error, "connection closed because of an exception",
                   {{"what", std::string_view{message}}});
}

task<> server_shard::drain(duration timeout) {
  draining_.set();
  for (auto* connection : connections_.all()) connection->drain();
  drain_timer_.arm(deadline::after(loop_.now(), timeout).time());
  auto join_task = tasks_.join();
  co_await std::move(join_task);
  drain_timer_.disarm();
}

/// Cancels the requests that have not ended within the drain timeout.
void server_shard::on_drain_timeout() {
  requests_.set_cancellation_cause(telemetry::cancellation_cause::shutdown);
  tasks_.cancel();
}

std::string_view server_shard::date_line() {
  const auto now = std::chrono::floor<std::chrono::seconds>(loop_.wall_now());
  if (now != date_second_ || date_field_line_.empty()) {
    date_second_ = now;
    date_field_line_ = "Date: " + format_imf_fixdate(now).str() + "\r\n";
  }
  return date_field_line_;
}

std::array<char, 16> server_shard::make_request_id() {
  const auto bits = loop_.random().next();
  const std::array digits{hexadecimal_digits(static_cast<std::uint32_t>(bits)),
                          hexadecimal_digits(static_cast<std::uint32_t>(bits >> 32U))};
  return std::bit_cast<std::array<char, 16>>(digits);
}

}  // namespace cohort::http
