#pragma once

#include <map>
#include <mutex>

#include "services/dashboard/alert_webhook.hpp"

namespace cohort::dashboard {

/// What is firing, as far as Alertmanager has said so, and what was resolved of late. One for all loops.
///
/// Old word is never shown as news: what fires and has not been confirmed for `stale_after` says so, and the alert
/// `Watchdog`, which always fires, is a dead man's switch: when it stays away, nobody is watching any more.
class alert_store {
 public:
  /// What became of a webhook's alerts.
  struct taken {
    std::size_t firing = 0;
    std::size_t resolved = 0;
    /// Alerts that fire, its own or older ones, for which there was no room.
    std::size_t dropped = 0;
    /// Resolved ones that had to go.
    std::size_t forgotten = 0;
    /// As the webhook has them.
    std::uint64_t truncated = 0;
    std::size_t shortened = 0;
  };

  taken take(alert_webhook told, time_point now);

  /// The body of `GET /api/alerts`. `today` is for how long they have been firing.
  std::string body(time_point now, wall_time today);

  /// Grows with whatever changes in `body` but the passing of seconds.
  std::uint64_t revision(time_point now);

  /// Alertmanager repeats what fires, and the Watchdog, every minute or two (`repeat_interval`).
  static constexpr duration stale_after = std::chrono::minutes{15};
  static constexpr duration silent_after = std::chrono::minutes{3};
  static constexpr duration resolved_kept = std::chrono::hours{1};
  /// Alertmanager says nothing of an alert that ends while another holds it back. So one that stays stale for so long,
  /// while the Watchdog is heard all the time, is over.
  static constexpr duration stale_kept = std::chrono::hours{1};
  static constexpr std::size_t most_resolved = 20;
  static constexpr std::size_t most_alerts = 200;
  static constexpr std::size_t most_bytes = 256 * 1024;

 private:
  struct kept {
    alert what;
    /// When it was last confirmed; of a resolved one, when that was first said.
    time_point heard;
  };
  enum class monitoring { unknown, ok, silent };

  void take_one(alert told, time_point now, taken& count);
  void make_room(taken& count);
  void miss(std::uint64_t count, time_point now);
  void let_time_pass(time_point now);
  monitoring monitoring_at(time_point now) const;
  bool is_stale(const kept& one, time_point now) const;
  bool is_over(const kept& one, time_point now) const;
  /// In the order in which they are shown: severe ones first, then old ones; of the resolved, the latest first.
  std::vector<const kept*> sorted(bool firing) const;

  std::mutex mutex_;
  std::map<std::string, kept, std::less<>> alerts_;
  std::optional<time_point> watchdog_heard_;
  bool watchdog_ended_ = false;
  /// Since when the Watchdog has not been missed.
  time_point watched_since_{};
  /// The most that was missing at once within the last `stale_after`.
  std::uint64_t missing_ = 0;
  time_point missing_heard_{};
  std::uint64_t revision_ = 1;
  /// What `let_time_pass` found last.
  monitoring was_ = monitoring::unknown;
  std::size_t stale_ = 0;
};

}  // namespace cohort::dashboard
