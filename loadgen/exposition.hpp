#pragma once

#include <memory>
#include <optional>

#include "core/http/server.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"
#include "loadgen/report.hpp"

namespace cohort::loadgen {

/// Serves `/metrics` of a run while it goes on: `loadgen_*`, for Prometheus. Lives on the control loop, like the run.
class exposition {
 public:
  /// Listens at once; what stands in the way is one sentence.
  static result<std::unique_ptr<exposition>, std::string> listen(loop& home, const std::string& host,
                                                                 std::uint16_t port);
  ~exposition();

  void start() { server_->start(); }
  /// From now on this is what is shown; it must outlive the next call of this, or `stop`.
  void show(const report* current) noexcept { shown_ = current; }
  task<> stop();
  std::uint16_t port() const { return server_->local_endpoint().port(); }

 private:
  exposition(loop& home, std::unique_ptr<net::acceptor> listener);

  telemetry::registry metrics_{1};
  /// Of this little server itself, which nobody asks for.
  telemetry::registry own_metrics_{1};
  telemetry::log_sink unheard_;
  http::router routes_;
  std::optional<http::server_metrics> server_metrics_;
  std::optional<http::server> server_;
  const report* shown_ = nullptr;
};

/// The families that `/metrics` shows of a report.
std::vector<prometheus::MetricFamily> metric_families(const report& of);

}  // namespace cohort::loadgen
