// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/proxy/protocol_tunnel.hpp>

#include <algorithm>
#include <boost/asio/error.hpp>

#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::http {
namespace {

constexpr const char* bytes_metric_name = "cohort_proxy_tunnel_bytes_total";
constexpr const char* bytes_metric_help = "Bytes copied by tunnels of upgraded connections, by direction.";

constexpr std::array<const char*, 4> end_labels{"closed", "failed", "idle", "drain"};

/// The buffer of one direction. The buffer is small while a tunnel is idle, so that many idle tunnels need little
/// memory, and large while many bytes arrive.
class tunnel_buffer {
 public:
  tunnel_buffer() { resize(small_buffer_size); }

  asio::mutable_buffer space() noexcept { return {bytes_.get(), size_}; }
  asio::const_buffer filled(std::size_t count) const noexcept { return {bytes_.get(), count}; }
  /// Selects the buffer size for the next read. Precondition: the bytes of the last read have been written.
  void adapt(std::size_t last_read_size) {
    short_read_count_ = last_read_size <= small_buffer_size ? short_read_count_ + 1 : 0;
    if (size_ == small_buffer_size && last_read_size == small_buffer_size) {
      resize(large_buffer_size);
    } else if (size_ == large_buffer_size && short_read_count_ >= short_reads_to_shrink) {
      resize(small_buffer_size);
    }
  }

 private:
  static constexpr std::size_t small_buffer_size = std::size_t{2} * 1024;
  static constexpr std::size_t large_buffer_size = std::size_t{32} * 1024;
  static constexpr unsigned short_reads_to_shrink = 4;

  void resize(std::size_t size) {
    bytes_.reset();
    bytes_ = std::make_unique_for_overwrite<char[]>(size);
    size_ = size;
    short_read_count_ = 0;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  unsigned short_read_count_ = 0;
};

/// An active tunnel. The destructor reports the end of the tunnel, even if the server cancels it.
class tunnel {
 public:
  struct direction {
    net::stream& from;
    net::stream& to;
    telemetry::counter& bytes;
  };

  tunnel(tunnel_upstream& upstream, upgraded_connection& client)
      : client_(client),
        limits_(upstream.permit.group().limits()),
        metrics_(upstream.permit.group().metrics()),
        to_client_{upstream.response.body->connection(), client.stream(), metrics_.bytes_to_client},
        to_upstream_{client.stream(), upstream.response.body->connection(), metrics_.bytes_to_upstream} {
    metrics_.open.add(1);
    restart_idle_timeout();
    client_.on_drain([this] { on_drain(); });
  }
  ~tunnel() {
    client_.on_drain([] {});
    metrics_.open.add(-1);
    metrics_.on_end(end_.value_or(is_draining_ ? tunnel_end::drain : tunnel_end::failed));
    client_.set_result(bytes_to_client_, end_ == tunnel_end::closed);
  }
  tunnel(const tunnel&) = delete;
  tunnel& operator=(const tunnel&) = delete;

  const direction& to_client() const noexcept { return to_client_; }
  const direction& to_upstream() const noexcept { return to_upstream_; }

  /// Called after bytes were transferred.
  void restart_idle_timeout() {
    const auto timeout =
        is_half_closed_ ? std::min(limits_.idle_timeout, limits_.half_closed_timeout) : limits_.idle_timeout;
    const auto idle_deadline = deadline::after(loop::current().now(), timeout);
    to_client_.from.set_deadline(idle_deadline);
    to_client_.to.set_deadline(idle_deadline);
  }
  void on_copied(const direction& copied_direction, std::size_t count) {
    copied_direction.bytes.increment(static_cast<double>(count));
    if (&copied_direction == &to_client_) bytes_to_client_ += count;
    restart_idle_timeout();
  }
  /// Forwards the close of one direction.
  void on_eof(const direction& copied_direction) {
    copied_direction.to.shutdown_write();
    if (std::exchange(is_half_closed_, true)) {
      if (!end_) end_ = tunnel_end::closed;
    } else {
      restart_idle_timeout();
    }
  }
  /// Ends both directions. After a failure, the other side receives a reset, so that it detects the truncation.
  void on_error(const error_code& error) {
    if (end_) return;
    end_ = tunnel_end::failed;
    if (error == asio::error::timed_out && !is_half_closed_) end_ = tunnel_end::idle;
    if (error == asio::error::operation_aborted && is_draining_) end_ = tunnel_end::drain;
    for (auto* side : {&to_client_.from, &to_client_.to}) {
      if (end_ == tunnel_end::failed) {
        side->reset();
      } else {
        side->close();
      }
    }
  }

