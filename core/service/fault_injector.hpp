#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "core/http/router.hpp"
#include "core/runtime/wait_queue.hpp"
#include "core/service/ballast.hpp"
#include "core/service/faults.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"

namespace cohort::service {

/// Makes a service do wrong as `/api/faults` was told last. One for all its loops: a request reads what is on without a
/// lock. `cohort_faults_active{kind}`, `cohort_faults_injected_total{kind}`.
class fault_injector {
 public:
  /// What is given must outlive it.
  fault_injector(std::vector<loop*> loops, telemetry::registry& metrics, telemetry::logger log);
  fault_injector(const fault_injector&) = delete;
  fault_injector& operator=(const fault_injector&) = delete;

  /// Adds `/api/faults`: GET tells what is on (`describe`), PUT takes all of it anew (`read_faults`; 400 for what is
  /// wrong, which changes nothing), DELETE ends it; each gives what is on then. All other routes that are there get the
  /// faults, but for probes and the one where alerts arrive. They are waited for from now on, so that admission control
  /// sees injected latency as it sees any.
  void install(http::router& routes);

  /// These and no others, from now on. Safe from any thread. A request that waits because of earlier ones goes on.
  void set(const faults& wanted);
  /// All off, for good: nothing injected may hold a drain.
  void end();

 private:
  /// What a request has to know.
  struct request_faults {
    std::uint16_t latency_ms;
    std::uint8_t error_percent;
    std::uint8_t hang_percent;
  };
  static_assert(std::atomic<request_faults>::is_always_lock_free);

  /// What belongs to one loop, and is used there only.
  class shard {
   public:
    explicit shard(loop& home);
    void on_change(std::int64_t cpu_percent);

    loop& home;
    /// Requests that are kept waiting.
    wait_queue waiting;

   private:
    void burn();

    std::int64_t cpu_percent_ = 0;
    bound_timer<&shard::burn> next_burn_;
  };

  struct kind {
    std::int64_t faults::* value;
    telemetry::gauge& active;
  };

  static task<http::response> answer(fault_injector& self, const http::handler& inner, http::request_context& context);
  /// Until the faults change at the latest. Throws if the request is cancelled.
  static task<> keep_waiting(fault_injector& self, deadline until);
  http::response put(const http::request_context& context);
  http::response show();
  /// With the lock held. `event` is what the log says.
  void change(const faults& wanted, std::string_view event);
  /// The part of it that belongs to the first loop.
  void hold(const faults& wanted, deadline until);
  void on_expiry();

  telemetry::logger log_;
  std::vector<std::unique_ptr<shard>> shards_;
  ballast ballast_;
  bound_timer<&fault_injector::on_expiry> expiry_;
  std::vector<kind> kinds_;
  telemetry::counter& latencies_;
  telemetry::counter& errors_;
  telemetry::counter& hangs_;

  std::atomic<request_faults> for_requests_{};
  std::mutex changing_;
  faults now_;
  deadline until_;
  bool has_ended_ = false;
};

/// The share of `period` that is burnt.
constexpr duration burnt_of(duration period, std::int64_t cpu_percent) noexcept { return period * cpu_percent / 100; }

}  // namespace cohort::service
