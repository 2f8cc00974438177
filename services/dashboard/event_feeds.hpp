// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "services/dashboard/event_feed.hpp"

namespace cohort::dashboard {

/// The event feeds of a dashboard, one per loop. Thread-safe.
class event_feeds {
 public:
  event_feeds(service::background_tasks& background, std::shared_ptr<aggregator> services,
              std::shared_ptr<alert_store> alerts)
      : background_(background), services_(std::move(services)), alerts_(std::move(alerts)) {}

  /// The requests of the feeds of all loops.
  const request_history& requests() const noexcept { return *requests_; }
  /// The feed of the calling loop, created on first use.
  std::shared_ptr<event_feed> current();
  /// Makes the streams of all loops check their authorization.
  void check_authorizations();

 private:
  static constexpr std::size_t max_loops = 256;

  service::background_tasks& background_;
  std::shared_ptr<aggregator> services_;
  std::shared_ptr<alert_store> alerts_;
  std::shared_ptr<request_history> requests_ = std::make_shared<request_history>();
  /// By the index of the loop. Each loop uses its own element only.
  std::array<std::shared_ptr<event_feed>, max_loops> by_loop_;
  std::mutex mutex_;
  std::vector<std::pair<loop*, std::shared_ptr<event_feed>>> all_;
};

}  // namespace cohort::dashboard