 private:
  void on_drain() {
    is_draining_ = true;
    client_.cancel_at(deadline::after(loop::current().now(), limits_.drain_time));
  }

  upgraded_connection& client_;
  const tunnel_limits& limits_;
  tunnel_metrics& metrics_;
  const direction to_client_;
  const direction to_upstream_;
  std::uint64_t bytes_to_client_ = 0;
  bool is_half_closed_ = false;
  bool is_draining_ = false;
  std::optional<tunnel_end> end_;
};

/// Copies one direction, starting with the bytes that have been received already.
task<> copy_direction(tunnel* owner, const tunnel::direction* copied_direction, std::string received) {
  if (!received.empty()) {
    auto write_task = net::write_all(copied_direction->to, {asio::buffer(received), asio::const_buffer{}});
    const auto written = co_await std::move(write_task);
    if (!written) co_return owner->on_error(written.error());
    owner->on_copied(*copied_direction, received.size());
    std::string{}.swap(received);
  }
  tunnel_buffer buffer;
  for (;;) {
    auto read_task = copied_direction->from.read_some(buffer.space());
    const auto count = co_await std::move(read_task);
    if (!count && count.error() == asio::error::eof) co_return owner->on_eof(*copied_direction);
    if (!count) co_return owner->on_error(count.error());
    owner->restart_idle_timeout();
    // Most bytes are written immediately, without a coroutine.
    const auto write_result = copied_direction->to.try_write({buffer.filled(*count), asio::const_buffer{}});
    const auto remaining = buffer.filled(*count) + (write_result ? *write_result : 0);
    if (remaining.size() > 0) {
      auto write_task = net::write_all(copied_direction->to, {remaining, asio::const_buffer{}});
      const auto written = co_await std::move(write_task);
      if (!written) co_return owner->on_error(written.error());
    }
    owner->on_copied(*copied_direction, *count);
    buffer.adapt(*count);
  }
}

}  // namespace

tunnel_metrics::tunnel_metrics(telemetry::registry& registry, const std::string& upstream)
    : open(registry.make_gauge("cohort_proxy_tunnels", "Open tunnels of upgraded connections to an upstream.",
                               {{"upstream", upstream}})),
      rejected(registry.make_counter("cohort_proxy_tunnels_rejected_total",
                                     "Upgrades rejected because the maximum number of tunnels was open.",
                                     {{"upstream", upstream}})),
      bytes_to_client(registry.make_counter(bytes_metric_name, bytes_metric_help,
                                            {{"upstream", upstream}, {"direction", "to_client"}})),
      bytes_to_upstream(registry.make_counter(bytes_metric_name, bytes_metric_help,
                                              {{"upstream", upstream}, {"direction", "to_upstream"}})) {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    ends_[i] = &registry.make_counter("cohort_proxy_tunnel_ends_total",
                                      "Tunnels of upgraded connections that have ended, by reason.",
                                      {{"upstream", upstream}, {"reason", end_labels[i]}});
  }
}

std::optional<tunnel_group::permit> tunnel_group::acquire(const std::shared_ptr<tunnel_group>& group) {
  if (group->count_.fetch_add(1, std::memory_order_relaxed) < group->limits_.max_tunnels) return permit{group};
  group->count_.fetch_sub(1, std::memory_order_relaxed);
  group->metrics_.rejected.increment();
  return std::nullopt;
}

task<> run_tunnel(std::shared_ptr<tunnel_upstream> upstream, upgraded_connection& client) {
  tunnel active_tunnel{*upstream, client};
  auto to_upstream = copy_direction(&active_tunnel, &active_tunnel.to_upstream(), client.take_received_bytes());
  auto to_client =
      copy_direction(&active_tunnel, &active_tunnel.to_client(), upstream->response.body->take_received_bytes());
  auto copy_task = when_all(std::move(to_upstream), std::move(to_client));
  co_await std::move(copy_task);
}

}  // namespace cohort::http
