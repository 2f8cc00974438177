// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <cohort/http/client/streaming/streamed_response.hpp>
#include <cohort/http/server/upgraded_connection.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::http {

/// The reason why a tunnel has ended.
enum class tunnel_end {
  /// Both directions were closed normally.
  closed,
  /// A connection failed, or one side did not close its direction in time after the other side had closed its
  /// direction.
  failed,
  idle,
  /// The server has drained.
  drain,
};

/// The metrics `cohort_proxy_tunnel*` of one upstream. Safe from any thread.
class tunnel_metrics {
 public:
  /// `registry` must outlive this object.
  tunnel_metrics(telemetry::registry& registry, const std::string& upstream);

  void on_end(tunnel_end reason) { ends_[static_cast<std::size_t>(reason)]->increment(); }

  telemetry::gauge& open;
  /// Upgrades that were not forwarded because of `tunnel_limits::max_tunnels`.
  telemetry::counter& rejected;
  telemetry::counter& bytes_to_client;
  telemetry::counter& bytes_to_upstream;

 private:
  std::array<telemetry::counter*, 4> ends_{};
};

/// The limits of a proxy's tunnels; see `proxy_options`.
struct tunnel_limits {
  std::size_t max_tunnels;
  duration idle_timeout;
  duration half_closed_timeout;
  duration drain_time;
};

/// The tunnels of one proxy, on all loops.
class tunnel_group {
 public:
  /// `registry` must outlive this object.
  tunnel_group(telemetry::registry& registry, const std::string& upstream, const tunnel_limits& limits)
      : limits_(limits), metrics_(registry, upstream) {}

  /// The permit for one tunnel; the destructor releases it.
  class permit {
   public:
    explicit permit(std::shared_ptr<tunnel_group> group) noexcept : group_(std::move(group)) {}
    ~permit() {
      if (group_) group_->count_.fetch_sub(1, std::memory_order_relaxed);
    }
    permit(permit&&) noexcept = default;
    permit& operator=(permit&& other) noexcept {
      std::swap(group_, other.group_);
      return *this;
    }
    tunnel_group& group() const noexcept { return *group_; }

   private:
    std::shared_ptr<tunnel_group> group_;
  };
  /// Returns a permit if fewer than `max_tunnels` are open; otherwise counts the rejection.
  static std::optional<permit> acquire(const std::shared_ptr<tunnel_group>& group);

  const tunnel_limits& limits() const noexcept { return limits_; }
  tunnel_metrics& metrics() noexcept { return metrics_; }

 private:
  tunnel_limits limits_;
  tunnel_metrics metrics_;
  std::atomic<std::size_t> count_{0};
};

/// The upstream's side of a tunnel: its response 101, and the permit of the tunnel.
struct tunnel_upstream {
  streamed_response response;
  tunnel_group::permit permit;
};

/// Copies the bytes of an upgraded connection between a client and an upstream that has responded with 101. The tunnel
/// ends when both directions are closed, one direction has failed, or a timeout has expired. A half-close is forwarded,
/// and the other direction stays open. Each direction is read only as fast as the other side accepts the bytes
/// (backpressure): at most 32 KiB of each direction are buffered, 2 KiB if it is idle. `client` must outlive the task.
task<> run_tunnel(std::shared_ptr<tunnel_upstream> upstream, upgraded_connection& client);

}  // namespace cohort::http
