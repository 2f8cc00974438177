// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "services/dashboard/alerts/alert_webhook.hpp"

namespace cohort::dashboard {

/// The firing and recently resolved alerts that Alertmanager has posted. Shared by all loops; thread-safe.
///
/// A firing alert that has not been confirmed for `stale_timeout` is marked stale. The alert `Watchdog`, which always
/// fires, is a dead man's switch: if it has not been confirmed for `watchdog_timeout`, monitoring is reported as
/// silent.
class alert_store {
 public:
  /// Counts of the alerts of one webhook.
  struct update_counts {
    std::size_t firing = 0;
    std::size_t resolved = 0;
    /// Firing alerts, of this webhook or earlier ones, evicted because the store is full.
    std::size_t dropped = 0;
    /// Resolved alerts evicted because the store is full.
    std::size_t forgotten = 0;
    /// `alert_webhook::truncated` and `alert_webhook::shortened`.
    std::uint64_t truncated = 0;
    std::size_t shortened = 0;
  };

  enum class monitoring_state { unknown, ok, silent };
  struct listed_alert {
    alert content;
    bool is_stale = false;
  };
  struct snapshot {
    monitoring_state monitoring = monitoring_state::unknown;
    /// Time since the last confirmation of the Watchdog; empty without a confirmation.
    std::optional<std::chrono::seconds> time_since_confirmation;
    /// The firing alerts, sorted by severity, then by age, oldest first.
    std::vector<listed_alert> firing;
    /// The resolved alerts, sorted by end time, latest first.
    std::vector<listed_alert> resolved;
    /// Lower bound of the number of further firing alerts, which are not stored.
    std::uint64_t not_shown = 0;
  };

  update_counts update(alert_webhook webhook, time_point now);

  snapshot read(time_point now);

  /// A number that increases with each change of the result of `read`, except for changes of elapsed seconds.
  std::uint64_t revision(time_point now);

  /// The timeouts are several times the `repeat_interval` at which Alertmanager confirms firing alerts and the
  /// Watchdog.
  static constexpr duration stale_timeout = std::chrono::minutes{15};
  static constexpr duration watchdog_timeout = std::chrono::minutes{3};
  static constexpr duration resolved_retention = std::chrono::hours{1};
  /// Time after which a stale alert is removed if the Watchdog has been confirmed continuously, because Alertmanager
  /// does not report the end of an inhibited alert.
  static constexpr duration stale_retention = std::chrono::hours{1};
  static constexpr std::size_t max_resolved = 20;
  static constexpr std::size_t max_alerts = 200;
  static constexpr std::size_t max_bytes = 256 * 1024;

 private:
  struct entry {
    alert content;
    /// The time of the last confirmation of a firing alert, or of the first report that it is resolved.
    time_point confirmed;
  };
  void update_alert(alert update, time_point now, update_counts& counts);
  void update_watchdog(bool firing, time_point now);
  void evict(update_counts& counts);
  void record_not_shown(std::uint64_t count, time_point now);
  void expire(time_point now);
  monitoring_state monitoring_state_at(time_point now) const;
  bool is_stale(const entry& entry, time_point now) const;
  bool is_expired(const entry& entry, time_point now) const;
  /// Firing alerts are sorted by severity, then by age, oldest first; resolved alerts are sorted by end time, latest
  /// first.
  std::vector<const entry*> sorted_alerts(bool firing) const;

  std::mutex mutex_;
  std::map<std::string, entry, std::less<>> alerts_;
  std::optional<time_point> last_watchdog_confirmation_;
  bool is_watchdog_resolved_ = false;
  /// The start of the current period of uninterrupted Watchdog confirmations.
  time_point confirmed_since_{};
  /// The maximum number of concurrently dropped and truncated alerts within the last `stale_timeout`.
  std::uint64_t not_shown_ = 0;
  time_point not_shown_update_time_{};
  std::uint64_t revision_ = 1;
  /// The state at the last call of `expire`.
  monitoring_state last_monitoring_state_ = monitoring_state::unknown;
  std::size_t stale_count_ = 0;
};

/// The body of `GET /api/alerts`. `wall_now` is the current time, for the durations of the alerts.
std::string alerts_json(const alert_store::snapshot& alerts, wall_time wall_now);

/// The duration of an alert: from its start until now, or until it was resolved.
std::chrono::seconds active_time(const alert& alert, wall_time wall_now);

/// The body of the response to a webhook.
BOOST_DESCRIBE_STRUCT(alert_store::update_counts, (), (firing, resolved, dropped, forgotten, truncated, shortened))

}  // namespace cohort::dashboard
