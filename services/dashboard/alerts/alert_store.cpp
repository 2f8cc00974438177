// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/alerts/alert_store.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <cohort/json/writer.hpp>
#include <cohort/runtime/time/date_format.hpp>

namespace cohort::dashboard {
namespace {

std::size_t severity_rank(const alert& alert) {
  static constexpr std::array<std::string_view, 3> known{"critical", "warning", "info"};
  if (!alert.severity) return known.size();
  return static_cast<std::size_t>(std::find(known.begin(), known.end(), *alert.severity) - known.begin());
}

void write_optional(json::writer& writer, std::string_view name, const std::optional<std::string>& text) {
  writer.key(name);
  text ? writer.value(*text) : writer.null();
}

void write_alert(json::writer& writer, const alert_store::listed_alert& listed, wall_time wall_now) {
  const auto& alert = listed.content;
  writer.open_object().field("name", alert.name);
  write_optional(writer, "severity", alert.severity);
  write_optional(writer, "service", alert.service);
  write_optional(writer, "summary", alert.summary);
  write_optional(writer, "description", alert.description);
  write_optional(writer, "runbook_url", alert.runbook_url);
  writer.field("starts_at", format_rfc3339(alert.starts_at));
  if (!alert.firing) writer.field("ends_at", format_rfc3339(alert.ends_at));
  writer.field("for_seconds", active_time(alert, wall_now).count()).field("stale", listed.is_stale);
  writer.key("labels").open_object();
  for (const auto& [name, value] : alert.labels) writer.field(name, value);
  writer.close_object().field("fingerprint", alert.fingerprint).close_object();
}

}  // namespace

alert_store::update_counts alert_store::update(alert_webhook webhook, time_point now) {
  const std::lock_guard lock{mutex_};
  expire(now);
  update_counts counts{.truncated = webhook.truncated, .shortened = webhook.shortened};
  for (auto& alert : webhook.alerts) update_alert(std::move(alert), now, counts);
  evict(counts);
  record_not_shown(counts.dropped + counts.truncated, now);
  // The revision also increases if only a confirmation time has changed, because readers show the age of the
  // confirmation.
  ++revision_;
  return counts;
}

void alert_store::update_alert(alert update, time_point now, update_counts& counts) {
  ++(update.firing ? counts.firing : counts.resolved);
  if (update.name == "Watchdog") return update_watchdog(update.firing, now);
  const auto known = alerts_.find(update.fingerprint);
  if (known == alerts_.end()) {
    auto key = update.fingerprint;
    alerts_.emplace(std::move(key), entry{std::move(update), now});
    return;
  }
  const bool was_resolved = !update.firing && !known->second.content.firing;
  if (!was_resolved) known->second.confirmed = now;
  known->second.content = std::move(update);
}

void alert_store::update_watchdog(bool firing, time_point now) {
  if (monitoring_state_at(now) != monitoring_state::ok) confirmed_since_ = now;
  // The Watchdog is resolved only if Prometheus no longer confirms it.
  is_watchdog_resolved_ = !firing;
  if (firing) last_watchdog_confirmation_ = now;
}

void alert_store::evict(update_counts& counts) {
  auto resolved = sorted_alerts(false);
  auto firing = sorted_alerts(true);
  std::size_t bytes = 0;
  for (const auto& [fingerprint, entry] : alerts_) bytes += entry.content.text_bytes();
  const auto evict_last = [&](std::vector<const entry*>& candidates) {
    bytes -= candidates.back()->content.text_bytes();
    alerts_.erase(alerts_.find(candidates.back()->content.fingerprint));
    candidates.pop_back();
  };
  while (resolved.size() > max_resolved || alerts_.size() > max_alerts || bytes > max_bytes) {
    ++(resolved.empty() ? counts.dropped : counts.forgotten);
    evict_last(resolved.empty() ? firing : resolved);
  }
}

void alert_store::record_not_shown(std::uint64_t count, time_point now) {
  if (count == 0 || count < not_shown_) return;
  not_shown_ = count;
  not_shown_update_time_ = now;
}

void alert_store::expire(time_point now) {
  const auto monitoring = monitoring_state_at(now);
  const auto removed = std::erase_if(alerts_, [&](const auto& entry) { return is_expired(entry.second, now); });
  const auto stale = static_cast<std::size_t>(
      std::count_if(alerts_.begin(), alerts_.end(), [&](const auto& entry) { return is_stale(entry.second, now); }));
  const bool is_not_shown_count_expired = not_shown_ > 0 && now - not_shown_update_time_ >= stale_timeout;
  if (is_not_shown_count_expired) not_shown_ = 0;
  if (monitoring != last_monitoring_state_ || stale != stale_count_ || removed > 0 || is_not_shown_count_expired)
    ++revision_;
  last_monitoring_state_ = monitoring;
  stale_count_ = stale;
}

alert_store::monitoring_state alert_store::monitoring_state_at(time_point now) const {
  using enum monitoring_state;
  if (!last_watchdog_confirmation_) return unknown;
  return is_watchdog_resolved_ || now - *last_watchdog_confirmation_ >= watchdog_timeout ? silent : ok;
}

bool alert_store::is_stale(const entry& entry, time_point now) const {
  return entry.content.firing && now - entry.confirmed >= stale_timeout;
}

bool alert_store::is_expired(const entry& entry, time_point now) const {
  if (!entry.content.firing) return now - entry.confirmed >= resolved_retention;
  return monitoring_state_at(now) == monitoring_state::ok &&
         now - std::max(entry.confirmed, confirmed_since_) >= stale_timeout + stale_retention;
}

std::vector<const alert_store::entry*> alert_store::sorted_alerts(bool firing) const {
  std::vector<const entry*> selected;
  for (const auto& [fingerprint, entry] : alerts_)
    if (entry.content.firing == firing) selected.push_back(&entry);
  std::sort(selected.begin(), selected.end(), [firing](const entry* first, const entry* second) {
    const auto& a = first->content;
    const auto& b = second->content;
    if (!firing) return std::tie(b.ends_at, a.fingerprint) < std::tie(a.ends_at, b.fingerprint);
    return std::tuple{severity_rank(a), a.starts_at, a.fingerprint} <
           std::tuple{severity_rank(b), b.starts_at, b.fingerprint};
  });
  return selected;
}

alert_store::snapshot alert_store::read(time_point now) {
  const std::lock_guard lock{mutex_};
  expire(now);
  snapshot result{.monitoring = last_monitoring_state_, .not_shown = not_shown_};
  if (last_watchdog_confirmation_) {
    // The confirmation time can be in the future, because another loop may have read its clock later.
    result.time_since_confirmation =
        std::chrono::floor<std::chrono::seconds>(std::max(now - *last_watchdog_confirmation_, duration{}));
  }
  for (const auto* each : sorted_alerts(true)) result.firing.push_back({each->content, is_stale(*each, now)});
  for (const auto* each : sorted_alerts(false)) result.resolved.push_back({each->content, false});
  return result;
}

std::uint64_t alert_store::revision(time_point now) {
  const std::lock_guard lock{mutex_};
  expire(now);
  return revision_;
}

std::chrono::seconds active_time(const alert& alert, wall_time wall_now) {
  // Rounds before the subtraction, because in nanoseconds the difference of two distant years overflows.
  const auto seconds = std::chrono::floor<std::chrono::seconds>(alert.firing ? wall_now : alert.ends_at) -
                       std::chrono::floor<std::chrono::seconds>(alert.starts_at);
  // The clock of the machine that set the start time may be ahead of the local clock.
  return std::max<std::chrono::seconds>(seconds, std::chrono::seconds::zero());
}

std::string alerts_json(const alert_store::snapshot& alerts, wall_time wall_now) {
  static constexpr std::array<std::string_view, 3> state_names{"unknown", "ok", "silent"};
  std::string text;
  json::writer writer{text};
  writer.open_object().key("monitoring").open_object();
  writer.field("state", state_names.at(static_cast<std::size_t>(alerts.monitoring)));
  writer.key("last_heard_seconds");
  alerts.time_since_confirmation ? writer.value(alerts.time_since_confirmation->count()) : writer.null();
  writer.close_object().key("firing").open_array();
  for (const auto& each : alerts.firing) write_alert(writer, each, wall_now);
  writer.close_array().key("resolved").open_array();
  for (const auto& each : alerts.resolved) write_alert(writer, each, wall_now);
  writer.close_array().field("not_shown", alerts.not_shown).close_object();
  return text;
}

}  // namespace cohort::dashboard
